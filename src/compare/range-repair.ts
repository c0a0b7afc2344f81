/**
 * A follower replaces some key ranges with a copy from its upstream, while both serve. The repair goes in steps. The
 * upstream puts a mark into the order of the log, freezes its keyspace there, and sends the records. When the follower
 * reaches the mark, it makes a checkpoint at that offset. The follower replaces its own records before it writes out
 * any later ones. So each step is correct at one offset, whatever is written meanwhile. A step is one batch: a crash
 * leaves the state before it or the state after it.
 *
 * Values change without a command. Watchers of this node are not notified, and the nodes below it are not repaired with
 * it.
 */

import { unlessAborted } from '../base/abort.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  BLOCK_BYTES_CEILING,
  RANGES_IN_CALL_MAX,
  REPAIR_HOLD_MS_MAX,
  REPAIR_MARK_MS_MAX,
  REPAIR_STEP_BYTES,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { KeyAndRecord } from '../keyspace/digest.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { verifyRecord } from '../keyspace/record.js';
import {
  type FetchRangesRequest,
  type FetchRangesResponse,
  isInRange,
  type KeyRange,
  keyBehind,
} from '../model/key-range.js';
import { formatPosition, formatToken, type Position } from '../model/position.js';
import type { NodeIdentity } from '../store/node-identity.js';
import type { Roles } from '../store/roles.js';
import type { Snapshots } from '../store/snapshots.js';
import { unpackEntries } from './range-entries.js';
import { repairMark } from './repair-mark.js';

/** The parts of the store that this file needs. */
export interface RangeRepairStore {
  readonly roles: Pick<Roles, 'role' | 'upstream'>;
  readonly snapshots: Snapshots;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

export interface RangeRepairsOptions {
  readonly store: RangeRepairStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `count` unpredictable bytes. */
  randomBytes(count: number): Buffer;
  /** Asks this node's upstream, at `address`, host:port. */
  fetch(address: string, request: FetchRangesRequest, signal: AbortSignal): AsyncIterable<FetchRangesResponse>;
}

/** A step of a repair that is done and durable. */
export interface RangeRepairStep {
  /** The offset at which the records were copied. */
  readonly offset: number;
  /** Records that were written, in the place of another or of none, and records that were deleted. */
  readonly written: number;
  readonly deleted: number;
}

interface Fetched {
  readonly position: Position;
  readonly entries: readonly KeyAndRecord[];
  /** The ranges whose records are all among the entries. */
  readonly covered: readonly KeyRange[];
  readonly rest: readonly KeyRange[];
}

/** The bytes of one step may be more by one record and its framing. */
const FETCHED_BYTES_MAX = REPAIR_STEP_BYTES + BLOCK_BYTES_CEILING;

/** The range of damage between two keys, both included; an undefined key stands for the first or the last of all. */
export function rangeOfDamage({ from, to }: { from: Buffer | undefined; to: Buffer | undefined }): KeyRange {
  return { from: from ?? Buffer.alloc(0), to: to && keyBehind(to) };
}

export class RangeRepairs {
  readonly #options: RangeRepairsOptions;
  #busy = false;
  /** The mark that is awaited, and the call that runs when this node reaches it. */
  #awaited: { readonly markId: string; come(): void } | undefined;

  constructor(options: RangeRepairsOptions) {
    this.#options = options;
  }

  /** Notes that this node has reached a mark in the order of the log. Nothing else enters the store in this turn. */
  marked(markId: string): void {
    if (this.#awaited?.markId === markId) this.#awaited.come();
  }

  /**
   * Replaces these ranges with a copy from the upstream; any number of keys. If the repair fails or is given up, the
   * ranges that it has not reached keep their records.
   * @throws HeadwaterError `invalid_argument` on a leader; `corrupt` if the upstream's own records are damaged there,
   *   or the records here cannot be read at all; `unavailable` if this node does not stream, or is far behind.
   */
  async *repair(ranges: readonly KeyRange[], signal: AbortSignal): AsyncGenerator<RangeRepairStep> {
    const { store, logger } = this.#options;
    if (store.roles.role === 'leader')
      throw new HeadwaterError(
        'invalid_argument',
        'a leader has no upstream to copy records from. Promote a follower whose data are right and let this node follow it, or restore a backup',
      );
    if (ranges.length > RANGES_IN_CALL_MAX)
      throw new HeadwaterError(
        'invalid_argument',
        `ranges: expected at most ${RANGES_IN_CALL_MAX}, received ${ranges.length}`,
      );
    if (this.#busy)
      throw new HeadwaterError(
        'overloaded',
        'a repair of key ranges is running already: expected at most one at a time. Try again when it has ended',
      );
    this.#busy = true;
    const { upstream } = store.roles;
    let [written, deleted] = [0, 0];
    try {
      for (let left = inOrder(ranges); left.length > 0; ) {
        if (signal.aborted) throw signal.reason;
        const { rest, ...step } = await this.#step(upstream, left, signal);
        left = rest;
        written += step.written;
        deleted += step.deleted;
        yield step;
      }
    } finally {
      this.#busy = false;
      if (written + deleted > 0) {
        logger.warn(
          { upstream, written, deleted },
          `repaired from ${upstream}: ${written} records written, ${deleted} deleted`,
        );
        // Starts a new count of the number of keys.
        store.snapshots.size().catch(() => {});
      }
    }
  }

  async #step(
    upstream: string,
    ranges: readonly KeyRange[],
    signal: AbortSignal,
  ): Promise<RangeRepairStep & { rest: readonly KeyRange[] }> {
    const { store, clock, randomBytes } = this.#options;
    const markId = repairMark(store.identity.nodeId, randomBytes(8).toString('hex'));
    const over = new AbortController();
    const end = AbortSignal.any([over.signal, signal]);
    const late = (ms: number, what: string) =>
      clock.after(ms, () => over.abort(new HeadwaterError('unavailable', `${what} within ${ms / 1_000} s`)));
    let onArrival = () => {};
    let cancelLate = late(REPAIR_MARK_MS_MAX, `this node has not reached the mark that ${upstream} sent`);
    try {
      const come = new Promise<Fetched & { written: number; deleted: number; unseen: readonly KeyRange[] }>(
        (resolve, reject) => {
          const fetching = this.#fetch(upstream, { markId, ranges }, end, () => onArrival());
          // A failed fetch brings no mark, so the step ends.
          fetching.catch(reject);
          this.#awaited = {
            markId,
            come: () => {
              this.#awaited = undefined;
              cancelLate();
              // A large record over a slow link takes its time, so the bound is on silence.
              onArrival = () => {
                cancelLate();
                cancelLate = late(REPAIR_HOLD_MS_MAX, `no more records have arrived from ${upstream}`);
              };
              onArrival();
              store.snapshots
                .visitHere((keyspace, closing) => mend(keyspace, fetching, end, closing))
                .then(resolve, reject);
            },
          };
        },
      );
      const { position, written, deleted, rest, unseen } = await unlessAborted(come, end);
      return { offset: position.offset, written, deleted, rest: [...unseen, ...rest] };
    } finally {
      onArrival = () => {};
      cancelLate();
      this.#awaited = undefined;
      over.abort(new HeadwaterError('cancelled', 'this step of the repair has ended'));
    }
  }

  async #fetch(
    upstream: string,
    request: FetchRangesRequest,
    signal: AbortSignal,
    onArrival: () => void,
  ): Promise<Fetched> {
    let position: Position | undefined;
    let next: { range: number; key: Buffer } | undefined;
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const response of this.#options.fetch(upstream, request, signal)) {
      onArrival();
      position ??= response.position;
      parts.push(response.entries);
      bytes += response.entries.length;
      if (bytes > FETCHED_BYTES_MAX)
        throw new HeadwaterError(
          'protocol_violation',
          `expected at most ${FETCHED_BYTES_MAX} bytes for one step of a repair, received ${bytes} from ${upstream}`,
        );
      if (response.end) next = { range: response.nextRange, key: response.nextKey };
    }
    if (!position || !next)
      throw new HeadwaterError('protocol_violation', `expected the end of a key range from ${upstream}, received none`);
    const { covered, rest } = splitAt(request.ranges, next);
    const entries = unpackEntries(parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts));
    checkEntries(entries, covered);
    return { position, entries, covered, rest };
  }
}

/** Puts the fetched records in place, while the keyspace on disk is that of the mark. */
async function mend(keyspace: Keyspace, fetching: Promise<Fetched>, end: AbortSignal, closing: AbortSignal) {
  const fetched = await unlessAborted(fetching, AbortSignal.any([end, closing]));
  const { position } = keyspace.checkpoint;
  if (formatToken(position) !== formatToken(fetched.position))
    throw new HeadwaterError(
      'chain_broken',
      `the upstream froze its keyspace at ${formatPosition(fetched.position)}, this node at ${formatPosition(position)}. Nothing was changed`,
    );
  const { covered: ranges, entries } = fetched;
  const { rest: unseen, ...changed } = await keyspace.mend({ ranges, entries }, () => {
    for (const signal of [end, closing]) if (signal.aborted) throw signal.reason;
  });
  return { ...fetched, ...changed, unseen };
}

/** The ranges in key order; ranges that overlap or touch become one. */
export function inOrder(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const joined: KeyRange[] = [];
  for (const range of [...ranges].sort((a, b) => Buffer.compare(a.from, b.from))) {
    const last = joined.at(-1);
    if (!last || (last.to !== undefined && Buffer.compare(last.to, range.from) < 0)) joined.push(range);
    else if (last.to && (range.to === undefined || Buffer.compare(last.to, range.to) < 0))
      joined.splice(-1, 1, { from: last.from, to: range.to });
  }
  return joined;
}

function splitAt(
  ranges: readonly KeyRange[],
  next: { range: number; key: Buffer },
): { covered: readonly KeyRange[]; rest: readonly KeyRange[] } {
  const cut = ranges[next.range];
  if (!cut) return { covered: ranges, rest: [] };
  if (!isInRange(next.key, cut))
    throw new HeadwaterError(
      'protocol_violation',
      'expected the records to end inside the key ranges, received others',
    );
  const before = ranges.slice(0, next.range);
  return {
    covered: [...before, { from: cut.from, to: next.key }],
    rest: [{ from: next.key, to: cut.to }, ...ranges.slice(next.range + 1)],
  };
}

/** @throws HeadwaterError `protocol_violation`, or `corrupt` if a record was damaged on its way. */
function checkEntries(entries: readonly KeyAndRecord[], ranges: readonly KeyRange[]): void {
  let range = 0;
  let last: Buffer | undefined;
  for (const [key, record] of entries) {
    while (range < ranges.length && !isInRange(key, ranges[range] as KeyRange)) range++;
    if (range === ranges.length || (last && Buffer.compare(last, key) >= 0))
      throw new HeadwaterError(
        'protocol_violation',
        'expected records inside the key ranges in key order, received others',
      );
    verifyRecord(key, record);
    last = key;
  }
}
