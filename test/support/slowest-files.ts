/**
 * Mocha's own report, and below it the test files that took longest: where to
 * look if the tests have become slow. HEADWATER_SLOWEST says how many, ten if
 * it is not set.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Mocha from 'mocha';
import { FILE_TIMES, type FileTime } from './file-times.js';

const SLOWEST = Number(process.env.HEADWATER_SLOWEST ?? 10);

export default class SlowestFiles extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-file-times-'));
    const notes = path.join(directory, 'times.jsonl');
    process.env[FILE_TIMES] = notes;
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      print(slowest(read(notes)));
      rmSync(directory, { recursive: true });
    });
  }
}

function read(notes: string): FileTime[] {
  try {
    const lines = readFileSync(notes, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as FileTime);
  } catch {
    return []; // no test has run
  }
}

function slowest(times: readonly FileTime[]): FileTime[] {
  const sums = new Map<string, FileTime>();
  for (const { file, wallMs, cpuMs } of times) {
    const sum = sums.get(file) ?? { file, wallMs: 0, cpuMs: 0 };
    sums.set(file, { file, wallMs: sum.wallMs + wallMs, cpuMs: sum.cpuMs + cpuMs });
  }
  return [...sums.values()].sort((a, b) => b.wallMs - a.wallMs).slice(0, SLOWEST);
}

function print(files: readonly FileTime[]): void {
  console.log('  slowest files      wall       cpu');
  for (const { file, wallMs, cpuMs } of files)
    console.log(`  ${seconds(wallMs)} ${seconds(cpuMs)}  ${path.relative('', file)}`);
  console.log();
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`.padStart(9);
}
