/**
 * Files in memory, under the rules that a file system promises and no more:
 * what was written to a file survives a power cut once the file was synced, a
 * name once its directory was. What was not synced may be there after it or
 * not, each by chance.
 */
import path from 'node:path';
import type { Files } from '../../src/disk/files.js';

interface File {
  readonly kind: 'file';
  bytes: Buffer;
  /** Survives a power cut. */
  synced: Buffer;
}

interface Folder {
  readonly kind: 'folder';
}

type Entry = File | Folder;

/** One for each who waits: a promise that all wait for would keep all of them in memory. */
const never = () => new Promise<never>(() => {});

/** One life of a process: what it has in hand when it dies never ends. */
export interface Life {
  readonly dead: boolean;
}

export class MemoryFiles {
  /** What `freeBytes` tells; set by tests. */
  freeBytes: number | undefined;
  readonly #delay: () => Promise<void>;
  #entries = new Map<string, Entry>([['/', { kind: 'folder' }]]);
  /** The names that survive a power cut. */
  #stable = new Map(this.#entries);

  /** @param delay what an operation takes. */
  constructor(delay: () => Promise<void>) {
    this.#delay = delay;
  }

  isFolder(name: string): boolean {
    return this.#entries.get(name)?.kind === 'folder';
  }

  /** What is in a file; undefined if there is none. */
  bytesOf(name: string): Buffer | undefined {
    const entry = this.#entries.get(name);
    return entry?.kind === 'file' ? entry.bytes : undefined;
  }

  /** Files in a folder, by name; empty where there is no folder. */
  contents(folder: string): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const [name, entry] of this.#entries)
      if (entry.kind === 'file' && path.dirname(name) === folder) found.set(path.basename(name), entry.bytes);
    return found;
  }

  makeFolder(name: string): void {
    if (this.#entries.has(name)) return;
    this.makeFolder(path.dirname(name));
    this.#entries.set(name, { kind: 'folder' });
  }

  /** @param keeps asked for each thing that was not synced. */
  powerCut(keeps: () => boolean): void {
    const names = new Set([...this.#entries.keys(), ...this.#stable.keys()]);
    const left = new Map<string, Entry>();
    for (const name of [...names].sort()) {
      const [now, before] = [this.#entries.get(name), this.#stable.get(name)];
      const entry = now === before || !keeps() ? before : now;
      // A name goes with the directory that it stood in.
      if (!entry || (name !== '/' && !left.has(path.dirname(name)))) continue;
      if (entry.kind === 'file' && entry.bytes !== entry.synced) entry.bytes = keeps() ? entry.bytes : entry.synced;
      if (entry.kind === 'file') entry.synced = entry.bytes;
      left.set(name, entry);
    }
    this.#entries = left;
    this.#stable = new Map(left);
  }

  /** As one process sees them. */
  of(life: Life): Files {
    const done = async <T>(effect: () => T): Promise<T> => {
      if (life.dead) return never();
      await this.#delay();
      return life.dead ? never() : effect();
    };
    return {
      read: (file) =>
        done(() => {
          const entry = this.#entries.get(file);
          return entry?.kind === 'file' ? Buffer.from(entry.bytes) : undefined;
        }),
      create: (file) =>
        done(() => {
          if (!this.isFolder(path.dirname(file))) throw missing(file);
          const entry: File = { kind: 'file', bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
          this.#entries.set(file, entry);
          return {
            append: (bytes) =>
              done(() => {
                entry.bytes = Buffer.concat([entry.bytes, bytes]);
              }),
            sync: () =>
              done(() => {
                entry.synced = entry.bytes;
              }),
            close: () => done(() => {}),
          };
        }),
      rename: (from, to) =>
        done(() => {
          const entry = this.#entries.get(from);
          if (!entry) throw missing(from);
          this.#entries.delete(from);
          this.#entries.set(to, entry);
        }),
      list: (folder) =>
        done(() => {
          if (!this.isFolder(folder)) throw missing(folder);
          return [...this.#entries.keys()]
            .filter((name) => name !== '/' && path.dirname(name) === folder)
            .map((name) => path.basename(name))
            .sort();
        }),
      makeDirectory: (folder) =>
        done(() => {
          this.makeFolder(folder);
          for (let name = folder; !this.#stable.has(name); name = path.dirname(name))
            this.#stable.set(name, { kind: 'folder' });
        }),
      remove: (file) =>
        done(() => {
          for (const name of this.#entries.keys())
            if (name === file || name.startsWith(`${file}/`)) this.#entries.delete(name);
        }),
      syncDirectory: (folder) =>
        done(() => {
          if (!this.isFolder(folder)) throw missing(folder);
          for (const name of this.#stable.keys())
            if (name !== '/' && path.dirname(name) === folder && !this.#entries.has(name)) this.#stable.delete(name);
          for (const [name, entry] of this.#entries)
            if (name !== '/' && path.dirname(name) === folder) this.#stable.set(name, entry);
        }),
      freeBytes: () => done(() => this.freeBytes),
    };
  }
}

function missing(file: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, ${file}`), { code: 'ENOENT' });
}
