/**
 * A fresh follower of a full leader, from the start of its process until it has all: on an idle leader, and while that
 * takes writes; and how long those writes take, beside the same writes without it.
 */
import { Redis } from 'ioredis';
import { memoryCopy } from '../measure/floors.js';
import { atRate, fill, pause } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { percentile } from '../measure/statistics.js';
import { clientOf } from '../peers/headwater.js';
import { redisFlags, type Server, Servers } from '../peers/processes.js';
import { openStores, type Store, type StoreName, storeNames } from '../peers/store.js';
import { count, question, type Run } from '../question.js';
import { rowsOf } from '../report/report.js';
import { eventually } from '../waiting.js';

/** A look takes a follower's processor, so they are few beside the seconds that are measured. */
const PATIENCE = { patienceMs: 600_000, everyMs: 20 };

interface Round {
  readonly idleSeconds: number;
  readonly loadedSeconds: number;
  readonly quietMs: readonly number[];
  readonly meanwhileMs: readonly number[];
}

export const fullResync = question({
  name: 'full-resync',
  sentence: 'How fast does a new follower get all data, and what do writers notice of it?',
  options: {
    keys: count('keys in the leader', 500_000, 10_000_000),
    valueBytes: count('bytes of a value', 100),
    rate: count('writes a second meanwhile', 5_000),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ keys, valueBytes, rate, rounds }, run) {
    await using servers = new Servers();
    const names = storeNames(run);
    const stores = await openStores(servers, names, { followers: 0 });
    for (const store of stores) {
      run.progress(`${keys} keys into ${store.name}`);
      await fill(store, keys, valueBytes);
    }
    const systems = stores.map((store, i) => ({ store, name: names[i] as StoreName }));
    const results = await inTurn(systems, { rounds, warmUps: 0 }, ({ store, name }, round) => {
      run.progress(`round ${round + 1}: ${store.name}`);
      return measure(servers, store, name, { keys, valueBytes, rate });
    });
    for (const store of stores) await store.close();
    report(results, keys, (keys * valueBytes) / 1e6, rate, run);
    const { name, value } = await memoryCopy();
    run.note(`Floor of the machine: ${Math.round(value)} ${name}.`);
  },
});

interface Load {
  readonly keys: number;
  readonly valueBytes: number;
  readonly rate: number;
}

async function measure(
  servers: Servers,
  store: Store,
  name: StoreName,
  { keys, valueBytes, rate }: Load,
): Promise<Round> {
  const value = 'x'.repeat(valueBytes);
  const write = () => store.set(`key:${Math.floor(Math.random() * keys)}`, value);
  const quietMs = await atRate({ perSecond: rate }, write, pause(3));
  const idleSeconds = await follow(servers, name, store.group.leader, keys);
  let loadedSeconds = 0;
  const attached = (async () => {
    loadedSeconds = await follow(servers, name, store.group.leader);
  })();
  const meanwhileMs = await atRate({ perSecond: rate }, write, attached);
  return { idleSeconds, loadedSeconds, quietMs, meanwhileMs };
}

let followersSoFar = 0;

/** @returns the seconds from the start of a fresh follower until it has all. It is ended then. */
async function follow(servers: Servers, name: StoreName, leader: Server, keys?: number): Promise<number> {
  const beganMs = performance.now();
  const own = `fresh-${followersSoFar++}`;
  const follower = await (name === 'headwater'
    ? servers.headwater(own, ['--follow', `127.0.0.1:${leader.port}`])
    : servers.redis(own, [...redisFlags('everysec'), '--replicaof', `127.0.0.1 ${leader.port}`]));
  const expected = { keys, beganMs };
  const seconds = await (name === 'headwater' ? untilStreaming(follower, expected) : untilLinked(follower, expected));
  await follower.kill('SIGKILL');
  return seconds;
}

interface Expected {
  /** How many it must have. Undefined while they are written: a count would go on when the resync is over. */
  readonly keys: number | undefined;
  /** The start of the process. */
  readonly beganMs: number;
}

function expectKeys(found: number, keys: number): void {
  if (found !== keys) throw new Error(`expected a follower with ${keys} keys, found ${found}`);
}

async function untilStreaming(follower: Server, { keys, beganMs }: Expected): Promise<number> {
  const client = await clientOf(follower);
  await eventually(
    'the follower to stream',
    async () => {
      const { upstream, fullResyncs } = await client.status();
      return upstream?.state === 'streaming' && fullResyncs > 0;
    },
    PATIENCE,
  );
  const seconds = (performance.now() - beganMs) / 1_000;
  if (keys !== undefined) expectKeys(await client.dbsize(), keys);
  await client.close();
  return seconds;
}

async function untilLinked(follower: Server, { keys, beganMs }: Expected): Promise<number> {
  const client = new Redis(follower.port);
  await eventually(
    'the replica to be linked',
    async () => /master_link_status:up/.test(await client.info('replication')),
    PATIENCE,
  );
  const seconds = (performance.now() - beganMs) / 1_000;
  if (keys !== undefined) expectKeys(await client.dbsize(), keys);
  client.disconnect();
  return seconds;
}

function report([ours = [], theirs = []]: Round[][], keys: number, megabytes: number, rate: number, run: Run): void {
  const add = (figure: string, unit: string, better: 'more' | 'less', of: (round: Round) => number) =>
    run.add(rowsOf({ figure, unit, better }, ours.map(of), [{ name: 'Redis', values: theirs.map(of) }]));
  add('on an idle leader', 'keys/s', 'more', ({ idleSeconds }) => keys / idleSeconds);
  add('on an idle leader, of values', 'MB/s', 'more', ({ idleSeconds }) => megabytes / idleSeconds);
  add(`under ${rate} writes/s`, 'keys/s', 'more', ({ loadedSeconds }) => keys / loadedSeconds);
  for (const part of [0.5, 0.99]) {
    add(`writes without it: p${part * 100}`, 'ms', 'less', ({ quietMs }) => percentile(quietMs, part));
    add(`writes during it: p${part * 100}`, 'ms', 'less', ({ meanwhileMs }) => percentile(meanwhileMs, part));
  }
}
