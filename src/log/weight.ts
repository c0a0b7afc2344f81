/**
 * How many bytes of log stand between two offsets, about: blocks are added up
 * in segments, and within a segment they count as equally large. It costs one
 * addition a block and nothing to ask the disk; what an open does not read is
 * added when the background check comes by it.
 */
import { WEIGHT_SEGMENT_BYTES, WEIGHT_SEGMENTS_MAX } from '../limits.js';

/** The blocks that end in (from, to]. */
interface Segment {
  readonly from: number;
  to: number;
  bytes: number;
}

export class Weight {
  /** Found on disk, below those that were appended. */
  readonly #found = new Segments();
  readonly #appended = new Segments();
  #appendedBytes = 0;

  /** All that was ever appended here, whether or not it is still in the log. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** The block that ends at `to`, now the last. */
  append(from: number, to: number, bytes: number): void {
    this.#appendedBytes += bytes;
    this.#appended.add(from, to, bytes);
  }

  /** A block that was there before, in order; not one that was appended, which is counted. */
  found(from: number, to: number, bytes: number): void {
    const first = this.#appended.first;
    if (first === undefined || to <= first) this.#found.add(from, to, bytes);
  }

  /** What stands at or before `offset` has left the log. */
  forget(offset: number): void {
    this.#found.forget(offset);
    this.#appended.forget(offset);
  }

  /** Bytes of the blocks in (from, to]. */
  between(from: number, to: number): number {
    return Math.round(this.#found.between(from, to) + this.#appended.between(from, to));
  }
}

class Segments {
  #list: Segment[] = [];
  #bytesMax = WEIGHT_SEGMENT_BYTES;
  /** Stays when segments are forgotten. */
  #first: number | undefined;

  /** Where the first one began that was ever added. */
  get first(): number | undefined {
    return this.#first;
  }

  add(from: number, to: number, bytes: number): void {
    this.#first ??= from;
    const last = this.#list.at(-1);
    if (last && to <= last.to) return;
    if (last?.to === from && last.bytes + bytes <= this.#bytesMax) {
      last.to = to;
      last.bytes += bytes;
      return;
    }
    this.#list.push({ from, to, bytes });
    if (this.#list.length > WEIGHT_SEGMENTS_MAX) this.#merge();
  }

  forget(offset: number): void {
    const kept = this.#list.findIndex(({ to }) => to > offset);
    if (kept !== 0) this.#list.splice(0, kept < 0 ? this.#list.length : kept);
  }

  between(from: number, to: number): number {
    let sum = 0;
    for (const segment of this.#list) {
      const inside = Math.min(to, segment.to) - Math.max(from, segment.from);
      if (inside > 0) sum += segment.bytes * (inside / (segment.to - segment.from));
    }
    return sum;
  }

  /** A log of any length takes up a bounded number of segments, each larger then. */
  #merge(): void {
    this.#bytesMax *= 2;
    const merged: Segment[] = [];
    for (const segment of this.#list) {
      const last = merged.at(-1);
      if (last?.to === segment.from && last.bytes + segment.bytes <= this.#bytesMax) {
        last.to = segment.to;
        last.bytes += segment.bytes;
      } else {
        merged.push(segment);
      }
    }
    this.#list = merged;
  }
}
