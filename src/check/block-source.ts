/**
 * Blocks of this node's log, for another node that repairs its own log. The request names two positions of that node.
 * Before anything is sent, this node checks that it has the same past at both. Each block is verified against the one
 * before it, so damage on this node is not passed on.
 */

import { HeadwaterError } from '../base/errors.js';
import { FETCH_MESSAGE_BYTES } from '../base/limits.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import type { Log } from '../log/log.js';
import type { ChecksumLookup } from '../log/lookup.js';
import type { FetchBlocksRequest, FetchBlocksResponse } from '../model/check.js';
import { formatChecksum, type Position } from '../model/position.js';
import type { StoreData } from '../store/data.js';

/** The parts of the store that this file needs. */
export interface BlockSourceStore {
  readonly data: Pick<StoreData, 'log' | 'notServing'>;
}

/**
 * @throws HeadwaterError `chain_broken` if this node has another past, or is damaged there itself; `trimmed` if its log
 *   begins behind `through`.
 */
export async function* blocksFor(
  store: BlockSourceStore,
  { after, through }: FetchBlocksRequest,
  signal: AbortSignal,
): AsyncGenerator<FetchBlocksResponse> {
  if (store.data.notServing) throw store.data.notServing;
  const { log } = store.data;
  if (after.offset >= through.offset)
    throw new HeadwaterError(
      'invalid_argument',
      `expected "after" to be less than "through", received ${after.offset} and ${through.offset}`,
    );
  // The pin is set in the turn in which the base is read, so that nothing is trimmed in between.
  const from = Math.max(after.offset, log.base.offset);
  const pin = log.trimming.pin(from, 'the repair of another node');
  try {
    await checkPast(log, through);
    if (from === after.offset) await checkPast(log, after);
    const checksum = await log.lookup.checksumAt(from);
    if (typeof checksum !== 'number') throw otherPast(after, checksum);
    const cursor = new Cursor(log, { offset: from, checksum });
    const position = { replicationId: log.history.lineage.replicationIdAt(from), offset: from, checksum };
    yield { start: { after: position, timeMs: await log.lookup.timeAt(from) }, blocks: [], more: false };
    while (cursor.offset < through.offset) {
      const blocks = await cursor.poll(FETCH_MESSAGE_BYTES);
      if (signal.aborted) throw signal.reason;
      yield* messagesOf(blocks.filter(({ lastOffset }) => lastOffset <= through.offset));
      pin.offset = cursor.offset;
    }
  } finally {
    log.trimming.unpin(pin);
  }
}

/** Messages of blocks: small blocks together, large blocks in parts. */
function* messagesOf(blocks: readonly Block[]): Generator<FetchBlocksResponse> {
  let gathered: Buffer[] = [];
  let room = FETCH_MESSAGE_BYTES;
  for (const { bytes } of blocks) {
    if (bytes.length > room && gathered.length > 0) {
      yield { start: undefined, blocks: gathered, more: false };
      gathered = [];
      room = FETCH_MESSAGE_BYTES;
    }
    let at = 0;
    for (; bytes.length - at > FETCH_MESSAGE_BYTES; at += FETCH_MESSAGE_BYTES)
      yield { start: undefined, blocks: [bytes.subarray(at, at + FETCH_MESSAGE_BYTES)], more: true };
    gathered.push(bytes.subarray(at));
    room -= bytes.length - at;
  }
  if (gathered.length > 0) yield { start: undefined, blocks: gathered, more: false };
}

async function checkPast(log: Log, position: Position): Promise<void> {
  const here = await log.lookup.checksumAt(position.offset);
  if (here === 'trimmed')
    throw new HeadwaterError(
      'trimmed',
      `asked for blocks up to offset ${position.offset}, the log holds ${log.base.offset + 1} to ${log.end.offset}`,
    );
  if (here !== position.checksum) throw otherPast(position, here);
}

function otherPast({ offset, checksum }: Position, here: ChecksumLookup): HeadwaterError {
  const found =
    typeof here === 'number'
      ? `the checksum is ${formatChecksum(here)}`
      : here === 'beyond'
        ? 'the log ends before that'
        : 'no block ends there';
  return new HeadwaterError(
    'chain_broken',
    `expected the running checksum ${formatChecksum(checksum)} at offset ${offset}; on this node ${found}`,
  );
}
