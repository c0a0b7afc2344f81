/**
 * What nodes keep in memory, looked at in every turn in which it changes: the
 * log's tail refers to no more bytes than its bound allows. In some runs the
 * bound is small, so that blocks leave the tail and slow followers read from disk.
 */
import type { Block } from '../../../src/log/block.js';
import { Tail } from '../../../src/log/tail.js';
import { Violation } from './history.js';

/** Some tens of small blocks. A large one stands alone. */
const TAIL_BYTES_MAX = 8 * 1024;
/** One run in so many has the small tail. */
const SMALL_IN = 4;

/** @returns ends it. */
export function observeMemory(seed: number, fails: (violation: Violation) => void): () => void {
  const { push } = Tail.prototype;
  const isSmall = seed % SMALL_IN === 0;
  Tail.prototype.push = function (this: Tail, block: Block) {
    if (isSmall) (this as { bytesMax: number }).bytesMax = TAIL_BYTES_MAX;
    push.call(this, block);
    const most = Math.max(this.bytesMax, block.bytes.length);
    if (this.referencedBytes > most)
      fails(new Violation(`memory is bounded in bytes: the log's tail refers to ${this.referencedBytes} of ${most}`));
  };
  return () => {
    Tail.prototype.push = push;
  };
}
