/**
 * The number of records to read at a time, so that a read of many keys does not stall the event loop. The first group is
 * as large as earlier records allow, or small if none were read. Groups grow while records prove to be small. The records
 * of a group never take up more than READ_GROUP_BYTES_MAX together, whatever those before were like. Only a single record
 * may exceed that.
 */
import { READ_GROUP_BYTES, READ_GROUP_BYTES_MAX, READ_GROUP_KEYS_FIRST, READ_GROUP_KEYS_MAX } from '../base/limits.js';
import type { RecordSizes } from './record-sizes.js';

/** The largest growth from one group to the next: a group of small records says little of the next one. */
const GROWTH_MAX = 4;

export class GroupSize {
  readonly #sizes: RecordSizes;
  /** Records in the next group, 1 to READ_GROUP_KEYS_MAX, if their sizes allow it. */
  #current: number;

  constructor(sizes: RecordSizes) {
    const { typical } = sizes;
    this.#sizes = sizes;
    this.#current = typical === undefined ? READ_GROUP_KEYS_FIRST : within(READ_GROUP_BYTES / typical);
  }

  /**
   * The next group: items from `from` on.
   * @param keyOf the bytes that hold the key of an item, from `keyStart` to their end.
   */
  take<T>(items: readonly T[], from: number, keyOf: (item: T) => Buffer, keyStart: number): T[] {
    const group = items.slice(from, from + this.#current);
    if (this.#sizes.areAlike && group.length * this.#sizes.others <= READ_GROUP_BYTES_MAX) return group;
    let bytes = 0;
    const end = group.findIndex((item) => {
      bytes += this.#sizes.of(keyOf(item), keyStart);
      return bytes > READ_GROUP_BYTES_MAX;
    });
    return end < 0 ? group : group.slice(0, Math.max(1, end));
  }

  /** Notes that a group has been read: the number of its records, and their bytes. */
  hasRead(records: number, bytes: number): void {
    const growth = Math.min(GROWTH_MAX, READ_GROUP_BYTES / Math.max(1, bytes));
    // A group that was cut short says nothing against the current size.
    const fitting = growth > 1 ? Math.max(this.#current, records * growth) : records * growth;
    this.#current = within(fitting);
    this.#sizes.found(records, bytes);
  }
}

function within(records: number): number {
  return Math.max(1, Math.min(READ_GROUP_KEYS_MAX, Math.floor(records)));
}
