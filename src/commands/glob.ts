/**
 * Redis's glob patterns on bytes: `*`, `?`, `[abc]`, `[^a]`, `[a-z]`, `\x`. A
 * pattern is compiled once and matched against many keys. Only the last `*`
 * is ever gone back to, so that a match costs at most pattern × key steps,
 * whatever the pattern. Called by scans, which seek to `prefixOf` first.
 *
 * As in Redis, a class that is not closed ends with the pattern, the bounds of
 * a range may stand in either order, and a last `\` stands for itself. Unlike
 * Redis, bytes are unsigned in ranges, stars match the empty key too, and an
 * empty pattern matches all keys, as kv.proto promises.
 */

/** A step of a compiled pattern: a byte, one of these two, or CLASS plus the index of a class. */
const ANY = 256;
const STAR = 257;
const CLASS = 258;

interface Program {
  readonly steps: readonly number[];
  /** For each class 256 flags, 1 for a byte that it takes. */
  readonly classes: readonly Uint8Array[];
}

const byteOf = (character: string): number => character.charCodeAt(0);
const ASTERISK = byteOf('*');
const QUESTION_MARK = byteOf('?');
const OPENING_BRACKET = byteOf('[');
const CLOSING_BRACKET = byteOf(']');
const BACKSLASH = byteOf('\\');
const CARET = byteOf('^');
const HYPHEN = byteOf('-');

export function compileGlob(pattern: Buffer): (key: Buffer) => boolean {
  if (pattern.length === 0) return () => true;
  const program = compile(pattern);
  return (key) => matches(program, key);
}

/** The bytes that every matching key begins with. */
export function prefixOf(pattern: Buffer): Buffer {
  const { steps } = compile(pattern);
  const end = steps.findIndex((step) => step >= ANY);
  return Buffer.from(end === -1 ? steps : steps.slice(0, end));
}

function compile(pattern: Buffer): Program {
  const steps: number[] = [];
  const classes: Uint8Array[] = [];
  let at = 0;
  while (at < pattern.length) {
    const byte = pattern.readUInt8(at);
    at += 1;
    if (byte === ASTERISK) {
      if (steps.at(-1) !== STAR) steps.push(STAR);
    } else if (byte === QUESTION_MARK) {
      steps.push(ANY);
    } else if (byte === OPENING_BRACKET) {
      const members = new Uint8Array(256);
      at = readClass(pattern, at, members);
      steps.push(CLASS + classes.push(members) - 1);
    } else if (byte === BACKSLASH && at < pattern.length) {
      steps.push(pattern.readUInt8(at));
      at += 1;
    } else {
      steps.push(byte);
    }
  }
  return { steps, classes };
}

/** Fills `members` from the class whose first byte is at `start`; returns where the pattern goes on. */
function readClass(pattern: Buffer, start: number, members: Uint8Array): number {
  const negated = pattern[start] === CARET;
  let at = negated ? start + 1 : start;
  while (at < pattern.length && pattern[at] !== CLOSING_BRACKET) {
    const left = pattern.length - at;
    if (pattern[at] === BACKSLASH && left >= 2) {
      members[pattern.readUInt8(at + 1)] = 1;
      at += 2;
    } else if (pattern[at + 1] === HYPHEN && left >= 3) {
      addRange(members, pattern.readUInt8(at), pattern.readUInt8(at + 2));
      at += 3;
    } else {
      members[pattern.readUInt8(at)] = 1;
      at += 1;
    }
  }
  if (negated) for (const [byte, flag] of members.entries()) members[byte] = 1 - flag;
  return at + 1;
}

function addRange(members: Uint8Array, one: number, other: number): void {
  members.fill(1, Math.min(one, other), Math.max(one, other) + 1);
}

function matches(program: Program, key: Buffer): boolean {
  const { steps } = program;
  let step = 0;
  let at = 0;
  let afterStar = -1;
  let retryAt = 0;
  while (at < key.length) {
    if (steps[step] === STAR) {
      step += 1;
      afterStar = step;
      retryAt = at;
    } else if (takes(program, steps[step], key[at])) {
      step += 1;
      at += 1;
    } else if (afterStar === -1) {
      return false;
    } else {
      step = afterStar;
      retryAt += 1;
      at = retryAt;
    }
  }
  if (steps[step] === STAR) step += 1;
  return step === steps.length;
}

function takes(program: Program, step: number | undefined, byte: number | undefined): boolean {
  if (step === byte || step === ANY) return byte !== undefined;
  return step !== undefined && step >= CLASS && program.classes[step - CLASS]?.[byte ?? 0] === 1;
}
