/**
 * Redis's glob patterns on bytes: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`. A pattern is compiled once and
 * matched against many keys. Scans, which seek to `prefix` first, and subscriptions use it.
 *
 * Each run of steps between two stars is searched once, from the end of the run before. The search is the
 * bit-parallel Shift-And algorithm. A byte of a key costs one step for each 32 steps of the run, whatever the
 * pattern and the key are. The length of a pattern is bounded, so that bound is small.
 *
 * As in Redis, a class that is not closed ends with the pattern. The bounds of a range may stand in either
 * order. A last `\` stands for itself. Unlike in Redis, bytes are unsigned in ranges, stars match the empty
 * key too, and an empty pattern matches all keys, as kv.proto promises.
 */
import { PATTERN_BYTES_MAX } from '../base/limits.js';
import { tooLarge } from './arguments.js';

export interface Glob {
  /** Every matching key begins with these bytes. */
  readonly prefix: Buffer;
  matches(key: Buffer): boolean;
  /** The most steps that a match against a key of that length takes. A step is a few nanoseconds. */
  stepsFor(keyBytes: number): number;
}

/** A set of bytes. */
type Bytes = Uint8Array;

/** A step takes one byte: that byte, any byte, or a byte of a set. */
type Step = number | 'any' | Bytes;

const byteOf = (character: string): number => character.charCodeAt(0);
const ASTERISK = byteOf('*');
const QUESTION_MARK = byteOf('?');
const OPENING_BRACKET = byteOf('[');
const CLOSING_BRACKET = byteOf(']');
const BACKSLASH = byteOf('\\');
const CARET = byteOf('^');
const HYPHEN = byteOf('-');

/** The lowest byte, from which the order of bytes in ranges begins. */
type LowestByte = 0 | 128;
const UNSIGNED: LowestByte = 0;
const SIGNED: LowestByte = 128;

/** @throws HeadwaterError `too_large`. */
export function compileGlob(pattern: Buffer): Glob {
  checkPattern(pattern);
  return compiled(pattern.length === 0 ? [[], []] : runsOf(pattern, UNSIGNED));
}

/**
 * Compiles a pattern for a Redis client, exactly as Redis on x86 takes it: bytes from 128 on are below the others in
 * ranges, an empty pattern matches the empty key alone, and only the pattern `*` matches it beside.
 * @throws HeadwaterError `too_large`.
 */
export function compileRedisGlob(pattern: Buffer): Glob {
  checkPattern(pattern);
  const glob = compiled(runsOf(pattern, SIGNED));
  const matchesEmpty = pattern.length === 0 || (pattern.length === 1 && pattern[0] === ASTERISK);
  return { ...glob, matches: (key) => (key.length === 0 ? matchesEmpty : glob.matches(key)) };
}

function checkPattern({ length }: Buffer): void {
  if (length > PATTERN_BYTES_MAX) throw tooLarge('a pattern', PATTERN_BYTES_MAX, length);
}

function compiled(runs: readonly Step[][]): Glob {
  const first = runs[0] as Step[];
  const end = first.findIndex((step) => typeof step !== 'number');
  const prefix = Buffer.from((end === -1 ? first : first.slice(0, end)) as number[]);
  if (runs.length === 1) {
    const matches = (key: Buffer) => key.length === first.length && fits(first, key, 0);
    return { prefix, matches, stepsFor: () => 1 + first.length };
  }
  return { prefix, ...withStars(first, runs.slice(1, -1), runs.at(-1) as Step[]) };
}

/**
 * Matches keys that begin with `first` and end with `last`. The runs between must follow each other in the
 * rest of the key.
 */
function withStars(first: readonly Step[], between: readonly Step[][], last: readonly Step[]): Omit<Glob, 'prefix'> {
  const runs = between.filter(({ length }) => length > 0);
  const search = new Search(runs);
  const atEnds = 1 + first.length + last.length;
  return {
    stepsFor: (keyBytes) => atEnds + runs.length + keyBytes * search.stepsPerByte,
    matches: (key) => {
      const end = key.length - last.length;
      if (end < first.length || !fits(first, key, 0) || !fits(last, key, end)) return false;
      let at = first.length;
      for (let run = 0; run < runs.length && at >= 0; run++) at = search.endOf(run, key, at, end);
      return at >= 0;
    },
  };
}

function fits(run: readonly Step[], key: Buffer, at: number): boolean {
  for (let i = 0; i < run.length; i++) if (!takes(run[i] as Step, key[at + i] as number)) return false;
  return true;
}

function takes(step: Step, byte: number): boolean {
  if (typeof step === 'number') return step === byte;
  return step === 'any' || hasByte(step, byte);
}

/** Searches for runs of steps that may begin anywhere. The runs lie behind each other in the bits of shared masks. */
class Search {
  /** The bits of each run. */
  readonly #bits: ReadonlyArray<{ readonly first: number; readonly last: number }>;
  readonly #words: number;
  /** For each byte, a bit for each step that takes it. */
  readonly #masks: Uint32Array;
  /** A bit for each beginning of a run that matches the last bytes. */
  readonly #state: Uint32Array;
  /** The most words that one run lies in. */
  readonly stepsPerByte: number;

  constructor(runs: ReadonlyArray<readonly Step[]>) {
    let next = 0;
    this.#bits = runs.map(({ length }) => {
      const first = next;
      next += length;
      return { first, last: next - 1 };
    });
    this.#words = Math.ceil(next / 32);
    this.#masks = new Uint32Array(256 * this.#words);
    this.#state = new Uint32Array(this.#words);
    this.stepsPerByte = Math.max(0, ...this.#bits.map(({ first, last }) => (last >> 5) - (first >> 5) + 1));
    for (const [bit, step] of runs.flat().entries()) for (const byte of bytesOf(step)) this.#add(bit, byte);
  }

  #add(bit: number, byte: number): void {
    (this.#masks[byte * this.#words + (bit >> 5)] as number) |= 1 << (bit & 31);
  }

  /** The end of the run's first match in `[from, to)`. -1 if there is none. */
  endOf(run: number, key: Buffer, from: number, to: number): number {
    const { first, last } = this.#bits[run] as { first: number; last: number };
    if (to - from <= last - first) return -1;
    const state = this.#state;
    const masks = this.#masks;
    const firstWord = first >> 5;
    const lastWord = last >> 5;
    const begins = 1 << (first & 31);
    const found = 1 << (last & 31);
    state.fill(0, firstWord, lastWord + 1);
    for (let at = from; at < to; at++) {
      const mask = (key[at] as number) * this.#words;
      let carry = begins;
      for (let word = firstWord; word <= lastWord; word++) {
        const before = state[word] as number;
        state[word] = ((before << 1) | carry) & (masks[mask + word] as number);
        carry = before >>> 31;
      }
      if (((state[lastWord] as number) & found) !== 0) return at + 1;
    }
    return -1;
  }
}

/** Splits a pattern into the steps before, between and behind its stars. */
function runsOf(pattern: Buffer, lowest: LowestByte): Step[][] {
  let run: Step[] = [];
  const runs = [run];
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern.readUInt8(at);
    at += 1;
    if (byte === ASTERISK) {
      run = [];
      runs.push(run);
    } else if (byte === QUESTION_MARK) {
      run.push('any');
    } else if (byte === OPENING_BRACKET) {
      const members = new Uint8Array(32);
      at = readClass(pattern, at, { members, lowest });
      run.push(members);
    } else if (byte === BACKSLASH && at < pattern.length) {
      run.push(pattern.readUInt8(at));
      at += 1;
    } else {
      run.push(byte);
    }
  }
  return runs;
}

/** Fills `members` from the class whose first byte is at `start`. Returns the offset behind the class. */
function readClass(
  pattern: Buffer,
  start: number,
  { members, lowest }: { readonly members: Bytes; readonly lowest: LowestByte },
): number {
  const negated = pattern[start] === CARET;
  let at = negated ? start + 1 : start;
  while (at < pattern.length && pattern[at] !== CLOSING_BRACKET) {
    const left = pattern.length - at;
    if (pattern[at] === BACKSLASH && left >= 2) {
      addByte(members, pattern.readUInt8(at + 1));
      at += 2;
    } else if (pattern[at + 1] === HYPHEN && left >= 3) {
      addRange(members, lowest, pattern.readUInt8(at), pattern.readUInt8(at + 2));
      at += 3;
    } else {
      addByte(members, pattern.readUInt8(at));
      at += 1;
    }
  }
  if (negated) for (const [i, eight] of members.entries()) members[i] = ~eight;
  return at + 1;
}

function addByte(members: Bytes, byte: number): void {
  (members[byte >> 3] as number) |= 1 << (byte & 7);
}

function addRange(members: Bytes, lowest: LowestByte, one: number, other: number): void {
  const [oneAt, otherAt] = [one ^ lowest, other ^ lowest];
  for (let at = Math.min(oneAt, otherAt); at <= Math.max(oneAt, otherAt); at++) addByte(members, at ^ lowest);
}

function hasByte(members: Bytes, byte: number): boolean {
  return ((members[byte >> 3] as number) & (1 << (byte & 7))) !== 0;
}

const ALL_BYTES: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);

/** The bytes that a step takes. */
function bytesOf(step: Step): readonly number[] {
  if (typeof step === 'number') return [step];
  return step === 'any' ? ALL_BYTES : ALL_BYTES.filter((byte) => hasByte(step, byte));
}
