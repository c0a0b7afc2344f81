/**
 * A command of the built program within the process of the tests. A process of its own takes 0.2 s of the processor, and
 * this a seventh of it. The whole program is evaluated again for each command, with a `process` of its own: its words,
 * its environment, its streams and its exit status.
 *
 * Signals, the working directory, the limits and the real stdout of a process need a process: command-line.ts starts
 * one for them. `npm run commands` starts one for every command of the tests.
 */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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
  const source = `(function (exports, require, module, __filename, __dirname, process) {${readFileSync(file, 'latin1')}\n})`;
  const program = new Script(source, { filename: file }).runInThisContext() as Program;
  compiled.set(file, program);
  return program;
}

/** The outcome of a command, as a process would have it. A `serve` must end before it has a node. */
export async function runInProcess(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  stdin: string | Buffer | Readable = '',
): Promise<{ status: number; stdout: Buffer; stderr: string }> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const input = new PassThrough();
  if (typeof stdin === 'string' || Buffer.isBuffer(stdin)) input.end(stdin);
  else stdin.pipe(input).on('close', () => stdin.destroy());
  const file = path.join(BIN, args.includes('serve') ? 'serve.cjs' : 'commands.cjs');
  const own = { argv: [process.execPath, file, ...args], env, stdin: input, stdout, stderr, exitCode: undefined };
  const events = new EventEmitter();
  const status = await new Promise<number>((resolve, reject) => {
    const exit = (code: number) => resolve(code);
    const view = processWith({ ...own, exit }, events);
    const require = (id: string) => (/^(node:)?process$/.test(id) ? view : load(id));
    const loaded: { exports: { ended?: Promise<void> } } = { exports: {} };
    programIn(file)(loaded.exports, require, loaded, file, BIN, view);
    const { ended } = loaded.exports;
    if (!ended) throw new Error(`${file} does not export its end`);
    ended.then(() => {
      events.emit('exit', view.exitCode ?? 0);
      resolve(Number(view.exitCode ?? 0));
    }, reject);
  });
  input.destroy();
  return { status, stdout: stdout.bytes, stderr: stderr.bytes.toString() };
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

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}
