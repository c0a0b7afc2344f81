/** A reader who does all that a page says, in order, in one terminal. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';
import { agrees, ROOT } from './pages.js';
import {
  benchmarksOf,
  commandsOf,
  isNotRun,
  missingTool,
  PYTHON,
  promisesOf,
  type ShellCommand,
  type Step,
  scriptsOf,
} from './steps.js';
import type { Running, Terminal } from './terminal.js';

const READY = { patienceMs: 60_000 };
const OUTPUT = { patienceMs: 30_000 };
/** Each look starts a command. */
const STREAMS = { ...OUTPUT, everyMs: 300 };
const NO_OUTPUT = () => undefined;

export class Reader {
  /** Why steps were not run, each reason once. */
  readonly skipped = new Set<string>();
  readonly #terminal: Terminal;
  readonly #page: string;
  /** By their ports. */
  readonly #nodes = new Map<string, Running>();
  /** The lines of the programs in TypeScript that are compiled. */
  readonly #compiled = new Set<number>();

  constructor(terminal: Terminal, page: string) {
    this.#terminal = terminal;
    this.#page = page;
  }

  /** Compiles all programs of a page at once: one by one takes ten times as long. A fault is found at its step. */
  async prepare(steps: readonly Step[]): Promise<void> {
    const programs = steps.filter(({ language }) => language === 'ts');
    const files = programs.map((step) => this.#write(step, 'mts'));
    if (programs.length < 2 || (await this.#terminal.run(compilation(files))).status !== 0) return;
    for (const { line } of programs) this.#compiled.add(line);
  }

  async do(step: Step): Promise<void> {
    if (step.language === 'sh') await this.#type(step);
    else if (step.language === 'json') this.#keep(step);
    else await this.#execute(step);
  }

  /** Checks a JSON text, and writes it into its file if the block names one. */
  #keep({ text, file }: Step): void {
    JSON.parse(text);
    if (file) this.#terminal.write(file, text);
  }

  /** Ends the nodes that run, each in good order. */
  async close(): Promise<void> {
    const nodes = [...this.#nodes.values()].filter((node) => node.isRunning());
    for (const node of nodes.reverse()) {
      const { status, output } = await node.end();
      assert.equal(status, 0, `a node ended with ${status}:\n${output}`);
    }
  }

  async #type(step: Step): Promise<void> {
    const commands = commandsOf(step);
    const shown: Array<() => string> = [];
    const running: Running[] = [];
    for (const command of commands) {
      if (this.#isLeftOut(command)) continue;
      if (command.isServe) await this.#serve(command);
      else if (command.isLong) {
        const begun = await this.#begin(command);
        running.push(begun);
        shown.push(begun.output);
      } else {
        const output = await this.#finish(command);
        shown.push(() => output);
      }
    }
    const output = () => shown.map((one) => one()).join('');
    const { expected } = step;
    if (expected !== undefined && running.length > 0)
      await eventually('the output', async () => agrees(expected, output()), OUTPUT).catch(NO_OUTPUT);
    for (const one of running.reverse()) await this.#interrupt(one, step);
    if (!commands.some((command) => this.#isLeftOut(command))) this.#compare(step, output());
  }

  /** Whether the command is not run. The scripts that it names exist at least. */
  #isLeftOut(command: ShellCommand): boolean {
    const tool = missingTool(command.text);
    if (tool) this.skipped.add(`this machine has no ${tool}`);
    if (tool || !isNotRun(command.text)) return tool !== undefined;
    const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    for (const script of scriptsOf(command.text))
      assert(script in scripts, `${this.#place(command)}: package.json has no "${script}"`);
    for (const file of benchmarksOf(command.text))
      assert(existsSync(path.join(ROOT, file)), `${this.#place(command)}: there is no ${file}`);
    return true;
  }

  /** @returns the output. */
  async #finish(command: ShellCommand): Promise<string> {
    const { status, output } = await this.#terminal.run(command.text);
    const { prints } = command;
    assert.equal(status, command.status, `${this.#place(command)}: exit status ${status}, output:\n${output}`);
    if (prints !== undefined)
      assert(agrees(prints, output), `${this.#place(command)}: expected "${prints}", received:\n${output}`);
    return output;
  }

  /** Resolves when the node is ready. The variable `node_PORT` then has its process ID. */
  async #serve(command: ShellCommand): Promise<void> {
    const node = await this.#terminal.begin(command.text);
    const ready = () => /"event":"ready","address":"[^"]*:(\d+)"/.exec(node.output())?.[1];
    const port = await eventually('readiness', async () => ready() ?? !node.isRunning(), READY);
    assert(typeof port === 'string', `${this.#place(command)} ended:\n${node.output()}`);
    this.#nodes.set(port, node);
    await this.#terminal.run(`node_${port}=${node.pid}`);
  }

  /** Begins a command that runs until Ctrl-C. Resolves when it has printed something, or its node knows the stream. */
  async #begin(command: ShellCommand): Promise<Running> {
    const before = await this.#streams(command);
    const begun = await this.#terminal.begin(command.text);
    const hasBegun = async () => begun.output() !== '' || !begun.isRunning() || (await this.#streams(command)) > before;
    await eventually(`the begin of ${command.text}`, hasBegun, STREAMS);
    assert(begun.isRunning(), `${this.#place(command)} ended before Ctrl-C:\n${begun.output()}`);
    const end = async () => {
      const outcome = await begun.end();
      const isGone = async () => (await this.#streams(command)) <= before;
      await eventually(`the end of ${command.text} at its node`, isGone, STREAMS);
      return outcome;
    };
    return { ...begun, end };
  }

  /** The number of subscribers and watchers at the node of a command that is one. */
  async #streams({ text }: ShellCommand): Promise<number> {
    if (!/^headwater\b.*\b(subscribe|watch)\b/.test(text)) return 0;
    const [connect = ''] = /--connect \S+/.exec(text) ?? [];
    const { output } = await this.#terminal.run(`headwater ${connect} --json status`);
    const { subscribers, watchers } = JSON.parse(output) as { subscribers: number; watchers: number };
    return subscribers + watchers;
  }

  async #interrupt(running: Running, { line }: Step): Promise<void> {
    const { status, output } = await running.end();
    assert([0, 130].includes(status), `${this.#page}:${line}: exit status ${status} after Ctrl-C:\n${output}`);
  }

  async #execute(step: Step): Promise<void> {
    const command = this.#written(step);
    const tool = missingTool(command);
    if (tool) {
      this.skipped.add(`this machine has no ${tool}`);
      return;
    }
    const { status, output } = await this.#terminal.run(command);
    assert.equal(status, 0, `${this.#place(step)}: the program ended with ${status}:\n${output}`);
    this.#compare(step, output);
    const lines = output.split('\n');
    for (const promise of promisesOf(step)) {
      const at = lines.findIndex((line) => agrees(promise, line));
      assert(at !== -1, `${this.#place(step)}: expected the program to print "${promise}", received:\n${output}`);
      lines.splice(0, at + 1);
    }
  }

  /** Writes the program into a file. @returns the command that runs it. */
  #written(step: Step): string {
    const { language, line } = step;
    if (language === 'js') return `node ${this.#write(step, 'mjs')}`;
    if (language === 'python') return `${PYTHON} ${this.#write(step, 'py')}`;
    if (language === 'ruby') return `ruby ${this.#write(step, 'rb')}`;
    const run = `node out/line-${line}.mjs`;
    return this.#compiled.has(line) ? run : `${compilation([this.#write(step, 'mts')])} && ${run}`;
  }

  /** @returns the name of the file. */
  #write({ line, text, file }: Step, ending: string): string {
    const name = file ?? `line-${line}.${ending}`;
    this.#terminal.write(name, text);
    return name;
  }

  #compare(step: Step, output: string): void {
    const { expected } = step;
    if (expected !== undefined && !agrees(expected, output)) assert.equal(output.trim(), expected, this.#place(step));
  }

  #place({ line, text, ...command }: ShellCommand | Step): string {
    return 'language' in command ? `${this.#page}:${line}` : `${this.#page}:${line}: ${text}`;
  }
}

/** The command that compiles the files into `out/`. */
function compilation(files: readonly string[]): string {
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const options = '--strict --target es2022 --lib es2023,esnext.disposable --types node --module nodenext --outDir out';
  return `node ${tsc} ${options} ${files.join(' ')}`;
}
