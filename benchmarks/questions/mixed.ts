/**
 * The workloads of YCSB: A updates half, B a twentieth, C reads only, D reads the latest and inserts, E scans and
 * inserts, F reads, modifies and writes. Keys are zipfian, except for the latest in D. Values have 1,000 B, as there.
 * Redis has no scan in key order, so E has no peer.
 */
import { drive, fill, randomValue } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { scattered, Zipfian } from '../measure/zipfian.js';
import { clientOf } from '../peers/headwater.js';
import { Servers } from '../peers/processes.js';
import { openStores, type Store, storeNames } from '../peers/store.js';
import { count, question, words } from '../question.js';
import { rowsOf } from '../report/report.js';

const VALUE_BYTES = 1_000;
const SCANNED_MAX = 100;
const WORKLOADS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;
const WRITES = { A: 0.5, B: 0.05, C: 0, D: 0.05, E: 0.05, F: 0.5 };

export const mixed = question({
  name: 'mixed',
  sentence: 'How many operations a second do the mixed workloads of YCSB make?',
  options: {
    workloads: words('workloads', WORKLOADS),
    keys: count('keys in each store', 100_000, 1_000_000),
    inFlight: count('operations in flight', 100),
    seconds: count('of a round', 2, 10),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ workloads, keys, inFlight, seconds, rounds }, run) {
    await using servers = new Servers();
    const stores = await openStores(servers, storeNames(run));
    for (const store of stores) await fill(store, keys, VALUE_BYTES);
    const client = await clientOf(stores[0]?.group.leader as Store['group']['leader']);
    const scan = async (key: string) => {
      // Without a limit a scan is one of all keys, for which the node makes a checkpoint.
      for await (const _ of client.scan({ start: key, limit: Math.ceil(Math.random() * SCANNED_MAX) }));
    };
    const value = randomValue(VALUE_BYTES);
    const inserted = new Map(stores.map((store) => [store, keys]));
    // What is asked for is there: only acknowledged inserts count.
    const counts = new Map(inserted);
    for (const workload of workloads) {
      run.progress(`workload ${workload}`);
      const compared = workload === 'E' ? stores.slice(0, 1) : stores;
      const rates = await inTurn(compared, { rounds }, async (store) => {
        const ranks = new Zipfian(counts.get(store) as number);
        const insert = async () => {
          const next = inserted.get(store) as number;
          inserted.set(store, next + 1);
          await store.set(`key:${next}`, value);
          counts.set(store, (counts.get(store) as number) + 1);
        };
        const work = async () => {
          const isWrite = Math.random() < WRITES[workload];
          const all = counts.get(store) as number;
          const rank = ranks.next();
          const key = `key:${workload === 'D' ? Math.max(0, all - 1 - rank) : scattered(rank, all)}`;
          if (isWrite && (workload === 'D' || workload === 'E')) return insert();
          if (workload === 'E') return scan(key);
          if (isWrite && workload === 'F') await store.get(key);
          return isWrite ? store.set(key, value) : store.get(key);
        };
        return (await drive({ inFlight, seconds }, work)).perSecond;
      });
      run.add(
        rowsOf(
          { figure: `workload ${workload}, ${keys} keys, ${inFlight} in flight`, unit: 'operations/s', better: 'more' },
          rates[0] ?? [],
          [{ name: 'Redis', values: rates[1] ?? [] }],
        ),
      );
    }
    await client.close();
    for (const store of stores) await store.close();
  },
});
