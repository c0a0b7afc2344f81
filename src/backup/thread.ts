/** The node's end of a thread that makes a backup (worker.ts). */

import type { Worker } from 'node:worker_threads';
import { unlessAborted } from '../base/abort.js';
import { type ErrorCode, HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { BackupHead } from '../model/backup.js';
import type { WrittenChunk } from './writer.js';

/** An order to the thread. The thread answers each order. */
export type Order =
  /** Opens the files of a database. Nobody may write to the database until the thread has answered. */
  | { readonly kind: 'open'; readonly location: string }
  /** Makes the first chunk of the records of an epoch. */
  | { readonly kind: 'begin'; readonly head: BackupHead; readonly epoch: number }
  /** Makes the next chunk, if there is one. If `unhurried`, the thread rests after every small piece of work. */
  | { readonly kind: 'next'; readonly unhurried: boolean };

export type ThreadAnswer =
  /** The thread also answers `ready` once when it has started. */
  | { readonly kind: 'ready' }
  | ({ readonly kind: 'chunk' } & Omit<WrittenChunk, 'bytes'> & { readonly bytes: Uint8Array })
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

interface Waiting {
  resolve(answer: ThreadAnswer): void;
  reject(error: Error): void;
}

/** Chunks ordered ahead, so that the thread does not wait for a turn of the node's event loop. */
const CHUNKS_AHEAD = 2;

/** Starts a program as a thread. */
export type StartWorker = (program: URL) => Worker;

export class BackupThread {
  readonly #worker: Worker;
  /** Callers that wait for an answer, in the order of their orders. */
  readonly #waiting: Waiting[] = [];
  #ended: HeadwaterError | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#worker.on('message', (answer: ThreadAnswer) => {
      const waiting = this.#waiting.shift();
      if (answer.kind === 'failed') waiting?.reject(new HeadwaterError(answer.code, answer.message));
      else waiting?.resolve(answer);
    });
    this.#worker.on('error', (error) => this.#end(HeadwaterError.from(error)));
    this.#worker.on('exit', () => this.#end(new HeadwaterError('internal', 'the thread of the backup has ended')));
  }

  static async start(startWorker: StartWorker): Promise<BackupThread> {
    const thread = new BackupThread(startWorker(new URL('./worker.js', import.meta.url)));
    await thread.#answer();
    return thread;
  }

  /**
   * Resolves when the files of a database are open. Writes to the database are allowed again then.
   * @throws HeadwaterError `overloaded` if there are more files than can be open, or the reason of `signal`.
   */
  async open(location: string, signal: AbortSignal): Promise<void> {
    await unlessAborted(this.#ask({ kind: 'open', location }), signal);
  }

  /**
   * Yields the chunks. The thread makes further chunks while the caller uses one.
   * @param isBusy whether the node has had other work since the last call of this function.
   * @throws HeadwaterError `corrupt` or `unknown_format` if the keyspace is damaged, or the reason of `end`.
   */
  async *chunks(head: BackupHead, epoch: number, isBusy: () => boolean): AsyncGenerator<WrittenChunk> {
    const asked = [this.#ask({ kind: 'begin', head, epoch })];
    for (;;) {
      while (asked.length <= CHUNKS_AHEAD) {
        const next = this.#ask({ kind: 'next', unhurried: isBusy() });
        // A caller that leaves early has no use for the failure of this order.
        next.catch(() => {});
        asked.push(next);
      }
      const answer = await (asked.shift() as Promise<ThreadAnswer>);
      invariant(answer.kind === 'chunk', 'a chunk is what was asked for');
      const { bytes, keys, last } = answer;
      yield { bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), keys, last };
      if (last) return;
    }
  }

  /** Ends the thread. Callers that wait for an answer fail with `reason`. */
  async end(reason: HeadwaterError): Promise<void> {
    this.#end(reason);
    await this.#worker.terminate();
  }

  #ask(order: Order): Promise<ThreadAnswer> {
    if (this.#ended) return Promise.reject(this.#ended);
    this.#worker.postMessage(order);
    return this.#answer();
  }

  #answer(): Promise<ThreadAnswer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  #end(reason: HeadwaterError): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}
