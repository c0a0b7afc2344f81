/**
 * How long does a program wait until it has a client? Fresh processes import the client, the whole package and ioredis
 * in turn, so that the drift of the machine falls on all of them.
 */
import { execFileSync } from 'node:child_process';
import { printMachine, printTable, ratios, spread } from './report.js';

const IOREDIS = 'ioredis';

/** The entries of the compiled package, beside this compiled file. */
const MODULES: ReadonlyArray<readonly [name: string, specifier: string]> = [
  [IOREDIS, import.meta.resolve(IOREDIS)],
  ['headwater/client', new URL('../src/client/index.js', import.meta.url).href],
  ['headwater', new URL('../src/index.js', import.meta.url).href],
];

export function firstImport({ rounds }: { rounds: number }): void {
  printMachine();
  const times = new Map(MODULES.map(([name]): [string, number[]] => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, specifier] of MODULES) times.get(name)?.push(importMs(specifier));
  const theirs = times.get(IOREDIS) as number[];
  const rows = [...times].map(([name, ours]) => [name, spread(ours), spread(ratios(ours, theirs), 2)]);
  printTable('import in a fresh process', ['module', 'ms', 'ratio to ioredis'], rows);
}

function importMs(specifier: string): number {
  const program = `const begin = performance.now();
    await import(${JSON.stringify(specifier)});
    console.log(performance.now() - begin);
    process.exit();`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' }));
}
