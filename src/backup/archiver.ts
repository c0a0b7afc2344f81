/**
 * Writes the log of a running node into an archive, one closed stretch after another. Blocks that are not in
 * a closed file yet stay in the log, within the bounds of what the log keeps for its readers. So a restart
 * costs the archive nothing: the archiver continues behind the last file that belongs to this log.
 *
 * A failure to write the archive delays nothing else, and the archiver tries again. Commands that leave the
 * log before they are archived are reported as a gap.
 */

import { firstOf } from '../base/abort.js';
import { doubledMs } from '../base/back-off.js';
import { type Clock, sleep } from '../base/clock.js';
import {
  ARCHIVE_BATCH_BYTES,
  ARCHIVE_RETRY_MS_MAX,
  ARCHIVE_RETRY_MS_MIN,
  ARCHIVE_STRETCH_BYTES,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { isSystemError, systemReason } from '../base/system-errors.js';
import { isOutOfSpace } from '../disk/files.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { Log } from '../log/log.js';
import type { Pin } from '../log/trimming.js';
import { whenMoved } from '../log/wait.js';
import type { Position } from '../model/position.js';
import type { StatusArchive } from '../model/status.js';
import type { StoreData } from '../store/data.js';
import type { NodeIdentity } from '../store/node-identity.js';
import { parseStretchName, StretchWriter } from './archive-file.js';
import type { Place } from './place.js';

/** The parts of the store that this file needs. */
export interface ArchiverStore {
  readonly data: Pick<StoreData, 'changed' | 'isServing' | 'log'>;
  readonly identity: Pick<NodeIdentity, 'clusterId' | 'nodeId'>;
}

export interface ArchiverOptions {
  readonly store: ArchiverStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly place: Place;
  /** Time after which a stretch that is not full is closed, milliseconds. */
  readonly intervalMs: number;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #log: RepeatedLog;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** The pin that keeps what is not archived in the log, from one attempt to the next. The log may release it. */
  #kept: { readonly log: Log; readonly pin: Pin } | undefined;
  #offset = 0;
  #error = '';
  #isOutOfSpace = false;
  /** The error message that the log line names. */
  #said = '';
  #missed = 0;
  #writtenMs: number;
  #lackingSinceMs: number | undefined;
  /**
   * Gaps up to this offset are counted. An attempt that fails behind a gap is repeated, and meets the same
   * gap again.
   */
  #missedThrough = 0;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#writtenMs = options.clock.wallMs();
    this.#log = RepeatedLog.of(options);
  }

  get status(): StatusArchive {
    return { directory: this.#options.place.name, offset: this.#offset, error: this.#error, missed: this.#missed };
  }

  /**
   * The time of the oldest write that the archive lacks, in milliseconds since the epoch. Undefined if none is known. If
   * the archive fails before it reads the log, this is the time at which it last was in order.
   */
  get lackingSinceMs(): number | undefined {
    return this.#lackingSinceMs;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the current stretch with all that is in the log. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#kept?.log.trimming.unpin(this.#kept.pin);
  }

  async #run(): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    while (!signal.aborted) {
      const { rings } = store.data.changed;
      const log = store.data.isServing ? store.data.log : undefined;
      try {
        if (log) await this.#archive(log);
      } catch (error) {
        if (signal.aborted && error === signal.reason) return;
        // Otherwise the log was opened again or replaced as a whole. The archive continues with the log in
        // use then.
        if (store.data.isServing && store.data.log === log) this.#report(error as Error);
      }
      failures = this.#error === '' ? 0 : failures + 1;
      await this.#pause(doubledMs(ARCHIVE_RETRY_MS_MIN, failures, ARCHIVE_RETRY_MS_MAX), rings);
    }
  }

  /**
   * Waits for the delay. A ring of the store ends the wait earlier: another log may be in use then, without a
   * pin for the archive.
   */
  async #pause(delayMs: number, rings: number): Promise<void> {
    const { clock, store } = this.#options;
    const { changed } = store.data;
    await firstOf(this.#stop.signal, (over) => [sleep(clock, delayMs, over), changed.rungAfter(rings, over)]);
  }

  /** Does not return. Rejects when the log ends, the archiver is closed, or a file cannot be written. */
  async #archive(log: Log): Promise<never> {
    // The pin comes before the search for the archive's end, which may take long.
    if (this.#kept?.log !== log) this.#keep(log, log.base.offset);
    await this.#options.place.prepare();
    const from = await this.#start(log);
    // A file whose name was not known to be durable is there nevertheless.
    this.#offset = Math.max(this.#offset, from.offset);
    if (from.offset === log.end.offset) this.#hasWritten();
    // Blocks written into a file that is not closed do not count as archived, so the cursor's own pin would
    // not do.
    const pin = this.#keep(log, from.offset);
    const cursor = new Cursor(log, from);
    for (;;) {
      pin.offset = await this.#stretch(log, cursor);
      this.#offset = pin.offset;
      this.#hasWritten();
    }
  }

  #keep(log: Log, offset: number): Pin {
    this.#kept?.log.trimming.unpin(this.#kept.pin);
    const pin = log.trimming.pin(offset, `the archive ${this.#options.place.name}`);
    this.#kept = { log, pin };
    return pin;
  }

  /**
   * Writes one stretch.
   * @returns the offset at which the stretch ends.
   */
  async #stretch(log: Log, cursor: Cursor): Promise<number> {
    const { store, clock, place, intervalMs } = this.#options;
    const { offset, checksum } = cursor;
    const base: Position = { replicationId: log.history.lineage.replicationIdAt(offset), offset, checksum };
    const first = await this.#more(log, cursor, Number.POSITIVE_INFINITY);
    if (first.length === 0) throw this.#stop.signal.reason;
    this.#lackingSinceMs ??= first[0]?.timeMs;
    const head = { base, clusterId: store.identity.clusterId, nodeId: store.identity.nodeId, madeMs: clock.wallMs() };
    const writer = await StretchWriter.create(place, head);
    const dueMs = clock.monotonicMs() + intervalMs;
    try {
      let blocks = first;
      while (blocks.length > 0) {
        await writer.append(blocks);
        blocks = writer.bytes < ARCHIVE_STRETCH_BYTES ? await this.#more(log, cursor, dueMs) : [];
      }
      return (await writer.close(log.history.lineage.rows)).offset;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  /** Returns the next blocks, or none if no block comes until `dueMs` or until the archiver is closed. */
  async #more(log: Log, cursor: Cursor, dueMs: number): Promise<Block[]> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      const blocks = await cursor.poll(ARCHIVE_BATCH_BYTES);
      const leftMs = dueMs - clock.monotonicMs();
      if (blocks.length > 0 || leftMs <= 0 || signal.aborted) return blocks;
      await whenMoved(log.readers, cursor.offset, leftMs, { clock, signal }).catch((error: Error) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /**
   * Returns the end of the last file that agrees with this log. If there is none, returns the beginning of
   * the log, and the commands between are missing.
   */
  async #start(log: Log): Promise<Position> {
    const { place } = this.#options;
    const names = (await place.list()).map(parseStretchName).filter((name) => name !== undefined);
    const newest = names.toSorted((a, b) => b.lastOffset - a.lastOffset);
    for (const { lastOffset, checksum } of newest) {
      const here = await log.lookup.checksumAt(lastOffset);
      if (here === 'trimmed') break;
      if (here === checksum)
        return { replicationId: log.history.lineage.replicationIdAt(lastOffset), offset: lastOffset, checksum };
    }
    const { base } = log;
    const reached = newest.find(({ lastOffset }) => lastOffset <= base.offset)?.lastOffset;
    // An archive that has just begun has no gap.
    const known = Math.max(reached ?? base.offset, this.#missedThrough);
    if (known < base.offset) {
      this.#missed += base.offset - known;
      this.#missedThrough = base.offset;
      this.#log.error(
        { archive: place.name, from: known + 1, to: base.offset },
        `the archive ${place.name} has a gap: the commands ${known + 1} to ${base.offset} were trimmed before they were archived. Make a new backup`,
      );
    }
    return base;
  }

  #hasWritten(): void {
    this.#error = '';
    this.#isOutOfSpace = false;
    this.#writtenMs = this.#options.clock.wallMs();
    this.#lackingSinceMs = undefined;
    this.#log.ends();
  }

  #report(error: Error): void {
    const directory = this.#options.place.name;
    this.#lackingSinceMs ??= this.#writtenMs;
    const why = isSystemError(error) ? `${error.path ?? directory}: ${systemReason(error)}` : error.message;
    // A full disk fails one operation or another, so the messages differ.
    const isSame = this.#isOutOfSpace && isOutOfSpace(error);
    if (!isSame) this.#said = why;
    this.#error = why;
    this.#isOutOfSpace = isOutOfSpace(error);
    this.#log.error(
      { archive: directory, error: why },
      `archiving to ${directory} fails: ${this.#said}. The node will try again`,
    );
  }
}
