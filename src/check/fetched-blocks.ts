/** Blocks of another node's log as they arrive for a repair: put together, and in pieces. */
import { HeadwaterError } from '../base/errors.js';
import { BLOCK_BYTES_CEILING } from '../base/limits.js';
import { Block } from '../log/block.js';
import type { Position } from '../model/position.js';
import type { FetchBlocksResponse } from '../wire/check.js';

export interface FetchedBlocks {
  /** Where the blocks begin, and when what ends there was written, milliseconds since the epoch. */
  readonly after: Position;
  readonly timeMs: number;
  /** Not verified: whoever puts them into a log does. */
  readonly blocks: AsyncIterable<readonly Block[]>;
}

/** @throws HeadwaterError what the other node refused with; `protocol_violation`. */
export async function beginFetching(responses: AsyncIterable<FetchBlocksResponse>): Promise<FetchedBlocks> {
  const iterator = responses[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done ? undefined : first.value.start;
  if (!start) {
    await iterator.return?.();
    throw new HeadwaterError('protocol_violation', 'expected to hear first where the blocks begin');
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
    if (partial.length > 0) throw new HeadwaterError('protocol_violation', 'the blocks end inside one');
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
