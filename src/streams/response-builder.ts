/**
 * Puts what is to be told into responses of about the size of a message. A
 * response that ends inside a block says so (`more`); it holds nothing of the
 * blocks before, so that whoever loses the stream there goes on from the end of
 * the block before this one.
 */
import { REPLY_MESSAGE_BYTES_TARGET } from '../base/limits.js';
import type { Position } from '../model/position.js';
import type { Told } from '../wire/streams.js';

/** Events that belong into one response. */
export interface Piece<Event> {
  readonly events: readonly Event[];
  /** More than 0. */
  readonly bytes: number;
}

export class ResponseBuilder<Event> {
  #events: Event[] = [];
  #bytes = 0;
  #position: Position;

  /** @param position up to which everything has been told. */
  constructor(position: Position) {
    this.#position = position;
  }

  /** Up to here everything is told or gathered. */
  get position(): Position {
    return this.#position;
  }

  /** All that there is to tell up to `position`, the end of the next block; the responses that are full by then. */
  *add(position: Position, pieces: readonly Piece<Event>[]): Generator<Told<Event>> {
    const bytes = pieces.reduce((sum, piece) => sum + piece.bytes, 0);
    if (this.#bytes + bytes > REPLY_MESSAGE_BYTES_TARGET) yield* this.rest();
    this.#position = position;
    for (const piece of pieces) {
      if (this.#bytes >= REPLY_MESSAGE_BYTES_TARGET) yield this.#take(true);
      for (const event of piece.events) this.#events.push(event);
      this.#bytes += piece.bytes;
    }
  }

  /** What is gathered, if anything is. */
  *rest(): Generator<Told<Event>> {
    if (this.#events.length > 0) yield this.#take(false);
  }

  #take(more: boolean): Told<Event> {
    const told = { events: this.#events, position: this.#position, more };
    this.#events = [];
    this.#bytes = 0;
    return told;
  }
}
