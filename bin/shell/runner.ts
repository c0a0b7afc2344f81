/**
 * Runs a line of a shell: the same tree of commands as the command line, on the connection that the shell keeps. The
 * exit status of a command, which is the process's elsewhere, is the result of the line here.
 */
import type { Command } from 'commander';
import { shownAddress } from '../../src/access/cluster-address.js';
import { parseAddresses } from '../arguments.js';
import { credentialsOf, lendTo, shownAddresses, targetsOf } from '../connection.js';
import { withPlainName } from '../foreign-names.js';
import { EXIT, type ExitStatus, needReaders, Output, place, UsageError } from '../output.js';
import { report } from '../report.js';
import type { KeptConnection } from './kept-connection.js';
import { splitWords } from './words.js';

/** Commands of the command line that need a process of their own. */
const APART = ['serve', 'shell'];

/** Makes a tree of commands. In a shell, it lacks the commands that need a process of their own. */
export type Tree = (options: { readonly inShell: boolean }) => Command;

export class Runner {
  readonly #newTree: Tree;
  readonly #connection: KeptConnection;
  readonly #json: boolean;
  #root: Command | undefined;
  #isEnded = false;

  constructor(tree: Tree, connection: KeptConnection, json: boolean) {
    this.#newTree = tree;
    this.#connection = connection;
    this.#json = json;
  }

  /** Whether a command has ended the shell. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The tree of commands. Commander forgets the options of a line when it parses the next one. */
  get tree(): Command {
    this.#root ??= this.#grow();
    return this.#root;
  }

  #grow(): Command {
    const root = this.#newTree({ inShell: true });
    root.commandsGroup('Shell:');
    root
      .command('connect')
      .argument('<HOST:PORT,…>', 'the node to use; of several, or of a cluster, the one that leads', parseAddresses)
      .description('use another node from now on')
      .action((addresses: string[], _: object, command: Command) => this.#moveTo(addresses, command));
    root
      .command('exit')
      .alias('quit')
      .description('end the shell; Ctrl-D does the same')
      .action(() => {
        this.#isEnded = true;
      });
    if (this.#json) root.setOptionValueWithSource('json', true, 'default');
    lendTo(root, this.#connection);
    return root;
  }

  /** Runs a line. Errors are reported. */
  async run(line: string): Promise<ExitStatus> {
    place.json = this.#json;
    process.exitCode = undefined;
    try {
      const words = splitWords(line);
      if (words.length === 0) return EXIT.DONE;
      place.json ||= words.includes('--json');
      await this.#parse(words);
      return (process.exitCode ?? EXIT.DONE) as ExitStatus;
    } catch (error) {
      this.#connection.commandFailed(error);
      return report(error);
    } finally {
      this.#connection.commandEnded();
      needReaders('');
      process.exitCode = undefined;
    }
  }

  async #parse(given: readonly string[]): Promise<void> {
    const root = this.tree;
    // A pasted line begins with the program's name.
    const words = given[0] === 'headwater' && given.length > 1 ? given.slice(1) : [...given];
    const name = words[0]?.toLowerCase() ?? '';
    if (APART.includes(name))
      throw new UsageError(`${name}: expected a command for the shell. Run "headwater ${name}" outside of the shell`);
    await root.parseAsync(withPlainName(root, words), { from: 'user' });
  }

  async #moveTo(urls: string[], command: Command): Promise<void> {
    const addresses = targetsOf(urls);
    await this.#connection.moveTo(addresses, credentialsOf(command, urls));
    const { json = false } = command.optsWithGlobals<{ json?: boolean }>();
    const shown = shownAddresses(addresses).replaceAll(',', ', ');
    await new Output({ json }).result({ connected: addresses.map(shownAddress) }, `connected to ${shown}`);
  }
}
