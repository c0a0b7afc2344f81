/**
 * How many bytes of log stand between two offsets, about: blocks are added up
 * in segments, and within a segment they count as equally large. It costs one
 * addition a block and nothing to ask the disk; what an open does not read is
 * added when the background check comes by it.
 */
import { WEIGHT_SEGMENT_BYTES, WEIGHT_SEGMENTS_MAX } from '../base/limits.js';

/** The blocks that end in (from, to]. */
interface Segment {
  readonly from: number;
  to: number;
  bytes: number;
  /** Of all segments before it, those that are forgotten included. */
  readonly before: number;
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

  /** Blocks that stand in the log again, in order, before all others that are counted; any others are counted already. */
  restored(blocks: ReadonlyArray<{ from: number; to: number; bytes: number }>): void {
    const first = this.#found.begin ?? this.#appended.begin ?? Number.POSITIVE_INFINITY;
    const before = blocks.filter(({ to }) => to <= first);
    if (this.#found.begin === undefined) for (const { from, to, bytes } of before) this.#found.add(from, to, bytes);
    else this.#found.prepend(before);
  }

  /** What stands at or before `offset` has left the log. */
  forget(offset: number): void {
    this.#found.forget(offset);
    this.#appended.forget(offset);
  }

  /** Where about `bytes` stand in (from, there]; the end of all where there are less. */
  offsetBehind(from: number, bytes: number): number {
    const found = this.#found.between(from, Number.MAX_SAFE_INTEGER);
    return bytes < found ? this.#found.offsetBehind(from, bytes) : this.#appended.offsetBehind(from, bytes - found);
  }

  /** Bytes of the blocks in (from, to]. */
  between(from: number, to: number): number {
    return Math.round(this.#found.between(from, to) + this.#appended.between(from, to));
  }
}

class Segments {
  #list: Segment[] = [];
  #bytesMax = WEIGHT_SEGMENT_BYTES;
  /** Ever added. */
  #bytes = 0;
  /** Stays when segments are forgotten. */
  #first: number | undefined;

  /** Where the first one began that was ever added. */
  get first(): number | undefined {
    return this.#first;
  }

  /** Where the first one begins that is counted now. */
  get begin(): number | undefined {
    return this.#list[0]?.from;
  }

  /** In order, and all before the first. */
  prepend(blocks: ReadonlyArray<{ from: number; to: number; bytes: number }>): void {
    const added = new Segments();
    added.#bytesMax = this.#bytesMax;
    for (const { from, to, bytes } of blocks) added.add(from, to, bytes);
    const start = (this.#list[0]?.before ?? this.#bytes) - added.#bytes;
    this.#list.unshift(...added.#list.map((segment) => ({ ...segment, before: start + segment.before })));
    if (this.#list.length > WEIGHT_SEGMENTS_MAX) this.#merge();
  }

  add(from: number, to: number, bytes: number): void {
    this.#first ??= from;
    const last = this.#list.at(-1);
    if (last && to <= last.to) return;
    this.#bytes += bytes;
    if (last?.to === from && last.bytes + bytes <= this.#bytesMax) {
      last.to = to;
      last.bytes += bytes;
      return;
    }
    this.#list.push({ from, to, bytes, before: this.#bytes - bytes });
    if (this.#list.length > WEIGHT_SEGMENTS_MAX) this.#merge();
  }

  forget(offset: number): void {
    const kept = this.#list.findIndex(({ to }) => to > offset);
    if (kept !== 0) this.#list.splice(0, kept < 0 ? this.#list.length : kept);
  }

  between(from: number, to: number): number {
    return to > from ? this.#upTo(to) - this.#upTo(from) : 0;
  }

  offsetBehind(from: number, bytes: number): number {
    const wanted = this.#upTo(from) + bytes;
    const segment = this.#list[this.#last(({ before }) => before <= wanted)];
    if (!segment) return this.#list.at(-1)?.to ?? from;
    const part = Math.min(1, (wanted - segment.before) / segment.bytes);
    return Math.max(from, segment.from + Math.floor(part * (segment.to - segment.from)));
  }

  /** Bytes of the blocks that end at or before `offset`, those that are forgotten included. */
  #upTo(offset: number): number {
    const segment = this.#list[this.#last(({ from }) => from <= offset)];
    if (!segment) return this.#list[0]?.before ?? 0;
    const { from, to, bytes, before } = segment;
    return before + bytes * Math.min(1, (offset - from) / (to - from));
  }

  /** The index of the last segment for which `holds`, which goes from true to false; -1 where none does. */
  #last(holds: (segment: Segment) => boolean): number {
    let [low, high] = [-1, this.#list.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (holds(this.#list[middle] as Segment)) low = middle;
      else high = middle - 1;
    }
    return low;
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
