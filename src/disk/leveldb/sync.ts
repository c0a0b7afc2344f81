/**
 * The durable point of a database that LevelDB has open: all that was written so
 * far is on disk. LevelDB's own log files hold every write that is not yet in a
 * table; it syncs tables and manifest itself.
 *
 * Connections may take every descriptor that a process has. That is no failed
 * write, since nothing was asked of the disk. So the descriptors that are needed
 * again stay open, one is kept free for those that are not, and what finds none
 * is tried again for a while.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { sleep, systemClock } from '../../base/clock.js';
import { DESCRIPTORS_RETRY_MS, DESCRIPTORS_WAIT_MS } from '../../base/limits.js';
import { isOutOfDescriptors } from '../files.js';

const LOG = /^\d+\.log$/;

export class LogFileSync {
  readonly #location: string;
  /** Log files by name, open since a durable point came by them first. */
  readonly #logs = new Map<string, FileHandle>();
  #directory: FileHandle | undefined;
  /** Held for nothing but to be closed if the process has no other descriptor left. */
  #spare: FileHandle | undefined;
  /** Durable points go one after another: they share what is open. */
  #running: Promise<void> = Promise.resolve();
  /** One that has not begun yet: it covers whatever is written until then. */
  #waiting: Promise<void> | undefined;
  #closed = false;

  constructor(location: string) {
    this.#location = location;
  }

  /** Everything written before this call survives a power cut once it resolves. */
  run(): Promise<void> {
    this.#waiting ??= this.#running.then(() => {
      this.#waiting = undefined;
      return this.#run();
    });
    this.#running = this.#waiting.catch(() => {});
    return this.#waiting;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    const handles = [...this.#logs.values(), this.#directory, this.#spare].filter((handle) => handle !== undefined);
    this.#logs.clear();
    this.#directory = this.#spare = undefined;
    await Promise.all(handles.map((handle) => handle.close()));
  }

  async #run(): Promise<void> {
    const { handles, gone } = await this.#whileNoDescriptors(() => this.#open());
    // A file that vanished meanwhile was written to a table.
    await Promise.all(gone.map((handle) => handle.close()));
    await Promise.all(handles.map((handle) => handle.datasync()));
    await this.#directory?.sync();
    if (this.#closed) return;
    // Kept free for the next log file.
    this.#spare ??= await open(this.#location, 'r').catch(() => undefined);
  }

  async #open(): Promise<{ handles: readonly FileHandle[]; gone: readonly FileHandle[] }> {
    const names = (await readdir(this.#location)).filter((name) => LOG.test(name));
    this.#directory ??= await open(this.#location, 'r');
    for (const name of names) {
      if (this.#logs.has(name)) continue;
      const handle = await openIfThere(path.join(this.#location, name));
      if (handle) this.#logs.set(name, handle);
    }
    const gone = [...this.#logs].filter(([name]) => !names.includes(name));
    for (const [name] of gone) this.#logs.delete(name);
    return { handles: [...this.#logs.values()], gone: gone.map(([, handle]) => handle) };
  }

  /** Tries again, with the descriptor that was kept free, until there are enough. */
  async #whileNoDescriptors<T>(work: () => Promise<T>): Promise<T> {
    for (let waitedMs = 0; ; waitedMs += DESCRIPTORS_RETRY_MS) {
      try {
        return await work();
      } catch (error) {
        if (!isOutOfDescriptors(error) || waitedMs >= DESCRIPTORS_WAIT_MS) throw error;
        const spare = this.#spare;
        this.#spare = undefined;
        if (spare) await spare.close();
        else await sleep(systemClock, DESCRIPTORS_RETRY_MS);
      }
    }
  }
}

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  return await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
