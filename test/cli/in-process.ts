/**
 * A command or a node of the built program within the process of the tests. A command in a process of its own takes 0.2 s
 * of the processor, and here a seventh of it. A node takes 0.5 s to start, and here a third. The whole program is
 * evaluated again for each of them, with a `process` of its own: its words, its environment, its streams, its signals and
 * its exit status.
 *
 * A kill, a pause, the working directory, the limits and the real stdout of a process need a process: command-line.ts and
 * ../support/cluster.ts start one for them. `npm run commands` starts one for every command and node of the tests.
 */
import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { PassThrough, type Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const BIN = fileURLToPath(new URL('../../dist/bin', import.meta.url));

type Require = (id: string) => unknown;

type Program = (
  exports: { ended?: Promise<void> },
  require: Require,
  module: object,
  file: string,
  directory: string,
  process: NodeJS.Process,
) => void;

const load = createRequire(path.join(BIN, 'headwater.cjs'));
const compiled = new Map<string, Program>();

/** Compiled once, at the first command. */
function programIn(file: string): Program {
  const known = compiled.get(file);
  if (known) return known;
  const source = `(function (exports, require, module, __filename, __dirname, process) {${fs.readFileSync(file, 'latin1')}\n})`;
  const program = new Script(source, { filename: file }).runInThisContext() as Program;
  compiled.set(file, program);
  return program;
}

/**
 * The outcome of a command, as a process would have it. A `serve` must end before it has a node.
 *
 * @param stdoutError stdout fails at each write with this error of the system. A command that never ends by itself
 *   continues then after its exit, so it needs a process.
 */
export async function runInProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: string | Buffer | Readable = '',
  stdoutError?: 'ENOSPC' | 'EPIPE',
): Promise<{ status: number; stdout: Buffer; stderr: string }> {
  const [stdout, stderr] = [new Collected(stdoutError), new Collected()];
  const input = new PassThrough();
  if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) input.end(stdin);
  else stdin.pipe(input).on('close', () => stdin.destroy());
  const status = await evaluate(args, { env, stdin: input, stdout, stderr }, new EventEmitter());
  input.destroy();
  return { status, stdout: stdout.bytes, stderr: stderr.bytes.toString() };
}

/**
 * A command that becomes a node, with the members of a child process that the tests use. SIGTERM, SIGINT and SIGHUP do
 * what they do to a process, once each.
 */
export class NodeInProcess extends EventEmitter<{ exit: [status: number] }> {
  readonly stdin: undefined;
  readonly stderr = new PassThrough();
  readonly signalCode: null = null;
  exitCode: number | null = null;
  readonly #signals = new EventEmitter();
  #isEnding = false;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    super();
    const stdin = new PassThrough().end();
    void evaluate(args, { env, stdin, stdout: new Collected(), stderr: this.stderr }, this.#signals).then((status) => {
      this.stderr.end();
      this.exitCode = status;
      this.emit('exit', status);
    });
  }

  get pid(): number {
    throw new Error(`this node is in the process of the tests. ${OWN_PROCESS}`);
  }

  kill(signal: NodeJS.Signals): boolean {
    if (signal !== 'SIGHUP' && this.#isEnding) throw new Error(`a second signal would end the tests. ${OWN_PROCESS}`);
    if (!this.#signals.emit(signal, signal)) throw new Error(`${signal} would end the tests. ${OWN_PROCESS}`);
    this.#isEnding ||= signal !== 'SIGHUP';
    return true;
  }

  /** As a test ends it, whatever the node does. */
  dispose(): void {
    if (!this.#isEnding) this.kill('SIGTERM');
  }
}

const OWN_PROCESS = 'Give it a process of its own';

/** What a command sees of its process, beside the words. */
interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Resolves with the exit status of a program that has its own state of all modules. */
async function evaluate(args: readonly string[], given: Surroundings, events: EventEmitter): Promise<number> {
  const isNode = args.includes('serve') || (args.includes('restore') && args.includes('--follow'));
  const file = path.join(BIN, isNode ? 'serve.cjs' : 'commands.cjs');
  const own = { argv: [process.execPath, file, ...args], exitCode: undefined, ...given };
  return new Promise<number>((resolve, reject) => {
    const exit = (code: number) => resolve(code);
    const view = processWith({ ...own, exit }, events);
    const require = (id: string) => {
      if (/^(node:)?process$/.test(id)) return view;
      if (id === 'node:os') return { ...os, setPriority: () => {} }; // the tests keep their priority
      return id === 'fs' ? filesWith(given.stderr) : load(id);
    };
    const loaded: { exports: { ended?: Promise<void> } } = { exports: {} };
    programIn(file)(loaded.exports, require, loaded, file, BIN, view);
    const { ended } = loaded.exports;
    if (!ended) throw new Error(`${file} does not export its end`);
    ended.then(() => {
      events.emit('exit', view.exitCode ?? 0);
      resolve(Number(view.exitCode ?? 0));
    }, reject);
  });
}

/** The library of the log writes to the descriptor of the real process. */
function filesWith(stderr: Writable): typeof fs {
  const writeSync = (descriptor: number, bytes: string | NodeJS.ArrayBufferView, ...more: []): number => {
    if (descriptor !== process.stderr.fd) return fs.writeSync(descriptor, bytes as string, ...more);
    stderr.write(bytes);
    return Buffer.byteLength(bytes);
  };
  return { ...fs, writeSync };
}

/** The process of the tests, but for `own`, and for signals and events, which nobody sends. */
function processWith(own: Record<PropertyKey, unknown>, events: EventEmitter): NodeJS.Process {
  return new Proxy(process, {
    get(real, key) {
      if (Object.hasOwn(own, key)) return own[key];
      const value: unknown = Reflect.get(key in EventEmitter.prototype ? events : real, key);
      return typeof value === 'function' && key in EventEmitter.prototype ? value.bind(events) : value;
    },
    set(_, key, value) {
      own[key] = value;
      return true;
    },
  });
}

class Collected extends Writable {
  readonly #chunks: Buffer[] = [];
  readonly #error: Error | undefined;

  constructor(code?: 'ENOSPC' | 'EPIPE') {
    super({ autoDestroy: false }); // the stdout of a process is never destroyed
    const errno = -os.constants.errno[code ?? 'EPIPE'];
    this.#error = code && Object.assign(new Error(`${code}: write`), { code, errno, syscall: 'write' });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (!this.#error) this.#chunks.push(chunk);
    done(this.#error);
  }
}
