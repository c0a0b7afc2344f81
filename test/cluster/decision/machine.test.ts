/** The machine of a node in a cluster: which answers of the store make it lead, stop, wait and ask a person. */
import assert from 'node:assert/strict';
import { Machine } from '../../../src/cluster/machine.js';
import type { Action, CallKind, Event, Self } from '../../../src/cluster/messages.js';
import { timingOf } from '../../../src/cluster/timing.js';
import type { Member, View } from '../../../src/cluster/view.js';
import { EMPTY_VIEW, key, member } from '../../support/cluster-view.js';

const TIMING = timingOf(10_000);

/** The wall clock of the node. */
const WALL_MS = 1_900_000_000_000;

/** A record of before the leadership, and one under it. */
const BEFORE = { revision: 11, fence: 0 };
const HELD = { revision: 21, fence: 20 };

const SELF: Self = {
  historyFence: 0,
  offset: 0,
  durableOffset: 0,
  clusterId: 'c',
  proposedClusterId: 'p',
  cannotLead: '',
};

/** The node `a`, and what it does. */
class Test {
  readonly machine: Machine;
  nowMs = 100_000;
  actions: readonly Action[] = [];

  constructor(options: Partial<ConstructorParameters<typeof Machine>[0]> = {}) {
    const defaults = { mode: 'available', failsafe: false, lagMax: 100, self: SELF } as const;
    this.machine = new Machine({ nodeId: 'a', address: 'a:1', timing: TIMING, ...defaults, ...options });
  }

  at(nowMs: number): this {
    this.nowMs = nowMs;
    return this;
  }

  give(event: Event): this {
    this.actions = this.machine.handle(event, this.nowMs);
    return this;
  }

  see(view: Partial<View>, isWhole = true): this {
    return this.give({ kind: 'view', view: { ...EMPTY_VIEW, ...view }, isWhole, wallMs: WALL_MS });
  }

  /** A member of a cluster, with a lease that is proven now. */
  joined(): this {
    const askedMs = this.nowMs;
    this.see({}).give({ kind: 'granted', askedMs, lease: 'lease of a', ttlMs: 10_000 });
    return this.give({ kind: 'published', lease: 'lease of a', provesMs: askedMs, ...BEFORE });
  }

  /** The leader under the number 20. */
  leading(): this {
    this.joined().see({ members: [member('a')], revision: 12 });
    assert.equal(this.call('campaign') !== undefined, true);
    this.give({ kind: 'campaigned', lease: 'lease of a', fence: 20 }).give({ kind: 'opened' });
    assert.equal(this.machine.state.name, 'leading');
    return this;
  }

  call(kind: CallKind) {
    return this.actions.find((action) => action.kind === 'call' && action.call.kind === kind);
  }

  action<K extends Action['kind']>(kind: K): Extract<Action, { kind: K }> | undefined {
    return this.actions.find((action): action is Extract<Action, { kind: K }> => action.kind === kind);
  }
}

describe('a leader of a cluster', () => {
  it('has a deadline that counts from before its lease was asked for', () => {
    const test = new Test()
      .joined()
      .at(103_000)
      .see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
    assert.deepEqual(test.action('lead'), { kind: 'lead', fence: 20, untilMs: 108_000 });
  });

  it('renews its deadline when its record stands in the store behind a renewal', () => {
    const test = new Test().leading().at(103_400).give({ kind: 'tick' });
    assert(test.call('keep_alive'));
    test.at(103_600).give({ kind: 'kept', askedMs: 103_400, lease: 'lease of a', ttlMs: 10_000 });
    assert.equal(test.action('renew'), undefined);
    assert(test.call('publish'));
    test.at(103_700).give({ kind: 'published', lease: 'lease of a', provesMs: 103_400, ...HELD });
    assert.deepEqual(test.action('renew'), { kind: 'renew', untilMs: 111_400 });
  });

  it('takes a failed call for nothing but a renewal that is missing', () => {
    const test = new Test().leading();
    for (const call of ['keep_alive', 'publish', 'read'] as const) test.give({ kind: 'failed', call });
    assert.equal(test.machine.state.name, 'leading');
    test.at(107_999).give({ kind: 'tick' });
    assert.equal(test.machine.state.name, 'leading');
    test.at(108_000).give({ kind: 'tick' });
    assert.match(test.action('stop_leading')?.reason ?? '', /was not renewed in time/);
  });

  it('stops at once when the store does not know its lease, or another node holds the key', () => {
    const unknown = new Test().leading().give({ kind: 'lease_unknown', call: 'keep_alive', lease: 'lease of a' });
    assert.match(unknown.action('stop_leading')?.reason ?? '', /does not know the lease/);
    const other = new Test().leading().see({ revision: 30, leader: key('b', 25), last: { nodeId: 'b', fence: 25 } });
    assert.match(other.action('stop_leading')?.reason ?? '', /b holds the leader key/);
    const old = new Test().leading().see({ revision: 19 });
    assert.equal(old.machine.state.name, 'leading', 'a view from before it was elected says nothing');
  });

  it('stops when its record shows that the leader key is not its own any more', () => {
    const kept = { kind: 'published', lease: 'lease of a', provesMs: 101_000 } as const;
    const deleted = new Test().leading().give({ ...kept, revision: 21, fence: 0 });
    assert.match(deleted.action('stop_leading')?.reason ?? '', /was deleted from the store/);
    assert.equal(deleted.action('renew'), undefined);
    const other = new Test().leading().give({ ...kept, revision: 26, fence: 25 });
    assert.match(other.action('stop_leading')?.reason ?? '', /has the fencing number 25 now/);
    const before = new Test().leading().give({ ...kept, revision: 19, fence: 0 });
    assert.equal(before.machine.state.name, 'leading', 'a record from before it was elected says nothing of the key');
  });

  it('lets its lease end while it hangs between the end of its term and its stop', () => {
    const test = new Test().leading().give({ kind: 'over', reason: 'its term is over' });
    test.at(103_400).give({ kind: 'tick' });
    assert.deepEqual([test.machine.state.name, test.actions], ['stopping', []]);
    test.give({ kind: 'stopped' });
    assert(test.call('resign') && test.call('keep_alive'));
  });

  it('says in the store that it has stopped', () => {
    const test = new Test().leading().give({ kind: 'over', reason: 'its term is over' }).give({ kind: 'stopped' });
    assert.deepEqual(test.call('resign'), { kind: 'call', call: { kind: 'resign', fence: 20, isInOrder: false } });
  });

  it('leads on under a store that went back, and until its deadline only', () => {
    const test = new Test().leading().give({ kind: 'store_changed', reason: 'its revision went back' });
    assert.equal(test.machine.state.name, 'leading');
    test.at(103_500).give({ kind: 'tick' });
    assert.deepEqual(test.actions, [], 'the store is not asked');
    test.at(108_000).give({ kind: 'tick' }).give({ kind: 'stopped' });
    assert.equal(test.machine.state.name, 'refused');
    assert.match(test.machine.why, /went back/);
  });

  it('goes on without the store while all known nodes answer, if a person wants that', () => {
    const test = new Test({ failsafe: true }).leading();
    test.see({ revision: 21, leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, known: ['a', 'b', 'c'] });
    test.at(107_000).give({ kind: 'acknowledged', sentMs: 106_900, nodes: ['b'] });
    assert.equal(test.action('renew'), undefined);
    test.give({ kind: 'acknowledged', sentMs: 106_900, nodes: ['b', 'c'] });
    assert.deepEqual(test.action('renew'), { kind: 'renew', untilMs: 114_900 });
  });

  it('moves the key to the node that a person names, and leads no more if the answer is lost', () => {
    const request = { to: 'b', fence: 20, revision: 21 };
    const view = { revision: 21, leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, request };
    const test = new Test().leading().see({ ...view, members: [member('a'), member('b')] });
    assert.deepEqual(test.action('hold'), { kind: 'hold', nodeId: 'b' });
    test.give({ kind: 'held' });
    assert(test.call('move_leader'));
    test.give({ kind: 'failed', call: 'move_leader' });
    assert.match(test.action('stop_leading')?.reason ?? '', /did not say whether/);
    const refused = new Test().leading().see({ ...view, members: [member('b', { cannotLead: 'it has findings' })] });
    assert.match(refused.action('say')?.message ?? '', /was not moved to b: it has findings/);
  });

  it('has switched if a view of the move comes before its answer', () => {
    for (const [nodeId, failure] of [
      ['b', ''],
      ['c', 'c holds the leader key'],
    ] as const) {
      const request = { to: 'b', fence: 20, revision: 21 };
      const view = { revision: 21, leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, request };
      const test = new Test().leading().see({ ...view, members: [member('a'), member('b')] });
      test.give({ kind: 'held' });
      test.see({ ...view, revision: 30, leader: key(nodeId, 30), members: [member('a'), member('b'), member('c')] });
      assert.equal(test.action('switch_ended')?.failure, failure);
      assert.equal(test.machine.state.name, 'stopping');
    }
  });

  it('takes writes again if the node that a person names has left meanwhile', () => {
    const request = { to: 'b', fence: 20, revision: 21 };
    const view = { leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, request };
    const test = new Test().leading().see({ ...view, revision: 21, members: [member('a'), member('b')] });
    test.see({ ...view, revision: 22, members: [member('a')] }).give({ kind: 'held' });
    assert(test.action('release'));
    assert(test.call('forget_request'));
    assert.match(test.action('say')?.message ?? '', /was not moved to b: the target is not in the cluster any more/);
  });

  it('refuses a wish for another leader once, however long the store shows it', () => {
    const request = { to: 'b', fence: 20, revision: 21 };
    const view = { leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, request };
    const test = new Test().leading().see({ ...view, revision: 21, members: [member('a'), member('b')] });
    test.give({ kind: 'hold_failed', reason: 'it is too far behind' });
    assert.match(test.action('switch_ended')?.failure ?? '', /too far behind/);
    test.give({ kind: 'request_forgotten' }).give({ kind: 'tick' });
    assert.deepEqual(
      [test.machine.state.name, test.action('hold'), test.action('say')],
      ['leading', undefined, undefined],
    );
    test.see({ ...view, request: undefined, revision: 22 }).give({ kind: 'request_forgotten' });
    test.see({
      ...view,
      request: { to: 'b', fence: 20, revision: 23 },
      revision: 23,
      members: [member('a'), member('b')],
    });
    assert(test.action('hold'));
  });

  it('does not carry out a wish that was meant for an earlier leader', () => {
    const request = { to: 'b', fence: 15, revision: 16 };
    const view = { leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, request };
    const test = new Test().leading().see({ ...view, revision: 21, members: [member('a'), member('b')] });
    assert.equal(test.machine.state.name, 'leading');
    assert.match(test.action('say')?.message ?? '', /was not moved to b: an earlier leader was asked for it/);
    assert(test.call('forget_request'));
    assert.equal(test.action('switch_ended'), undefined, 'a wish to this leader may be on its way');
    test.see({ ...view, revision: 22, request: { to: 'b', fence: 20, revision: 22 }, members: [member('b')] });
    assert.equal(test.action('hold'), undefined, 'the store still forgets the other wish');
    assert(test.give({ kind: 'request_forgotten' }).action('hold'));
  });

  it('tells a person whose wish it has not seen yet that it has stopped', () => {
    const test = new Test().leading().give({ kind: 'over', reason: 'its disk stands still' });
    assert.equal(test.action('switch_ended')?.failure, 'its disk stands still');
  });

  it('takes writes again if the store has failed to move the key a moment before', () => {
    const request = { to: 'b', fence: 20, revision: 21 };
    const members = [member('a', { round: 20 }), member('b', { round: 20 })];
    const view = { last: { nodeId: 'a', fence: 20 }, request, members };
    const test = new Test().leading().see({ ...view, leader: key('a', 20), revision: 21 });
    test.give({ kind: 'held' }).give({ kind: 'failed', call: 'move_leader' }).give({ kind: 'stopped' });
    test.give({ kind: 'resigned' }).see({ ...view, revision: 22, resigned: 20 });
    assert(test.call('campaign'));
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: 23 }).give({ kind: 'opened' });
    const again = { revision: 24, request: { to: 'b', fence: 23, revision: 24 } };
    test.see({ ...view, ...again, leader: key('a', 23), last: { nodeId: 'a', fence: 23 } });
    test.give({ kind: 'request_forgotten' });
    assert.equal(test.machine.state.name, 'holding');
    test.give({ kind: 'held' });
    assert.equal(test.machine.state.name, 'leading');
    assert(test.action('release'));
  });

  it('empties the list of known nodes without --failsafe', () => {
    const led = { revision: 21, leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, known: ['b'] };
    const { call } = new Test().leading().see(led).call('set_known') as Extract<Action, { kind: 'call' }>;
    assert.deepEqual(call, { kind: 'set_known', fence: 20, nodes: [] });
  });

  it('stops if its history does not begin in time, and lets its lease go while it cannot stop', () => {
    const test = new Test().joined().see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
    for (const nowMs of [104_000, 108_000]) {
      test.at(nowMs).give({ kind: 'kept', askedMs: nowMs, lease: 'lease of a', ttlMs: 10_000 });
      test.give({ kind: 'published', lease: 'lease of a', provesMs: nowMs, ...HELD });
    }
    test.at(110_100).give({ kind: 'tick' });
    assert.match(test.action('stop_leading')?.reason ?? '', /could not begin to lead within 10000 ms/);
    test.at(115_000).give({ kind: 'tick' });
    assert.equal(test.machine.state.name, 'stopping');
    assert.equal(test.call('keep_alive'), undefined);
    test.give({ kind: 'stopped' });
    assert(test.call('keep_alive'));
  });

  it('asks the store to shrink the set before it waits for fewer nodes', () => {
    const test = new Test({ mode: 'safe' }).leading();
    assert.equal(test.machine.required, undefined, 'nothing is answered before the set stands in the store');
    const sync = { nodes: ['a', 'b'], revision: 21 };
    const view = { leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, sync };
    test.see({ ...view, revision: 21, members: [member('a'), member('b')] });
    test.give({ kind: 'followers', level: [], slow: ['b'] });
    assert(test.call('set_sync'));
    assert.deepEqual([...(test.machine.required ?? [])], ['a', 'b']);
    test.give({ kind: 'sync_set', nodes: ['a'], revision: 22 });
    assert.deepEqual([...(test.machine.required ?? [])], ['a']);
    test.give({ kind: 'followers', level: ['b', 'stranger'], slow: [] });
    assert.deepEqual([...(test.machine.required ?? [])], ['a', 'b'], 'a node is waited for before it is in the set');
  });

  it('waits no longer for a slow node that has all answered writes, since nothing is answered', () => {
    const test = new Test({ mode: 'safe' }).leading();
    const view = { leader: key('a', 20), last: { nodeId: 'a', fence: 20 }, sync: { nodes: ['a', 'b'], revision: 21 } };
    test.see({ ...view, revision: 21, members: [member('a'), member('b')] });
    test.give({ kind: 'followers', level: ['b'], slow: ['b'] });
    assert.deepEqual(test.call('set_sync'), {
      kind: 'call',
      call: { kind: 'set_sync', nodes: ['a'], fence: 20, expectedRevision: 21 },
    });
    test.give({ kind: 'sync_set', nodes: ['a'], revision: 22 });
    test.give({ kind: 'followers', level: ['b'], slow: ['b'] });
    assert.deepEqual([...(test.machine.required ?? [])], ['a']);
  });
});

describe('a node that does not lead', () => {
  const gone = { revision: 30, last: { nodeId: 'b', fence: 20 } };
  const led = { revision: 21, leader: key('b', 20), last: { nodeId: 'b', fence: 20 } };
  const spoken = (more: Partial<Member> = {}) => [member('a', { round: 20, ...more })];
  const failedOver = (timeMs: number, fence = 20) =>
    ({ fence, nodeId: 'b', address: 'b:1', reason: 'automatic', timeMs, endedMs: 0 }) as const;

  it('follows the holder of the key', () => {
    const test = new Test().joined().see(led);
    assert.equal(test.action('follow')?.leader.nodeId, 'b');
  });

  it('runs when the key is gone and the last leader has been silent for longer than it can lead', () => {
    const test = new Test().joined().see(led).at(105_000).give({ kind: 'heard', fence: 20 });
    test.at(110_000).give({ kind: 'kept', askedMs: 110_000, lease: 'lease of a', ttlMs: 10_000 });
    test
      .give({ kind: 'published', lease: 'lease of a', provesMs: 110_000, ...HELD })
      .see({ ...gone, members: spoken() });
    assert.match(test.machine.why, /sign of life of the last leader is 5000 ms old/);
    assert.equal(test.at(116_999).give({ kind: 'tick' }).call('campaign'), undefined);
    assert(test.at(117_000).give({ kind: 'tick' }).call('campaign'));
  });

  it('waits for the last leader by the longer of both times to live', () => {
    const test = new Test().joined().see(led);
    test.at(110_000).give({ kind: 'kept', askedMs: 110_000, lease: 'lease of a', ttlMs: 10_000 });
    const published = { kind: 'published', lease: 'lease of a', provesMs: 110_000, ...HELD } as const;
    const last = { ...gone.last, ttlMs: 20_000 };
    test.give(published).see({ ...gone, last, members: spoken() });
    assert.equal(test.at(113_000).give({ kind: 'tick' }).call('campaign'), undefined);
    assert.match(test.machine.why, /Another one is elected after 24000 ms/);
  });

  it('runs at once when the last leader has said that it stopped', () => {
    assert(
      new Test()
        .joined()
        .see(led)
        .see({ ...gone, resigned: 20, members: spoken() })
        .call('campaign'),
    );
  });

  it('gives a leadership back that it won too late, and runs again', () => {
    const test = new Test().joined().see({ members: [member('a')], revision: 12 });
    assert(test.call('campaign'));
    test.at(109_000).give({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
    assert.deepEqual(test.call('resign'), { kind: 'call', call: { kind: 'resign', fence: 20, isInOrder: false } });
    assert.equal(test.machine.state.name, 'electing');
  });

  it('gives a leadership back that it could not begin, and that shows only while it runs again', () => {
    const test = new Test().joined().see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
    test.give({ kind: 'over', reason: 'the disk is full' });
    // The call that gives the key back fails, and the view is older than the key.
    assert(test.give({ kind: 'stopped' }).call('resign') && test.call('campaign'));
    test.give({ kind: 'failed', call: 'resign' });
    test.see({ revision: 22, leader: key('a', 20), last: { nodeId: 'a', fence: 20 } });
    test.at(104_000).give({ kind: 'campaigned', lease: 'lease of a', fence: undefined });
    assert.deepEqual(test.call('resign'), { kind: 'call', call: { kind: 'resign', fence: 20, isInOrder: false } });
  });

  it('asks the store again after a campaign in vain, and waits before the next', () => {
    const test = new Test().joined().see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: undefined });
    assert(test.call('read'));
    assert.equal(test.call('campaign'), undefined);
    assert.equal(test.at(100_100).give({ kind: 'tick' }).call('campaign'), undefined);
    assert(test.at(101_000).give({ kind: 'tick' }).call('campaign'));
  });

  it('leads if the answer of its campaign was lost and the store shows its lease', () => {
    const test = new Test().joined().see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'failed', call: 'campaign' });
    test.see({ revision: 22, leader: key('a', 20), last: { nodeId: 'a', fence: 20 } }, false);
    assert.equal(test.action('lead')?.fence, 20);
  });

  it('tells the others that it waits for nobody, if the cluster is in the mode safe', () => {
    const sync = { nodes: ['a', 'b'], revision: 3 };
    for (const [mode, why] of [
      ['available', /the cluster is in the mode safe/],
      ['safe', /^$/],
    ] as const) {
      const test = new Test({ mode }).joined().see({ ...led, sync });
      const { call } = test.call('publish') as Extract<Action, { kind: 'call' }>;
      assert(call.kind === 'publish');
      assert.match(call.record.cannotLead, why);
    }
  });

  it('leaves the key to the further node, and says why', () => {
    const members = [...spoken(), member('c', { round: 20, offset: 7 })];
    const test = new Test()
      .joined()
      .see(led)
      .see({ ...gone, resigned: 20, members });
    assert.equal(test.call('campaign'), undefined);
    assert.match(test.machine.why, /c is further: offset 7, this node 0/);
  });

  const reasons: Array<[name: string, options: { view?: Partial<View>; self?: Partial<Self>; mode?: 'safe' }, RegExp]> =
    [
      ['the cluster is paused', { view: { isPaused: true } }, /paused/],
      ['it has open findings', { self: { cannotLead: 'it has open findings' } }, /open findings/],
      ['it has no data of the cluster', { self: { clusterId: '' } }, /no data of the cluster c/],
      [
        'it would not wait for the nodes that may lead next, as the others do',
        { view: { sync: { nodes: ['a', 'b'], revision: 3 } } },
        /--cluster-mode available, and the cluster is in the mode safe/,
      ],
      ['the last leader may go on without the store', { view: { known: ['b'] } }, /did not know this node/],
      ['it may lack writes', { mode: 'safe', view: { sync: { nodes: ['b'], revision: 3 } } }, /may lack acknowledged/],
    ];
  for (const [name, { view, self, mode = 'available' }, why] of reasons)
    it(`does not run if ${name}`, () => {
      const test = new Test({ mode, self: { ...SELF, ...self } }).joined().see({ ...led });
      test.see({ ...gone, resigned: 20, members: spoken(), ...view });
      assert.equal(test.call('campaign'), undefined);
      assert.match(test.machine.why, why);
    });

  it('does not run if more commands may be lost than a person allows', () => {
    const test = new Test().joined().see({ ...led, members: [member('b', { offset: 101 })] });
    test.see({ ...gone, resigned: 20, members: spoken() });
    assert.match(test.machine.why, /101 commands ahead of this node, and at most 100 may be lost/);
    assert(test.see({ ...gone, revision: 31, resigned: 20, members: spoken(), allowed: 20 }).call('campaign'));
  });

  it('needs a person for a second automatic failover within a minute', () => {
    const test = new Test().joined().see({ revision: 11 });
    // A wrong clock of the new leader changes nothing for a node that was watching.
    test.see({ ...led, history: [failedOver(WALL_MS - 3_600_000)] });
    test.at(112_500).give({ kind: 'granted', askedMs: 112_500, lease: 'lease of a', ttlMs: 10_000 });
    test.give({ kind: 'published', lease: 'lease of a', provesMs: 112_500, ...HELD });
    test.see({ ...gone, members: spoken() });
    assert.match(
      test.machine.why,
      /Within 60 s of it, only a person may order another one: run "headwater cluster resume", or wait \d+ s/,
    );
    assert.match(
      test.action('say')?.message ?? '',
      /the cluster has no leader: the last automatic failover .* only a person may order another one/,
    );
    assert.equal(test.machine.needsPerson, true);
    const { call } = test.see({ ...gone, revision: 31, members: spoken(), allowed: 20 }).call('campaign') as Extract<
      Action,
      { kind: 'call' }
    >;
    assert(call.kind === 'campaign' && call.key.reason === 'automatic' && !test.machine.needsPerson);
  });

  it('knows of an automatic failover from before it was started by the history of the store', () => {
    const started = (timeMs: number) => {
      const test = new Test().see({ ...gone, members: spoken(), history: [failedOver(timeMs)] });
      test.at(112_500).give({ kind: 'granted', askedMs: 112_500, lease: 'lease of a', ttlMs: 10_000 });
      return test.give({ kind: 'published', lease: 'lease of a', provesMs: 112_500, ...HELD });
    };
    const recent = started(WALL_MS - 40_000);
    assert.match(recent.machine.why, /the last automatic failover was 53 s ago. .* run "headwater cluster resume"/);
    assert(recent.machine.needsPerson);
    assert(started(WALL_MS - 50_000).call('campaign'), 'a minute is over');
    const ahead = started(WALL_MS + 3_600_000);
    assert.match(ahead.machine.why, /failover was 13 s ago/, 'a clock that is ahead costs a minute at most');
    const later = { kind: 'granted', lease: 'lease of a', ttlMs: 10_000 } as const;
    ahead.at(160_000).give({ ...later, askedMs: 160_000 });
    assert(ahead.give({ kind: 'published', lease: 'lease of a', provesMs: 160_000, ...HELD }).call('campaign'));
  });

  it('knows of an automatic failover that came and went while it did not reach the store', () => {
    const test = new Test().joined().see(led);
    test.see({ ...gone, revision: 40, last: { nodeId: 'b', fence: 35 }, history: [failedOver(WALL_MS, 35)] }, false);
    test.at(112_500).give({ kind: 'granted', askedMs: 112_500, lease: 'lease of a', ttlMs: 10_000 });
    test.give({ kind: 'published', lease: 'lease of a', provesMs: 112_500, revision: 41, fence: 0 });
    assert.match(test.machine.why, /the last automatic failover was 13 s ago/);
  });

  it('takes no stop in order for an automatic failover', () => {
    for (const [isResignedInOrder, reason] of [
      [true, 'planned'],
      [false, 'automatic'],
    ] as const) {
      const test = new Test().joined().see(led);
      const { call } = test
        .see({ ...gone, resigned: 20, isResignedInOrder, members: spoken() })
        .call('campaign') as Extract<Action, { kind: 'call' }>;
      assert(call.kind === 'campaign' && call.key.reason === reason);
    }
    const stopped = new Test().leading().give({ kind: 'over', reason: 'it is being stopped', isInOrder: true });
    const { call } = stopped.give({ kind: 'stopped' }).call('resign') as Extract<Action, { kind: 'call' }>;
    assert.deepEqual(call, { kind: 'resign', fence: 20, isInOrder: true });
  });

  it('refuses a store of another cluster by name, whatever it shows later', () => {
    const test = new Test().joined().see({ clusterId: 'other', revision: 40 });
    assert.equal(test.machine.state.name, 'refused');
    assert.match(test.machine.why, /the store belongs to the cluster other/);
    assert.match(test.machine.why, /Start the node with the name of its own cluster/);
    assert.equal(test.see({ revision: 41 }).machine.state.name, 'refused');
  });

  it('founds a cluster whose numbers are above the epoch of its data', () => {
    const test = new Test({ self: { ...SELF, historyFence: 12 } }).joined();
    test.see({ members: [member('a')], revision: 12 });
    const { call } = test.call('campaign') as Extract<Action, { kind: 'call' }>;
    assert(call.kind === 'campaign' && call.fenceBase === 12);
  });

  it('refuses a leadership whose number is not above those of its data', () => {
    const test = new Test({ self: { ...SELF, historyFence: 20 } })
      .joined()
      .see({ members: [member('a')], revision: 12 });
    test.give({ kind: 'campaigned', lease: 'lease of a', fence: 20 });
    assert.match(test.machine.why, /not above 20/);
  });
});

describe('the times of a cluster', () => {
  it('leave room for two failed renewals', () => {
    assert.deepEqual(timingOf(3_000), {
      ttlMs: 3_000,
      marginMs: 1_000,
      keepAliveMs: 1_000,
      requestMs: 500,
      silenceMs: 4_000,
    });
    for (const ttlMs of [2_999, 600_001, Number.NaN])
      assert.throws(() => timingOf(ttlMs), { code: 'invalid_argument' });
  });
});
