/**
 * Digests of the pieces of a key range. Two keyspaces compare them to find out in which pieces they differ
 * without sending their content. A damaged record does not end the digest: it is counted, and left out.
 */

import { isUnreadablePlace } from '../disk/level.js';
import { type KeyAndRecord, KeyspaceDigest } from '../keyspace/digest.js';
import { isDamage, verifyRecord } from '../keyspace/record.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { KeyRange, RangeDigest } from '../model/key-range.js';

const NO_KEY = Buffer.alloc(0);

/**
 * Yields the pieces in key order. The last one, which may be empty, extends to the end of the range. Only one
 * piece is in memory at a time, as a digest.
 * @param cutKeys the number of keys of a piece. 0: the range is one piece.
 * @param signal ends the generator between two reads, with its reason.
 * @throws the reason for which the snapshot was closed.
 */
export async function* digestRange(
  snapshot: KeyspaceSnapshot,
  range: KeyRange,
  cutKeys: number,
  signal: AbortSignal,
): AsyncGenerator<Omit<RangeDigest, 'range'>> {
  let piece = new Piece();
  try {
    for await (const rows of snapshot.rows(range)) {
      if (signal.aborted) throw signal.reason;
      for (const row of rows) {
        piece.add(row);
        if (piece.keys !== cutKeys) continue;
        yield piece.cut(row[0]);
        piece = new Piece();
      }
      piece.settle();
    }
  } catch (error) {
    if (signal.aborted || snapshot.closed || !isUnreadablePlace(error)) throw error;
    yield piece.end(error.message);
    return;
  }
  yield piece.end('');
}

class Piece {
  keys = 0;
  readonly #digest = new KeyspaceDigest();
  #damaged = 0;
  /** Sound records that are not in the digest yet. */
  #gathered: KeyAndRecord[] = [];

  add(row: KeyAndRecord): void {
    this.keys++;
    if (isSound(row)) this.#gathered.push(row);
    else this.#damaged++;
  }

  /** Adds the gathered rows. They are views of a read's buffer, and are not kept over the next read. */
  settle(): void {
    if (this.#gathered.length === 0) return;
    this.#digest.add(this.#gathered);
    this.#gathered = [];
  }

  cut(lastKey: Buffer): Omit<RangeDigest, 'range'> {
    return { ...this.#finish(), lastKey, end: false, unreadable: '' };
  }

  end(unreadable: string): Omit<RangeDigest, 'range'> {
    return { ...this.#finish(), lastKey: NO_KEY, end: true, unreadable };
  }

  #finish(): Pick<RangeDigest, 'keys' | 'digest' | 'damaged'> {
    this.settle();
    return { keys: this.keys, digest: this.#digest.finish(), damaged: this.#damaged };
  }
}

function isSound([key, record]: KeyAndRecord): boolean {
  try {
    verifyRecord(key, record);
    return true;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
}
