/** Writes into a tree of followers: the rate, end to end too, and the processor time of the leader. Used by `fan-out` and `chain`. */

import { Servers } from '../peers/processes.js';
import { openStores, storeNames } from '../peers/store.js';
import type { Run } from '../question.js';
import { rowsOf } from '../report/report.js';
import { drive } from './loads.js';
import { canCountThreads, watchProcessor } from './processor-time.js';
import { inTurn } from './rounds.js';

const KEYS = 100_000;
const VALUE = 'x'.repeat(100);
const IN_FLIGHT = 1_000;

interface Load {
  readonly followers: number;
  readonly isChain: boolean;
  readonly seconds: number;
  readonly rounds: number;
}

export async function measureTree({ followers, isChain, seconds, rounds }: Load, run: Run): Promise<void> {
  const what = `${followers} ${isChain ? 'in a chain' : followers === 1 ? 'follower' : 'followers'}`;
  run.progress(what);
  await using servers = new Servers();
  const stores = await openStores(servers, storeNames(run), { followers, isChain });
  const results = await inTurn(stores, { rounds }, async (store) => {
    const used = canCountThreads() ? watchProcessor(store.group.leader.pid) : undefined;
    const beganMs = performance.now();
    const { perSecond, count } = await drive({ inFlight: IN_FLIGHT, seconds }, (i) =>
      store.set(`key:${i % KEYS}`, VALUE),
    );
    const endedMs = performance.now();
    await store.level();
    const leveledMs = performance.now();
    return {
      perSecond,
      endToEnd: (count / (leveledMs - beganMs)) * 1_000,
      behindMs: leveledMs - endedMs,
      cpu: ((used?.().ms ?? Number.NaN) * 1_000) / count,
    };
  });
  for (const store of stores) await store.close();
  const add = (
    figure: string,
    unit: string,
    better: 'more' | 'less',
    part: 'perSecond' | 'endToEnd' | 'behindMs' | 'cpu',
  ) => {
    const [ours = [], theirs = []] = results.map((of) => of.map((result) => result[part]));
    run.add(rowsOf({ figure: `${what}: ${figure}`, unit, better }, ours, [{ name: 'Redis', values: theirs }]));
  };
  add('acknowledged', 'SETs/s', 'more', 'perSecond');
  add('end to end', 'SETs/s', 'more', 'endToEnd');
  add('the last is behind', 'ms', 'less', 'behindMs');
  add('processor time of the leader', 'µs a write', 'less', 'cpu');
}
