/** Memory of a leader and of its follower while keys are loaded: the most, and what is left. Redis holds all data in memory. */
import { fill } from '../measure/loads.js';
import { memoryOf } from '../measure/memory.js';
import { inTurn } from '../measure/rounds.js';
import { Servers } from '../peers/processes.js';
import { openStore, storeNames } from '../peers/store.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const MB = 1_000_000;
const FIGURES = ['leader, at the peak', 'leader, at the end', 'follower, at the peak', 'follower, at the end'];

export const memory = question({
  name: 'memory',
  sentence: 'How much memory do a leader and its follower take?',
  options: {
    keys: count('keys that are loaded', 500_000, 2_000_000),
    valueBytes: count('bytes of a value', 100),
    rounds: count('rounds, each on fresh servers', 2, 3),
  },
  async measure({ keys, valueBytes, rounds }, run) {
    if (process.platform !== 'linux') return run.note('Only Linux shows the memory of other processes.');
    const results = await inTurn(storeNames(run), { rounds, warmUps: 0 }, async (name, round) => {
      run.progress(`round ${round + 1}: ${name}`);
      await using servers = new Servers();
      const store = await openStore(servers, name);
      await fill(store, keys, valueBytes);
      await store.level();
      const { leader, followers } = store.group;
      const found = [leader, ...followers].flatMap(({ pid }) => [memoryOf(pid, 'VmHWM'), memoryOf(pid, 'VmRSS')]);
      await store.close();
      return found.map((bytes) => bytes / MB);
    });
    for (const [i, figure] of FIGURES.entries()) {
      const of = (system: number) => (results[system] ?? []).map((figures) => figures[i] as number);
      run.add(rowsOf({ figure, unit: 'MB', better: 'less' }, of(0), [{ name: 'Redis', values: of(1) }]));
    }
    run.note(`${keys} keys of ${valueBytes} B are ${Math.round((keys * valueBytes) / MB)} MB of values.`);
  },
});
