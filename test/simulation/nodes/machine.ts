/**
 * The machine of a simulated node: its disk and files, which outlive each of its
 * processes. A power cut takes from them what no durable point covers.
 */
import { valueOfCheckedRow } from '../../../src/base/checked-row.js';
import type { Block } from '../../../src/log/block.js';
import { blockKey } from '../../../src/log/rows.js';
import type { NodeRecord } from '../../../src/store/node-record.js';
import type { TestClock } from '../../support/clock.js';
import { MemoryDisk } from '../../support/database.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { delays } from '../delays.js';
import type { Dice } from '../dice.js';

export const DIRECTORY = '/data';
/** The longest that an operation of a disk takes. */
const OPERATION_MS_MAX = 0.3;
/** The time to pass one deletion mark: some 10,000 times as long as in LevelDB, where there are so many times more. */
const MARK_MS = 2;

export class Machine {
  readonly files: MemoryFiles;
  readonly disk: MemoryDisk;
  readonly #dice: Dice;
  #boots = 1;

  constructor({ clock, dice }: { readonly clock: TestClock; readonly dice: Dice }) {
    this.#dice = dice;
    const delay = delays({ clock, dice }, OPERATION_MS_MAX);
    this.files = new MemoryFiles(delay);
    this.disk = new MemoryDisk({
      isFolder: (location) => this.files.isFolder(location),
      makeFolder: async (location) => this.files.makeFolder(location),
      delay,
      random: dice.random,
      walk: (marks) => new Promise((resolve) => void clock.after(marks * MARK_MS, resolve)),
    });
  }

  get bootId(): string {
    return `boot ${this.#boots}`;
  }

  /** The generation in use. */
  get generation(): string {
    return String(this.files.bytesOf(`${DIRECTORY}/CURRENT`));
  }

  /** Whether the disk says that the node leads because it was promoted. */
  get isPromoted(): boolean {
    const { role, promoted, superseded_by } = JSON.parse(
      this.files.bytesOf(`${DIRECTORY}/node.json`)?.toString() ?? '{}',
    ) as Partial<NodeRecord>;
    return role === 'leader' && promoted === true && superseded_by === undefined;
  }

  async powerCut(): Promise<void> {
    this.files.powerCut(() => this.#dice.random() < 0.5);
    await this.disk.powerCut();
    this.#boots++;
  }

  /** The blocks kept in a folder of the data directory, as they lie there. */
  kept(folder: 'lost-writes' | 'damaged'): Buffer[] {
    const blocks: Buffer[] = [];
    for (const [name, bytes] of this.files.contents(`${DIRECTORY}/${folder}`)) {
      if (!name.endsWith('.blocks')) continue;
      for (let at = 0; at < bytes.length; ) {
        const end = at + 4 + bytes.readUInt32BE(at);
        blocks.push(bytes.subarray(at + 4, end));
        at = end;
      }
    }
    return blocks;
  }

  /** The offset up to which an interrupted flush may have changed the keyspace beside that log. */
  async flushingTo(log: string): Promise<number> {
    const key = Buffer.from('mflushing');
    const row = await this.disk.raw(log.replace(/\/log$/, '/keyspace')).get(key);
    return row ? Number(valueOfCheckedRow(key, row)) : 0;
  }

  /** Puts a block in the place of the one that ends there, while no process runs. */
  async forge(location: string, block: Block): Promise<void> {
    await this.disk.raw(location).put(blockKey(block.lastOffset), block.bytes);
    this.disk.journal(location)?.wrote([[blockKey(block.lastOffset).toString('latin1'), block.bytes]], {
      sync: true,
      random: 1,
    });
  }
}
