/**
 * A disk that fills up, under the databases and the files of one node: so many
 * operations succeed, and those that need room fail after that until it is
 * given some. What it tells to be free is up to the test.
 */
import { type Files, systemFiles } from '../../src/disk/files.js';
import type { DiskOperation, Fault } from './database.js';

/** As LevelDB tells it. */
function levelOutOfSpace(location: string): Error {
  const message = `IO error: ${location}/000005.log: No space left on device`;
  return Object.assign(new Error(message), { code: 'LEVEL_IO_ERROR' });
}

/** As the system tells it. */
export function systemOutOfSpace(file: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${file}'`), { code: 'ENOSPC' });
}

/** What needs room: to open a LevelDB is to write to it. */
const WRITES: ReadonlySet<DiskOperation['kind']> = new Set(['open', 'put', 'batch', 'durable']);

export class FullDisk {
  /** What `freeBytes` tells. */
  free = 1e12;
  /** So many operations that need room succeed from now on. */
  operationsLeft = Number.POSITIVE_INFINITY;
  /** That have succeeded or failed. */
  operations = 0;
  failures = 0;
  /** Of files, that have begun and not ended. */
  inHand = 0;
  /** Whether the room of the ballast, once it is given up, lets everything through. */
  ballastHelps = true;
  /** The store's files, for `TestStore.open`. */
  readonly files: Files;

  constructor(files = systemFiles) {
    this.files = {
      ...files,
      freeBytes: async () => this.free,
      create: async (file) => {
        this.#file(file);
        const writer = await files.create(file);
        return {
          append: async (bytes) => {
            this.#file(file);
            await writer.append(bytes);
          },
          sync: async () => {
            this.#file(file);
            await writer.sync();
          },
          close: () => writer.close(),
        };
      },
      rename: async (from, to) => {
        this.#file(to);
        await files.rename(from, to);
      },
      makeDirectory: async (directory) => {
        const isThere = await files.list(directory).then(
          () => true,
          () => false,
        );
        if (!isThere) this.#file(directory);
        await files.makeDirectory(directory);
      },
      syncDirectory: async (directory) => {
        this.#file(directory);
        this.inHand++;
        await files.syncDirectory(directory).finally(() => this.inHand--);
      },
      remove: async (file) => {
        await files.remove(file);
        if (file.endsWith('/ballast') && this.ballastHelps) this.empty();
      },
    };
  }

  /** For `MemoryDisk.fault`. */
  readonly fault: Fault = ({ kind, location }) => {
    if (WRITES.has(kind) && !this.#admits()) throw levelOutOfSpace(location);
  };

  /** Nothing more has room. */
  fill(): void {
    this.operationsLeft = 0;
  }

  empty(): void {
    this.operationsLeft = Number.POSITIVE_INFINITY;
  }

  #file(file: string): void {
    if (!this.#admits()) throw systemOutOfSpace(file);
  }

  #admits(): boolean {
    this.operations++;
    if (this.operationsLeft-- > 0) return true;
    this.failures++;
    return false;
  }
}
