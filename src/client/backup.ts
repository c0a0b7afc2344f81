/**
 * A backup as a client takes it: the bytes of the file as they arrive. Each chunk is proven before it is handed on. If
 * the connection breaks, the backup resumes where it stopped.
 */

import { type Chunk, ChunkChain, checkPreamble, PREAMBLE_BYTES } from '../backup/format.js';
import { HeadwaterError } from '../base/errors.js';
import { BACKUP_LEASE_MS } from '../base/limits.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import type { BackupEnd, BackupHead, BackupResponse } from '../model/backup.js';
import { BACKUP } from '../rpc/definitions.js';
import { backOff } from './back-off.js';
import { type Caller, endOf } from './caller.js';
import { TRANSIENT } from './failures.js';
import { type CallTime, checkCall, TIME_NAMES } from './options.js';
import { SideCall } from './side-call.js';

/** The options of `backup`. */
export interface BackupOptions {
  /** Gives the backup up: the loop throws `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The loop ends with `deadline_exceeded` after so many milliseconds without any data of the backup.
   * 60,000 by default.
   */
  readonly timeoutMs?: number | undefined;
}

const BACKUP_OPTIONS = optionNames<BackupOptions>(TIME_NAMES);

/** The next part of the file. All parts together are the file. */
export interface BackupPart {
  /** The bytes of the part. */
  readonly bytes: Buffer;
  /** The head of the whole backup, with the position of the keyspace and the approximate number of keys. */
  readonly head: BackupHead;
  /** Keys in the file up to the end of this part. */
  readonly keys: number;
  /** The end of the file, set with the last part. The file is then complete, and is what the node sent. */
  readonly end: BackupEnd | undefined;
}

/** @throws HeadwaterError `backup_lost` if the node cannot continue the backup, which then has to begin again. */
export async function* backup(session: Caller, options: BackupOptions): AsyncGenerator<BackupPart> {
  checkOptionNames(options, BACKUP_OPTIONS);
  checkCall(options);
  const { signal, timeoutMs = BACKUP_LEASE_MS } = options;
  const end = endOf(session, signal);
  const received = new Received();
  let brokenMs: number | undefined;
  for (let failures = 0; !received.isWhole; ) {
    try {
      const before = received.chunks;
      for await (const part of oneCall(session, received, { signal: end, timeoutMs })) {
        brokenMs = undefined;
        failures = 0;
        yield part;
      }
      if (received.chunks === before)
        throw new HeadwaterError('protocol_violation', 'expected the next chunk of a backup, received none');
    } catch (error) {
      if (end.aborted) throw ended(end);
      // Before the first chunk nothing has begun, so the caller gets the error at once.
      if (received.chunks === 0 || !HeadwaterError.is(error) || !TRANSIENT.has(error.code)) throw error;
      if (error.code === 'deadline_exceeded') throw error;
      brokenMs ??= performance.now();
      if (performance.now() - brokenMs > timeoutMs) throw error;
      await backOff(failures++, end, session.settings.retry);
    }
  }
  await forget(session, received, { signal: end, timeoutMs });
}

function ended({ reason }: AbortSignal): HeadwaterError {
  if (HeadwaterError.is(reason)) return reason;
  return new HeadwaterError('cancelled', 'the caller cancelled the backup', { cause: reason });
}

async function* oneCall(session: Caller, received: Received, options: CallTime): AsyncGenerator<BackupPart> {
  const request = { backupId: received.backupId, chunk: received.chunks };
  try {
    for await (const response of new SideCall(session, options).stream(BACKUP, request)) {
      const part = received.take(response);
      if (part) yield part;
    }
  } finally {
    received.dropPartial();
  }
}

/** Tells the node that all has arrived. If this fails, the node finds out by itself. */
async function forget(session: Caller, { backupId, chunks }: Received, options: CallTime): Promise<void> {
  try {
    for await (const _ of new SideCall(session, options).stream(BACKUP, { backupId, chunk: chunks }));
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
  }
}

/** The received part of a file. */
class Received {
  backupId = '';
  /** Complete and proven chunks. */
  chunks = 0;
  readonly #chain = new ChunkChain();
  #head: BackupHead | undefined;
  #partial: Buffer[] = [];

  get isWhole(): boolean {
    return this.#chain.ended;
  }

  /** @throws HeadwaterError `corrupt` if the chunk is not what the node made, `protocol_violation`. */
  take({ backupId, chunk: number, bytes, more, keys }: BackupResponse): BackupPart | undefined {
    this.backupId ||= backupId;
    if (number !== this.chunks || backupId !== this.backupId)
      throw new HeadwaterError(
        'protocol_violation',
        `expected chunk ${this.chunks} of the backup ${this.backupId}, received chunk ${number} of ${backupId}`,
      );
    this.#partial.push(bytes);
    if (more) return undefined;
    const whole = this.#partial.length === 1 ? bytes : Buffer.concat(this.#partial);
    this.#partial = [];
    const chunk = this.#prove(whole);
    this.chunks++;
    if (chunk.kind === 'head') this.#head = chunk.head;
    const end = chunk.kind === 'end' ? chunk.end : undefined;
    // The cast is safe: the chain accepts no chunk before its head.
    return { bytes: whole, head: this.#head as BackupHead, keys, end };
  }

  /** Drops the parts of a chunk that was cut off. The chunk comes again from its beginning. */
  dropPartial(): void {
    this.#partial = [];
  }

  #prove(bytes: Buffer): Chunk {
    if (this.chunks > 0) return this.#chain.take(bytes);
    checkPreamble(bytes.subarray(0, PREAMBLE_BYTES));
    return this.#chain.take(bytes.subarray(PREAMBLE_BYTES));
  }
}
