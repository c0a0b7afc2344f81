/**
 * How many rows to read at a time, where their sizes are known only when they
 * are there: a few first, more while they prove to be small. A read of many
 * keys then neither stalls the event loop nor has hundreds of large values in
 * memory at once.
 */
import { READ_GROUP_BYTES, READ_GROUP_KEYS_FIRST, READ_GROUP_KEYS_MAX } from '../limits.js';

/** No faster: one group of small rows says little of the next. */
const GROWTH_MAX = 4;

export class GroupSize {
  /** Rows in the next group, 1 to READ_GROUP_KEYS_MAX. */
  current = READ_GROUP_KEYS_FIRST;

  /** A group of the current size has been read, and held so many bytes. */
  hasRead(bytes: number): void {
    const growth = Math.min(GROWTH_MAX, READ_GROUP_BYTES / Math.max(1, bytes));
    this.current = Math.max(1, Math.min(READ_GROUP_KEYS_MAX, Math.floor(this.current * growth)));
  }
}
