/**
 * A leader and its follower run as users run them, and values of all sizes are
 * written. Their memory must stay below the figure in src/rpc/README.md: bounds in numbers
 * of things would let it pass a gigabyte with large values.
 */
import assert from 'node:assert/strict';
import { assertEqualData, Cluster } from '../support/cluster.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const MiB = 1024 * 1024;
/** src/rpc/README.md says so. */
const RESIDENT_BYTES_MAX = 1024 * MiB;
const IN_FLIGHT = 16;
/** Half a gigabyte of values: nodes that kept all of them would take more than they may. HEADWATER_RUNS multiplies it. */
const RUNS = Number(process.env.HEADWATER_RUNS ?? 1);

/** All values are parts of it, so that this process spends no time on making and collecting them. */
const VALUE = Buffer.alloc(16 * MiB, 'v');

describe('memory under values of all sizes', function () {
  this.timeout(400_000);

  it('stays below what src/rpc/README.md says, at the leader and at the follower', async () => {
    await using cluster = new Cluster();
    const nodes = await cluster.leaderAndFollowers(1);
    const [leader, follower] = nodes as [(typeof nodes)[0], (typeof nodes)[0]];
    const db = await leader.client();
    const random = seededRandom(seedOfThisRun());
    const sizes = [
      ...Array.from({ length: 100 * RUNS }, () => 4 * MiB),
      ...Array.from({ length: 7 * RUNS }, () => 16 * MiB),
      ...Array.from({ length: 1_300 * RUNS }, () => Math.floor(16 * 2 ** (random() * 12))),
    ].sort(() => random() - 0.5);
    let inFlight: Array<Promise<unknown>> = [];
    for (const [i, size] of sizes.entries()) {
      inFlight.push(db.set(`${i % 500}`, VALUE.subarray(0, size)));
      // Long keys are what the memory of recent keys holds.
      if (i % 2 === 0) inFlight.push(db.set(`${i} `.padEnd(60_000, 'k'), 'v'));
      if (inFlight.length < IN_FLIGHT) continue;
      await Promise.all(inFlight);
      inFlight = [];
    }
    await Promise.all(inFlight);
    await assertEqualData(leader, follower);
    for (const node of [leader, follower]) {
      const bytes = node.memoryBytes('VmHWM');
      assert(bytes < RESIDENT_BYTES_MAX, `${node.name} had ${Math.round(bytes / MiB)} MiB resident`);
      if (process.env.HEADWATER_SHOW) console.log(`${node.name}: ${Math.round(bytes / MiB)} MiB`);
    }
  });
});
