/**
 * The requests of one Redis client that have come and are not begun, and the memory that they take.
 *
 * A chunk of the socket is small, so every connection may hold one. A request that came in many chunks is counted with
 * the memory of all connections: while it is incomplete, and then until it is answered. So requests that wait for the
 * writer count too.
 */
import { Fifo } from '../../base/fifo.js';
import { RECEIVING_SMALL_BYTES } from '../../base/limits.js';
import { HeldBytes } from '../codec/held-bytes.js';
import type { ProtocolError } from '../codec/protocol-error.js';
import type { Request, RequestParser } from '../codec/request-parser.js';
import type { HeldRequests, Holder } from './held-requests.js';

/** The use that a session makes of its requests, as `note` explains. */
interface SessionUse {
  readonly unanswered: number;
  readonly isReading: boolean;
  readonly queuedBytes: number;
}

/** Requests that came together and are more than a chunk. */
interface LargeBatch {
  readonly bytes: number;
  /** The number of requests of the connection up to the last one of these. */
  readonly end: number;
}

const AHEAD_MAX = 256;

export class Intake {
  readonly #parser: RequestParser;
  readonly #memory: Pick<HeldRequests, 'note'>;
  readonly #holder: Holder;
  #requests: Array<Request | ProtocolError> = [];
  #next = 0;
  /** Bytes of the requests that have come together. */
  #bytes = 0;
  /** The requests that have become complete, and those that the session has begun. */
  #complete = 0;
  #begun = 0;
  /** Complete requests that are more than a chunk, and that are not answered. */
  readonly #large = new Fifo<LargeBatch>();
  #largeBytes = 0;
  /** Bytes behind the requests that wait, which are not looked at yet: requests take more memory than their bytes. */
  readonly #unread = new HeldBytes();
  #isOver = false;

  /** @param memory of the requests of all sessions. @param holder the session, as that memory stops it. */
  constructor(parser: RequestParser, memory: Pick<HeldRequests, 'note'>, holder: Holder) {
    this.#parser = parser;
    this.#memory = memory;
    this.#holder = holder;
  }

  /** The requests that have become complete since the connection began. */
  get received(): number {
    return this.#complete;
  }

  /** Takes the next bytes of the connection. */
  receive(chunk: Buffer): void {
    if (this.#isOver) return;
    if (!this.#hasRoom || this.#unread.length > 0) this.#unread.add(chunk);
    else this.#parse(chunk);
  }

  /** Looks at the bytes that wait, once the requests before them have been passed over. @returns true if one is first. */
  receiveWaiting(): boolean {
    this.settle();
    while (this.#requests.length === 0 && this.#unread.length > 0) this.#parse(this.#unread.shift());
    return this.first !== undefined;
  }

  #parse(chunk: Buffer): void {
    const heldBytes = this.#parser.heldBytes;
    const requests = this.#parser.take(chunk);
    if (requests.length === 0) return;
    const bytes = heldBytes + chunk.length;
    const isFirst = this.#requests.length === 0;
    this.#bytes = isFirst ? bytes : this.#bytes + bytes;
    this.#complete += requests.length;
    if (bytes > RECEIVING_SMALL_BYTES) {
      this.#large.push({ bytes, end: this.#complete });
      this.#largeBytes += bytes;
    }
    if (isFirst) this.#requests = requests;
    else for (const request of requests) this.#requests.push(request);
  }

  /** True if nothing waits. */
  get isEmpty(): boolean {
    return this.#requests.length === 0 && this.#unread.length === 0;
  }

  /** True if the requests of another chunk may be added to those that wait. */
  get #hasRoom(): boolean {
    return this.#requests.length === 0 || this.#bytes <= RECEIVING_SMALL_BYTES;
  }

  /** The first request. Undefined if none is left. */
  get first(): Request | ProtocolError | undefined {
    return this.#requests[this.#next];
  }

  /** The place of the first request among those that have come together, for `bytesSince`. */
  get place(): number {
    return this.#next;
  }

  /** The requests that have come together, each at its `place`. Later ones are added, and none leaves. */
  get together(): ReadonlyArray<Request | ProtocolError> {
    return this.#requests;
  }

  /** The first request and up to AHEAD_MAX - 1 behind it. */
  get ahead(): ReadonlyArray<Request | ProtocolError> {
    return this.#requests.slice(this.#next, this.#next + AHEAD_MAX);
  }

  /** Passes over the first request. The requests stay in memory until all have been passed over. */
  advance(): void {
    this.#next++;
    this.#begun++;
  }

  /** Forgets the requests if none is left. */
  settle(): void {
    if (this.#next === 0 || this.#next < this.#requests.length) return;
    this.#requests = [];
    this.#next = 0;
  }

  /** The bytes of the requests between a place and the first: their share of the chunk, exact for larger ones. */
  bytesSince(place: number): number {
    const count = this.#next - place;
    if (this.#bytes <= RECEIVING_SMALL_BYTES) return Math.ceil((this.#bytes * count) / this.#requests.length);
    let bytes = 0;
    for (let at = place; at < this.#next; at++) {
      for (const argument of this.#requests[at] as Request) bytes += argument.length;
    }
    return bytes;
  }

  /** True if there are large requests that are complete and not answered. */
  get hasLarge(): boolean {
    return this.#large.length > 0;
  }

  /** Bytes of the request that is not complete yet. */
  get heldBytes(): number {
    return this.#parser.heldBytes;
  }

  /**
   * Notes the bytes with the memory of all sessions.
   * @param state.unanswered the number of requests that are begun and not answered.
   * @param state.isReading false if the session itself reads nothing now.
   * @param state.queuedBytes of commands that wait for EXEC, and of watched keys.
   */
  note({ unanswered, isReading, queuedBytes }: SessionUse): void {
    if (this.#isOver) return;
    for (let batch = this.#large.at(0); batch && batch.end <= this.#begun - unanswered; batch = this.#large.at(0)) {
      this.#large.shift();
      this.#largeBytes -= batch.bytes;
    }
    const { heldBytes } = this.#parser;
    // A client that waits for answers has nothing to send, so nothing is gained if it is read alone.
    const canGoOn = isReading && (unanswered === 0 || heldBytes > 0);
    this.#memory.note(this.#holder, heldBytes + this.#unread.memory + this.#largeBytes + queuedBytes, canGoOn);
  }

  /** Drops everything, and takes nothing more. */
  end(): void {
    this.#isOver = true;
    this.#unread.clear();
    this.#requests = [];
    this.#next = 0;
    this.#memory.note(this.#holder, 0, true);
  }
}
