/**
 * How long does a program wait until it has a client? Fresh processes import the client, the whole package and ioredis
 * in turn, so that the drift of the machine falls on all of them.
 */
import { execFileSync } from 'node:child_process';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const IOREDIS = 'ioredis';

/** The entries of the compiled package, beside this compiled file. */
const MODULES: ReadonlyArray<readonly [name: string, specifier: string]> = [
  [IOREDIS, import.meta.resolve(IOREDIS)],
  ['headwater/client', new URL('../../src/client/index.js', import.meta.url).href],
  ['headwater', new URL('../../src/index.js', import.meta.url).href],
];

export const firstImport = question({
  name: 'first-import',
  sentence: 'How long does a program wait until it has a client?',
  options: { rounds: count('processes for each', 15) },
  async measure({ rounds }, run) {
    const times = new Map(MODULES.map(([name]): [string, number[]] => [name, []]));
    for (let round = 0; round < rounds; round++) {
      run.progress(`round ${round + 1}`);
      for (const [name, specifier] of MODULES) times.get(name)?.push(importMs(specifier));
    }
    const peers = [{ name: IOREDIS, values: times.get(IOREDIS) ?? [] }];
    times.delete(IOREDIS);
    for (const [name, ours] of times)
      run.add(rowsOf({ figure: `import ${name}`, unit: 'ms', better: 'less' }, ours, peers));
  },
});

function importMs(specifier: string): number {
  const program = `const begin = performance.now();
    await import(${JSON.stringify(specifier)});
    console.log(performance.now() - begin);
    process.exit();`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}
