/**
 * Every history that a store's data have lived in, oldest first. A row names the first offset of its replication ID and
 * the running checksum just before that offset. The row holds until the next row begins. Pure: log/ keeps the rows, and
 * replication/resync.ts judges by them.
 */
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { NO_HISTORY } from './position.js';

/** A history that the data have lived in. */
export interface LineageRow {
  /** 40 hexadecimal characters. */
  readonly replicationId: string;
  /** The first offset written, or to be written, under the ID; at least 1. */
  readonly firstOffset: number;
  /** uint32: the running checksum at `firstOffset - 1`. */
  readonly checksum: number;
  /** How many times leadership was taken on the way to this history. */
  readonly epoch: number;
}

export class Lineage {
  readonly rows: readonly LineageRow[];

  /**
   * The lineage that a peer sent.
   * @throws HeadwaterError `protocol_violation` if the rows cannot be a lineage.
   */
  static received(rows: readonly LineageRow[]): Lineage {
    try {
      return new Lineage(rows);
    } catch (cause) {
      throw new HeadwaterError(
        'protocol_violation',
        `the peer sent an impossible lineage: ${(cause as Error).message}`,
        { cause },
      );
    }
  }

  /** @throws InvariantViolation unless first offsets and epochs rise from row to row. */
  constructor(rows: readonly LineageRow[]) {
    for (let i = 1; i < rows.length; i++) {
      const before = rows[i - 1] as LineageRow;
      const row = rows[i] as LineageRow;
      invariant(
        row.firstOffset > before.firstOffset,
        `the offsets of a lineage rise: ${before.firstOffset}, ${row.firstOffset}`,
      );
      invariant(row.epoch > before.epoch, `the epochs of a lineage rise: ${before.epoch}, ${row.epoch}`);
    }
    this.rows = rows;
  }

  /** The row under which the next command would be written. */
  get current(): LineageRow | undefined {
    return this.rows.at(-1);
  }

  get epoch(): number {
    return this.current?.epoch ?? 0;
  }

  /** The row under which the command at `offset` was written. */
  at(offset: number): LineageRow | undefined {
    return this.rows.findLast((row) => row.firstOffset <= offset);
  }

  /** The replication ID of the command at `offset`; at 0, that of an empty store. */
  replicationIdAt(offset: number): string {
    return this.at(offset)?.replicationId ?? NO_HISTORY;
  }

  /**
   * The lineage with `row` at its end. A row that begins at the last row's first offset replaces it: nothing was logged
   * under that one.
   */
  with(row: LineageRow): Lineage {
    return new Lineage([...this.rows.filter((known) => known.firstOffset < row.firstOffset), row]);
  }

  /** The lineage of data that end at `offset`. */
  upTo(offset: number): Lineage {
    return new Lineage(this.rows.filter((row) => row.firstOffset <= offset));
  }

  /**
   * The last offset that two stores share as far as their lineages show, given the end of each; undefined if they share
   * no history.
   */
  branch(end: number, other: Lineage, otherEnd: number): number | undefined {
    for (let i = this.rows.length - 1; i >= 0; i--) {
      const row = this.rows[i] as LineageRow;
      const j = other.rows.findIndex((candidate) => rowsEqual(candidate, row));
      if (j < 0) continue;
      const mine = (this.rows[i + 1]?.firstOffset ?? end + 1) - 1;
      const theirs = (other.rows[j + 1]?.firstOffset ?? otherEnd + 1) - 1;
      return Math.min(mine, theirs);
    }
    return undefined;
  }
}

/** Whether two rows are equal. Epochs are left out: an ID is drawn once, with 160 random bits. */
export function rowsEqual(a: LineageRow, b: LineageRow): boolean {
  return a.replicationId === b.replicationId && a.firstOffset === b.firstOffset && a.checksum === b.checksum;
}
