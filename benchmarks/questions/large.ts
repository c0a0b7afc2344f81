/** Large values: MB a second written and read, with a follower attached. */
import { memoryCopy } from '../measure/floors.js';
import { drive, randomValue } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { Servers } from '../peers/processes.js';
import { openStores, storeNames } from '../peers/store.js';
import { count, counts, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const KEYS = 100;

export const large = question({
  name: 'large',
  sentence: 'How many MB a second of large values are written and read?',
  options: {
    valueBytes: counts('bytes of a value', [1_024, 65_536, 1_048_576]),
    inFlight: count('in flight', 16),
    seconds: count('of a round', 2, 5),
    rounds: count('rounds that count', 3, 5),
  },
  async measure({ valueBytes, inFlight, seconds, rounds }, run) {
    await using servers = new Servers();
    const stores = await openStores(servers, storeNames(run));
    for (const bytes of valueBytes) {
      const value = randomValue(bytes);
      for (const kind of ['set', 'get'] as const) {
        run.progress(`${kind} of ${bytes} B`);
        const rates = await inTurn(stores, { rounds }, async (store) => {
          const work = (i: number) =>
            kind === 'set' ? store.set(`key:${i % KEYS}`, value) : store.get(`key:${i % KEYS}`);
          const { perSecond } = await drive({ inFlight, seconds }, work);
          await store.level();
          return (perSecond * bytes) / 1e6;
        });
        run.add(
          rowsOf(
            {
              figure: `${kind === 'set' ? 'SET' : 'GET'} of ${bytes} B, ${inFlight} in flight`,
              unit: 'MB/s',
              better: 'more',
              floor: await memoryCopy(),
            },
            rates[0] ?? [],
            [{ name: 'Redis', values: rates[1] ?? [] }],
          ),
        );
      }
    }
    for (const store of stores) await store.close();
  },
});
