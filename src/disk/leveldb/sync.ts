/**
 * Makes durable all that was written so far to a database that LevelDB has open. LevelDB's own log files hold
 * every write that is not yet in a table. LevelDB syncs tables and manifest itself.
 *
 * Connections may take every descriptor that a process has. That is no failed write, because the disk was not
 * asked. So descriptors that are needed repeatedly stay open, and one is kept free for the others. An
 * operation that finds no descriptor is repeated for a while.
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { sleep, systemClock } from '../../base/clock.js';
import { DESCRIPTORS_RETRY_MS, DESCRIPTORS_WAIT_MS } from '../../base/limits.js';
import { isOutOfDescriptors } from '../files.js';

const LOG = /^\d+\.log$/;

export class LogFileSync {
  readonly #location: string;
  /** Log files by name, open since the first durable point that met them. */
  readonly #logs = new Map<string, FileHandle>();
  #directory: FileHandle | undefined;
  /** A descriptor that is only held to be closed when the process has no other left. */
  #spare: FileHandle | undefined;
  /** Durable points run one after another, because they share the open files. */
  #running: Promise<void> = Promise.resolve();
  /** The durable point that has not begun yet, which covers everything written until it begins. */
  #waiting: Promise<void> | undefined;
  #closed = false;

  constructor(location: string) {
    this.#location = location;
  }

  /** Resolves when everything written before this call survives a power cut. */
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
    // LevelDB has written the content of a vanished file to a table.
    await Promise.all(gone.map((handle) => handle.close()));
    await Promise.all(handles.map((handle) => handle.datasync()));
    await this.#directory?.sync();
    if (this.#closed) return;
    // This descriptor is kept free for the next log file.
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

  /** Repeats the work, with the descriptor that was kept free, until there are enough. */
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
