/**
 * The answers of a node about ranges of its keys. Digests of a keyspace frozen at a mark show other nodes the ranges in
 * which they differ from it. A follower that repairs itself gets the records, frozen at a mark of its own. A call holds
 * one piece or one record in memory, and waits while its caller is behind.
 */

import { HeadwaterError } from '../base/errors.js';
import {
  FRAME_BYTES_MAX,
  NAME_CHARACTERS_MAX,
  RANGE_CALLS_MAX,
  REPAIR_STEP_BYTES,
  REPAIR_STEP_KEYS,
} from '../base/limits.js';
import { verifyRecord } from '../keyspace/record.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { FetchRangesRequest, FetchRangesResponse, RangeDigest, RangeDigestsRequest } from '../model/key-range.js';
import type { Writes } from '../store/writes.js';
import { digestRange } from './range-digests.js';
import { packEntry } from './range-entries.js';
import { isRepairMark } from './repair-mark.js';

/** The parts of the store that this file needs. */
export interface RangesStore {
  readonly writes: Pick<Writes, 'freeze'>;
}

/** The holder of the keyspaces that were frozen at marks. */
export interface FrozenAtMarks {
  /** @throws HeadwaterError `mark_lost`. */
  borrow(markId: string): { readonly snapshot: KeyspaceSnapshot; done(): Promise<void> };
}

const NOTHING = Buffer.alloc(0);

/** The digests in one message, or the keys that they cover: a few milliseconds of work. */
const DIGESTS_TOGETHER = 256;
const KEYS_TOGETHER = 4_096;

export class Ranges {
  readonly #store: RangesStore;
  readonly #marks: FrozenAtMarks;
  #calls = 0;

  constructor(store: RangesStore, marks: FrozenAtMarks) {
    this.#store = store;
    this.#marks = marks;
  }

  /**
   * The digests of the pieces of all ranges, in order, small ones together.
   * @throws HeadwaterError `mark_lost`, `overloaded`, `invalid_argument`.
   */
  async *digests(
    { markId, ranges, cuts }: RangeDigestsRequest,
    signal: AbortSignal,
  ): AsyncGenerator<readonly RangeDigest[]> {
    if (cuts.length > ranges.length)
      throw new HeadwaterError(
        'invalid_argument',
        `cuts: expected at most one for each of the ${ranges.length} ranges, received ${cuts.length}`,
      );
    const leave = this.#enter();
    try {
      const { snapshot, done } = this.#marks.borrow(markId);
      try {
        let gathered: RangeDigest[] = [];
        let [keys, bytes] = [0, 0];
        for (const [range, of] of ranges.entries())
          for await (const piece of digestRange(snapshot, of, cuts[range] ?? 0, signal)) {
            gathered.push({ range, ...piece });
            keys += piece.keys;
            bytes += piece.lastKey.length;
            if (gathered.length < DIGESTS_TOGETHER && keys < KEYS_TOGETHER && bytes < FRAME_BYTES_MAX) continue;
            yield gathered;
            gathered = [];
            [keys, bytes] = [0, 0];
          }
        if (gathered.length > 0) yield gathered;
      } finally {
        await done();
      }
    } finally {
      leave();
    }
  }

  /**
   * The verified records of ranges, as many as one step of a repair takes.
   * @throws HeadwaterError `corrupt` if one of them is damaged here; `overloaded`, `invalid_argument`.
   */
  async *fetch({ markId, ranges }: FetchRangesRequest, signal: AbortSignal): AsyncGenerator<FetchRangesResponse> {
    if (!isRepairMark(markId) || markId.length > NAME_CHARACTERS_MAX || /\p{Cc}/u.test(markId))
      throw new HeadwaterError(
        'invalid_argument',
        'mark_id: expected the name of a mark of a repair, received another',
      );
    const leave = this.#enter();
    try {
      const snapshot = await this.#store.writes.freeze(markId);
      try {
        const { position } = snapshot;
        yield { position, entries: NOTHING, end: false, nextRange: 0, nextKey: NOTHING };
        yield* this.#records(snapshot, ranges, signal);
      } finally {
        await snapshot.release();
      }
    } finally {
      leave();
    }
  }

  async *#records(
    snapshot: KeyspaceSnapshot,
    ranges: FetchRangesRequest['ranges'],
    signal: AbortSignal,
  ): AsyncGenerator<FetchRangesResponse> {
    const message = (entries: Buffer) => ({ position: undefined, entries, end: false, nextRange: 0, nextKey: NOTHING });
    let gathered: Buffer[] = [];
    let gatheredBytes = 0;
    let [keys, bytes] = [0, 0];
    for (const [index, range] of ranges.entries()) {
      for await (const rows of snapshot.rows(range)) {
        if (signal.aborted) throw signal.reason;
        for (const [key, record] of rows) {
          if (keys >= REPAIR_STEP_KEYS || bytes >= REPAIR_STEP_BYTES) {
            const entries = Buffer.concat(gathered);
            yield { position: undefined, entries, end: true, nextRange: index, nextKey: key };
            return;
          }
          verifyRecord(key, record);
          const entry = packEntry(key, record);
          keys++;
          bytes += entry.length;
          gathered.push(entry);
          gatheredBytes += entry.length;
          if (gatheredBytes < FRAME_BYTES_MAX) continue;
          const together = Buffer.concat(gathered);
          gathered = [];
          gatheredBytes = 0;
          // A record may be larger than a message.
          for (let at = 0; at < together.length; at += 2 * FRAME_BYTES_MAX)
            yield message(together.subarray(at, at + 2 * FRAME_BYTES_MAX));
        }
      }
    }
    const entries = Buffer.concat(gathered);
    yield { position: undefined, entries, end: true, nextRange: ranges.length, nextKey: NOTHING };
  }

  #enter(): () => void {
    if (this.#calls >= RANGE_CALLS_MAX)
      throw new HeadwaterError(
        'overloaded',
        `expected at most ${RANGE_CALLS_MAX} comparisons of key ranges at a time, received one more. Try again later`,
      );
    this.#calls++;
    return () => this.#calls--;
  }
}
