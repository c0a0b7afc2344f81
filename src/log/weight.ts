/**
 * The approximate number of bytes of log between two offsets. Blocks are added up in segments, and all offsets within a
 * segment count as equally large. The cost is one addition a block, without questions to the disk. Blocks that an open
 * does not read are added when the background check reads them.
 */
import { WEIGHT_SEGMENT_BYTES, WEIGHT_SEGMENTS_MAX } from '../base/limits.js';
import { firstIndex } from '../base/search.js';

/** The blocks that end in (from, to]. */
interface Segment {
  readonly from: number;
  to: number;
  bytes: number;
  /** Bytes of all segments before this one, forgotten ones included. */
  readonly before: number;
}

export class Weight {
  /** Blocks found on disk, below the appended ones. */
  readonly #found = new Segments();
  readonly #appended = new Segments();
  #appendedBytes = 0;

  /** Bytes of all blocks ever appended here, in the log or not. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Adds the block that ends at `to`, now the last. */
  append(from: number, to: number, bytes: number): void {
    this.#appendedBytes += bytes;
    this.#appended.add(from, to, bytes);
  }

  /** Adds a block that was there before, in order. An appended block is not added, since it is counted already. */
  found(from: number, to: number, bytes: number): void {
    const first = this.#appended.first;
    if (first === undefined || to <= first) this.#found.add(from, to, bytes);
  }

  /**
   * Adds blocks that stand in the log again, in order, before all others that are counted. Any others of `blocks` are
   * counted already.
   */
  restored(blocks: ReadonlyArray<{ from: number; to: number; bytes: number }>): void {
    const first = this.#found.begin ?? this.#appended.begin ?? Number.POSITIVE_INFINITY;
    const before = blocks.filter(({ to }) => to <= first);
    if (this.#found.begin === undefined) for (const { from, to, bytes } of before) this.#found.add(from, to, bytes);
    else this.#found.prepend(before);
  }

  /** Forgets the blocks at or before `offset`, which have left the log. */
  forget(offset: number): void {
    this.#found.forget(offset);
    this.#appended.forget(offset);
  }

  /** The offset up to which about `bytes` stand behind `from`; the end of all blocks if there are fewer. */
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
  /** Bytes ever added by `add`. */
  #bytes = 0;
  /** The value stays when segments are forgotten. */
  #first: number | undefined;

  /** The beginning of the first segment that was ever added. */
  get first(): number | undefined {
    return this.#first;
  }

  /** The beginning of the first segment that is counted now. */
  get begin(): number | undefined {
    return this.#list[0]?.from;
  }

  /** Adds blocks in order, all before the first segment. */
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

  /** Bytes of the blocks that end at or before `offset`, forgotten ones included. */
  #upTo(offset: number): number {
    const segment = this.#list[this.#last(({ from }) => from <= offset)];
    if (!segment) return this.#list[0]?.before ?? 0;
    const { from, to, bytes, before } = segment;
    return before + bytes * Math.min(1, (offset - from) / (to - from));
  }

  /** The index of the last segment for which `holds`, which goes from true to false; -1 if there is none. */
  #last(holds: (segment: Segment) => boolean): number {
    return firstIndex(this.#list.length, (index) => !holds(this.#list[index] as Segment)) - 1;
  }

  /** Bounds the number of segments for a log of any length: the segments become larger. */
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
