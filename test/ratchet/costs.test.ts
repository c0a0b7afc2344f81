/**
 * What a command costs the disks and the line of a leader and its follower, counted under a clock that stands still: no
 * machine changes it. A bound is a ratchet: a change that brings a figure down brings its bound down.
 */
import assert from 'node:assert/strict';
import { FRAME_BYTES_MAX, FRAMES_AHEAD_MAX } from '../../src/base/limits.js';
import { encodeDownFrame, encodeUpFrame } from '../../src/replication/frames.js';
import { set } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const BLOCKS = 40;
const COMMANDS_A_BLOCK = 500;
const COMMANDS = BLOCKS * COMMANDS_A_BLOCK;
const HOT_KEYS = 1_000;
const VALUE = Buffer.alloc(100, 'x');
/** The least that is sent of a command. */
const PAYLOAD_BYTES = VALUE.length + 'key:1234'.length;

/** Beside the key and the value of a command. */
const BYTES_DOWN = 10;
/**
 * Some frames leave ahead of their time, each with one block if the disk is slow. The others wait for the clock, which
 * stands still, so they are full, but for the last and for one that was left when the load began.
 */
const FRAMES_MAX = FRAMES_AHEAD_MAX + 2 + Math.ceil((COMMANDS * (PAYLOAD_BYTES + BYTES_DOWN)) / FRAME_BYTES_MAX);

/** At the most, a command unless the name says otherwise. */
const BOUNDS = {
  /** The log takes a block as one row. */
  logRowsABlock: 1,
  /** The follower puts the blocks of a frame at once. */
  followerLogWritesABlock: FRAMES_MAX / BLOCKS,
  /** A hot key is written once a checkpoint, a new one with its record; its print stands beside many others. */
  keyspaceRowsAKey: 1.01,
  /** In batches of some hundred rows. */
  keyspaceWritesARow: 1 / 200,
  /** Whether a key is new is known in memory, up to what passes the filter by accident. */
  reads: 0.05,
  /** Other rows and syncs of a checkpoint. */
  otherOperationsACheckpoint: 8,
  framesDownABlock: FRAMES_MAX / BLOCKS,
  framesUpABlock: FRAMES_MAX / BLOCKS,
  bytesDown: BYTES_DOWN,
  bytesUp: 0.1,
} as const;

interface Counted {
  readonly logRows: number;
  readonly logWrites: number;
  readonly keyspaceRows: number;
  readonly keyspaceWrites: number;
  readonly reads: number;
  readonly others: number;
}

describe('the costs of a command that no machine changes', () => {
  let world: World;
  worldForEachTest((made) => {
    world = made;
  });

  async function load(node: TestNode, keyOf: (i: number) => string): Promise<void> {
    for (let from = 0; from < COMMANDS; from += COMMANDS_A_BLOCK)
      await node.test.submit(
        ...Array.from({ length: COMMANDS_A_BLOCK }, (_, i) => set(keyOf(from + i).padEnd(8, '_'), VALUE)),
      );
  }

  async function checkpoint(node: TestNode): Promise<void> {
    await (await node.store.snapshots.at()).release();
  }

  /** Runs `work`, and a checkpoint behind it. */
  async function counted(nodes: readonly TestNode[], work: () => Promise<void>): Promise<Counted[]> {
    const before = nodes.map(({ test }) => test.disk.operations.length);
    await work();
    for (const node of nodes) await checkpoint(node);
    return nodes.map(({ test }, i) => {
      const made = test.disk.operations.slice(before[i]);
      const batches = (place: string) =>
        made.filter(
          ({ kind, location, keys }) => location.endsWith(place) && (kind === 'batch' || isBlock(kind, keys)),
        );
      const rows = (place: string) => batches(place).reduce((sum, { keys }) => sum + keys.length, 0);
      const reads = made
        .filter(({ kind }) => kind === 'read')
        .reduce((sum, { keys }) => sum + Math.max(1, keys.length), 0);
      const others =
        made.filter(({ kind }) => kind !== 'read').length - batches('/log').length - batches('/keyspace').length;
      return {
        logRows: rows('/log'),
        logWrites: batches('/log').length,
        keyspaceRows: rows('/keyspace'),
        keyspaceWrites: batches('/keyspace').length,
        reads,
        others,
      };
    });
  }

  function isBlock(kind: string, keys: readonly Buffer[]): boolean {
    return kind === 'put' && keys[0]?.[0] === 'b'.charCodeAt(0);
  }

  for (const kind of ['hot', 'new'] as const) {
    const written = kind === 'hot' ? HOT_KEYS : COMMANDS;

    it(`are few operations of LevelDB a command, for ${kind} keys`, async () => {
      const { leader, follower } = await world.pair();
      await load(leader, (i) => `key:${i % HOT_KEYS}`);
      await level(world, leader, follower);
      for (const node of [leader, follower]) await checkpoint(node);
      const [above, below] = (await counted([leader, follower], async () => {
        await load(leader, (i) => (kind === 'hot' ? `key:${i % HOT_KEYS}` : `new:${i}`));
        await world.until('the follower has all', () => follower.offset === leader.offset);
      })) as [Counted, Counted];
      atMost('writes of the follower to its log', below.logWrites, BLOCKS * BOUNDS.followerLogWritesABlock);
      for (const [name, of] of Object.entries({ leader: above, follower: below })) {
        atMost(`rows in the log of the ${name}`, of.logRows, BLOCKS * BOUNDS.logRowsABlock);
        atMost(`rows in the keyspace of the ${name}`, of.keyspaceRows, written * BOUNDS.keyspaceRowsAKey);
        atMost(`writes to the keyspace of the ${name}`, of.keyspaceWrites, written * BOUNDS.keyspaceWritesARow);
        atMost(`reads of the ${name}`, of.reads, kind === 'hot' ? 0 : COMMANDS * BOUNDS.reads);
        atMost(`other operations of the ${name}`, of.others, BOUNDS.otherOperationsACheckpoint);
      }
    });
  }

  it('are few messages and few bytes between a leader and its follower', async () => {
    const { leader, follower } = await world.pair();
    const line = world.network.last;
    await load(leader, (i) => `key:${i % HOT_KEYS}`);
    await level(world, leader, follower);
    const [sent, answered] = [line.sent.length, line.answered.length];
    await load(leader, (i) => `key:${i % HOT_KEYS}`);
    await world.until('all is acknowledged', () => leader.followers.status[0]?.appendedOffset === leader.offset);
    // Heartbeats go by the clock.
    const down = line.sent.slice(sent).filter(({ kind }) => kind !== 'heartbeat');
    const up = line.answered.slice(answered);
    const bytes = (encoded: readonly Buffer[]) => encoded.reduce((sum, { length }) => sum + length, 0);
    atMost('frames down', down.length, BLOCKS * BOUNDS.framesDownABlock);
    atMost('frames up', up.length, BLOCKS * BOUNDS.framesUpABlock);
    atMost('bytes down', bytes(down.map(encodeDownFrame)), COMMANDS * (PAYLOAD_BYTES + BOUNDS.bytesDown));
    atMost('bytes up', bytes(up.map(encodeUpFrame)), COMMANDS * BOUNDS.bytesUp);
  });

  it('are one message for a lone block, and not many for the answer', async () => {
    const { leader, follower } = await world.pair();
    const line = world.network.last;
    await leader.write(1);
    await level(world, leader, follower);
    const [sent, answered] = [line.count('blocks'), line.answered.length];
    for (let i = 0; i < BLOCKS; i++) {
      await leader.test.set('key', VALUE);
      await world.until('it is acknowledged', () => leader.followers.status[0]?.appendedOffset === leader.offset);
    }
    assert.equal(line.count('blocks') - sent, BLOCKS);
    atMost('answers', line.answered.length - answered, 2 * BLOCKS);
  });
});

function atMost(what: string, value: number, bound: number): void {
  assert(value <= bound, `${what}: expected ${bound} at the most, counted ${value}`);
}
