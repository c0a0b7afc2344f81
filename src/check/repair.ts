/**
 * A follower replaces damaged data with a copy from its upstream. Damaged stretches of the log are replaced in place,
 * so that the follower's own followers can still be fed. If the keyspace is damaged or cannot be opened, a full resync
 * beside the data in use replaces everything. The repair reports each damage, each step, and each stretch that the
 * upstream lacks. Such a stretch is left as it is.
 *
 * A leader has no upstream to copy from, and is refused.
 */

import path from 'node:path';
import { unlessAborted } from '../base/abort.js';
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { Files } from '../disk/files.js';
import { damagedDatabaseFiles } from '../disk/leveldb/check.js';
import type { Log } from '../log/log.js';
import type { Damage, FetchBlocksRequest, FetchBlocksResponse, RepairStep } from '../model/check.js';
import type { Position } from '../model/position.js';
import type { DamageNotes } from '../store/damage.js';
import type { StoreData } from '../store/data.js';
import type { Roles } from '../store/roles.js';
import type { Settings } from '../store/settings.js';
import type { Snapshots } from '../store/snapshots.js';
import { beginFetching } from './fetched-blocks.js';
import { missingFiles, verifyChain, verifyStore } from './online.js';

/** The parts of the store that this file needs. */
export interface RepairStore {
  readonly data: Pick<StoreData, 'directory' | 'incomplete' | 'isServing' | 'log' | 'notServing' | 'serving'>;
  readonly roles: Pick<Roles, 'role' | 'upstream'>;
  readonly snapshots: Pick<Snapshots, 'at' | 'keyspaceDirectory'>;
  readonly damage: Pick<DamageNotes, 'permitStandIn'>;
  readonly settings: Pick<Settings, 'logRetentionBytes'>;
}

/** The interval at which a repair checks whether a full resync is done. */
const LOOK_MS = 200;

/** The node that this one follows. */
export interface Upstream {
  readonly status: { state: string; error: string; loadedKeys: number; keysEstimate: number };
  /** Full resyncs that have been completed since the process began. */
  readonly fullResyncs: number;
  /** Begins a full resync, whatever data this node has. The node serves its old data meanwhile if it can. */
  resync(): Promise<void>;
  /** @param address host:port. */
  fetch(address: string, request: FetchBlocksRequest, signal: AbortSignal): AsyncIterable<FetchBlocksResponse>;
}

export interface RepairOptions {
  readonly store: RepairStore;
  readonly files: Files;
  readonly clock: Clock;
  readonly upstream: Upstream;
  readonly signal: AbortSignal;
  found(damage: Damage): void;
  done(step: RepairStep): void;
  doing(what: string): void;
  /** Called with the bytes read, as in a check. */
  pace(bytes: number): Promise<void>;
}

/** Keys between two keys, both included; an undefined key stands for the first or the last of all. */
export interface DamagedRange {
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

/** Commands from a first to a last offset. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** @throws HeadwaterError `repair_refused` on a leader. */
export function refuseLeader({ roles }: RepairStore): void {
  if (roles.role === 'follower') return;
  throw new HeadwaterError(
    'repair_refused',
    'a leader has no upstream to copy data from. Let an undamaged follower lead ("failover", or "promote" there), let this node "follow" it, and repair. Or restore a backup into an empty directory',
  );
}

export class Repair {
  readonly #options: RepairOptions;
  readonly #store: RepairStore;

  constructor(options: RepairOptions) {
    this.#options = options;
    this.#store = options.store;
  }

  /**
   * Checks everything, and repairs the damage found. @throws HeadwaterError `repair_refused`, or the error that ended
   * the repair.
   */
  async run(): Promise<void> {
    refuseLeader(this.#store);
    if (!this.#store.data.isServing) {
      await this.#reopen();
      return;
    }
    await this.restoreStart();
    const damages: Damage[] = [];
    await verifyStore(this.#store, {
      ...this.#options,
      found: (damage) => {
        damages.push(damage);
        this.#options.found(damage);
      },
    });
    const ofLog = damages.filter(isOfLog);
    const others = damages.filter((damage) => !isOfLog(damage));
    if (others.length > 0) await this.#mendKeyspace(others.map(rangeOf));
    else if (ofLog.length > 0) await this.#mendLog(ofLog);
  }

  /**
   * Restores the beginning of the log, as far as the upstream has it. The node had to drop that part at its start
   * because of a break.
   */
  async restoreStart(): Promise<void> {
    const store = this.#store;
    this.#options.doing('the check of the log after the start');
    // The check of a long log takes minutes.
    await unlessAborted(store.data.serving.checked, this.#options.signal);
    const lost = store.data.serving.losses.from;
    if (!lost) return;
    const { log } = store.data;
    const { base } = log;
    const kept = store.settings.logRetentionBytes ?? Number.POSITIVE_INFINITY;
    const isTrimmedAnyway = lost.offset >= base.offset || log.lookup.bytesBetween(base.offset, log.end.offset) >= kept;
    if (!isTrimmedAnyway) {
      const from = await this.#fetch(log, lost, base);
      if (from === undefined) return;
      this.#done('log', `the log begins at offset ${from + 1} again, not at ${base.offset + 1}`, {
        from: from + 1,
        to: base.offset,
      });
    }
    store.data.serving.losses.mended();
  }

  /**
   * Replaces all data by a full resync, because records in these ranges are damaged. The node serves the readable
   * records meanwhile.
   */
  async #mendKeyspace(ranges: readonly DamagedRange[]): Promise<void> {
    const places = ranges.length === 1 ? 'one key range' : `${ranges.length} key ranges`;
    await this.#resync(`the keyspace is damaged in ${places}`);
  }

  /**
   * Replaces data that cannot be opened. A store that could not be opened for another reason is open by then, and is
   * checked.
   */
  async #reopen(): Promise<void> {
    const store = this.#store;
    const { upstream } = this.#options;
    const why = store.data.notServing?.message ?? '';
    const before = upstream.fullResyncs;
    store.damage.permitStandIn();
    while (!store.data.incomplete && !store.data.isServing)
      await this.#wait(`opening: ${store.data.notServing?.message}`);
    if (!store.data.isServing) return await this.#resync(why);
    // The link asks for a full resync by itself, and a short one may be over before the repair looks again.
    if (upstream.fullResyncs === before) return await this.run();
    this.#options.done(copiedFromUpstream(store.roles.upstream, why));
  }

  async #mendLog(damages: readonly Damage[]): Promise<void> {
    const { log } = this.#store.data;
    const found = damages.flatMap((damage) => (damage.part === 'log' ? [damage] : []));
    const broken: Stretch[] = [];
    this.#options.doing('the log');
    await verifyChain(log, {
      pace: this.#options.pace,
      found: (damage) => damage.part === 'log' && broken.push(damage),
    });
    let left = false;
    for (const stretch of merged([...found, ...broken])) {
      // The log has dropped these commands, and LevelDB still holds their bytes.
      const to = Math.min(stretch.to, log.base.offset);
      if (stretch.from <= to) await log.trimming.compact(stretch.from - 1, to);
      if (stretch.to > log.base.offset) left = !(await this.#mendStretch(log, stretch, broken)) || left;
    }
    // The compaction makes LevelDB write its log file into a table, and begin another log file.
    if (found.length < damages.length) await log.trimming.compact(log.end.offset, log.end.offset);
    if (left) return;
    if (await this.#isWhole(log)) return;
    await this.#resync('the log is still damaged after its blocks were replaced');
  }

  /** @returns whether the stretch is mended. */
  async #mendStretch(log: Log, stretch: Stretch, broken: readonly Stretch[]): Promise<boolean> {
    let ends: [after: Position, through: Position];
    try {
      ends = [await endUpTo(log, stretch.from - 1, broken), await endFrom(log, stretch.to, broken)];
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      this.#left(stretch, error);
      return false;
    }
    const [after, through] = ends;
    const from = await this.#fetch(log, after, through);
    if (from === undefined) return false;
    const whole = { from: from + 1, to: through.offset };
    this.#done('log', `the commands ${whole.from} to ${whole.to} of the log were replaced`, whole);
    return true;
  }

  /** @returns the offset before the first block that the upstream had; undefined if it had none. */
  async #fetch(log: Log, after: Position, through: Position): Promise<number | undefined> {
    const { upstream, signal, doing } = this.#options;
    const address = this.#store.roles.upstream;
    doing(`the commands ${after.offset + 1} to ${through.offset} from ${address}`);
    try {
      const fetched = await beginFetching(upstream.fetch(address, { after, through }, signal));
      const begins = fetched.after.offset;
      // A stretch in the middle has to be whole; the log may begin a little later.
      if (begins > after.offset && through !== log.base)
        throw new HeadwaterError('trimmed', `the log of the upstream begins after offset ${begins}`);
      const { timeMs, blocks } = fetched;
      const replicationId = log.history.lineage.replicationIdAt(begins);
      const place = begins === after.offset ? after : { ...fetched.after, replicationId };
      await log.integrity.mend({ after: place, timeMs, through }, blocks);
      return begins;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!HeadwaterError.is(error)) throw error;
      this.#left({ from: after.offset + 1, to: through.offset }, error);
      return undefined;
    }
  }

  async #isWhole(log: Log): Promise<boolean> {
    const { files, pace, doing } = this.#options;
    doing('the log, once more');
    let whole = true;
    const location = path.join(this.#store.data.directory, 'log');
    const hasFiles = this.#store.snapshots.keyspaceDirectory !== undefined;
    if (hasFiles && (await missingFiles(location, pace)).length > 0) return false;
    if ((await damagedDatabaseFiles(files, location, pace)).length > 0) whole = false;
    await verifyChain(log, {
      pace,
      found: () => {
        whole = false;
      },
    });
    return whole;
  }

  /** @param why the reason, for people. */
  async #resync(why: string): Promise<void> {
    const { upstream } = this.#options;
    const before = upstream.fullResyncs;
    await upstream.resync();
    while (upstream.fullResyncs === before) {
      const { state, error, loadedKeys, keysEstimate } = upstream.status;
      if (state === 'refused') throw new HeadwaterError('resync_refused', error);
      const how = state === 'loading' ? `${loadedKeys} of about ${keysEstimate} keys` : error || state;
      await this.#wait(`a full resync from ${this.#store.roles.upstream}: ${how}`);
    }
    this.#options.done(copiedFromUpstream(this.#store.roles.upstream, why));
  }

  async #wait(what: string): Promise<void> {
    const { clock, signal, doing } = this.#options;
    doing(what);
    await sleep(clock, LOOK_MS, signal);
    if (signal.aborted) throw signal.reason;
    refuseLeader(this.#store);
  }

  #left({ from, to }: Stretch, error: HeadwaterError): void {
    const message = `the commands ${from} to ${to} are missing from the log, and could not be copied from ${this.#store.roles.upstream}: ${error.message}. The data are not affected, but a follower of this node that is behind them needs a full resync`;
    this.#done('left', message, { from, to });
  }

  #done(kind: RepairStep['kind'], message: string, { from, to }: Stretch): void {
    this.#options.done({ kind, message, fromOffset: from, toOffset: to });
  }
}

/** The report of a completed full resync. */
export function copiedFromUpstream(upstream: string, why: string): RepairStep {
  return {
    kind: 'full_resync',
    message: `all data were copied from ${upstream}: ${why}`,
    fromOffset: 0,
    toOffset: 0,
  };
}

function isOfLog(damage: Damage): boolean {
  if (damage.part === 'file') return path.basename(path.dirname(damage.file)) === 'log';
  return damage.part === 'log';
}

function rangeOf(damage: Damage): DamagedRange {
  const { from, to } = damage.part === 'keyspace' ? damage : { from: undefined, to: undefined };
  return { from, to };
}

/** The stretches in order; stretches that overlap or adjoin become one. */
function merged(stretches: readonly Stretch[]): Stretch[] {
  const joined: Stretch[] = [];
  for (const { from, to } of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last && from <= last.to + 1) joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else joined.push({ from, to });
  }
  return joined;
}

/** The last certain end of a block at or before `offset`. */
async function endUpTo(log: Log, offset: number, broken: readonly Stretch[]): Promise<Position> {
  if (offset <= log.base.offset) return log.base;
  // The walk up to a break has proven everything before it.
  if (broken.some(({ from }) => from === offset + 1)) return positionAt(log, offset);
  return log.lookup.boundaryUpTo(offset);
}

/** The first certain end of a block at or behind `offset`. */
async function endFrom(log: Log, offset: number, broken: readonly Stretch[]): Promise<Position> {
  if (offset >= log.end.offset) return log.end;
  // The block behind a break chains from there.
  if (broken.some(({ to }) => to === offset)) return positionAt(log, offset);
  const before = await log.lookup.boundaryUpTo(offset);
  if (before.offset === offset) return before;
  const [block] = await log.read(before.offset, 1);
  if (!block) return log.end;
  block.verifyAfter(before.offset, before.checksum);
  return block.position;
}

async function positionAt(log: Log, offset: number): Promise<Position> {
  const checksum = await log.lookup.checksumAt(offset);
  if (typeof checksum !== 'number')
    throw new HeadwaterError('corrupt', `the checksum at offset ${offset} cannot be read (${checksum})`);
  return { replicationId: log.history.lineage.replicationIdAt(offset), offset, checksum };
}
