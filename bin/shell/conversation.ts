/**
 * A shell on a terminal. Readline has the terminal while a person types, and gives it back while a command runs: Ctrl-C
 * is a signal then. The first Ctrl-C ends the command, or what it waits for; a second one ends the shell. Ctrl-D ends the
 * shell when the command is done.
 */
import { createInterface, type Interface, type Key } from 'node:readline';
import { shownAddresses } from '../connection.js';
import { takeStdin } from '../input.js';
import { paint } from '../look.js';
import { complain, EXIT } from '../output.js';
import { complete } from './completion.js';
import { History, LINES_MAX } from './history.js';
import type { KeptConnection } from './kept-connection.js';
import type { Runner } from './runner.js';

export class Conversation {
  readonly #runner: Runner;
  readonly #connection: KeptConnection;
  readonly #history = History.open();
  readonly #terminal: Interface;
  /** Readline's listeners while a command has the terminal. */
  #listeners: Array<(...args: unknown[]) => void> = [];
  /** Lines that arrived together and have not run yet. */
  #waiting: string[] = [];
  /** True until the first prompt too, so that a line that is typed earlier waits for it. */
  #isRunning = true;
  #isClosed = false;
  /** Whether Ctrl-D was typed while a command ran. */
  #isLeaving = false;
  #interrupts = 0;
  /** The question that a command asks now. */
  #question: AbortController | undefined;
  #end: () => void = () => {};

  constructor(runner: Runner, connection: KeptConnection) {
    this.#runner = runner;
    this.#connection = connection;
    this.#terminal = createInterface({
      input: process.stdin,
      output: process.stdout,
      history: this.#history.newestFirst,
      historySize: LINES_MAX,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: Error | null, result: [string[], string]) => void) => {
        complete(line, this.#runner.tree, this.#connection).then(
          (result) => done(null, result),
          () => done(null, [[], line]),
        );
      },
    });
  }

  /** Resolves when the person ends the shell. */
  async run(): Promise<void> {
    takeStdin((question) => this.#ask(question));
    const ended = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    const onSignal = () => this.#interrupted();
    process.on('SIGINT', onSignal);
    this.#terminal.on('line', (line) => this.#typed(line));
    this.#terminal.on('SIGINT', () => this.#cleared());
    process.stdin.on('keypress', (_, { sequence }: Key) => this.#pressed(sequence));
    this.#terminal.on('close', () => {
      this.#isClosed = true;
      if (!this.#runner.isEnded) process.stdout.write('\n');
      this.#end();
    });
    await this.#greet();
    await this.#prompt();
    await this.#work();
    await ended;
    process.off('SIGINT', onSignal);
  }

  async #greet(): Promise<void> {
    process.stdout.write('"help" lists the commands, Tab completes, Ctrl-D ends the shell.\n');
    await this.#connection.lend().catch((error: Error) => complain(error.message));
  }

  async #prompt(): Promise<void> {
    const role = await this.#connection.role();
    const styles = { leader: 'green', follower: 'yellow' } as const;
    const colour = styles[role as keyof typeof styles] ?? 'red';
    this.#terminal.setPrompt(`${shownAddresses(this.#connection.addresses)} ${paint(colour, role)}> `);
    if (!this.#isClosed) this.#terminal.prompt();
  }

  /** The terminal hands on a Ctrl-D that was typed while a command had it as NUL. The lines before it run first. */
  #pressed(sequence: string | undefined): void {
    if (sequence === '\0' && this.#isRunning && !this.#question && this.#terminal.line === '') this.#isLeaving = true;
  }

  #typed(line: string): void {
    this.#waiting.push(line);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Lines that are pasted together arrive in one turn. Readline needs its listeners until it has read them all.
    setImmediate(() => void this.#work());
  }

  async #work(): Promise<void> {
    this.#isRunning = true;
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      if (this.#isClosed) return;
      this.#history.add(line);
      this.#lend(true);
      this.#interrupts = 0;
      await this.#runner.run(line);
      this.#lend(false);
      if (this.#runner.isEnded) return this.#terminal.close();
      await this.#prompt();
    }
    this.#isRunning = false;
    if (this.#isLeaving) this.#terminal.close();
  }

  /** Gives the terminal to a command, which may read keys itself, or takes it back. */
  #lend(toCommand: boolean): void {
    const { stdin } = process;
    if (toCommand) {
      this.#terminal.pause();
      this.#listeners = stdin.listeners('keypress') as Array<() => void>;
      for (const listener of this.#listeners) stdin.off('keypress', listener);
    } else {
      for (const listener of this.#listeners.splice(0)) stdin.on('keypress', listener);
      this.#terminal.resume();
    }
    stdin.setRawMode(!toCommand);
  }

  /** Ctrl-C while a person types: clears the line, or leaves the question of a command. */
  #cleared(): void {
    const isHint = this.#terminal.line === '' && !this.#question;
    process.stdout.write(isHint ? '\n(Ctrl-D or "exit" ends the shell)\n' : '^C\n');
    this.#terminal.write(null, { ctrl: true, name: 'e' });
    this.#terminal.write(null, { ctrl: true, name: 'u' });
    if (this.#question) this.#question.abort();
    else this.#terminal.prompt();
  }

  /** Ctrl-C while a command runs. */
  #interrupted(): void {
    if (!this.#isRunning) return;
    this.#waiting = [];
    process.stdout.write('\n');
    if (++this.#interrupts > 1) process.exit(EXIT.FORCED);
    // A command that ends in good order listens itself.
    if (process.listenerCount('SIGINT') === 1) void this.#connection.giveUp();
  }

  async #ask(question: string): Promise<string> {
    this.#lend(false);
    try {
      const left = new AbortController();
      this.#question = left;
      return await new Promise<string>((resolve) => {
        this.#terminal.question(question, { signal: left.signal }, resolve);
        left.signal.addEventListener('abort', () => resolve(''), { once: true });
      });
    } finally {
      this.#question = undefined;
      this.#lend(true);
    }
  }
}
