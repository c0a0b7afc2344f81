/** GETs a second: of hot keys, and of cold ones right after a restart, when all data are on disk. Redis has all in memory. */
import { Redis } from 'ioredis';
import { loopback } from '../measure/floors.js';
import { drive, fill, warmUp } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { clientOf } from '../peers/headwater.js';
import { Servers } from '../peers/processes.js';
import { storeNames } from '../peers/store.js';
import { count, counts, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const HOT_KEYS = 10_000;

export const read = question({
  name: 'read',
  sentence: 'How many GETs a second are answered, of hot and of cold keys?',
  options: {
    keys: count('keys in each store', 300_000, 1_000_000),
    valueBytes: counts('bytes of a value', [100, 4_096]),
    inFlight: counts('GETs in flight', [1, 50, 1_000]),
    seconds: count('of a round', 1, 5),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ keys, valueBytes, inFlight, seconds, rounds }, run) {
    const { value: tripMs } = await loopback();
    for (const bytes of valueBytes) {
      await using servers = new Servers();
      // Larger values stand for as many bytes, so that a short run stays short.
      const all = Math.max(HOT_KEYS, Math.round((keys * 100) / bytes));
      run.progress(`${all} keys of ${bytes} B`);
      const first = await servers.headwater('reads');
      const loader = await clientOf(first);
      await fill(loader, all, bytes);
      await loader.close();
      await first.kill('SIGTERM');
      const client = await clientOf(await servers.headwater('reads', [], first.port));
      const systems = [{ name: 'Headwater', get: (key: string): Promise<unknown> => client.get(key) }];
      const redis =
        storeNames(run).length > 1
          ? new Redis((await servers.redis('reads-redis')).port, { enableAutoPipelining: true })
          : undefined;
      if (redis) {
        await fill({ set: (key, value) => redis.set(key, value) }, all, bytes);
        systems.push({ name: 'Redis', get: (key) => redis.get(key) });
      }
      // Few of the cold keys are touched by it.
      for (const { get } of systems) await warmUp((i) => get(`key:${i % HOT_KEYS}`));
      for (const kind of ['cold', 'hot'] as const) {
        for (const many of inFlight) {
          run.progress(`${kind}, ${bytes} B, ${many} in flight`);
          const next = () => Math.floor(Math.random() * (kind === 'hot' ? HOT_KEYS : all));
          const rates = await inTurn(
            systems,
            { rounds },
            async ({ get }) => (await drive({ inFlight: many, seconds }, () => get(`key:${next()}`))).perSecond,
          );
          const floor = many === 1 ? { name: '/s, round trips over loopback', value: 1_000 / tripMs } : undefined;
          run.add(
            rowsOf(
              {
                figure: `${kind === 'hot' ? HOT_KEYS : all} ${kind} keys of ${bytes} B, ${many} in flight`,
                unit: 'GETs/s',
                better: 'more',
                floor,
              },
              rates[0] ?? [],
              [{ name: 'Redis', values: rates[1] ?? [] }],
            ),
          );
        }
      }
      await client.close();
      redis?.disconnect();
    }
  },
});
