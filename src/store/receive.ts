/**
 * The checks of a follower before a block from upstream may enter a log. The block must follow the log and be whole.
 * The history must be one of ours or one that was announced with the block. Every command must be known. The checks are
 * pure, so that the store and a generation under construction check the same.
 */
import { HeadwaterError } from '../base/errors.js';
import { type Block, CHECKING_VISITOR } from '../log/block.js';
import type { Log } from '../log/log.js';
import { Lineage, type LineageRow } from '../model/lineage.js';

/**
 * @param rows announced lineage rows that the blocks may begin.
 * @throws HeadwaterError `chain_broken`, `protocol_violation`, `unknown_format` or `corrupt`; nothing may be appended
 * then.
 */
export function verifyReceived(
  log: Pick<Log, 'end' | 'history'>,
  blocks: readonly Block[],
  rows: readonly LineageRow[],
): void {
  let { offset, checksum } = log.end;
  let lineage = log.history.lineage;
  const announced = new Set(rows);
  for (const block of blocks) {
    block.verifyAfter(offset, checksum);
    const row = rows.find((candidate) => candidate.firstOffset === block.firstOffset);
    if (row) {
      if (row.checksum !== checksum)
        throw new HeadwaterError(
          'protocol_violation',
          `the history ${row.replicationId} does not continue the log of this node`,
        );
      lineage = Lineage.received([...lineage.upTo(offset).rows, row]);
      announced.delete(row);
    }
    const expected = lineage.replicationIdAt(block.firstOffset);
    if (block.replicationId !== expected) {
      throw new HeadwaterError(
        'protocol_violation',
        `block ${block.firstOffset} to ${block.lastOffset} has the wrong history: expected ${expected}, received ${block.replicationId}`,
      );
    }
    block.visit(CHECKING_VISITOR);
    offset = block.lastOffset;
    checksum = block.checksum;
  }
  // Announced rows are appended with the blocks, so a row that no block begins must not enter.
  for (const { replicationId, firstOffset } of announced) {
    throw new HeadwaterError(
      'protocol_violation',
      `expected the first block of the history ${replicationId} at offset ${firstOffset}, received none`,
    );
  }
}
