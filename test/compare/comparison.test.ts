/**
 * A leader compares itself with its followers while writes go on. All must be
 * compared at one offset, and each must be reported as equal, different or silent.
 */
import assert from 'node:assert/strict';
import type { CompareReply } from '../../src/model/comparison.js';
import { flipped } from '../log/blocks.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const outcomes = ({ nodes }: CompareReply) => nodes.map(({ address, outcome }) => `${address} ${outcome}`).sort();

describe('a comparison', () => {
  let world: World;
  let leader: TestNode;
  let middle: TestNode;
  let end: TestNode;

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    leader = await world.node('L');
    await leader.write(20);
    middle = await world.node('M', { follows: 'L' });
    await level(world, leader, middle);
    end = await world.node('E', { follows: 'M' });
    await level(world, leader, middle, end);
  });

  /** While time goes on. */
  async function compareAt(node: TestNode, timeoutMs: number): Promise<CompareReply> {
    let result: CompareReply | undefined;
    void node.comparisons.compare(timeoutMs).then((comparison) => {
      result = comparison;
    });
    await world.until('all have answered or the time is over', () => result !== undefined);
    return result as CompareReply;
  }

  /** Takes a record out of a node's keyspace on disk, behind the back of its log. */
  async function plant(node: TestNode): Promise<void> {
    await (await node.store.snapshots.at()).release();
    const keyspace = node.test.disk.raw(node.test.location('keyspace', 2));
    const row = (await keyspace.iterator().all()).find(([name]) => name.includes('k7'));
    assert(row);
    await keyspace.del(row[0]);
  }

  it('that fails at the leader leaves no timer behind, however long it would have waited', async () => {
    const before = world.clock.waiting;
    const spoilt = { position: leader.store.data.position, digest: () => Promise.reject(new Error('spoilt')) };
    leader.store.writes.mark = async (_, said) => {
      said?.();
      return { ...spoilt, release: async () => {} } as never;
    };
    await assert.rejects(leader.comparisons.compare(60_000), /spoilt/);
    assert.equal(world.clock.waiting, before);
  });

  it('ends when its leader stops, however long it would have waited', async () => {
    const before = world.clock.waiting;
    world.network.last.hold('up');
    const compared = leader.comparisons.compare(60_000);
    let failure: unknown;
    compared.catch((error: unknown) => {
      failure = error;
    });
    await world.until('the leader waits for reports', () => world.clock.waiting > before);
    leader.comparisons.close();
    await world.until('the comparison has ended', () => failure !== undefined);
    await assert.rejects(compared, { code: 'shutting_down' });
    await assert.rejects(leader.comparisons.compare(60_000), { code: 'shutting_down' });
  });

  it('is refused if the leader is damaged itself, and says what to do', async () => {
    // Behind the snapshots that the resyncs still share.
    await leader.write(1, 'later');
    await (await leader.store.snapshots.at()).release();
    const keyspace = leader.test.disk.raw(leader.test.location('keyspace'));
    const [row, record] = (await keyspace.iterator().all()).find(([name]) => name.includes('k7')) ?? [];
    assert(row && record);
    await keyspace.put(row, flipped(record, 100));
    await assert.rejects(leader.comparisons.compare(60_000), {
      code: 'corrupt',
      message: /the leader's own records are damaged.*the key "k7".*hand over to an undamaged follower/,
    });
  });

  it('finds every node equal at one offset, while writes go on', async () => {
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) await leader.write(1, `while ${i}:`);
    })();
    const comparisons: CompareReply[] = [];
    for (let i = 0; i < 5; i++) comparisons.push(await compareAt(leader, 60_000));
    writing = false;
    await writes;
    for (const comparison of comparisons) {
      assert.deepEqual(outcomes(comparison), ['E equal', 'M equal']);
      for (const node of comparison.nodes) {
        const { offset, keys, digest } = node;
        assert.deepEqual([offset, keys, digest], [comparison.offset, comparison.keys, comparison.digest]);
      }
    }
    assert((comparisons.at(-1)?.offset ?? 0) > (comparisons[0]?.offset ?? 0), 'there were writes in between');
    assert.equal(leader.comparisons.differences, 0);
  });

  it('names the node that differs, counts it and raises an alarm', async () => {
    await plant(end);
    const comparison = await compareAt(leader, 60_000);
    assert.deepEqual(outcomes(comparison), ['E different', 'M equal']);
    const different = comparison.nodes.find(({ address }) => address === 'E');
    assert.deepEqual([different?.nodeId, different?.keys], [end.store.identity.nodeId, 19]);
    assert.equal(leader.comparisons.differences, 1);
    assert.equal(leader.test.logger.said(/DIFFERENT: at offset 20 the node E holds 19 keys/, 'error'), 1);
  });

  it('is not confused by another at the same time', async () => {
    const [one, two] = await Promise.all([
      compareAt(leader, 60_000),
      leader.write(3, 'between').then(() => compareAt(leader, 60_000)),
    ]);
    assert.deepEqual(
      [outcomes(one), outcomes(two)],
      [
        ['E equal', 'M equal'],
        ['E equal', 'M equal'],
      ],
    );
    assert.deepEqual([one.offset, two.offset], [20, 23]);
    assert.notEqual(one.digest, two.digest);
  });

  it('names the nodes that did not answer in time', async () => {
    world.network.last.hold('up');
    const comparison = await compareAt(leader, 500);
    assert.deepEqual(outcomes(comparison), ['E silent', 'M equal']);
  });

  it('is refused by a follower, which names the leader', async () => {
    await assert.rejects(middle.comparisons.compare(1_000), {
      code: 'read_only_follower',
      details: { leader: 'L' },
      message: /only a leader compares nodes, .* upstream is L/,
    });
  });
});
