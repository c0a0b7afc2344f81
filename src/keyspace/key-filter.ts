/**
 * A set of keys that may answer "may be in it" for a key that is not, and never the reverse. The set takes 11 to 32 bits
 * a key. A key counts by its print, a number of 32 bits, so that the set can be written down and filled again without
 * the keys.
 *
 * The set is a row of split-block Bloom filters: Putze, Sanders and Singler, "Cache-, Hash- and Space-Efficient Bloom
 * Filters", 2007, in the shape of Apache Parquet's. A key sets one bit in each of the eight words of one block, so that
 * a look-up reads one line of the processor's cache. When a filter is full, the next one has twice its size. With each
 * full filter about one absent key in a hundred more passes: 3 in a hundred at a million keys, 6 at ten million, 9 at
 * fifty million (measured).
 */

const BLOCK_WORDS = 8;
/** With 24 keys in a block of 256 bits, one absent key in a hundred passes a full filter. */
const KEYS_PER_BLOCK = 24;
const FIRST_BLOCKS_LOG2 = 12;
/** The size of the last filter, which takes whatever comes: it fills all blocks with 200 million keys. */
const LAST_BLOCKS_LOG2 = 20;

/** FNV-1a of 32 bits with a final mix. Prints are written to disk, so this function must not change. */
export function printOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

export class KeyFilter {
  readonly #parts: Part[] = [new Part(FIRST_BLOCKS_LOG2)];
  /** The number of prints added. */
  count = 0;

  /** Memory, bytes. */
  get bytes(): number {
    return this.#parts.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  /** Whether a key with this print may have been added. False is certain. */
  mayHold(print: number): boolean {
    // Most keys are in the last filter, which is the largest.
    for (let i = this.#parts.length - 1; i >= 0; i--) if ((this.#parts[i] as Part).mayHold(print)) return true;
    return false;
  }

  add(print: number): void {
    let part = this.#parts.at(-1) as Part;
    if (part.isFull && part.blocksLog2 < LAST_BLOCKS_LOG2) {
      part = new Part(part.blocksLog2 + 1);
      this.#parts.push(part);
    }
    part.add(print);
    this.count++;
  }
}

class Part {
  readonly blocksLog2: number;
  readonly words: Int32Array;
  #count = 0;

  constructor(blocksLog2: number) {
    this.blocksLog2 = blocksLog2;
    this.words = new Int32Array(BLOCK_WORDS << blocksLog2);
  }

  get isFull(): boolean {
    return this.#count >= KEYS_PER_BLOCK << this.blocksLog2;
  }

  mayHold(print: number): boolean {
    const { words } = this;
    const at = this.#block(print);
    const mixed = mix(print);
    return (
      ((words[at] as number) & bit(mixed, 0x47b6137b)) !== 0 &&
      ((words[at + 1] as number) & bit(mixed, 0x44974d91)) !== 0 &&
      ((words[at + 2] as number) & bit(mixed, 0x8824ad5b)) !== 0 &&
      ((words[at + 3] as number) & bit(mixed, 0xa2b7289d)) !== 0 &&
      ((words[at + 4] as number) & bit(mixed, 0x705495c7)) !== 0 &&
      ((words[at + 5] as number) & bit(mixed, 0x2df1424b)) !== 0 &&
      ((words[at + 6] as number) & bit(mixed, 0x9efc4947)) !== 0 &&
      ((words[at + 7] as number) & bit(mixed, 0x5c6bfb31)) !== 0
    );
  }

  add(print: number): void {
    const { words } = this;
    const at = this.#block(print);
    const mixed = mix(print);
    words[at] = (words[at] as number) | bit(mixed, 0x47b6137b);
    words[at + 1] = (words[at + 1] as number) | bit(mixed, 0x44974d91);
    words[at + 2] = (words[at + 2] as number) | bit(mixed, 0x8824ad5b);
    words[at + 3] = (words[at + 3] as number) | bit(mixed, 0xa2b7289d);
    words[at + 4] = (words[at + 4] as number) | bit(mixed, 0x705495c7);
    words[at + 5] = (words[at + 5] as number) | bit(mixed, 0x2df1424b);
    words[at + 6] = (words[at + 6] as number) | bit(mixed, 0x9efc4947);
    words[at + 7] = (words[at + 7] as number) | bit(mixed, 0x5c6bfb31);
    this.#count++;
  }

  /** The first word of the block, chosen by the upper bits of the print. */
  #block(print: number): number {
    return (print >>> (32 - this.blocksLog2)) * BLOCK_WORDS;
  }
}

/** Other bits than those that choose the block. */
function mix(print: number): number {
  return Math.imul(print ^ (print >>> 15), 0x9e3779b1);
}

/** The upper five bits of the product choose the bit of a word. */
function bit(mixed: number, salt: number): number {
  return 1 << (Math.imul(mixed, salt) >>> 27);
}
