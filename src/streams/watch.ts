/**
 * The stream of one watcher: every change of the keys under a prefix, in order,
 * from a place in the log on. The watcher sets the pace of a cursor over the
 * log, like a follower that of a feed. If the log cannot give the changes from
 * that place on, a snapshot of the keyspace comes instead, and the changes
 * after it.
 */

import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { CURSOR_READ_BYTES, PROGRESS_INTERVAL_MS } from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import { typeName } from '../commands/entry.js';
import { decodeRecord } from '../keyspace/record.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { Log } from '../log/log.js';
import { whenMoved } from '../log/wait.js';
import { ORIGIN, type Position } from '../model/position.js';
import type { Told, WatchEvent, WatchRequest } from '../model/streams.js';
import { changesOf } from './changes.js';
import { type Piece, ResponseBuilder } from './response-builder.js';
import { locateInTime } from './start.js';

export interface WatchOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Ends the stream, with its reason. */
  readonly signal: AbortSignal;
  /** Whether the node may yet learn of an unknown history. */
  learns(): boolean;
  /** A snapshot of the keyspace that belongs to this log. The caller releases it. */
  snapshotAt(options: { share: boolean; notBefore: number }): Promise<KeyspaceSnapshot>;
  /** Runs when a snapshot begins to be sent. */
  snapshotBegun(): void;
}

type Response = Told<WatchEvent>;

export class Watch {
  readonly #options: WatchOptions;
  readonly #log: Log;
  readonly #request: WatchRequest;
  #cursor: Cursor;
  #gathering: ResponseBuilder<WatchEvent>;
  /** The offset up to which the watcher knows all changes. */
  #after = 0;

  constructor(options: WatchOptions, request: WatchRequest) {
    this.#options = options;
    this.#log = options.log;
    this.#request = request;
    this.#cursor = new Cursor(this.#log, this.#log.end);
    this.#gathering = new ResponseBuilder(this.#log.end);
  }

  /**
   * Streams without an end.
   * @throws HeadwaterError `unavailable`, the reason of the signal or of the
   *   log's end.
   */
  async *run(): AsyncGenerator<Response> {
    const { clock, signal } = this.#options;
    if (this.#request.from !== undefined) yield* this.#begin(this.#request.from);
    yield this.#progress();
    let saidMs = clock.monotonicMs();
    for (;;) {
      const blocks = await this.#poll();
      if (typeof blocks === 'string') {
        yield* this.#snapshot(blocks);
        continue;
      }
      for (const block of blocks) yield* this.#tell(block);
      yield* this.#gathering.rest();
      const dueMs = saidMs + PROGRESS_INTERVAL_MS - clock.monotonicMs();
      if (dueMs <= 0) {
        yield this.#progress();
        saidMs = clock.monotonicMs();
      } else if (blocks.length === 0) {
        await whenMoved(this.#log.readers, this.#cursor.offset, dueMs, this.#options);
      } else if (signal.aborted) {
        throw signal.reason;
      }
    }
  }

  async *#begin(from: Position | number): AsyncGenerator<Response> {
    const start = await locateInTime(this.#log, from, this.#options.learns, this.#options);
    if (start.kind !== 'at') {
      // A watcher that loses the stream before the snapshot is complete asks for the same place again.
      yield { events: [], position: typeof from === 'number' ? ORIGIN : from, more: false };
      yield* this.#snapshot(start.message);
      return;
    }
    this.#goOnAt(start.position);
    if (typeof from === 'number') this.#after = from;
  }

  #goOnAt(position: Position): void {
    this.#cursor = new Cursor(this.#log, position);
    this.#gathering = new ResponseBuilder(position);
  }

  /** Resolves with the reason if the log no longer holds the blocks that follow. */
  async #poll(): Promise<Block[] | string> {
    try {
      return await this.#cursor.poll(CURSOR_READ_BYTES);
    } catch (error) {
      if (HeadwaterError.is(error, 'trimmed')) return error.message;
      throw error;
    }
  }

  #tell(block: Block): Generator<Response> {
    return this.#gathering.add(block.position, changesOf(block, this.#request.prefix, this.#after));
  }

  #progress(): Response {
    return { events: [], position: this.#gathering.position, more: false };
  }

  /** Sends a snapshot. The log keeps the blocks behind it until the snapshot is sent. */
  async *#snapshot(reason: string): AsyncGenerator<Response> {
    // A shared snapshot may be older than the start of the log.
    const snapshot = await this.#options.snapshotAt({ share: true, notBefore: this.#log.base.offset });
    const { position } = snapshot;
    const pin = this.#log.trimming.pin(position.offset, 'a watch that is sent a snapshot');
    try {
      this.#options.snapshotBegun();
      let entries = 0;
      yield { events: [{ kind: 'snapshotBegin', position, reason }], position, more: true };
      for await (const all of snapshot.chunks(this.#request.prefix)) {
        const chunk = all.filter(([key]) => !isReserved(key));
        entries += chunk.length;
        const gathering = new ResponseBuilder<WatchEvent>(position);
        for (const told of gathering.add(position, chunk.map(pieceOf))) yield { ...told, more: true };
        for (const told of gathering.rest()) yield { ...told, more: true };
        if (this.#options.signal.aborted) throw this.#options.signal.reason;
      }
      yield { events: [{ kind: 'snapshotEnd', position, entries }], position, more: false };
      this.#goOnAt(position);
    } finally {
      this.#log.trimming.unpin(pin);
      await snapshot.release();
    }
  }
}

/** Expired entries are included, since their deletion or next write follows as a change. */
function pieceOf([key, record]: readonly [Buffer, Buffer]): Piece<WatchEvent> {
  const { value, type, expiresAtMs, version } = decodeRecord(key, record);
  const event = { kind: 'entry' as const, key, value, type: typeName(type), expiresAtMs, version };
  return { events: [event], bytes: key.length + record.length };
}
