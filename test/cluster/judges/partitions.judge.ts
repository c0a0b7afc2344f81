/**
 * Lines of a network that are cut, by network namespaces: between the leader and etcd, between the leader and its
 * followers, both, in one direction alone, and whole machines. The clients reach all nodes all the time, so a former
 * leader that still answers is seen.
 */

import { TTL_MS } from '../../support/elected.js';
import { ETCD_NEEDED, isEtcdInstalled } from '../../support/etcd.js';
import { skipUnless } from '../../support/installed.js';
import type { Machine } from '../../support/machines.js';
import { MACHINES_NEEDED, Machines, mayMakeMachines } from '../../support/machines.js';
import { Judge, ROUNDS } from './judge.js';

/** Longer than a leader is missed before another one leads. */
const LONG_MS = 3 * TTL_MS;

/** The lines that a fault cuts. */
interface Cut {
  readonly between: readonly [of: Place, to: Place];
  /** Packets vanish from the first to the second alone. */
  readonly isOneWay?: true;
}

type Place = 'leader' | 'followers' | 'one follower' | 'etcd' | 'one member of etcd';

const FAULTS: Record<string, readonly Cut[] | 'unplugged'> = {
  'the leader is cut from etcd': [{ between: ['leader', 'etcd'] }],
  'the leader is cut from its followers': [{ between: ['leader', 'followers'] }],
  'the leader is cut from etcd and its followers': [
    { between: ['leader', 'etcd'] },
    { between: ['leader', 'followers'] },
  ],
  'nothing of the leader reaches etcd': [{ between: ['leader', 'etcd'], isOneWay: true }],
  'nothing of etcd reaches the leader': [{ between: ['etcd', 'leader'], isOneWay: true }],
  'nothing of the leader reaches its followers': [{ between: ['leader', 'followers'], isOneWay: true }],
  'nothing of the followers reaches the leader': [{ between: ['followers', 'leader'], isOneWay: true }],
  'one follower is cut from the leader': [{ between: ['one follower', 'leader'] }],
  'one follower is cut from etcd': [{ between: ['one follower', 'etcd'] }],
  'the leader is cut from one member of etcd': [{ between: ['leader', 'one member of etcd'] }],
  'the cable of the leader is out': 'unplugged',
};

for (const mode of ['safe', 'available'] as const) {
  describe(`a network that is cut, in the mode ${mode}`, function () {
    this.timeout(600_000);
    let machines: Machines;
    let judge: Judge;

    before(async function () {
      skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
      skipUnless(this, mayMakeMachines(), MACHINES_NEEDED);
    });

    beforeEach(async () => {
      machines = await Machines.start(6);
      judge = await Judge.start(mode, { members: 3, machines: machines.all });
    });

    afterEach(async () => {
      await judge?.[Symbol.asyncDispose]();
      await machines?.[Symbol.asyncDispose]();
    });

    for (const [kind, fault] of Object.entries(FAULTS)) {
      it(kind, async () => {
        for (let i = 0; i < ROUNDS; i++) {
          await judge.round(async (atMs) => {
            inject(fault, machines, judge);
            await judge.over(atMs + LONG_MS);
            machines.heal();
          });
        }
        await judge.end(kind);
      });
    }
  });
}

function inject(fault: readonly Cut[] | 'unplugged', machines: Machines, judge: Judge): void {
  const { nodes } = judge.elected;
  const leader = machines.all[nodes.indexOf(judge.leader)] as Machine;
  if (fault === 'unplugged') return machines.unplug(leader);
  const followers = machines.all.slice(0, nodes.length).filter((machine) => machine !== leader);
  const etcd = machines.all.slice(nodes.length);
  const places: Record<Place, readonly Machine[]> = {
    leader: [leader],
    followers,
    'one follower': followers.slice(0, 1),
    etcd,
    'one member of etcd': etcd.slice(0, 1),
  };
  for (const { between, isOneWay } of fault) {
    for (const from of places[between[0]]) {
      for (const to of places[between[1]]) {
        if (isOneWay) machines.cutOneWay(from, to);
        else machines.cut(from, to);
      }
    }
  }
}
