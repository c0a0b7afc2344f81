/**
 * How large the replies of a pipeline stream will be, judged by those that came
 * before: small questions can have large answers, and how large is known only
 * when they are there.
 */
import { REPLY_MESSAGE_BYTES_TARGET } from '../limits.js';
import { type Batch, split } from './batch.js';

/** Reply bytes that a batch is cut to: some messages, so that cutting costs little. */
export const BATCH_REPLY_BYTES_TARGET = 4 * REPLY_MESSAGE_BYTES_TARGET;

/** Taken for the bytes of a reply until the first have been seen. */
const REPLY_BYTES_UNSEEN = 8 * 1024;

export class ReplyBytes {
  /** Bytes of one reply: raised at once, lowered by halves. */
  #ofReads = REPLY_BYTES_UNSEEN;
  #ofWrites = REPLY_BYTES_UNSEEN;

  /** What the batch was answered with. */
  note({ writes, replies, replyBytes }: Batch): void {
    const average = replyBytes / Math.max(1, replies.length);
    if (writes) this.#ofWrites = Math.max(average, this.#ofWrites / 2);
    else this.#ofReads = Math.max(average, this.#ofReads / 2);
  }

  expectedOf(batch: Batch): number {
    return Math.ceil(batch.accepted.length * this.#each(batch));
  }

  /** The batch, in two where its replies would be many bytes. */
  cut(batch: Batch): [first: Batch, rest?: Batch] {
    const count = Math.max(1, Math.floor(BATCH_REPLY_BYTES_TARGET / this.#each(batch)));
    return batch.accepted.length > count ? split(batch, count) : [batch];
  }

  #each({ writes }: Batch): number {
    return writes ? this.#ofWrites : this.#ofReads;
  }
}
