/**
 * An open log and its keyspace. A full resync replaces both together, and the store reopens both after a failed write.
 * Opening is recovery: the chain is verified from the checkpoint to the end and replayed.
 */
import path from 'node:path';
import { type Clock, type LogicalClock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { FREEING_BYTES, FSYNC_INTERVAL_MS, LOG_FILE_BYTES, SCRUB_PAUSE_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { Files } from '../disk/files.js';
import { type Database, type DatabaseOptions, type HowToOpen, isUnreadable, type OpenDatabase } from '../disk/level.js';
import { type DatabaseFigures, databaseFigures } from '../disk/leveldb/figures.js';
import { KeyCounter } from '../keyspace/key-counter.js';
import { KeyEstimate } from '../keyspace/key-estimate.js';
import { Keyspace } from '../keyspace/keyspace.js';
import { KeyspaceMemory } from '../keyspace/memory.js';
import { RandomKeys } from '../keyspace/random-keys.js';
import { ReadCache } from '../keyspace/read-cache.js';
import type { Block } from '../log/block.js';
import type { LogFinding } from '../log/finding.js';
import { Log } from '../log/log.js';
import { Lineage, type LineageRow } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';
import { type CheckpointBudget, Checkpointer } from './checkpoint.js';
import type { CleanStop } from './clean-stop.js';
import { Committer, type FsyncPolicy } from './commit.js';
import type { CommitFigures } from './commit-figures.js';
import type { DamageNotes } from './damage.js';
import { giveIdentity, verifyIdentity } from './identity.js';
import type { KeyWatches } from './key-watches.js';
import { checkBeforeOpening } from './level-check.js';
import type { ReservedRecords } from './reserved-records.js';
import { retain } from './retention.js';
import { isTrimmed, type Settings } from './settings.js';
import type { Space } from './space.js';
import type { WriteWaits } from './write-waits.js';

const MiB = 1024 * 1024;

/**
 * Options of the log's database. The log is written once and read in order. Large buffers keep its memtable flushes
 * rare, and its blocks hardly compress at the speed that counts here.
 */
export const LOG_DATABASE: DatabaseOptions = {
  writeBufferBytes: 16 * MiB,
  fileBytes: LOG_FILE_BYTES,
  cacheBytes: MiB,
  compression: false,
};
export const KEYSPACE_DATABASE: DatabaseOptions = {
  writeBufferBytes: 8 * MiB,
  fileBytes: 8 * MiB,
  cacheBytes: 16 * MiB,
  compression: true,
};

export interface GenerationOptions {
  /** Has the limits of the log. */
  readonly settings: Settings;
  readonly files: Files;
  readonly openDatabase: OpenDatabase;
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly budget: CheckpointBudget;
  /** Memory for records that reads have found on disk. */
  readonly readCacheBytes: number;
  /** Notes data that the disk cannot read. */
  readonly damage: DamageNotes;
  /** Knows whether the disk has room. */
  readonly space: Space;
  /** Notices when writes wait for the disk. */
  readonly waits: WriteWaits;
  /** Watched keys that did not exist. */
  readonly watches?: KeyWatches | undefined;
  /** The records of the node itself. */
  readonly reserved?: ReservedRecords | undefined;
  /** Sizes and durations, for metrics. */
  readonly figures: CommitFigures;
  randomBytes(count: number): Buffer;
  /** Keeps blocks that recovery is about to take out of the log; they are durable when the promise resolves. */
  quarantine(blocks: AsyncIterable<Buffer>, fromOffset: number): Promise<void>;
  /** Called when a write failed: this generation has to be closed and reopened. */
  onFailure(error: Error): void;
}

export class Generation {
  readonly log: Log;
  readonly keyspace: Keyspace;
  /** Answers that need no checkpoint: the number of keys, about their number, one at random, and those in memory. */
  readonly keys: {
    readonly counter: KeyCounter;
    readonly estimate: KeyEstimate;
    readonly random: RandomKeys;
    readonly memory: KeyspaceMemory;
  };
  readonly checkpointer: Checkpointer;
  readonly committer: Committer;
  /** Set if the keyspace is not a view of the log: nothing may be served or written then. */
  readonly incomplete: HeadwaterError | undefined;
  /**
   * Whether other nodes may have writes that this log has lost: its files were damaged, or recovery has cut its end.
   */
  readonly mayHaveLostTail: boolean;
  /** The blocks that checks of the log have found to be lost. */
  readonly losses: LogLosses;
  /** Resolves when the background check of the log is done, or has ended early. */
  readonly checked: Promise<void>;
  readonly #databases: readonly Database[];
  readonly #cache: ReadCache | undefined;
  readonly #stop = new AbortController();
  readonly #background: Array<Promise<void>> = [];
  #endedDurable = false;

  private constructor(
    parts: {
      log: Log;
      keyspace: Keyspace;
      keyspaceDatabase: Database;
      checkpointer: Checkpointer;
      incomplete: HeadwaterError | undefined;
      losses: LogLosses;
      databases: readonly Database[];
      cache?: ReadCache;
    },
    options: GenerationOptions,
  ) {
    this.log = parts.log;
    this.keyspace = parts.keyspace;
    this.keys = {
      counter: new KeyCounter(parts.keyspaceDatabase, parts.keyspace),
      estimate: new KeyEstimate(parts.keyspaceDatabase, parts.keyspace),
      random: new RandomKeys(parts.keyspaceDatabase, parts.keyspace, options.clock),
      memory: new KeyspaceMemory(parts.keyspace.overlay, parts.cache ?? new ReadCache(0)),
    };
    this.checkpointer = parts.checkpointer;
    parts.log.durable.onSync = (sync) => options.figures.syncing(sync);
    this.incomplete = parts.incomplete;
    this.losses = parts.losses;
    this.mayHaveLostTail = parts.losses.tail;
    this.#databases = parts.databases;
    this.#cache = parts.cache;
    this.committer = new Committer({
      ...parts,
      clock: options.logicalClock,
      fsync: options.fsync,
      waits: options.waits,
      watches: options.watches,
      reserved: options.reserved,
      figures: options.figures,
    });
    this.checked = this.incomplete ? Promise.resolve() : this.#scrub(options);
    if (this.incomplete) return;
    this.checkpointer.start();
    if (options.fsync === 'everysec') this.#background.push(this.#syncEverySecond(options));
    this.#background.push(this.checked);
    if (isTrimmed(options.settings)) this.#background.push(this.#retain(options));
  }

  /**
   * Opens a generation.
   * @param how.afterFailedWrite whether a write to the generation failed and it was not opened since, perhaps in an
   * earlier life.
   * @param how.mustExist whether the databases were made before; missing ones are not made again then.
   * @param how.cleanStop the note of the last stop, if nothing was opened since.
   * @param how.writing awaited when both databases are found whole, before anything is written to them.
   * @throws HeadwaterError `corrupt`, `unknown_format` or `directory_locked`.
   */
  static async open(
    directory: string,
    options: GenerationOptions,
    how: { afterFailedWrite?: boolean; mustExist?: boolean; cleanStop?: CleanStop; writing?(): Promise<void> } = {},
  ): Promise<Generation> {
    const { afterFailedWrite = false } = how;
    const losses = new LogLosses(await checkBeforeOpening(directory, { ...options, afterFailedWrite }), options);
    const databases = await openDatabases(directory, options, how);
    try {
      const [logDatabase, keyspaceDatabase] = databases;
      const identity = await verifyIdentity(databases);
      const log = await Log.open(logDatabase);
      const cache = new ReadCache(options.readCacheBytes);
      const keyspace = await Keyspace.open(keyspaceDatabase, cache);
      if (identity === undefined) await giveIdentity(databases, options.randomBytes);
      await options.reserved?.begin(keyspaceDatabase, keyspace.checkpoint);
      const checkpointer = new Checkpointer({ ...options, log, keyspace });
      const incomplete = await recover({ log, keyspace, checkpointer, losses }, options).catch(async (error: Error) => {
        await checkpointer.close(HeadwaterError.from(error));
        throw error;
      });
      if (!incomplete) options.reserved?.opened({ offset: log.end.offset, isInDoubt: losses.tail });
      const parts = { log, keyspace, keyspaceDatabase, checkpointer, incomplete, losses, databases, cache };
      return new Generation(parts, options);
    } catch (error) {
      await Promise.all(databases.map((database) => database.close()));
      throw error;
    }
  }

  /**
   * Opens a substitute for a generation that cannot be opened, for the duration of a full resync. The substitute serves
   * nothing. The follower reports the content of this log to its upstream, as far as the log can still be opened. The
   * upstream judges by that which writes only this node has.
   * @param directory of the generation that cannot be opened; nothing of its keyspace is touched.
   * @param aside an empty directory, for databases that are needed and cannot be opened.
   * @param afterFailedWrite as of `open`.
   */
  static async standIn(
    { directory, aside, afterFailedWrite }: { directory: string; aside: string; afterFailedWrite: boolean },
    why: Error,
    options: GenerationOptions,
  ): Promise<Generation> {
    const { openDatabase, files } = options;
    const keyspaceDatabase = await openDatabase(path.join(aside, 'keyspace'), KEYSPACE_DATABASE);
    const databases = [keyspaceDatabase];
    try {
      await files.syncDirectory(aside);
      let log: Log;
      try {
        const how = { mustExist: true, afterFailedWrite };
        const database = await openDatabase(path.join(directory, 'log'), { ...LOG_DATABASE, ...how });
        databases.push(database);
        log = await Log.open(database);
        await log.integrity.recoverAlone((blocks) => options.quarantine(blocks, log.end.offset + 1));
      } catch (error) {
        if (!HeadwaterError.is(error, 'corrupt')) throw error;
        options.logger.error({}, `the log cannot be opened either: ${(error as Error).message}`);
        const database = await openDatabase(path.join(aside, 'log'), LOG_DATABASE);
        databases.push(database);
        log = await Log.open(database);
      }
      const keyspace = await Keyspace.open(keyspaceDatabase);
      const checkpointer = new Checkpointer({ ...options, log, keyspace });
      const incomplete = new HeadwaterError('keyspace_incomplete', why.message, { cause: why });
      const losses = new LogLosses(true, options);
      const parts = { log, keyspace, keyspaceDatabase, checkpointer, incomplete, losses, databases };
      return new Generation(parts, options);
    } catch (error) {
      await Promise.all(databases.map((database) => database.close()));
      throw error;
    }
  }

  /** The databases of the log and the keyspace, and the memory of what is known of the disk without a look at it. */
  get figures(): {
    readonly databases: readonly DatabaseFigures[];
    readonly readCacheBytes: number;
    readonly keyPrintsBytes: number;
  } {
    return {
      databases: this.#databases.map(databaseFigures),
      readCacheBytes: this.#cache?.bytes ?? 0,
      keyPrintsBytes: this.keyspace.indexes.prints.bytes,
    };
  }

  /** Whether the generation was closed with everything in it durable. */
  get endedDurable(): boolean {
    return this.#endedDurable;
  }

  /**
   * The offset up to which the keyspace on disk may hold effects of commands; beyond the log only if the log lost its
   * tail.
   */
  get keyspaceOffset(): number {
    return furthest(this.keyspace);
  }

  /** Every history that log and keyspace have lived in, as far as either of them shows. */
  get lineage(): Lineage {
    const { position, lineage } = this.keyspace.checkpoint;
    const reached = Math.max(this.log.end.offset, this.keyspaceOffset);
    const rows = this.log.history.lineage.upTo(reached);
    if (position.offset <= this.log.end.offset) return rows;
    return new Lineage([...lineage, ...rows.rows.filter(({ firstOffset }) => firstOffset > position.offset)]);
  }

  /** Appends blocks to the log alone, if the keyspace is ahead of it: the next open replays them. */
  async append(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    await this.log.append(blocks, { sync: false, rows });
    this.log.publish(blocks);
  }

  /** Ends every reader with `reason`. Running work is finished, and nothing new begins. */
  async close(reason: HeadwaterError): Promise<void> {
    this.#stop.abort(reason);
    this.log.readers.close(reason);
    await this.checkpointer.close(reason);
    await Promise.all(this.#background);
    try {
      // A database that failed a write promises nothing: its owner reopens it.
      for (const database of this.#databases) if (!database.latched) await database.durable();
      this.#endedDurable = this.#databases.every(({ latched }) => !latched);
    } finally {
      await Promise.all(this.#databases.map((database) => database.close()));
    }
  }

  async #syncEverySecond({ clock, onFailure, damage }: GenerationOptions): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      await sleep(clock, FSYNC_INTERVAL_MS, signal);
      if (signal.aborted) return;
      try {
        await this.log.durable.reach();
        damage.passed('durable point');
      } catch (error) {
        if (!HeadwaterError.is(error, 'io_error')) {
          onFailure(error as Error);
          return;
        }
        damage.met('durable point', 'a power cut would lose the writes since the last sync', error);
      }
    }
  }

  #retain(options: GenerationOptions): Promise<void> {
    const { log, keyspace, checkpointer } = this;
    const checkpointOffset = () => keyspace.checkpoint.position.offset;
    // On a full disk the log is trimmed as far as it can be without a checkpoint.
    const checkpoint = () =>
      checkpointer.checkpoint().catch((error: unknown) => {
        if (!HeadwaterError.is(error, 'disk_full')) throw error;
      });
    const hasRoom = async () => (await options.space.roomFor(FREEING_BYTES, 'trimming the log')) === undefined;
    const nowMs = () => options.logicalClock.now();
    return retain({ ...options, log, nowMs, checkpointOffset, checkpoint, hasRoom }, this.#stop.signal);
  }

  async #scrub({ clock, damage, onFailure }: GenerationOptions): Promise<void> {
    const { signal } = this.#stop;
    const pause = () => sleep(clock, SCRUB_PAUSE_MS, signal);
    const { base } = this.log;
    try {
      const found = (finding: LogFinding) => this.losses.found(finding, base);
      await this.log.integrity.scrub(this.keyspace.checkpoint.position, found, pause, signal);
    } catch (error) {
      if (signal.aborted) return;
      // Writes can continue even if the check cannot. Readers of damaged data are refused.
      if (!isUnreadable(error)) onFailure(error as Error);
      else damage.met('check', 'the check of the log ends there', error);
    }
  }
}

/**
 * Opens the databases of the log and the keyspace, in this order. Their names are durable, since synced data last no
 * longer than the names.
 */
export async function openDatabases(
  directory: string,
  { files, openDatabase }: { files: Files; openDatabase: OpenDatabase },
  {
    cleanStop,
    writing = async () => {},
    ...how
  }: HowToOpen & { cleanStop?: CleanStop; writing?(): Promise<void> } = {},
): Promise<[Database, Database]> {
  // Both are checked before either is opened: LevelDB writes to a database that it opens.
  for (const location of ['log', 'keyspace'].map((name) => path.join(directory, name)))
    await openDatabase.check?.(location, { ...how, logFileEnds: cleanStop?.endsIn(location) ?? [] });
  await writing();
  if (!how.mustExist) await files.makeDirectory(directory);
  const log = await openDatabase(path.join(directory, 'log'), { ...LOG_DATABASE, ...how });
  try {
    const keyspace = await openDatabase(path.join(directory, 'keyspace'), { ...KEYSPACE_DATABASE, ...how });
    try {
      for (const { location } of [log, keyspace]) await files.syncDirectory(location);
      await files.syncDirectory(directory);
      // An earlier process may have been killed right after it made the directory, before it synced this.
      await files.syncDirectory(path.dirname(directory));
      return [log, keyspace];
    } catch (error) {
      await keyspace.close();
      throw error;
    }
  } catch (error) {
    await log.close();
    throw error;
  }
}

interface RecoveryParts {
  log: Log;
  keyspace: Keyspace;
  checkpointer: Checkpointer;
  losses: LogLosses;
}

/** The losses of the log since it was opened. */
class LogLosses {
  /** Whether something may be missing at the end of the log. */
  tail: boolean;
  /** The base of the log before a break raised its start; undefined if no break has, or if it is mended. */
  from: Position | undefined;
  readonly #options: Pick<GenerationOptions, 'logger' | 'damage'>;

  constructor(tail: boolean, options: Pick<GenerationOptions, 'logger' | 'damage'>) {
    this.tail = tail;
    this.#options = options;
  }

  /** Notes that the blocks lost by the break stand in the log again. */
  mended(): void {
    this.from = undefined;
    this.#options.damage.passed('check');
  }

  /** @param base where the log began. */
  found(finding: LogFinding, base: Position): void {
    report(finding, this.#options.logger);
    if (finding.kind === 'tail_cut') this.tail = true;
    if (finding.kind !== 'start_raised') return;
    this.from ??= base;
    this.#options.damage.noticed.ring();
  }
}

/** @returns why the keyspace is not a view of the log; undefined if it is. */
async function recover(
  { log, keyspace, checkpointer, losses }: RecoveryParts,
  options: GenerationOptions,
): Promise<HeadwaterError | undefined> {
  const { logger, logicalClock, clock } = options;
  const began = clock.monotonicMs();
  const from = keyspace.checkpoint.position;
  const { base } = log;
  try {
    await log.integrity.recover({
      checkpoint: from,
      keyspaceOffset: furthest(keyspace),
      replay: async (block) => {
        if (keyspace.apply(block)) options.reserved?.saw(block);
        checkpointer.afterCommit();
        await checkpointer.room.wait();
        if (checkpointer.failure) throw checkpointer.failure;
      },
      quarantine: (blocks) => options.quarantine(blocks, log.end.offset + 1),
      found: (finding) => losses.found(finding, base),
    });
  } catch (error) {
    if (HeadwaterError.is(error, 'keyspace_incomplete')) return error;
    throw error;
  }
  if (losses.tail)
    logger.error(
      { offset: log.end.offset },
      `the log ends at offset ${log.end.offset} now, at ${new Date(log.lookup.endTimeMs).toISOString()}: later writes may be lost on this node`,
    );
  logicalClock.advanceTo(log.lookup.endTimeMs);
  if (log.end.offset < keyspace.flushingTo) {
    return new HeadwaterError(
      'keyspace_incomplete',
      `the log ends at offset ${log.end.offset}, but a checkpoint up to ${keyspace.flushingTo} had begun. The end of the log is lost, and the keyspace may be newer`,
    );
  }
  const replayed = log.end.offset - from.offset;
  const tookMs = Math.round(clock.monotonicMs() - began);
  logger.info(
    { offset: log.end.offset, replayed, took_ms: tookMs },
    `log recovered to ${formatPosition(log.end)}: ${replayed} commands replayed after the checkpoint in ${tookMs} ms`,
  );
  return undefined;
}

/** The offset up to which effects may be on disk: a flush leaves effects from when it begins. */
function furthest({ checkpoint, flushingTo }: Keyspace): number {
  return Math.max(checkpoint.position.offset, flushingTo);
}

function report(finding: LogFinding, logger: Logger): void {
  switch (finding.kind) {
    case 'tail_cut':
      logger.error(
        finding,
        `the log was cut after offset ${finding.from - 1}: ${finding.why}. The blocks up to offset ${finding.to} were moved to damaged/`,
      );
      break;
    case 'start_raised':
      logger.error(
        finding,
        `the log is damaged below offset ${finding.to} (${finding.why}). The log now begins there, and the data are not affected`,
      );
      break;
    case 'lineage_cut':
      logger.error(
        finding,
        `a history row from offset ${finding.row.firstOffset} lay beyond the end of the log and was removed`,
      );
      break;
  }
}
