import assert from 'node:assert/strict';
import type { TreeNode } from '../../src/http/picture.js';
import { type LatestResyncs, pictureOf } from '../../src/http/picture-maker.js';
import { treeOf } from '../../src/http/picture-tree.js';
import type { NodeStatus } from '../../src/model/status.js';
import { busyFacts } from './facts.js';
import { below, calmFollower, calmLeader, known } from './status.js';

/** The tree as one text: names, states, and what is below in brackets. */
function drawn({ name, state, below: nodes }: TreeNode): string {
  return `${name} ${state}`.trim() + (nodes.length === 0 ? '' : ` [${nodes.map(drawn).join(', ')}]`);
}

const NO_RESYNCS: LatestResyncs = { own: [], served: [] };

function pictureWith(status: NodeStatus, resyncs = NO_RESYNCS, notReady?: string) {
  const figures = { ...busyFacts(), status };
  return pictureOf({ figures, resyncs, directory: '/data', notReady, nowMs: 10_000 });
}

describe('the tree of the status page', () => {
  it('has each follower under the node that reports it, and those that are away', () => {
    const followers = [below('f1'), below('f2', { state: 'snapshot' }), below('f3', { state: 'below', via: 'f1' })];
    const { root } = treeOf(calmLeader({ followers, knownFollowers: [known('f4'), known('f1', { connected: true })] }));
    assert.equal(
      drawn(root),
      'db1:7420 leads [f1:7420 streaming [f3:7420 streaming], f2:7420 receives a snapshot, f4:7420 away]',
    );
  });

  it('has the way from a follower up to its leader', () => {
    const tree = (links: number | undefined, changes: Partial<NodeStatus> = {}) =>
      drawn(treeOf(calmFollower(links, changes)).root);
    assert.equal(tree(1), 'db8:7420 leads [db9:7420 streaming]');
    assert.equal(tree(2), 'db1:7420 leads [db8:7420 streaming [db9:7420 streaming]]');
    assert.equal(tree(4), 'db1:7420 leads [2 more between [db8:7420 streaming [db9:7420 streaming]]]');
    assert.equal(tree(undefined), 'db8:7420 streaming [db9:7420 streaming]');
    const { upstream } = calmFollower(1);
    const down = {
      ...(upstream as NonNullable<typeof upstream>),
      state: 'connecting' as const,
      lagCommands: undefined,
    };
    assert.equal(tree(undefined, { upstream: down }), 'db8:7420 no connection [db9:7420 connecting]');
  });

  it('says of each node how much a person should worry', () => {
    const tone = (changes: Partial<NodeStatus>) => treeOf(calmLeader(changes)).root.tone;
    assert.equal(tone({}), 'good');
    assert.equal(tone({ askingFollowers: 'yes' }), 'watch');
    assert.equal(tone({ superseded: 'yes' }), 'bad');
    assert.equal(tone({ unavailable: 'yes' }), 'bad');
    const [late, away, lost] = treeOf(
      calmLeader({
        followers: [below('f1', { lagMs: 10_001 })],
        knownFollowers: [known('f2'), known('f3', { keepsPlace: false })],
      }),
    ).root.below;
    assert.deepEqual([late?.tone, away?.tone, lost?.tone], ['watch', 'watch', 'bad']);
  });

  it('shows the followers with the most lag if there are too many, and counts the others', () => {
    const followers = Array.from({ length: 1_000 }, (_, index) => below(`f${index}`, { lagMs: index }));
    const { root, leftOut } = treeOf(calmLeader({ followers, knownFollowers: [known('away')] }));
    assert.equal(root.below.length + leftOut, 1_001);
    assert(root.below.length <= 128, `${root.below.length} nodes`);
    assert(root.below.some(({ id }) => id === 'f999'));
    assert(root.below.some(({ id }) => id === 'away'));
  });

  it('ends, even if nodes report each other, and counts these', () => {
    const followers = [below('f1', { via: 'f2' }), below('f2', { via: 'f1' }), below('f3', { via: 'f3' }), below('f4')];
    const { root, leftOut } = treeOf(calmLeader({ followers }));
    assert.equal(drawn(root), 'db1:7420 leads [f4:7420 streaming]');
    assert.equal(leftOut, 3);
  });
});

describe('the picture of the status page', () => {
  it('has the figures of the node', () => {
    const { node, log, room, clients, warnings } = pictureWith(calmLeader(), NO_RESYNCS, 'not yet');
    assert.deepEqual([node.role, node.state, node.epoch, node.notReady], ['leader', 'leads', 3, 'not yet']);
    assert.deepEqual([log.offset, log.durableOffset, log.checkpointOffset, log.overlayBytes], [100, 90, 50, 2]);
    assert.deepEqual([room.headroomBytes, room.headroomMs, room.archive], [1, 2, null]);
    assert.deepEqual([clients.grpc, warnings], [0, []]);
  });

  it('lists resyncs of both directions with their reasons, newest first', () => {
    const note = { kind: 'full', reason: 'EMPTY_FOLLOWER', message: 'it is new', nodeId: 'f1', address: '' } as const;
    const { resyncs } = pictureWith(calmLeader(), {
      own: [{ ...note, timeMs: 2 }],
      served: [3, 1].map((timeMs) => ({ ...note, kind: 'partial' as const, timeMs })),
    });
    assert.deepEqual(
      resyncs.map(({ timeMs, isOwn, kind, name, reason }) => [timeMs, isOwn, kind, name, reason]),
      [
        [3, false, 'partial', 'f1', 'EMPTY_FOLLOWER'],
        [2, true, 'full', 'f1', 'EMPTY_FOLLOWER'],
        [1, false, 'partial', 'f1', 'EMPTY_FOLLOWER'],
      ],
    );
  });

  it('has a bound, whatever other nodes say', () => {
    const long = 'x'.repeat(1_000_000);
    const note = { kind: 'refused', reason: long, message: long, nodeId: long, address: long, timeMs: 1 } as const;
    const status = calmLeader({
      unavailable: long,
      clock: long,
      followers: Array.from({ length: 10_000 }, (_, index) => below(`f${index}`, { address: long })),
      knownFollowers: Array.from({ length: 10_000 }, (_, index) => known(`k${index}`, { address: long })),
      lastRefusalServed: { ...note, details: {} },
    });
    const text = JSON.stringify(
      pictureWith(status, { own: Array.from({ length: 100 }, () => note), served: [note] }, long),
    );
    assert(text.length < 256 * 1_024, `${text.length} bytes`);
  });
});
