/** The replies of a pipeline whose turn it is to be sent. Replies that are ready in the same turn leave in one message. */

import type { DurabilityReached } from '../base/error-details.js';
import { REPLY_MESSAGE_BYTES_TARGET } from '../base/limits.js';
import type { Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import type { Batch } from '../pipeline/batch.js';
import type { Output } from '../pipeline/output.js';
import { encodePipelineResponse } from '../protobuf/pipeline.js';

/** The stream that the replies leave by. */
export interface OutputStream {
  /** @returns false if the next message has to wait for `drained`. */
  write(message: Buffer): boolean;
  drained(): Promise<void>;
}

export class ReplyOutput implements Output {
  readonly #stream: OutputStream;
  readonly #onDrained: () => void;
  #replies: Reply[] = [];
  #position: Position | undefined;
  /** The durability of all these replies. Replies with durability have messages of their own. */
  #reached: DurabilityReached | undefined;
  /** True while a message waits for the client to read. */
  isWaiting = false;

  constructor(stream: OutputStream, onDrained: () => void) {
    this.#stream = stream;
    this.#onDrained = onDrained;
  }

  get length(): number {
    return this.#replies.length;
  }

  /** Adds the replies of a batch. @returns false if no message can have them beside those that are here. */
  add({ replies, position, reached }: Batch): boolean {
    if (reached !== this.#reached) {
      if (this.#replies.length > 0) return false;
      this.#reached = reached;
    }
    for (const reply of replies) this.#replies.push(reply);
    this.#position = position ?? this.#position;
    return true;
  }

  /** Sends until the client has to read first. @returns true if everything was sent. */
  send(): boolean {
    let next = 0;
    while (next < this.#replies.length) {
      const message = encodePipelineResponse(
        this.#replies,
        next,
        this.#position,
        REPLY_MESSAGE_BYTES_TARGET,
        this.#reached,
      );
      next = message.next;
      if (this.#stream.write(message.bytes)) continue;
      this.#wait();
      break;
    }
    if (next < this.#replies.length) {
      this.#replies.splice(0, next);
      return false;
    }
    this.#replies = [];
    // A later refusal has seen no data, so it must not carry this position. By then the position may be of a lost
    // branch.
    this.#position = undefined;
    return true;
  }

  #wait(): void {
    this.isWaiting = true;
    void this.#stream.drained().then(() => {
      this.isWaiting = false;
      this.#onDrained();
    });
  }

  clear(): void {
    this.#replies.length = 0;
  }
}
