/** New keys at full speed for minutes: the seconds that were slow, and the tail of the waits. */
import { drive, randomValue } from '../measure/loads.js';
import { inTurn } from '../measure/rounds.js';
import { median, percentile } from '../measure/statistics.js';
import { Servers } from '../peers/processes.js';
import { openStore, storeNames } from '../peers/store.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

export const sustained = question({
  name: 'sustained',
  sentence: 'Does the rate of new keys hold over minutes?',
  options: {
    seconds: count('of a round', 40, 600),
    inFlight: count('writes in flight', 200),
    valueBytes: count('bytes of a value', 100),
    rounds: count('rounds, each on fresh servers', 1),
  },
  async measure({ seconds, inFlight, valueBytes, rounds }, run) {
    const value = randomValue(valueBytes);
    const results = await inTurn(storeNames(run), { rounds, warmUps: 0 }, async (name) => {
      run.progress(name);
      await using servers = new Servers();
      const store = await openStore(servers, name);
      const waits: number[] = [];
      const { perSecondBySecond, longestMs } = await drive({ inFlight, seconds }, async (i) => {
        const beganMs = performance.now();
        await store.set(`key:${(i * 7_919) % 1e9}:${i}`, value);
        waits.push(performance.now() - beganMs);
      });
      await store.close();
      const middle = median(perSecondBySecond);
      return { middle, slowest: Math.min(...perSecondBySecond), p999: percentile(waits, 0.999), longestMs };
    });
    const add = (
      figure: string,
      unit: string,
      better: 'more' | 'less',
      part: 'middle' | 'slowest' | 'p999' | 'longestMs',
    ) => {
      const of = (i: number) => (results[i] ?? []).map((result) => result[part]);
      run.add(rowsOf({ figure, unit, better }, of(0), [{ name: 'Redis', values: of(1) }]));
    };
    add('median second', 'SETs/s', 'more', 'middle');
    add('slowest second', 'SETs/s', 'more', 'slowest');
    add('p99.9', 'ms', 'less', 'p999');
    add('longest', 'ms', 'less', 'longestMs');
  },
});
