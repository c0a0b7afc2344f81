/** Blocks for tests: commands in one line, and a history that seals them one after another. */
import assert from 'node:assert/strict';
import { type Block, sealBlock } from '../../src/log/block.js';
import type { Command } from '../../src/model/command.js';
import type { LineageRow } from '../../src/model/lineage.js';
import { ORIGIN, type Position } from '../../src/model/position.js';
import { historyId } from '../support/seeds.js';

/** More bytes than any log of a test has. */
export const ALL = Number.MAX_SAFE_INTEGER;

/** The last offset of each block. */
export const ends = (blocks: readonly Block[]): number[] => blocks.map((block) => block.lastOffset);

export const put = (key: string, value: string | Buffer = 'v', expiresAtMs = 0): Command => ({
  kind: 'put',
  key: Buffer.from(key, 'latin1'),
  value: Buffer.from(value),
  expiresAtMs,
  type: 0,
});
export const del = (key: string): Command => ({ kind: 'del', key: Buffer.from(key, 'latin1') });
export const touch = (key: string, expiresAtMs: number): Command => ({
  kind: 'touch',
  key: Buffer.from(key, 'latin1'),
  expiresAtMs,
});
export const clear = (): Command => ({ kind: 'clear' });
export const message = (channel: string, data: string): Command => ({
  kind: 'message',
  channel: Buffer.from(channel),
  data: Buffer.from(data),
});

/** Seals blocks that follow each other, as a leader would. */
export class History {
  replicationId: string;
  end: Position;
  timeMs = 1_000;
  /** Every block so far. */
  readonly blocks: Block[] = [];
  /** Rows of the histories begun so far. */
  readonly rows: LineageRow[] = [];

  constructor(letters = 'a', end: Position = ORIGIN) {
    this.end = end;
    this.replicationId = historyId(letters);
    this.#begin();
  }

  /** The next block is the first of another history; the row that says so. */
  begin(letters: string): LineageRow {
    this.replicationId = historyId(letters);
    return this.#begin();
  }

  block(...commands: Command[]): Block {
    this.timeMs += 1;
    const block = sealBlock({ commands, previous: this.end, replicationId: this.replicationId, timeMs: this.timeMs });
    this.end = block.position;
    this.blocks.push(block);
    return block;
  }

  /** A block of `count` puts. */
  puts(count: number, value: string | Buffer = 'v'): Block {
    const first = this.end.offset + 1;
    return this.block(...Array.from({ length: count }, (_, i) => put(`k${first + i}`, value)));
  }

  #begin(): LineageRow {
    const epoch = (this.rows.at(-1)?.epoch ?? 0) + 1;
    const row = {
      replicationId: this.replicationId,
      firstOffset: this.end.offset + 1,
      checksum: this.end.checksum,
      epoch,
    };
    while (this.rows.at(-1)?.firstOffset === row.firstOffset) this.rows.pop();
    this.rows.push(row);
    return row;
  }
}

/** The same bytes with one bit turned over. */
export function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  assert(bit >> 3 < copy.length, 'a bit that is there');
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
}
