/**
 * A backup as a client takes it: the bytes of the file as they come, each chunk
 * proven before it is handed on, begun where it was when a connection breaks.
 */
import { unlessAborted } from '../abort.js';
import { type Chunk, ChunkChain, checkPreamble, PREAMBLE_BYTES } from '../backup/format.js';
import { HeadwaterError } from '../errors.js';
import { BACKUP_LEASE_MS } from '../limits.js';
import { BACKUP } from '../rpc/definitions.js';
import type { BackupEnd, BackupHead, BackupResponse } from '../wire/backup.js';
import type { Asker } from './asker.js';
import { backOff } from './back-off.js';
import { TRANSIENT } from './streams.js';

export interface BackupOptions {
  /** Gives it up: the loop throws `cancelled`. */
  readonly signal?: AbortSignal | undefined;
}

/** What follows in the file; all parts together are the file. */
export interface BackupPart {
  readonly bytes: Buffer;
  /** Of the whole: where the keyspace is of, and about how many keys it has. */
  readonly head: BackupHead;
  /** In the file up to the end of this part. */
  readonly keys: number;
  /** Set with the last part: the file is whole, and what came is what the node sent. */
  readonly end: BackupEnd | undefined;
}

/** @throws HeadwaterError `backup_lost` where the node cannot go on with it: it has to be begun anew. */
export async function* backup(session: Asker, { signal }: BackupOptions): AsyncGenerator<BackupPart> {
  const end = signal ? AbortSignal.any([signal, session.ended]) : session.ended;
  const received = new Received();
  let brokenMs: number | undefined;
  for (let failures = 0; !received.isWhole; ) {
    try {
      const before = received.chunks;
      for await (const part of oneCall(session, received, end)) {
        brokenMs = undefined;
        failures = 0;
        yield part;
      }
      if (received.chunks === before)
        throw new HeadwaterError('protocol_violation', 'the node sent nothing of a backup that is not at its end');
    } catch (error) {
      if (end.aborted) throw ended(end);
      // Before the first chunk nothing has begun: whoever asked hears at once why not.
      if (received.chunks === 0 || !HeadwaterError.is(error) || !TRANSIENT.has(error.code)) throw error;
      brokenMs ??= performance.now();
      if (performance.now() - brokenMs > BACKUP_LEASE_MS) throw error;
      await backOff(failures++, end);
    }
  }
  await forget(session, received, end);
}

function ended({ reason }: AbortSignal): HeadwaterError {
  if (HeadwaterError.is(reason)) return reason;
  return new HeadwaterError('cancelled', 'the caller gave up the backup', { cause: reason });
}

async function* oneCall(session: Asker, received: Received, end: AbortSignal): AsyncGenerator<BackupPart> {
  const connection = await unlessAborted(session.ready(), end);
  const stop = new AbortController();
  const request = { backupId: received.backupId, chunk: received.chunks };
  const responses = connection.serverStream(BACKUP, request, { signal: AbortSignal.any([end, stop.signal]) });
  try {
    for (;;) {
      const next = await unlessSilent(() => responses.next(), stop);
      if (next.done) return;
      const part = received.take(next.value);
      if (part) yield part;
    }
  } finally {
    received.dropPartial();
    await responses.return(undefined);
  }
}

/** A node that holds back the next chunk for so long is gone. */
async function unlessSilent<T>(next: () => Promise<T>, stop: AbortController): Promise<T> {
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    stop.abort();
  }, BACKUP_LEASE_MS);
  try {
    return await next();
  } catch (error) {
    if (silent) throw new HeadwaterError('unreachable', `the node was silent for ${BACKUP_LEASE_MS} ms`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Tells the node that all has arrived; where it does not hear it, it finds out by itself. */
async function forget(session: Asker, { backupId, chunks }: Received, end: AbortSignal): Promise<void> {
  try {
    const connection = await unlessAborted(session.ready(), end);
    for await (const _ of connection.serverStream(BACKUP, { backupId, chunk: chunks }, { signal: end }));
  } catch (error) {
    if (!HeadwaterError.is(error)) throw error;
  }
}

/** What has come of a file. */
class Received {
  backupId = '';
  /** Whole and proven ones. */
  chunks = 0;
  readonly #chain = new ChunkChain();
  #head: BackupHead | undefined;
  #partial: Buffer[] = [];

  get isWhole(): boolean {
    return this.#chain.ended;
  }

  /** @throws HeadwaterError `corrupt` where it is not what the node made, `protocol_violation`. */
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
    // The chain has no chunk before its head.
    return { bytes: whole, head: this.#head as BackupHead, keys, end };
  }

  /** Of a chunk that was cut off, which comes again from its beginning. */
  dropPartial(): void {
    this.#partial = [];
  }

  #prove(bytes: Buffer): Chunk {
    if (this.chunks > 0) return this.#chain.take(bytes);
    checkPreamble(bytes.subarray(0, PREAMBLE_BYTES));
    return this.#chain.take(bytes.subarray(PREAMBLE_BYTES));
  }
}
