/** `bench`: runs the tests one after another, and prints a table, or with --json an object for each test. */
import { availableParallelism } from 'node:os';
import type { Client } from '../../src/client/index.js';
import { connectTo, type Session } from '../connection.js';
import { grouped, milliseconds, plural, rate } from '../figures.js';
import { unlessInterrupted } from '../interrupted.js';
import { snakeCase } from '../json-names.js';
import { latencyFields } from '../latency-figures.js';
import { complain, EXIT, type ExitStatus, type Output } from '../output.js';
import { Progress } from '../progress.js';
import type { Status } from '../status.js';
import { drawnTable } from '../table.js';
import { type Paint, paintFor } from '../terminal.js';
import { Load, type TestResult } from './load.js';
import { isThisMachine, meaningOf } from './meaning.js';
import { type BenchOptions, type Plan, planOf, type TestName } from './plan.js';

export async function bench(session: Session, options: BenchOptions): Promise<ExitStatus> {
  const plan = planOf(options);
  const { addresses, credentials, timeoutMs, output } = session;
  const clients = await Promise.all(
    Array.from({ length: plan.clients }, () => connectTo(addresses, credentials, timeoutMs)),
  );
  try {
    const results = await unlessInterrupted('bench: interrupted', (signal) => runTests(plan, clients, output, signal));
    const status = await (clients[0] as Client).status();
    await report(plan, results, status, output);
    return results.every(({ errors }) => errors.size === 0) ? EXIT.DONE : EXIT.REFUSED;
  } finally {
    await Promise.all(clients.map((client) => client.close({ timeoutMs: 0 })));
  }
}

async function runTests(
  plan: Plan,
  clients: readonly Client[],
  output: Output,
  signal: AbortSignal,
): Promise<TestResult[]> {
  const load = new Load(plan, clients);
  const results: TestResult[] = [];
  const progressOf = (verb: string, records: number) =>
    new Progress(verb, {
      records: Number.isFinite(records) ? records : undefined,
      quiet: output.json || !process.stderr.isTTY,
    });
  const step = async <Result>(verb: string, count: number, work: (progress: Progress) => Promise<Result>) => {
    const progress = progressOf(verb, count);
    return work(progress).finally(() => progress.stop());
  };
  try {
    for (const test of plan.tests) {
      if (READING.has(test)) await step('fill', plan.keys, (progress) => load.fill(progress, signal));
      signal.throwIfAborted();
      const result = await step(test, plan.requests, (progress) => load.run(test, progress, signal));
      results.push(result);
      if (output.json) await output.result(testFields(result, plan), '');
    }
  } finally {
    const left = plan.keep ? 0 : await load.clean();
    if (left > 0) complain(`bench: ${plural(left, 'key')} under ${plan.prefix} could not be deleted`);
    if (plan.keep) complain(`bench: the keys are left under ${plan.prefix}`);
  }
  return results;
}

const READING: ReadonlySet<TestName> = new Set(['get', 'mixed']);

// ---- what it says ----------------------------------------------------------------------

async function report(plan: Plan, results: readonly TestResult[], status: Status, output: Output): Promise<void> {
  const notes = await notesOf(results, status);
  const meaning = results.some(({ test }) => test !== 'ping' && test !== 'get') ? meaningOf(plan, status) : [];
  if (output.json) {
    const { address, role, fsync, version, followers } = status;
    const node = { address, role, fsync, version, followers: followers.length };
    await output.result({ node: snakeCase(node), ok_meant: meaning.join(' '), notes }, '');
    return;
  }
  const paint = paintFor(process.stdout);
  const text = [headOf(plan, status), '', tableOf(results, plan, paint), '', ...meaning];
  await output.result({}, [...text, ...notes.map((note) => paint('yellow', note))].join('\n'));
}

function headOf(plan: Plan, { address, role, version, fsync }: Status): string {
  const { clients, inFlight, keys, valueBytes, prefix } = plan;
  return [
    `${address}: ${role}, headwater ${version}, fsync ${fsync}`,
    `${plural(clients, 'connection')} with ${plural(inFlight, 'request')} in flight each; ${plural(keys, 'key')} under ${prefix}, values of ${plural(valueBytes, 'byte')}`,
  ].join('\n');
}

function tableOf(results: readonly TestResult[], plan: Plan, paint: Paint): string {
  const head = ['test', 'requests', 'requests/s', 'MiB/s', 'avg', 'p50', 'p99', 'p99.9', 'max (ms)', 'errors'];
  const rows = results.map(({ test, elapsedMs, figures, errors }) => {
    const perSecond = (figures.samples / elapsedMs) * 1_000;
    const failed = [...errors].map(([code, count]) => `${grouped(count)} ${code}`).join(', ');
    return [
      test,
      grouped(figures.samples),
      rate(perSecond),
      test === 'ping' || test === 'incr' ? '' : rate((perSecond * plan.valueBytes) / 2 ** 20),
      ...[figures.meanMs, figures.p50Ms, figures.p99Ms, figures.p999Ms, figures.maxMs].map(milliseconds),
      failed === '' ? '0' : paint('red', failed),
    ];
  });
  return drawnTable(
    head.map((name) => paint('dim', name)),
    rows,
    { right: [1, 2, 3, 4, 5, 6, 7, 8] },
  );
}

/** The part of the time from which on this process is taken for the bottleneck. */
const BUSY_SHARE = 0.95;

async function notesOf(results: readonly TestResult[], { address }: Status): Promise<string[]> {
  const notes: string[] = [];
  if (await isThisMachine(address))
    notes.push(
      `The benchmark ran on the machine of the node: both shared its ${plural(availableParallelism(), 'processor')}. Run it from another machine for the speed of the node alone.`,
    );
  const busy = results.filter((result) => result.busy > BUSY_SHARE).map(({ test }) => test);
  if (busy.length > 0)
    notes.push(
      `The benchmark itself was at its limit (${busy.join(', ')}): the node may be faster. Run several at a time to see.`,
    );
  return notes;
}

function testFields({ test, elapsedMs, figures, errors, busy }: TestResult, plan: Plan): object {
  return {
    test,
    clients: plan.clients,
    in_flight: plan.inFlight,
    value_bytes: plan.valueBytes,
    keys: plan.keys,
    elapsed_ms: Math.round(elapsedMs),
    requests_per_second: Math.round((figures.samples / elapsedMs) * 1_000),
    ...latencyFields(figures),
    errors: Object.fromEntries(errors),
    client_busy: Math.round(busy * 100) / 100,
  };
}
