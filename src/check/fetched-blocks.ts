/** Blocks of another node's log that arrive for a repair, put together from their parts. */

import { HeadwaterError } from '../base/errors.js';
import { BLOCK_BYTES_CEILING } from '../base/limits.js';
import { Block } from '../log/block.js';
import type { FetchBlocksResponse } from '../model/check.js';
import type { Position } from '../model/position.js';

export interface FetchedBlocks {
  /** The position before the first block, and the time of the block that ends there, milliseconds since the epoch. */
  readonly after: Position;
  readonly timeMs: number;
  /** The blocks, not verified yet: the log that takes them verifies them. */
  readonly blocks: AsyncIterable<readonly Block[]>;
}

/** @throws HeadwaterError the refusal of the other node; `protocol_violation`. */
export async function beginFetching(responses: AsyncIterable<FetchBlocksResponse>): Promise<FetchedBlocks> {
  const iterator = responses[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done ? undefined : first.value.start;
  if (!start) {
    await iterator.return?.();
    throw new HeadwaterError(
      'protocol_violation',
      'expected the beginning of the blocks in the first message, received none',
    );
  }
  return { ...start, blocks: piecesOf(iterator, first.value) };
}

async function* piecesOf(
  responses: AsyncIterator<FetchBlocksResponse>,
  first: FetchBlocksResponse,
): AsyncGenerator<readonly Block[]> {
  let partial: Buffer[] = [];
  try {
    for (let response = first; ; ) {
      const whole: Block[] = [];
      for (const [i, bytes] of response.blocks.entries()) {
        partial.push(bytes);
        checkSize(partial);
        if (response.more && i === response.blocks.length - 1) continue;
        whole.push(new Block(partial.length === 1 ? bytes : Buffer.concat(partial)));
        partial = [];
      }
      if (whole.length > 0) yield whole;
      const next = await responses.next();
      if (next.done) break;
      response = next.value;
    }
    if (partial.length > 0) throw new HeadwaterError('protocol_violation', 'the stream of blocks ends inside a block');
  } finally {
    await responses.return?.();
  }
}

function checkSize(parts: readonly Buffer[]): void {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  if (bytes > BLOCK_BYTES_CEILING)
    throw new HeadwaterError(
      'protocol_violation',
      `expected a block of at most ${BLOCK_BYTES_CEILING} bytes, received more than ${bytes}`,
    );
}
