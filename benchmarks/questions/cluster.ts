/**
 * What does a cluster cost where nothing fails? The same nodes with a follower, once told whom to follow and once in a
 * cluster on an etcd of its own, in rounds by turns.
 */
import { drive, warmUp } from '../measure/loads.js';
import { canCountThreads, watchProcessor } from '../measure/processor-time.js';
import { inTurn } from '../measure/rounds.js';
import { type ClusterMode, Servers } from '../peers/processes.js';
import { redisStoreOf } from '../peers/redis.js';
import { openStore, type Store } from '../peers/store.js';
import { hasProgram, missing } from '../peers/versions.js';
import { count, counts, question, type Run, words } from '../question.js';
import { type Better, rowsOf } from '../report/report.js';

const HOT_KEYS = 100_000;
const VALUE = 'x'.repeat(100);

interface System {
  readonly name: string;
  readonly store: Store;
  readonly redis: ReturnType<typeof redisStoreOf>;
}

interface Round {
  readonly perSecond: number;
  /** Processor time of the leader, microseconds a write. */
  readonly leaderUs: number;
  readonly followerUs: number;
}

export const cluster = question({
  name: 'cluster',
  sentence: 'What does a cluster cost where nothing fails?',
  options: {
    modes: words('the modes of the cluster', ['available', 'safe'], ['available']),
    doors: words('the protocols of the writes', ['grpc', 'redis']),
    inFlight: counts('writes in flight', [50, 1_000]),
    seconds: count('seconds of a round', 2, 5),
    rounds: count('rounds that count', 5, 9),
  },
  async measure({ modes, doors, inFlight, seconds, rounds }, run) {
    if (!hasProgram('etcd')) return run.note(missing('etcd'));
    if (!canCountThreads()) return run.note('Only Linux counts the processor time of other processes.');
    const opened: Servers[] = [];
    try {
      const systems: System[] = [];
      for (const mode of [undefined, ...modes]) {
        const servers = new Servers();
        opened.push(servers);
        systems.push(await open(servers, mode));
      }
      for (const door of doors) {
        for (const system of systems) await warmUp((i) => setBy(system, door, i));
        for (const many of inFlight) {
          run.progress(`${door}, ${many} in flight`);
          const results = await inTurn(systems, { rounds }, (system) => round(system, door, many, seconds));
          report(`${door}, ${many} in flight`, systems, results, run);
        }
      }
      for (const { store, redis } of systems) {
        redis.close();
        await store.close();
      }
    } finally {
      for (const servers of opened) await servers.stop();
    }
  },
});

function report(what: string, systems: readonly System[], [without = [], ...within]: Round[][], run: Run): void {
  for (const [i, of] of within.entries()) {
    const mode = systems[i + 1]?.name;
    for (const [part, figure, unit, better] of FIGURES) {
      const peers = [{ name: 'without a cluster', values: without.map((round) => round[part]) }];
      const ours = of.map((round) => round[part]);
      run.add(rowsOf({ figure: `${what}, ${mode}: ${figure}`, unit, better }, ours, peers));
    }
  }
}

const FIGURES: ReadonlyArray<readonly [keyof Round, figure: string, unit: string, Better]> = [
  ['perSecond', 'acknowledged', 'SETs/s', 'more'],
  ['leaderUs', 'processor time of the leader', 'µs a write', 'less'],
  ['followerUs', 'processor time of the follower', 'µs a write', 'less'],
];

async function open(servers: Servers, mode: ClusterMode | undefined): Promise<System> {
  const store = await openStore(servers, 'headwater', { cluster: mode });
  return { name: mode ?? 'none', store, redis: redisStoreOf(store.group.leader) };
}

function setBy({ store, redis }: System, door: string, i: number): Promise<unknown> {
  return (door === 'redis' ? redis : store).set(`key:${i % HOT_KEYS}`, VALUE);
}

async function round(system: System, door: string, inFlight: number, seconds: number): Promise<Round> {
  const { leader, followers } = system.store.group;
  const [above, below] = [leader, ...followers].map(({ pid }) => watchProcessor(pid));
  const { perSecond, count: writes } = await drive({ inFlight, seconds }, (i) => setBy(system, door, i));
  await system.store.level();
  const usOf = (read: typeof above) => ((read?.().ms ?? 0) * 1_000) / writes;
  return { perSecond, leaderUs: usOf(above), followerUs: usOf(below) };
}
