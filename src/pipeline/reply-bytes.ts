/**
 * Estimates the size of the replies of a pipeline stream from the replies that came before. Small requests can have
 * large replies, whose size is known only when they are made.
 */
import { type Batch, split, weightOf } from './batch.js';

/** The estimate for a reply until the first have been seen. */
const REPLY_BYTES_UNSEEN = 8 * 1024;

export class ReplyBytes {
  /** Estimated bytes of one reply. The estimate rises at once, and falls by halves. */
  #ofReads = REPLY_BYTES_UNSEEN;
  #ofWrites = REPLY_BYTES_UNSEEN;
  /** True once replies of reads have been seen. Before, their size is a guess. */
  hasSeenReads = false;

  /** Notes the size of the batch's replies. */
  note({ writes, weight, refused, replyBytes }: Batch): void {
    const average = replyBytes / Math.max(1, weight + (refused?.size ?? 0));
    if (writes) this.#ofWrites = Math.max(average, this.#ofWrites / 2);
    else {
      this.#ofReads = Math.max(average, this.#ofReads / 2);
      this.hasSeenReads = true;
    }
  }

  expectedOf(batch: Batch): number {
    return Math.ceil(batch.weight * this.#each(batch));
  }

  /** Returns the batch, or two batches if the replies would have more than `bytes`. */
  cut(batch: Batch, bytes: number): [first: Batch, rest?: Batch] {
    const weight = Math.max(1, Math.floor(bytes / this.#each(batch)));
    return batch.weight > weight ? split(batch, countWithin(batch, weight)) : [batch];
  }

  #each({ writes }: Pick<Batch, 'writes'>): number {
    return writes ? this.#ofWrites : this.#ofReads;
  }
}

/** The number of operations, at least one, that weigh no more than so much. */
function countWithin({ accepted }: Batch, weight: number): number {
  let left = weight;
  const first = accepted.findIndex((operation) => {
    left -= weightOf(operation);
    return left < 0;
  });
  return Math.max(1, first);
}
