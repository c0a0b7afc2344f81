/**
 * A follower is stopped for a number of writes and started again: commands a second from its start to the last of them,
 * and the longest time for which its offset stood still. Redis has a backlog that suffices.
 */
import { Redis } from 'ioredis';
import { drive, pause, randomValue } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { clientOf } from '../peers/headwater.js';
import { redisFlags, type Server, Servers } from '../peers/processes.js';
import { offsetOf } from '../peers/redis.js';
import { storeNames } from '../peers/store.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';
import { eventually } from '../waiting.js';

const IN_FLIGHT = 1_000;
const LOOK_SECONDS = 0.01;
const BACKLOG = ['--repl-backlog-size', '2gb'];

interface System {
  set(key: string): Promise<unknown>;
  /** Replicated so far, by the leader or by the follower. */
  offset(of: 'leader' | 'follower'): Promise<number>;
  stop(): void;
  resume(): void;
  fullResyncs(): Promise<number>;
  close(): Promise<unknown>;
}

interface Result {
  readonly perSecond: number;
  readonly stillMs: number;
}

export const catchUp = question({
  name: 'catch-up',
  sentence: 'How fast does a follower catch up that stood still for many writes?',
  options: {
    commands: count('writes meanwhile, each to a new key', 400_000, 1_000_000),
    valueBytes: count('bytes of a value', 100),
    rounds: count('rounds, each on fresh servers', 3, 5),
  },
  async measure({ commands, valueBytes, rounds }, run) {
    const value = randomValue(valueBytes);
    const results = await inTurn(storeNames(run), { rounds, warmUps: 0 }, async (name, round) => {
      run.progress(`round ${round + 1}: ${name}`);
      await using servers = new Servers();
      const system = await (name === 'headwater' ? headwater(servers, value) : redis(servers, value));
      const result = await measure(system, commands);
      await system.close();
      return result;
    });
    const of = (i: number, part: keyof Result) => (results[i] ?? []).map((result) => result[part]);
    const rate = { figure: `${commands} new keys of ${valueBytes} B`, unit: 'commands/s', better: 'more' } as const;
    run.add(rowsOf(rate, of(0, 'perSecond'), [{ name: 'Redis', values: of(1, 'perSecond') }]));
    const still = { figure: 'longest standstill meanwhile', unit: 'ms', better: 'less' } as const;
    run.add(rowsOf(still, of(0, 'stillMs'), [{ name: 'Redis', values: of(1, 'stillMs') }]));
  },
});

async function measure(system: System, commands: number): Promise<Result> {
  await system.set('first');
  const begin = await system.offset('leader');
  await eventually('the follower to have the first write', async () => (await system.offset('follower')) >= begin);
  const before = await system.fullResyncs();
  system.stop();
  await drive({ inFlight: IN_FLIGHT, count: commands }, (i) => system.set(`key:${(i * 7_919) % 1e9}:${i}`));
  const target = await system.offset('leader');
  const beganMs = performance.now();
  system.resume();
  let [last, movedMs, stillMs] = [begin, beganMs, 0];
  while (last < target) {
    const offset = await system.offset('follower').catch(() => last);
    const nowMs = performance.now();
    if (offset > last) [last, movedMs] = [offset, nowMs];
    else stillMs = Math.max(stillMs, nowMs - movedMs);
    await pause(LOOK_SECONDS);
  }
  const perSecond = (commands / (performance.now() - beganMs)) * 1_000;
  if ((await system.fullResyncs()) > before) throw new Error('expected a partial resync, saw a full one');
  return { perSecond, stillMs };
}

/** A process that stands still keeps its connections, and goes on with them. */
function stopped({ pid }: Server): Pick<System, 'stop' | 'resume'> {
  return { stop: () => void process.kill(pid, 'SIGSTOP'), resume: () => void process.kill(pid, 'SIGCONT') };
}

async function headwater(servers: Servers, value: string): Promise<System> {
  const { leader, followers } = await servers.headwaterGroup();
  const follower = followers[0] as Server;
  const [client, below] = [await clientOf(leader), await clientOf(follower)];
  return {
    ...stopped(follower),
    set: (key) => client.set(key, value),
    offset: async (of) => (await (of === 'leader' ? client : below).status()).offset,
    fullResyncs: async () => (await below.status()).fullResyncs,
    close: () => Promise.all([client.close(), below.close()]),
  };
}

async function redis(servers: Servers, value: string): Promise<System> {
  const flags = [
    ...redisFlags('everysec'),
    ...BACKLOG,
    '--client-output-buffer-limit',
    'replica 0 0 0',
    '--repl-timeout',
    '600',
  ];
  const leader = await servers.redis('master', flags);
  const follower = await servers.redis('replica', [...flags, '--replicaof', `127.0.0.1 ${leader.port}`]);
  const [client, below] = [new Redis(leader.port, { enableAutoPipelining: true }), new Redis(follower.port)];
  await eventually('the replica to be attached', async () =>
    /master_link_status:up/.test(await below.info('replication')),
  );
  return {
    ...stopped(follower),
    set: (key) => client.set(key, value),
    offset: (of) => (of === 'leader' ? offsetOf(client, 'master_repl_offset') : offsetOf(below, 'slave_repl_offset')),
    fullResyncs: async () => Number(/sync_full:(\d+)/.exec(await client.info('stats'))?.[1]),
    close: async () => [client, below].map((each) => each.disconnect()),
  };
}
