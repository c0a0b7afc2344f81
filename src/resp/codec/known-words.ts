/**
 * Words that clients send again and again, such as the names of commands. The parser hands out the one buffer of a known
 * word, so that a request has no view for it, and the table of the commands finds it without reading its bytes.
 */

/** At most a quarter of the slots is used. */
const SLOTS_PER_WORD = 4;

export class KnownWords {
  readonly #slots: Array<Buffer | undefined>;
  readonly #mask: number;
  readonly #lengthMax: number;

  /** @param words ASCII. Each is known in small and in capital letters. */
  constructor(words: Iterable<string>) {
    const spellings = new Set([...words].flatMap((word) => [word.toLowerCase(), word.toUpperCase()]));
    const slots = 2 ** Math.ceil(Math.log2(Math.max(1, spellings.size) * SLOTS_PER_WORD));
    this.#slots = Array.from({ length: slots }, () => undefined);
    this.#mask = slots - 1;
    this.#lengthMax = Math.max(0, ...[...spellings].map((word) => word.length));
    for (const word of spellings) this.#add(Buffer.from(word, 'latin1'));
  }

  /** All known words, in each spelling. */
  get all(): Buffer[] {
    return this.#slots.filter((word) => word !== undefined);
  }

  /** The word at bytes[start..end). Undefined if it is not known. */
  find(bytes: Buffer, start: number, end: number): Buffer | undefined {
    const length = end - start;
    if (length > this.#lengthMax || length === 0) return undefined;
    for (let slot = hashOf(bytes, start, end) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const word = this.#slots[slot];
      if (word === undefined) return undefined;
      if (word.length === length && holds(word, bytes, start)) return word;
    }
  }

  #add(word: Buffer): void {
    let slot = hashOf(word, 0, word.length) & this.#mask;
    while (this.#slots[slot]) slot = (slot + 1) & this.#mask;
    this.#slots[slot] = word;
  }
}

/** FNV-1a. No client chooses the words in the table, so none can make them collide. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash ^ (hash >>> 15);
}

function holds(word: Buffer, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < word.length; i++) if (word[i] !== bytes[start + i]) return false;
  return true;
}
