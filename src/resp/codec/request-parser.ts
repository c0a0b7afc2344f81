/**
 * The requests of a Redis client, out of the bytes of its connection. A request is an array of bulk strings, or one
 * line of text, which is called an inline command. The protocol is at
 * https://redis.io/docs/latest/develop/reference/protocol-spec/, the limits and the words of refusals are those of
 * Redis 7.
 *
 * A chunk of a socket is parsed whole, and the requests that it completes come back as one batch. Arguments are views
 * of the chunk, so nothing is copied. The caller that keeps an argument for longer than the request copies it.
 *
 * Invariant: the memory that a client can make the parser hold is bounded by bytes that the client has sent, never by
 * bytes that the client has only announced.
 */
import { HeldBytes } from './held-bytes.js';
import { splitInline } from './inline.js';
import { KnownWords } from './known-words.js';
import { ProtocolError } from './protocol-error.js';

/** A command with its arguments. The first item is the name of the command. Nobody writes into these bytes. */
export type Request = readonly Buffer[];

export interface RequestLimits {
  /** The bytes of one argument. */
  readonly argumentBytesMax: number;
  /** The bytes of all arguments of a request, with `ARGUMENT_COST_BYTES` for each. */
  readonly requestBytesMax: number;
}

/** The memory that an argument takes beside its bytes (measured on Node 20: 96 to 104 bytes for a view). */
export const ARGUMENT_COST_BYTES = 104;

/** The longest inline command, and the longest line that announces a number. */
const LINE_BYTES_MAX = 64 * 1024;
const ARGUMENTS_MAX = 1024 * 1024;
const LINE_END_BYTES = 2;
/** The digits of a number that is read without a search for the end of its line. */
const SHORT_DIGITS_MAX = 8;

const LF = 10;
const CR = 13;
const DOLLAR = 36;
const ASTERISK = 42;
const MINUS = 45;
const ZERO = 48;

const EMPTY = Buffer.alloc(0);
const NO_WORDS = new KnownWords([]);

export class RequestParser {
  readonly #limits: RequestLimits;
  readonly #names: KnownWords;
  #bytes: Buffer = EMPTY;
  #at = 0;
  /** The beginning of a line or of a bulk string. */
  readonly #held = new HeldBytes();
  /** The bytes that have to be there before the parser can go on. Zero if it needs the end of a line. */
  #neededBytes = 0;
  #request: Buffer[] = [];
  #requestBytes = 0;
  /** The number of arguments that the request still needs. Zero between requests. */
  #missing = 0;
  /** The bytes of the next argument. Undefined until its announcement has come. */
  #argumentBytes: number | undefined;
  #hasFailed = false;

  /** @param names of commands. The first argument of a request is the known buffer of its name, if there is one. */
  constructor(limits: RequestLimits, names = NO_WORDS) {
    this.#limits = limits;
    this.#names = names;
  }

  /** The bytes of the request that is not complete yet. */
  get heldBytes(): number {
    // The argument that is announced and has not come takes no memory yet.
    const announced = this.#argumentBytes === undefined ? 0 : this.#argumentBytes + ARGUMENT_COST_BYTES;
    return this.#held.memory + this.#requestBytes - announced;
  }

  /**
   * Takes the next bytes of the connection.
   * @returns the requests that are complete now, in order. The last item is an error if the client has broken the
   *   protocol. The parser then takes nothing more.
   */
  take(chunk: Buffer): Array<Request | ProtocolError> {
    const found: Array<Request | ProtocolError> = [];
    if (this.#hasFailed) return found;
    if (this.#held.length > 0) {
      this.#held.add(chunk);
      if (!this.#canGoOn(chunk)) return found;
      this.#begin(this.#held.take());
    } else {
      this.#begin(chunk);
    }
    const first = this.#request.length;
    try {
      this.#parse(found);
      this.#releaseBytes(found.length > 0 ? 0 : first);
      if (this.#at < this.#bytes.length) this.#held.add(this.#bytes.subarray(this.#at));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail();
      found.push(error);
    }
    this.#bytes = EMPTY;
    return found;
  }

  #begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** True if the chunk, which is held already, ends the line or the bulk string that the parser waits for. */
  #canGoOn(chunk: Buffer): boolean {
    const { length } = this.#held;
    return this.#neededBytes > 0 ? length >= this.#neededBytes : chunk.includes(LF) || length > LINE_BYTES_MAX;
  }

  /**
   * Copies the arguments from `first` on, in one piece, if they are a small part of the memory that they are views of.
   * Otherwise the beginning of a request would keep the whole request before it, or the chunks of other connections.
   */
  #releaseBytes(first: number): void {
    if (this.#request.length === first) return;
    const { buffer: memory, length } = this.#bytes;
    const views = this.#request.filter((argument, i) => i >= first && argument.buffer === memory);
    const bytes = views.reduce((sum, { length }) => sum + length, 0);
    const isWhole = memory.byteLength === length;
    if (isWhole && (length <= LINE_BYTES_MAX || bytes * 2 > length)) return;
    const kept = Buffer.allocUnsafeSlow(bytes);
    let end = 0;
    for (let i = first; i < this.#request.length; i++) {
      const argument = this.#request[i] as Buffer;
      if (argument.buffer !== memory) continue;
      const start = end;
      end += argument.copy(kept, start);
      this.#request[i] = kept.subarray(start, end);
    }
  }

  #fail(): void {
    this.#hasFailed = true;
    this.#held.clear();
    this.#request = [];
    this.#requestBytes = 0;
  }

  #parse(found: Array<Request | ProtocolError>): void {
    while (this.#at < this.#bytes.length) {
      if (this.#missing === 0) this.#readWhole(found);
      const hasGoneOn = this.#missing > 0 ? this.#readArgument(found) : this.#readBeginning(found);
      if (!hasGoneOn) return;
    }
  }

  /**
   * Reads requests of a few arguments that are here whole, as nearly all are. Nothing is noted on the way, so that such a
   * request costs half. The first request that is long, wrong or not complete is left for the rest of the parser.
   */
  #readWhole(found: Array<Request | ProtocolError>): void {
    const bytes = this.#bytes;
    // The runtime takes longer to tell the memory of a buffer than to make a view of it.
    const { buffer: memory, byteOffset: offset } = bytes;
    const { argumentBytesMax, requestBytesMax } = this.#limits;
    for (let at = this.#at; bytes[at] === ASTERISK; this.#at = at) {
      const count = (bytes[at + 1] as number) - ZERO;
      if (!(count > 0 && count <= 9) || bytes[at + 2] !== CR || bytes[at + 3] !== LF) return;
      at += 4;
      const request: Buffer[] = [];
      let requestBytes = 0;
      while (request.length < count) {
        if (bytes[at] !== DOLLAR) return;
        let length = (bytes[at + 1] as number) - ZERO;
        if (!(length >= 0 && length <= 9)) return;
        for (at += 2; bytes[at] !== CR; at++) {
          const digit = (bytes[at] as number) - ZERO;
          // No digit, a zero in front, or more of them than a length has.
          if (!(digit >= 0 && digit <= 9 && length > 0 && length < argumentBytesMax)) return;
          length = length * 10 + digit;
        }
        at += LINE_END_BYTES;
        const end = at + length;
        requestBytes += length + ARGUMENT_COST_BYTES;
        if (length > argumentBytesMax || end + LINE_END_BYTES > bytes.length) return;
        if (bytes[at - 1] !== LF || requestBytes > requestBytesMax) return;
        request.push(
          (request.length === 0 && this.#names.find(bytes, at, end)) || new View(memory, offset + at, length),
        );
        at = end + LINE_END_BYTES;
      }
      found.push(request);
    }
  }

  /** @returns false if the line is not complete. */
  #readBeginning(found: Array<Request | ProtocolError>): boolean {
    if (this.#bytes[this.#at] !== ASTERISK) return this.#readInline(found);
    const count = this.#readNumber('too big mbulk count string', 'invalid multibulk length', ARGUMENTS_MAX);
    if (count === undefined) return false;
    this.#missing = Math.max(0, count);
    return true;
  }

  #readInline(found: Array<Request | ProtocolError>): boolean {
    const end = this.#lineEnd('too big inline request');
    if (end < 0) return false;
    const words = splitInline(this.#bytes.subarray(this.#at, this.#withoutCr(end)));
    this.#at = end + 1;
    if (!words) throw new ProtocolError('unbalanced quotes in request');
    if (words.length > 0) found.push(words);
    return true;
  }

  /** @returns false if the argument is not complete. */
  #readArgument(found: Array<Request | ProtocolError>): boolean {
    this.#argumentBytes ??= this.#readAnnouncement();
    const bytes = this.#argumentBytes;
    if (bytes === undefined) return false;
    if (this.#bytes.length - this.#at < bytes + LINE_END_BYTES) {
      this.#neededBytes = bytes + LINE_END_BYTES;
      return false;
    }
    const end = this.#at + bytes;
    const name = this.#request.length === 0 ? this.#names.find(this.#bytes, this.#at, end) : undefined;
    this.#request.push(name ?? this.#bytes.subarray(this.#at, end));
    // Redis does not look at the two bytes behind a bulk string either.
    this.#at += bytes + LINE_END_BYTES;
    this.#argumentBytes = undefined;
    this.#missing--;
    if (this.#missing === 0) this.#complete(found);
    return true;
  }

  #complete(found: Array<Request | ProtocolError>): void {
    found.push(this.#request);
    this.#request = [];
    this.#requestBytes = 0;
  }

  #readAnnouncement(): number | undefined {
    const type = this.#bytes[this.#at];
    if (type === undefined) return undefined;
    if (type !== DOLLAR) throw new ProtocolError(`expected '$', got '${String.fromCharCode(type)}'`);
    const bytes = this.#readNumber('too big bulk count string', 'invalid bulk length', this.#limits.argumentBytesMax);
    if (bytes === undefined) return undefined;
    if (bytes < 0) throw new ProtocolError('invalid bulk length');
    this.#requestBytes += bytes + ARGUMENT_COST_BYTES;
    if (this.#requestBytes > this.#limits.requestBytesMax)
      throw new ProtocolError(`expected a request of at most ${this.#limits.requestBytesMax} bytes, received more`);
    return bytes;
  }

  /**
   * Reads the number of a line behind its first byte.
   * @returns undefined if the line is not complete.
   */
  #readNumber(tooLong: string, invalid: string, most: number): number | undefined {
    return this.#readShortNumber(most) ?? this.#readAnyNumber(tooLong, invalid, most);
  }

  /**
   * Reads a few digits and the end of their line, as nearly every announcement is. A search for the end of the line costs more.
   * @returns undefined if the line is any other.
   */
  #readShortNumber(most: number): number | undefined {
    const bytes = this.#bytes;
    const first = this.#at + 1;
    let value = 0;
    let at = first;
    for (; at < first + SHORT_DIGITS_MAX; at++) {
      const digit = (bytes[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === first || bytes[at] !== CR || bytes[at + 1] !== LF) return undefined;
    if (value > most || (bytes[first] === ZERO && at > first + 1)) return undefined;
    this.#at = at + LINE_END_BYTES;
    return value;
  }

  #readAnyNumber(tooLong: string, invalid: string, most: number): number | undefined {
    const end = this.#lineEnd(tooLong);
    if (end < 0) return undefined;
    const value = decimal(this.#bytes, this.#at + 1, this.#withoutCr(end));
    if (value === undefined || value > most) throw new ProtocolError(invalid);
    this.#at = end + 1;
    return value;
  }

  /** The place of the line's last byte. -1 if it has not come, and the parser waits for it. */
  #lineEnd(tooLong: string): number {
    const end = this.#bytes.indexOf(LF, this.#at);
    const lineBytes = (end < 0 ? this.#bytes.length : end) - this.#at;
    if (lineBytes > LINE_BYTES_MAX) throw new ProtocolError(tooLong);
    if (end < 0) this.#neededBytes = 0;
    return end;
  }

  #withoutCr(end: number): number {
    return end > this.#at && this.#bytes[end - 1] === CR ? end - 1 : end;
  }
}

/** The constructor that `subarray` calls after checks that the parser has made already: half the time. */
const View = (
  Buffer as unknown as { readonly [Symbol.species]: new (...view: [ArrayBufferLike, number, number]) => Buffer }
)[Symbol.species];

/** The whole number in decimal digits. Undefined if it is none: `01`, `+1`, an empty text, over 2^53. */
function decimal(bytes: Buffer, start: number, end: number): number | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first >= end || (bytes[first] === ZERO && end - start > 1)) return undefined;
  let value = 0;
  for (let at = first; at < end; at++) {
    const digit = (bytes[at] as number) - ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? (isNegative ? -value : value) : undefined;
}
