/**
 * Gathers events into responses of about the size of a message. A response that
 * ends inside a block says so (`more`), and holds no events of earlier blocks.
 * So a client that loses the stream there resumes from the end of the block
 * before.
 */

import { REPLY_MESSAGE_BYTES_TARGET } from '../base/limits.js';
import type { Position } from '../model/position.js';
import type { Told } from '../model/streams.js';

/** Events that belong in one response. */
export interface Piece<Event> {
  readonly events: readonly Event[];
  /** An estimate of the bytes of the events, always more than 0. */
  readonly bytes: number;
}

export class ResponseBuilder<Event> {
  #events: Event[] = [];
  #bytes = 0;
  #position: Position;

  /** @param position the position up to which every event has been sent. */
  constructor(position: Position) {
    this.#position = position;
  }

  /** The position up to which every event has been sent or gathered. */
  get position(): Position {
    return this.#position;
  }

  /** Adds all events up to `position`, the end of the next block. Yields the responses that are full by then. */
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

  /** Yields the response that has been gathered, if it has an event. */
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
