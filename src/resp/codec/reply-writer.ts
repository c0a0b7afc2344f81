/**
 * Replies for a Redis client, as the bytes of its connection. A client speaks RESP2 until it asks for RESP3 with HELLO.
 * The types that RESP2 does not have are written as Redis writes them there: a map as an array of keys and values, a
 * double as text, a push as an array.
 *
 * Small parts are gathered in one buffer, and long values are passed on without a copy. So the replies of a turn leave
 * in one write.
 */

import { copyBytes } from '../../base/copy.js';

export type RespVersion = 2 | 3;

/** Keys that reads asked for: those that were there, and those that were not. */
export interface KeyLookups {
  hits: number;
  misses: number;
}

/** A longer value is passed on without a copy. */
export const COPIED_BYTES_MAX = 4 * 1024;
const ROOM_BYTES_MIN = 1024;
const ROOM_BYTES_MAX = 64 * 1024;
/** The bytes of a type's letter, of a number and of a line's end. */
const HEADER_BYTES_MAX = 32;

/** A line of at most so many characters costs less one by one than as a whole. */
const SHORT_LINE_LENGTH_MAX = 16;

const LINE_END = '\r\n';
const CR = 13;
const LF = 10;
const ZERO = 48;
/** Numbers below are written digit by digit. */
const SHORT_NUMBER_END = 100_000;

/** The letters of the types. */
const TYPE = {
  simple: '+',
  error: '-',
  integer: ':',
  bulk: '$',
  array: '*',
  null: '_',
  double: ',',
  verbatim: '=',
  map: '%',
  set: '~',
  push: '>',
} as const;

export class ReplyWriter {
  version: RespVersion = 2;
  /** Called with each error that is written. */
  onError: (sentence: string) => void = () => {};
  readonly lookups: KeyLookups;
  #room: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #takenBytes = 0;

  /** @param lookups counts the keys that the replies are about. */
  constructor(lookups: KeyLookups = { hits: 0, misses: 0 }) {
    this.lookups = lookups;
  }

  /** The bytes that have been written and not taken. */
  get bytes(): number {
    return this.#partsBytes + this.#end - this.#start;
  }

  /** All bytes that were ever written. */
  get writtenBytes(): number {
    return this.#takenBytes + this.bytes;
  }

  /** Returns the bytes since the last call, in order. They belong to the caller. */
  take(): Buffer[] {
    this.#cut();
    const parts = this.#parts;
    this.#takenBytes += this.#partsBytes;
    this.#parts = [];
    this.#partsBytes = 0;
    return parts;
  }

  /** @param text one line of ASCII, without control characters. */
  simple(text: string): void {
    this.#line(TYPE.simple, text);
  }

  /**
   * @param text the code in capitals, and the message, with one character for each byte, since it may show an argument.
   * As in Redis, ends of lines are cut off at its end, and others become spaces, since they would end the reply.
   */
  error(text: string): void {
    this.onError(text);
    this.#line(TYPE.error, withoutLineEnds(text));
  }

  integer(value: number | bigint): void {
    this.#header(TYPE.integer, value);
  }

  /** Writes a text, or value[start..end). Bytes that are not copied must not change any more: see COPIED_BYTES_MAX. */
  bulk(value: Buffer | string, start = 0, end = value.length): void {
    if (typeof value === 'string') return this.bulk(Buffer.from(value));
    this.#header(TYPE.bulk, end - start);
    this.#body(value, start, end);
  }

  /** The reply for a value that does not exist. */
  null(): void {
    if (this.version === 3) this.#line(TYPE.null, '');
    else this.#line(TYPE.bulk, '-1');
  }

  /** The reply for a list that does not exist: of an EXEC that is aborted, or of a pop that waited in vain. */
  nullArray(): void {
    if (this.version === 3) this.#line(TYPE.null, '');
    else this.#line(TYPE.array, '-1');
  }

  /**
   * Begins a reply that is made of others, which are written behind it. A push is a message that is no reply: of a
   * subscription, or of a monitor.
   * @param length the number of items, for a map of pairs.
   */
  begin(type: 'array' | 'map' | 'set' | 'push', length: number): void {
    if (this.version === 3) this.#header(TYPE[type], length);
    else this.#header(TYPE.array, type === 'map' ? length * 2 : length);
  }

  double(value: number): void {
    const text = Number.isFinite(value) ? String(value) : notFinite(value);
    if (this.version === 3) this.#line(TYPE.double, text);
    else this.bulk(text);
  }

  /** Text for a person. */
  verbatim(text: string): void {
    if (this.version === 2) return this.bulk(text);
    const bytes = Buffer.from(`txt:${text}`);
    this.#header(TYPE.verbatim, bytes.length);
    this.#body(bytes, 0, bytes.length);
  }

  #line(type: string, text: string): void {
    const line = type + text + LINE_END;
    this.#reserve(line.length);
    if (line.length > SHORT_LINE_LENGTH_MAX) this.#end += this.#room.write(line, this.#end, 'latin1');
    else for (let i = 0; i < line.length; i++) this.#room[this.#end++] = line.charCodeAt(i);
  }

  #header(type: string, number: number | bigint): void {
    this.#reserve(HEADER_BYTES_MAX);
    if (typeof number === 'number' && number >= 0 && number < SHORT_NUMBER_END) this.#shortHeader(type, number);
    else this.#end += this.#room.write(type + number + LINE_END, this.#end, 'latin1');
  }

  /** Writes a few digits one by one, as nearly every header has. A call of the runtime for them costs more. */
  #shortHeader(type: string, number: number): void {
    const room = this.#room;
    let at = this.#end;
    room[at++] = type.charCodeAt(0);
    let unit = 1;
    while (unit * 10 <= number) unit *= 10;
    for (let rest = number; unit >= 1; unit = (unit / 10) | 0) {
      const digit = (rest / unit) | 0;
      room[at++] = ZERO + digit;
      rest -= digit * unit;
    }
    room[at++] = CR;
    room[at++] = LF;
    this.#end = at;
  }

  #body(bytes: Buffer, start: number, end: number): void {
    if (end - start <= COPIED_BYTES_MAX) {
      this.#reserve(end - start + LINE_END.length);
      this.#end = copyBytes(bytes, start, end, this.#room, this.#end);
    } else {
      this.#cut();
      this.#parts.push(bytes.subarray(start, end));
      this.#partsBytes += end - start;
      this.#reserve(LINE_END.length);
    }
    this.#room[this.#end++] = CR;
    this.#room[this.#end++] = LF;
  }

  /** Makes room for so many bytes. A new room is twice as large as the last one, for a client with many replies. */
  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#room.length) return;
    this.#cut();
    const doubled = Math.min(this.#room.length * 2, ROOM_BYTES_MAX);
    this.#room = Buffer.allocUnsafeSlow(Math.max(bytes, doubled, ROOM_BYTES_MIN));
    this.#start = 0;
    this.#end = 0;
  }

  /** Ends the part that is being written. The room behind it is used for the next part. */
  #cut(): void {
    if (this.#end === this.#start) return;
    this.#parts.push(this.#room.subarray(this.#start, this.#end));
    this.#partsBytes += this.#end - this.#start;
    this.#start = this.#end;
  }
}

function withoutLineEnds(text: string): string {
  let end = text.length;
  while (text[end - 1] === '\r' || text[end - 1] === '\n') end -= 1;
  return text.slice(0, end).replace(/[\r\n]/g, ' ');
}

function notFinite(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  return value > 0 ? 'inf' : '-inf';
}
