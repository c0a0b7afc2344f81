/** Processor time of a write, by process and by thread. Each round begins with fresh servers. */

import { drive, randomValue } from '../measure/loads.js';
import { canCountThreads, type ProcessTime, watchProcessor } from '../measure/processor-time.js';
import { inTurn } from '../measure/rounds.js';
import { Servers } from '../peers/processes.js';
import { openStore, storeNames } from '../peers/store.js';
import { count, question, words } from '../question.js';
import { rowsOf } from '../report/report.js';

const HOT_KEYS = 100_000;

export const cpu = question({
  name: 'cpu',
  sentence: 'How much processor time does a write take, by process and by thread?',
  options: {
    keys: words('the keys that are written', ['hot', 'distinct']),
    commands: count('writes of a round', 500_000, 2_000_000),
    inFlight: count('writes in flight', 1_000),
    valueBytes: count('bytes of a value', 100),
    rounds: count('rounds, each on fresh servers', 2, 5),
  },
  async measure({ keys, commands, inFlight, valueBytes, rounds }, run) {
    if (!canCountThreads()) return run.note('Only Linux counts the processor time of other processes by thread.');
    const names = storeNames(run);
    const value = randomValue(valueBytes);
    for (const kind of keys) {
      const keyOf = (i: number) =>
        kind === 'hot' ? `key:${Math.floor(Math.random() * HOT_KEYS)}` : `key:${(i * 7_919) % 1e9}:${i}`;
      const results = await inTurn(names, { rounds, warmUps: 0 }, async (name, round) => {
        run.progress(`${kind} keys, round ${round + 1}: ${name}`);
        await using servers = new Servers();
        const store = await openStore(servers, name);
        const { leader, followers } = store.group;
        const watches = [leader, ...followers].map(({ pid }) => watchProcessor(pid));
        const before = process.cpuUsage();
        await drive({ inFlight, count: commands }, (i) => store.set(keyOf(i), value));
        await store.level();
        const { user, system } = process.cpuUsage(before);
        const [above, below] = watches.map((read) => read()) as [ProcessTime, ProcessTime];
        await store.close();
        return figuresOf(above, below, (user + system) / 1_000);
      });
      const [ours = [], theirs = []] = results.map((of) =>
        of.map((figures) => figures.map(([, ms]) => (ms * 1_000) / commands)),
      );
      for (const [i, [figure]] of (results[0]?.[0] ?? []).entries()) {
        const peers = [{ name: 'Redis', values: theirs.map((figures) => figures[i] as number) }];
        run.add(
          rowsOf(
            { figure: `${kind} keys: ${figure}`, unit: 'µs a write', better: 'less' },
            ours.map((figures) => figures[i] as number),
            peers,
          ),
        );
      }
    }
  },
});

function figuresOf(
  above: ProcessTime,
  below: ProcessTime,
  clientMs: number,
): Array<readonly [figure: string, ms: number]> {
  const of = (role: string, { ms, mainMs, others }: ProcessTime) => {
    const [first = 0, second = 0, ...rest] = others.map((thread) => thread.ms);
    return [
      [role, ms],
      [`${role}, main thread`, mainMs],
      [`${role}, second thread`, first],
      [`${role}, third thread`, second],
      [`${role}, its other threads`, rest.reduce((sum, each) => sum + each, 0)],
    ] as const;
  };
  return [...of('leader', above), ...of('follower', below), ['client', clientMs]];
}
