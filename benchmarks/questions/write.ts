/**
 * Acknowledged SETs a second with a follower attached, over hot keys and over keys that are all new. "End to end" counts
 * until the follower has all. This process is the one client. Rounds over new keys begin with fresh servers.
 */

import { fsync, levelDb, loopback } from '../measure/floors.js';
import { drive, type LoadBounds, randomValue, warmUp } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { type Fsync, Servers } from '../peers/processes.js';
import { openStore, openStores, type Store, storeNames } from '../peers/store.js';
import { type Chosen, count, counts, question, type Run, words } from '../question.js';
import { type Floor, type Measured, rowsOf } from '../report/report.js';

const HOT_KEYS = 100_000;
const HOT_VALUE_BYTES = 100;

const OPTIONS = {
  keys: words('the keys that are written', ['hot', 'distinct']),
  inFlight: counts('commands in flight over hot keys', [1, 50, 1_000, 5_000]),
  fsync: words('when logs are synced, over hot keys', ['everysec', 'always', 'never']),
  seconds: count('seconds of a round over hot keys', 1, 5),
  distinct: counts(
    'keys, in flight and bytes of each load over new keys',
    [400_000, 1_000, 100],
    [1_000_000, 1_000, 100, 2_000_000, 200, 100, 500_000, 200, 1_024],
  ),
  rounds: count('rounds that count', 3, 5),
  freshRounds: count('rounds over new keys', 2, 5),
};

export const write = question({
  name: 'write',
  sentence: 'How many SETs a second are acknowledged, with a follower attached?',
  options: OPTIONS,
  async measure(options, run) {
    if (options.keys.includes('hot')) for (const policy of options.fsync) await hot(policy, options, run);
    if (!options.keys.includes('distinct')) return;
    for (let i = 0; i + 2 < options.distinct.length; i += 3) {
      const [keys, inFlight, bytes] = options.distinct.slice(i, i + 3) as [number, number, number];
      await distinct({ keys, inFlight, bytes }, options.freshRounds, run);
    }
  },
});

interface Round {
  readonly acknowledged: number;
  readonly endToEnd: number;
  readonly longestMs: number;
  readonly slowestSecond: number;
}

async function hot(policy: Fsync, options: Chosen<typeof OPTIONS>, run: Run): Promise<void> {
  await using servers = new Servers();
  const stores = await openStores(servers, storeNames(run, ['ioredis', 'node-redis']), { fsync: policy });
  const value = 'x'.repeat(HOT_VALUE_BYTES);
  for (const store of stores) await warmUp((i) => store.set(`key:${i % HOT_KEYS}`, value));
  // The other two policies differ most when many are in flight.
  for (const inFlight of policy === 'everysec' ? options.inFlight : options.inFlight.filter((n) => n === 1_000)) {
    const what = `hot keys, ${inFlight} in flight, fsync ${policy}`;
    run.progress(what);
    const results = await inTurn(stores, options, (store) =>
      round(store, { inFlight, seconds: options.seconds }, () => `key:${Math.floor(Math.random() * HOT_KEYS)}`, value),
    );
    report(
      what,
      stores.map(({ name }) => name),
      results,
      run,
      inFlight === 1 ? await lone(policy) : undefined,
    );
  }
  for (const store of stores) await store.close();
}

/** A lone write waits for a round trip, and for the disk if each write is synced. */
async function lone(policy: Fsync): Promise<Floor> {
  const ms = (await loopback()).value + (policy === 'always' ? (await fsync()).value : 0);
  return {
    name: policy === 'always' ? '/s, round trip and fsync' : '/s, round trips over loopback',
    value: 1_000 / ms,
  };
}

interface Load {
  readonly keys: number;
  readonly inFlight: number;
  readonly bytes: number;
}

async function distinct({ keys, inFlight, bytes }: Load, rounds: number, run: Run): Promise<void> {
  const what = `${keys} new keys of ${bytes} B, ${inFlight} in flight`;
  const names = storeNames(run);
  const value = randomValue(bytes);
  const results = await inTurn(names, { rounds, warmUps: 0 }, async (name, index) => {
    run.progress(`${what}, round ${index + 1}: ${name}`);
    await using servers = new Servers();
    const store = await openStore(servers, name);
    const result = await round(store, { inFlight, count: keys }, (i) => `key:${(i * 7_919) % 1e9}:${i}`, value);
    await store.close();
    return result;
  });
  report(what, ['Headwater', 'Redis'], results, run, await levelDb(bytes));
}

async function round(store: Store, bounds: LoadBounds, keyOf: (i: number) => string, value: string): Promise<Round> {
  const beganMs = performance.now();
  const { perSecond, count, longestMs, perSecondBySecond } = await drive(bounds, (i) => store.set(keyOf(i), value));
  await store.level();
  const endToEnd = (count / (performance.now() - beganMs)) * 1_000;
  return { acknowledged: perSecond, endToEnd, longestMs, slowestSecond: Math.min(...perSecondBySecond) };
}

function report(
  what: string,
  names: readonly string[],
  [ours = [], ...theirs]: Round[][],
  run: Run,
  floor?: Floor,
): void {
  const peersBy = (part: keyof Round): Measured[] =>
    theirs.map((of, i) => ({ name: names[i + 1] as string, values: of.map((result) => result[part]) }));
  const add = (part: keyof Round, figure: string, unit: string, better: 'more' | 'less') =>
    run.add(
      rowsOf(
        { figure, unit, better, floor: part === 'acknowledged' ? floor : undefined },
        ours.map((result) => result[part]),
        peersBy(part),
      ),
    );
  add('acknowledged', `${what}: acknowledged`, 'SETs/s', 'more');
  add('endToEnd', `${what}: end to end`, 'SETs/s', 'more');
  add('longestMs', `${what}: longest`, 'ms', 'less');
  if (ours.every(({ slowestSecond }) => Number.isFinite(slowestSecond)) && what.includes('new'))
    add('slowestSecond', `${what}: slowest second`, 'SETs/s', 'more');
}
