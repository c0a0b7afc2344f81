/**
 * The lines that people typed, in a file that only its owner may read. The file is bounded: when a shell begins, it
 * keeps the last lines. A line that begins with a blank, is very long, or seems to have a secret is not kept. Several
 * shells may add to the file at the same time. A file that cannot be read or written costs the history and nothing else.
 */
import { appendFileSync, chmodSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makePrivateFolder, privateFolder } from '../private-folder.js';

export const LINES_MAX = 1_000;
const LINE_CHARACTERS_MAX = 4_096;
/** The largest file that is read: more than the lines of several shells together need. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;

const SECRET = /passw|secret|token|credential|private[-_.]?key|api[-_.]?key|\bauth\b/i;

export class History {
  readonly #file: string | undefined;
  readonly #lines: string[];

  private constructor(file: string | undefined, lines: string[]) {
    this.#file = file;
    this.#lines = lines;
  }

  /** Reads the file, and shortens it if it has grown too long. */
  static open(file = fileOf(process.env)): History {
    let lines: string[] = [];
    if (file === undefined) return new History(file, lines);
    try {
      if (statSync(file).size <= FILE_BYTES_MAX) lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
      if (lines.length > LINES_MAX) {
        lines = lines.slice(-LINES_MAX);
        const aside = `${file}.${process.pid}.new`;
        writeFileSync(aside, `${lines.join('\n')}\n`, { mode: 0o600 });
        renameSync(aside, file);
      }
      chmodSync(file, 0o600);
    } catch {
      // There is no history yet, or none that can be read.
    }
    return new History(file, lines);
  }

  /** The newest line first, as readline takes them. */
  get newestFirst(): string[] {
    return this.#lines.toReversed();
  }

  add(line: string): void {
    if (!isKept(line) || line === this.#lines.at(-1)) return;
    this.#lines.push(line);
    if (this.#file === undefined) return;
    try {
      makePrivateFolder(path.dirname(this.#file));
      appendFileSync(this.#file, `${line}\n`, { mode: 0o600 });
    } catch {
      // The disk may be full, or the home directory not writable.
    }
  }
}

/** Whether the line may be read by whoever reads the file later. */
export function isKept(line: string): boolean {
  return /^\S/.test(line) && line.length <= LINE_CHARACTERS_MAX && !SECRET.test(line);
}

/** The file of the history. Undefined for a user without a home. */
export function fileOf(env: NodeJS.ProcessEnv): string | undefined {
  const folder = privateFolder(env, 'XDG_STATE_HOME', '.local/state');
  return folder && path.join(folder, 'history');
}
