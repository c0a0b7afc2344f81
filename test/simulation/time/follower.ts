/**
 * The follower of a run of time: it applies every block of the leader's log, and
 * its clock is that of a machine that is never wrong.
 */
import { DUE_START, dueEnd } from '../../../src/keyspace/record.js';
import type { Store } from '../../../src/store/store.js';
import { START_MS, type TestClock } from '../../support/clock.js';
import { MemoryDisk } from '../../support/database.js';
import { MemoryFiles } from '../../support/memory-files.js';
import { TestStore } from '../../support/store.js';

/** Checkpoints come often. */
export const BUDGET = { overlayBytesMax: 50_000, replayBytesMax: 50_000 };

/** Behind every row. */
const LAST_MS = START_MS + 2 * 365 * 86_400_000;

interface Machine {
  readonly clock: TestClock;
  random(): number;
  randomBytes(count: number): Buffer;
}

/** A disk whose operations take no time. */
export function promptDisk(files: MemoryFiles, { random }: Pick<Machine, 'random'>): MemoryDisk {
  return new MemoryDisk({
    isFolder: (location) => files.isFolder(location),
    makeFolder: async (location) => files.makeFolder(location),
    delay: async () => {},
    random,
  });
}

export class TimeFollower {
  readonly #machine: Machine;
  #test: TestStore | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get store(): Store {
    return (this.#test as TestStore).store;
  }

  /** From an empty disk: what a power cut took from the leader, the follower of before would have to give back. */
  async beginAgain(leader: Store): Promise<void> {
    await this.close();
    const { clock, randomBytes } = this.#machine;
    const files = new MemoryFiles(async () => {});
    this.#test = await TestStore.follower({
      directory: '/data',
      disk: promptDisk(files, this.#machine),
      files: files.of({ dead: false }),
      clock,
      fsync: 'never',
      budget: BUDGET,
      randomBytes,
    });
    await this.catchUp(leader);
  }

  async catchUp(leader: Store): Promise<void> {
    const { rows } = leader.data.log.history.lineage;
    for (;;) {
      const at = this.store.data.position.offset;
      const blocks = await leader.data.log.read(at, 1e6);
      const [first, last] = [blocks[0], blocks.at(-1)];
      if (!first || !last) return;
      const begun = rows.filter(
        ({ firstOffset, replicationId }) =>
          firstOffset > at &&
          firstOffset <= last.lastOffset &&
          blocks.some((block) => block.replicationId === replicationId),
      );
      this.store.intake.setTime(leader.clock.now());
      await this.store.intake.receive(blocks, begun);
    }
  }

  /** Rows of its index, whenever they are due. */
  async dueRows(): Promise<number> {
    const test = this.#test as TestStore;
    let rows = 0;
    for await (const _ of test.disk.raw(test.location('keyspace')).keys({ gte: DUE_START, lt: dueEnd(LAST_MS) }))
      rows++;
    return rows;
  }

  async close(): Promise<void> {
    await this.#test?.store.close();
  }
}
