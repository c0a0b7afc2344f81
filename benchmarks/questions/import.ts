/**
 * What does a large import do to a node? The peak of the leader's resident
 * memory, and how long its event loop was ever held up while checkpoints ran.
 */
import { Client } from '../../src/client/index.js';
import { levelDb } from '../measure/floors.js';
import { fill } from '../measure/loads.js';
import { memoryOf } from '../measure/memory.js';
import { Servers } from '../peers/processes.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const VALUE_BYTES = 100;
const MB = 1_000_000;

export const importKeys = question({
  name: 'import',
  sentence: 'What does a large import take of a node in memory, and for how long is its event loop held up?',
  options: { keys: count('keys to import', 1_000_000, 10_000_000), rounds: count('fresh nodes', 2, 3) },
  async measure({ keys, rounds }, run) {
    const results = [];
    for (let round = 0; round < rounds; round++) {
      run.progress(`round ${round + 1}`);
      await using servers = new Servers();
      const server = await servers.headwater('import');
      await using client = await Client.connect(`127.0.0.1:${server.port}`);
      const { perSecond } = await fill(client, keys, VALUE_BYTES);
      results.push({ perSecond, peak: memoryOf(server.pid, 'VmHWM') / MB, ...(await client.status()) });
    }
    const what = `${keys} keys of ${VALUE_BYTES} B`;
    const floor = await levelDb(VALUE_BYTES);
    run.add(
      rowsOf(
        { figure: what, unit: 'SETs/s', better: 'more', floor },
        results.map(({ perSecond }) => perSecond),
      ),
    );
    const add = (figure: string, unit: string, values: number[]) =>
      run.add(rowsOf({ figure, unit, better: 'less' }, values));
    add(
      'memory after',
      'MB',
      results.map(({ residentMemoryBytes }) => residentMemoryBytes / MB),
    );
    add(
      'memory at the peak',
      'MB',
      results.map(({ peak }) => peak),
    );
    add(
      'event loop held up, p99',
      'ms',
      results.map(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms),
    );
    add(
      'event loop held up, longest',
      'ms',
      results.map(({ eventLoopDelayMaxMs }) => eventLoopDelayMaxMs),
    );
  },
});
