/** The driver of a node in a cluster: the order in which it begins, renews and ends a leadership, and what it remembers. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../../src/base/errors.js';
import { Cluster, type ClusterParts, type Order } from '../../../src/cluster/cluster.js';
import { CLUSTER_FILE, ClusterMemory } from '../../../src/cluster/memory.js';
import type { Call, CallKind, Event } from '../../../src/cluster/messages.js';
import { timingOf } from '../../../src/cluster/timing.js';
import type { LeaderKey, View } from '../../../src/cluster/view.js';
import { LeadershipTerm } from '../../../src/store/leadership-term.js';
import type { Elected } from '../../../src/store/roles.js';
import { TestClock } from '../../support/clock.js';
import { EMPTY_VIEW, key, member } from '../../support/cluster-view.js';
import { RecordingLogger } from '../../support/store.js';

/** A record of before the leadership. */
const BEFORE = { revision: 11, fence: 0 };

const TIMING = timingOf(10_000);

class Parts implements ClusterParts {
  readonly self = { historyFence: 0, offset: 0, durableOffset: 0, clusterId: 'c', cannotLead: '' };
  readonly followers = { level: [], slow: [] };
  diskWaitMs = 0;
  readonly done: string[] = [];
  readonly term: LeadershipTerm;
  /** Called when a history is about to begin, before its term. */
  beginning = () => Promise.resolve();
  following = () => Promise.resolve();
  settling = () => Promise.resolve();
  holding = () => Promise.resolve();

  constructor(clock: TestClock) {
    this.term = LeadershipTerm.notBegun(clock, 5_000);
  }
  async lead({ fence, untilMs }: Elected): Promise<void> {
    this.done.push(`lead ${fence}`);
    await this.beginning();
    this.term.begin(untilMs);
  }
  async settled(): Promise<void> {
    await this.settling();
    this.done.push(`settled, ${this.term.ended ? 'ended' : 'leading'}`);
  }
  async follow({ nodeId }: LeaderKey): Promise<void> {
    this.done.push(`follow ${nodeId}`);
    await this.following();
  }
  async hold(nodeId: string): Promise<void> {
    this.done.push(`hold ${nodeId}`);
    await this.holding();
  }
  release(): void {
    this.done.push('release');
  }
  answer(): void {}
  closing = () => {};
  close(): void {
    this.closing();
  }
}

/** The node `a`, its store and its time. */
class Test {
  readonly clock = new TestClock();
  readonly parts = new Parts(this.clock);
  readonly calls: Call[] = [];
  readonly orders: Order[] = [];
  readonly seen: number[] = [];
  readonly cluster: Cluster;
  readonly logger = new RecordingLogger();
  seenRevision = 7;
  #tell: (event: Event) => void = () => {};

  constructor() {
    this.cluster = new Cluster({
      nodeId: 'a',
      address: 'a:1',
      timing: TIMING,
      mode: 'available',
      failsafe: false,
      lagMax: 100,
      parts: this.parts,
      memory: {
        proposedClusterId: 'p',
        seenRevision: 7,
        saw: async (revision) => {
          this.seen.push(revision);
        },
      },
      clock: this.clock,
      logger: this.logger,
      openStore: (_, onEvent) => {
        this.#tell = onEvent;
        const seenRevision = () => this.seenRevision;
        return {
          get seenRevision() {
            return seenRevision();
          },
          begin: (call) => this.calls.push(call),
          order: async (order) => void this.orders.push(order),
          endLease: async (lease) => void this.parts.done.push(`ended ${lease}`),
          close: () => this.parts.done.push('closed'),
        };
      },
    });
    this.cluster.start();
  }

  get nowMs(): number {
    return this.clock.monotonicMs();
  }

  async tell(event: Event): Promise<this> {
    this.#tell(event);
    await this.clock.advance(0);
    return this;
  }

  see(view: Partial<View>): Promise<this> {
    return this.tell({ kind: 'view', view: { ...EMPTY_VIEW, ...view }, isWhole: true, wallMs: this.clock.wallMs() });
  }

  called(kind: CallKind): boolean {
    return this.calls.some((call) => call.kind === kind);
  }

  /** The node has won the fencing number 20. */
  async won(): Promise<this> {
    const askedMs = this.nowMs;
    await this.see({});
    await this.tell({ kind: 'granted', askedMs, lease: 'lease of a', ttlMs: 10_000 });
    await this.tell({ kind: 'published', lease: 'lease of a', provesMs: askedMs, ...BEFORE });
    await this.see({ members: [member('a')], revision: 12 });
    assert.ok(this.called('campaign'));
    return this.tell({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
  }

  async leading(): Promise<this> {
    await this.won();
    assert.equal(this.cluster.state.name, 'leading');
    return this;
  }
}

/** A promise that a test resolves. */
function latch(): { readonly promise: Promise<void>; open(): void } {
  let open = () => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open: () => open() };
}

describe('the driver of a node in a cluster', () => {
  it('stops to lead when a write has waited for its disk for longer than a lease lives', async () => {
    const test = await new Test().leading();
    test.parts.diskWaitMs = TIMING.ttlMs;
    await test.clock.advance(100);
    assert.equal(test.cluster.state.name, 'leading');
    test.parts.diskWaitMs++;
    await test.clock.advance(100);
    assert.notEqual(test.cluster.state.name, 'leading');
    assert.ok(test.parts.term.ended);
    assert.ok(test.parts.done.includes('settled, ended'));
    assert.match(
      test.logger.lines.map(({ message }) => message).join('\n'),
      /longer than 10 s for the disk of this node/,
    );
  });

  it('leads until the deadline of the machine, and renews the term', async () => {
    const test = new Test();
    const beganMs = test.nowMs;
    await test.leading();
    assert.equal(test.parts.term.untilMs, beganMs + 8_000);
    await test.clock.advance(3_400);
    assert.ok(test.called('keep_alive'));
    const askedMs = test.nowMs;
    await test.tell({ kind: 'kept', askedMs, lease: 'lease of a', ttlMs: 10_000 });
    await test.tell({ kind: 'published', lease: 'lease of a', provesMs: askedMs, ...BEFORE });
    assert.equal(test.parts.term.untilMs, askedMs + 8_000);
  });

  it('counts a renewal that comes while its history begins', async () => {
    const test = new Test();
    const begun = latch();
    test.parts.beginning = () => begun.promise;
    await test.won();
    await test.clock.advance(3_400);
    const askedMs = test.nowMs;
    await test.tell({ kind: 'kept', askedMs, lease: 'lease of a', ttlMs: 10_000 });
    await test.tell({ kind: 'published', lease: 'lease of a', provesMs: askedMs, ...BEFORE });
    assert.equal(test.cluster.state.name, 'opening');
    begun.open();
    await test.clock.advance(0);
    assert.deepEqual([test.cluster.state.name, test.parts.term.untilMs], ['leading', askedMs + 8_000]);
  });

  it('says that it stopped only when a history that was about to begin has no term', async () => {
    const test = new Test();
    const begun = latch();
    test.parts.beginning = () => begun.promise;
    await test.won();
    await test.tell({ kind: 'lease_unknown', call: 'keep_alive', lease: 'lease of a' });
    assert.equal(test.cluster.state.name, 'stopping');
    assert.equal(test.called('resign'), false);
    begun.open();
    await test.clock.advance(0);
    assert.ok(test.called('resign') && test.parts.term.ended);
    assert.deepEqual(test.parts.done, ['lead 20', 'release', 'settled, ended']);
  });

  it('stops when its history cannot begin', async () => {
    const test = new Test();
    test.parts.beginning = () => Promise.reject(new Error('the disk is full'));
    await test.won();
    assert.ok(test.logger.said(/^this leader has stopped: this node could not begin to lead: the disk is full$/));
    assert.ok(test.called('resign'));
  });

  it('stops when its term has ended before the deadline', async () => {
    const test = await new Test().leading();
    test.parts.term.end(new HeadwaterError('unavailable', 'the disk has failed'));
    await test.clock.advance(60);
    assert.notEqual(test.cluster.state.name, 'leading');
    assert.ok(test.parts.term.ended && test.called('resign'));
  });

  it('follows the last of several leaders, and tries again when it cannot', async () => {
    const test = new Test();
    const busy = latch();
    test.parts.following = () => busy.promise;
    await test.see({ leader: key('b', 20), last: { nodeId: 'b', fence: 20 }, revision: 20 });
    await test.see({ leader: key('c', 21), last: { nodeId: 'c', fence: 21 }, revision: 21 });
    await test.see({ leader: key('d', 22), last: { nodeId: 'd', fence: 22 }, revision: 22 });
    test.parts.following = () => Promise.reject(new Error('no route'));
    busy.open();
    await test.clock.advance(0);
    assert.deepEqual(test.parts.done, ['follow b', 'follow d']);
    test.parts.following = () => Promise.resolve();
    await test.clock.advance(TIMING.requestMs + 60);
    assert.deepEqual(test.parts.done, ['follow b', 'follow d', 'follow d']);
  });

  it('moves the key when the target has all writes, and lets writes pass when it has not', async () => {
    for (const failure of [undefined, new Error('it is too far behind')]) {
      const test = await new Test().leading();
      const held = latch();
      test.parts.holding = () => held.promise.then(() => failure && Promise.reject(failure));
      const leader = key('a', 20);
      const led = { leader, last: { nodeId: 'a', fence: 20 }, members: [member('a'), member('b')], revision: 21 };
      await test.see({ ...led, request: { to: 'b', fence: 20, revision: 21 } });
      assert.deepEqual(test.parts.done.slice(1), ['hold b']);
      assert.equal(test.called('move_leader'), false);
      held.open();
      await test.clock.advance(0);
      assert.equal(test.called('move_leader'), failure === undefined);
      assert.deepEqual(test.parts.done.slice(2), failure ? ['release'] : []);
    }
  });

  it('ends the wait of a person for a switch that it has not seen when it stops', async () => {
    const test = await new Test().leading();
    const switched = assert.rejects(test.cluster.switchTo('b'), {
      code: 'failover_failed',
      message: /b: the store does not know the lease/,
    });
    await test.tell({ kind: 'lease_unknown', call: 'keep_alive', lease: 'lease of a' });
    await switched;
  });

  it('ends its term when it is closed, and leaves the key to its lease', async () => {
    const test = await new Test().leading();
    await test.cluster.close();
    assert.equal(test.parts.term.ended?.code, 'shutting_down');
    assert.deepEqual([test.called('resign'), test.clock.waiting], [false, 0]);
  });

  it('says that its last writes do not end, and is closed all the same', async () => {
    const test = await new Test().leading();
    const stuck = latch();
    test.parts.settling = () => stuck.promise;
    // The store that cannot be opened gives up when its close is announced.
    test.parts.closing = stuck.open;
    await test.tell({ kind: 'lease_unknown', call: 'keep_alive', lease: 'lease of a' });
    await test.clock.advance(TIMING.ttlMs - 1);
    assert.equal(test.logger.said(/last writes of this leader/), 0);
    await test.clock.advance(1);
    assert.equal(test.logger.said(/have not ended within 10 s.*Another node leads/), 1);
    assert.equal(test.cluster.state.name, 'stopping');
    await test.cluster.close();
    assert.equal(test.clock.waiting, 0);
  });

  it('leaves no term when it is closed while its history begins', async () => {
    const test = new Test();
    const begun = latch();
    test.parts.beginning = () => begun.promise;
    await test.won();
    const closed = test.cluster.close();
    begun.open();
    await closed;
    assert.equal(test.parts.term.ended?.code, 'shutting_down');
  });

  it('keeps the ID that it proposes, its store and the highest revision on its disk', async () => {
    const files = new Map<string, string>();
    const folder = {
      read: async (name: string) => files.get(name),
      replace: async (name: string, text: string) => {
        files.set(name, text);
      },
    };
    const open = (place = 'etcd://…/n', byte = 0) =>
      ClusterMemory.open(folder, place, (count) => Buffer.alloc(count, byte));
    const memory = await open('etcd://…/elsewhere', 0xab);
    assert.match(files.get(CLUSTER_FILE) ?? '', new RegExp(`"${'ab'.repeat(16)}"`));
    const moved = await open();
    await moved.saw(12, 'e7cd');
    await moved.saw(11, 'other');
    const again = await open();
    assert.deepEqual([again.proposedClusterId, again.seenRevision, again.storeId], ['ab'.repeat(16), 12, 'e7cd']);
    assert.deepEqual([memory.seenRevision, memory.storeId], [0, undefined], 'a node that saw no store may go anywhere');
    await assert.rejects(open('etcd://…/m'), {
      code: 'invalid_argument',
      message: /expected etcd:\/\/…\/n, .* received etcd:\/\/…\/m\. .* stop all nodes, and remove cluster\.json/,
    });
    files.set(CLUSTER_FILE, '{"proposed_cluster_id":"ab","seen_revision":7}');
    assert.equal((await open('etcd://…/m')).seenRevision, 7, 'a file of an earlier version names no place');
    files.set(CLUSTER_FILE, '{}');
    await assert.rejects(open(), { code: 'corrupt' });
    const test = new Test();
    test.seenRevision = 44;
    await test.clock.advance(TIMING.keepAliveMs + 60);
    assert.deepEqual(test.seen, [7, 44]);
  });
});
