/**
 * Writes the log of a running node into an archive, one closed stretch after
 * another. What is not in a closed file yet stays in the log, up to what the
 * log keeps for its readers, so a restart costs the archive nothing: it goes on
 * behind the last file that belongs to this log. An archive that cannot be
 * written holds up nothing else; it is tried again, and what the log has to
 * give up meanwhile is told as a gap.
 */
import { eitherAborts } from '../base/abort.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  ARCHIVE_BATCH_BYTES,
  ARCHIVE_FREE_BYTES_MIN,
  ARCHIVE_RETRY_MS_MAX,
  ARCHIVE_RETRY_MS_MIN,
  ARCHIVE_STRETCH_BYTES,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { type Files, isOutOfSpace } from '../disk/files.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { Log, Pin } from '../log/log.js';
import { whenMoved } from '../log/wait.js';
import type { Position } from '../model/position.js';
import type { Store } from '../store/store.js';
import type { StatusArchive } from '../wire/admin.js';
import { parseStretchName, StretchWriter } from './archive-file.js';

export interface ArchiverOptions {
  readonly store: Store;
  readonly files: Files;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly directory: string;
  /** A stretch that is not full is closed after so long. */
  readonly intervalMs: number;
}

export class Archiver {
  readonly #options: ArchiverOptions;
  readonly #log: RepeatedLog;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** In the log in use, what is not archived stays, from one attempt to the next; until the log lets go of it. */
  #kept: { readonly log: Log; readonly pin: Pin } | undefined;
  #offset = 0;
  #error = '';
  #isOutOfSpace = false;
  /** The error that the log names. */
  #said = '';
  #missed = 0;
  /** Gaps up to this offset are counted: an attempt that fails behind one is made again, and meets it again. */
  #missedThrough = 0;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  get status(): StatusArchive {
    return { directory: this.#options.directory, offset: this.#offset, error: this.#error, missed: this.#missed };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Closes the stretch in hand with all that is in the log. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.#kept?.log.unpin(this.#kept.pin);
  }

  async #run(): Promise<void> {
    const { store } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = ARCHIVE_RETRY_MS_MIN;
    while (!signal.aborted) {
      const { rings } = store.changed;
      const log = store.isServing ? store.log : undefined;
      try {
        if (log) await this.#archive(log);
      } catch (error) {
        if (signal.aborted && error === signal.reason) return;
        // Else it was opened anew, or replaced as a whole: the archive goes on with what is there then.
        if (store.isServing && store.log === log) this.#report(error as Error);
      }
      pauseMs = this.#error === '' ? ARCHIVE_RETRY_MS_MIN : Math.min(2 * pauseMs, ARCHIVE_RETRY_MS_MAX);
      await this.#pause(pauseMs, rings);
    }
  }

  /** Not for longer than until another log may be in use, where nothing is kept for the archive yet. */
  async #pause(delayMs: number, rings: number): Promise<void> {
    const { clock, store } = this.#options;
    const enough = new AbortController();
    const over = eitherAborts(this.#stop.signal, enough.signal);
    await Promise.race([sleep(clock, delayMs, over), store.changed.rungAfter(rings, over)]);
    enough.abort();
  }

  /** Does not return: it ends with the log, with the archiver, or where a file cannot be written. */
  async #archive(log: Log): Promise<never> {
    const { files, directory } = this.#options;
    // Before it is known how far the archive is: that may take long to find out.
    if (this.#kept?.log !== log) this.#keep(log, log.base.offset);
    await files.makeDirectory(directory);
    const from = await this.#start(log);
    // A file whose name was not known to be durable stands there all the same.
    this.#offset = Math.max(this.#offset, from.offset);
    if (from.offset === log.end.offset) this.#hasWritten();
    // What is written and not closed yet counts for nothing, so the cursor's own place would not do.
    const pin = this.#keep(log, from.offset);
    const cursor = new Cursor(log, from);
    for (;;) {
      pin.offset = await this.#stretch(log, cursor);
      this.#offset = pin.offset;
      this.#hasWritten();
    }
  }

  #keep(log: Log, offset: number): Pin {
    this.#kept?.log.unpin(this.#kept.pin);
    const pin = log.pin(offset, `the archive ${this.#options.directory}`);
    this.#kept = { log, pin };
    return pin;
  }

  /** @returns where it ends. */
  async #stretch(log: Log, cursor: Cursor): Promise<number> {
    const { store, files, clock, directory, intervalMs } = this.#options;
    const { offset, checksum } = cursor;
    const base: Position = { replicationId: log.lineage.replicationIdAt(offset), offset, checksum };
    const first = await this.#more(log, cursor, Number.POSITIVE_INFINITY);
    if (first.length === 0) throw this.#stop.signal.reason;
    await this.#expectRoom();
    const head = { base, clusterId: store.clusterId, nodeId: store.nodeId, madeMs: clock.wallMs() };
    const writer = await StretchWriter.create(files, directory, head);
    const dueMs = clock.monotonicMs() + intervalMs;
    try {
      let blocks = first;
      while (blocks.length > 0) {
        await writer.append(blocks);
        blocks = writer.bytes < ARCHIVE_STRETCH_BYTES ? await this.#more(log, cursor, dueMs) : [];
      }
      return (await writer.close(log.lineage.rows)).offset;
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }

  /** What would have to be given up halfway would only be in the way of others, the data directory perhaps. */
  async #expectRoom(): Promise<void> {
    const { files, directory } = this.#options;
    const free = await files.freeBytes(directory);
    if (free === undefined || free >= ARCHIVE_FREE_BYTES_MIN) return;
    const least = `${ARCHIVE_FREE_BYTES_MIN / 2 ** 20} MiB`;
    throw new HeadwaterError('disk_full', `its disk is full: a file of it is begun where ${least} are free`);
  }

  /** The next blocks; none where there are none until then, or until it is closed. */
  async #more(log: Log, cursor: Cursor, dueMs: number): Promise<Block[]> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    for (;;) {
      const blocks = await cursor.poll(ARCHIVE_BATCH_BYTES);
      const leftMs = dueMs - clock.monotonicMs();
      if (blocks.length > 0 || leftMs <= 0 || signal.aborted) return blocks;
      await whenMoved(log, cursor.offset, leftMs, { clock, signal }).catch((error: Error) => {
        if (!signal.aborted) throw error;
      });
    }
  }

  /** Behind the last file that is of this log's past; else where the log begins, and what lies between is missing. */
  async #start(log: Log): Promise<Position> {
    const { files, directory } = this.#options;
    const names = (await files.list(directory)).map(parseStretchName).filter((name) => name !== undefined);
    const newest = names.toSorted((a, b) => b.lastOffset - a.lastOffset);
    for (const { lastOffset, checksum } of newest) {
      const here = await log.checksumAt(lastOffset);
      if (here === 'trimmed') break;
      if (here === checksum)
        return { replicationId: log.lineage.replicationIdAt(lastOffset), offset: lastOffset, checksum };
    }
    const { base } = log;
    const reached = newest.find(({ lastOffset }) => lastOffset <= base.offset)?.lastOffset;
    // An archive that only begins has no gap.
    const known = Math.max(reached ?? base.offset, this.#missedThrough);
    if (known < base.offset) {
      this.#missed += base.offset - known;
      this.#missedThrough = base.offset;
      this.#log.error(
        { archive: directory, from: known + 1, to: base.offset },
        `the archive ${directory} has a gap: the commands ${known + 1} to ${base.offset} left the log before they were archived; make a new backup`,
      );
    }
    return base;
  }

  #hasWritten(): void {
    this.#error = '';
    this.#isOutOfSpace = false;
    this.#log.ends();
  }

  #report(error: Error): void {
    const { directory } = this.#options;
    // A full disk is met at one operation or another.
    const isSame = this.#isOutOfSpace && isOutOfSpace(error);
    if (!isSame) this.#said = error.message;
    this.#error = error.message;
    this.#isOutOfSpace = isOutOfSpace(error);
    this.#log.error(
      { archive: directory, error: error.message },
      `nothing is archived to ${directory}: ${this.#said}; it is tried again`,
    );
  }
}
