/**
 * How large the replies of a pipeline stream will be, judged by those that came
 * before: small questions can have large answers, and how large is known only
 * when they are there.
 */
import { type Batch, split } from './batch.js';

/** Taken for the bytes of a reply until the first have been seen. */
const REPLY_BYTES_UNSEEN = 8 * 1024;

export class ReplyBytes {
  /** Bytes of one reply: raised at once, lowered by halves. */
  #ofReads = REPLY_BYTES_UNSEEN;
  #ofWrites = REPLY_BYTES_UNSEEN;
  /** Whether replies of reads have been seen: before, their size is a guess. */
  hasSeenReads = false;

  /** What the batch was answered with. */
  note({ writes, replies, replyBytes }: Batch): void {
    const average = replyBytes / Math.max(1, replies.length);
    if (writes) this.#ofWrites = Math.max(average, this.#ofWrites / 2);
    else {
      this.#ofReads = Math.max(average, this.#ofReads / 2);
      this.hasSeenReads = true;
    }
  }

  expectedOf(batch: Batch): number {
    return Math.ceil(batch.accepted.length * this.#each(batch));
  }

  /** The batch, in two if its replies would be more than so many bytes. */
  cut(batch: Batch, bytes: number): [first: Batch, rest?: Batch] {
    const count = Math.max(1, Math.floor(bytes / this.#each(batch)));
    return batch.accepted.length > count ? split(batch, count) : [batch];
  }

  #each({ writes }: Batch): number {
    return writes ? this.#ofWrites : this.#ofReads;
  }
}
