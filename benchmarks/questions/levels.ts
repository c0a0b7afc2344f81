/**
 * Writes a second by durability level, each beside the peers that promise the same. Two members of etcd are its quorum,
 * as a leader and one follower are here: a third would promise no more, and take its part of the machine.
 */
import { Redis } from 'ioredis';
import { fsync, loopback } from '../measure/floors.js';
import { drive, warmUp } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { etcdClient } from '../peers/etcd.js';
import { clientOf } from '../peers/headwater.js';
import { type Server, Servers } from '../peers/processes.js';
import { storeNames } from '../peers/store.js';
import { hasProgram, missing } from '../peers/versions.js';
import { count, counts, question, type Run, words } from '../question.js';
import { type Floor, rowsOf } from '../report/report.js';

const KEYS = 100_000;
const VALUE = 'x'.repeat(100);
const WAIT_MS = 10_000;
const LEVELS = ['appended', 'synced', 'followers', 'followers_synced'] as const;

type Level = (typeof LEVELS)[number];

interface System {
  readonly name: string;
  /** Resolves when the write is as safe as the level says. */
  readonly set: (key: string) => Promise<unknown>;
}

/** A program beside Headwater, with the ways in which it makes writes as safe as a level says. */
interface Peer {
  /** @returns undefined if it promises nothing like that. */
  systemOf(level: Level, inFlight: number): System | undefined;
  close(): void;
}

export const levels = question({
  name: 'levels',
  sentence: 'How many writes a second are acknowledged at each durability level?',
  options: {
    levels: words('durability levels', LEVELS),
    inFlight: counts('writes in flight', [1, 500]),
    seconds: count('of a round', 1, 5),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ levels: asked, inFlight, seconds, rounds }, run) {
    await using servers = new Servers();
    await using client = await clientOf((await servers.headwaterGroup()).leader);
    const programs = await startPeers(servers, run);
    const systemsOf = (level: Level, many: number): [System, ...System[]] => {
      const durability = level.startsWith('followers') ? { level, followers: 1 } : { level };
      const ours: System = { name: 'Headwater', set: (key) => client.set(key, VALUE, { durability }) };
      return [ours, ...programs.flatMap((program) => program.systemOf(level, many) ?? [])];
    };
    for (const level of asked) {
      run.progress(`${level}, to warm up`);
      for (const { set } of systemsOf(level, Number.POSITIVE_INFINITY)) await warmUp((i) => set(`key:${i % KEYS}`));
    }
    for (const many of inFlight) {
      for (const level of asked) {
        run.progress(`${level}, ${many} in flight`);
        const [ours, ...peers] = systemsOf(level, many);
        const [own = [], ...theirs] = await inTurn([ours, ...peers], { rounds }, async ({ set }) => {
          const { perSecond } = await drive({ inFlight: many, seconds }, (i) => set(`key:${i % KEYS}`));
          return perSecond;
        });
        const floor = many === 1 ? await lone(level) : undefined;
        run.add(
          rowsOf(
            { figure: `${level}, ${many} in flight`, unit: 'writes/s', better: 'more', floor },
            own,
            peers.map(({ name }, i) => ({ name, values: theirs[i] ?? [] })),
          ),
        );
      }
    }
    for (const program of programs) program.close();
  },
});

async function startPeers(servers: Servers, run: Run): Promise<Peer[]> {
  const programs: Peer[] = [];
  if (storeNames(run).length > 1) programs.push(await redisPeer(servers, run));
  if (hasProgram('etcd')) programs.push(await etcdPeer(servers));
  else run.note(missing('etcd'));
  return programs;
}

async function redisPeer(servers: Servers, run: Run): Promise<Peer> {
  const { port } = (await servers.redisGroup()).leader;
  const client = new Redis(port, { enableAutoPipelining: true });
  const [hasWaitAof] = (await client.call('COMMAND', 'INFO', 'WAITAOF')) as unknown[];
  if (!hasWaitAof) run.note('This Redis has no WAITAOF (7.2 has), so it has no row at the levels that sync.');
  /** Each with its patience as the last word. */
  const waits: Readonly<Record<Level, readonly string[] | undefined>> = {
    appended: [],
    synced: hasWaitAof ? ['WAITAOF', '1', '0', `${WAIT_MS}`] : undefined,
    followers: ['WAIT', '1', `${WAIT_MS}`],
    followers_synced: hasWaitAof ? ['WAITAOF', '1', '1', `${WAIT_MS}`] : undefined,
  };
  return {
    systemOf(level, inFlight) {
      const words = waits[level];
      if (!words) return undefined;
      const [command, ...args] = words;
      if (command === undefined) return { name: 'Redis SET', set: (key) => client.set(key, VALUE) };
      const wait = () => client.call(command, ...args);
      return {
        name: `Redis SET + ${words.slice(0, -1).join(' ')}`,
        set: (key) =>
          // A lone write sends both at once. Of many, the waits go behind all writes: each holds up its connection.
          inFlight === 1 ? Promise.all([client.set(key, VALUE), wait()]) : client.set(key, VALUE).then(wait),
      };
    },
    close: () => client.disconnect(),
  };
}

async function etcdPeer(servers: Servers): Promise<Peer> {
  const [alone, two] = await Promise.all(
    [1, 2].map(async (members) => etcdClient((await servers.etcd(members))[0] as Server)),
  );
  const clients = { synced: alone, followers_synced: two } as const;
  return {
    systemOf(level) {
      const client = level === 'synced' || level === 'followers_synced' ? clients[level] : undefined;
      if (!client) return undefined;
      return {
        name: level === 'synced' ? 'etcd, 1 member' : 'etcd, 2 members',
        set: (key) => client.put(key, VALUE),
      };
    },
    close: () => Object.values(clients).map((client) => client?.close()),
  };
}

/** A lone write waits for a round trip, for another if a follower has to have it, and for the disk of either. */
async function lone(level: Level): Promise<Floor> {
  const trips = level.startsWith('followers') ? 2 : 1;
  const syncs = level.endsWith('synced') ? 1 : 0;
  const ms = trips * (await loopback()).value + syncs * (await fsync()).value;
  return {
    name: `/s, ${trips === 1 ? 'round trip' : '2 round trips'}${syncs > 0 ? ' and fsync' : ''}`,
    value: 1_000 / ms,
  };
}
