/**
 * `compare`: whether all nodes hold the same, the ranges in which they differ, and their repair. The command itself
 * finds the ranges: it asks the leader and each node that differs for digests of key ranges.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { HeadwaterError } from '../src/base/errors.js';
import type { Client, KeyRange } from '../src/client/index.js';
import type { Differences, RangeDifference, Side } from '../src/tools.js';
import { parseInterval } from './arguments.js';
import { CALL_MS_MAX, type Credentials, onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { untilInterrupted } from './interrupted.js';
import { snakeCase } from './json-names.js';
import { EXIT, type ExitStatus, jsonBytes, shownBytes, UsageError } from './output.js';
import { report } from './report.js';

type Comparison = Awaited<ReturnType<Client['compare']>>;
type Compared = Comparison['nodes'][number];

interface CompareOptions {
  every?: number;
  ranges?: boolean;
  repair?: boolean;
}

/** The ranges in which a node differs, or the error that kept the command from finding them. */
type Looked = Differences | HeadwaterError;

/**
 * The interval of the calls that keep a node from dropping its frozen keyspace, which it holds for 30 s after the last
 * one.
 */
const KEEP_ALIVE_MS = 10_000;
/** The time for finding the differences of all nodes, which reads all their data, and for repairing them. */
const LOOK_MS_MAX = 60 * 60 * 1_000;
/** Repairs in one command: a chain is repaired from its upper end, at least one node at a time. */
const REPAIRS_MAX = 4;
/** Ranges, and bytes of their keys, in one call of a repair. */
const CALL_RANGES_MAX = 1_000;
const CALL_BYTES_MAX = 4 * 1024 * 1024;

export function addCompareCommand(program: Command): void {
  program
    .command('compare')
    .summary('compare the data of all connected nodes while they run (exit status 1 unless they are equal)')
    .description(
      'compare the data of all connected nodes at one offset while they run; --connect names the leader. --timeout limits the wait for the slowest node (default: 5m). Exit status 1 unless all are equal',
    )
    .option(
      '--every <TIME>',
      'repeat the comparison after this pause until Ctrl-C; a failure is reported on stderr and does not end the command',
      parseInterval,
    )
    .option('--ranges', 'also print the ranges of keys in which a node differs; only digests are sent, no values')
    .option(
      '--repair',
      'with --ranges: replace the records in these ranges with those of the upstream, and compare again',
    )
    .action(onNode(compare, { waits: true }));
}

async function compare(session: Session, options: CompareOptions): Promise<ExitStatus> {
  const { every, ranges = false, repair = false } = options;
  if (repair && !ranges)
    throw new UsageError('compare: --repair needs --ranges: expected both, received --repair alone');
  // The first comparison runs as without --every, so that an impossible request fails at once.
  const first = await compareOnce(session, options);
  if (every === undefined) return first;
  let worst = first;
  await untilInterrupted(async (signal) => {
    for (;;) {
      await sleep(every, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      worst = Math.max(worst, await compareAgain(session, options, signal)) as ExitStatus;
    }
  });
  return worst;
}

/**
 * Compares again. A failure does not end the loop. A leader that is away, or hands over, may be back the next time, or
 * another node may lead.
 */
async function compareAgain(session: Session, options: CompareOptions, signal: AbortSignal): Promise<ExitStatus> {
  try {
    return await compareOnce(session, options, signal);
  } catch (error) {
    return signal.aborted ? EXIT.DONE : report(error);
  }
}

async function compareOnce(session: Session, options: CompareOptions, signal?: AbortSignal): Promise<ExitStatus> {
  const { client, output, timeoutMs } = session;
  for (let repairs = 0; ; repairs++) {
    const of = await client.compare({ signal, ...(timeoutMs !== undefined && { waitMs: timeoutMs }) });
    const looked = options.ranges ? await lookInto(session, of, inTime(signal)) : undefined;
    await output.result(fieldsOf(of, looked), textOf(of, looked));
    if (of.nodes.every(({ outcome }) => outcome === 'equal')) return EXIT.DONE;
    if (!options.repair || !looked || repairs === REPAIRS_MAX) return EXIT.NEGATIVE;
    if (!(await repairAll(session, of, looked, inTime(signal)))) return EXIT.NEGATIVE;
  }
}

/** A signal that also aborts at the time limit, so that the command gives up a node that stands still. */
function inTime(signal: AbortSignal | undefined): AbortSignal {
  const late = AbortSignal.timeout(LOOK_MS_MAX);
  return signal ? AbortSignal.any([signal, late]) : late;
}

// ---- the ranges that differ ----------------------------------------------------

async function lookInto(
  { client: leader, credentials }: Session,
  of: Comparison,
  signal: AbortSignal,
): Promise<Map<Compared, Looked>> {
  const looked = new Map<Compared, Looked>();
  const clients = new Map<Compared, Client>();
  const unlessRefused = async (node: Compared, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      looked.set(node, error);
    }
  };
  // All nodes are kept waiting at once: those whose turn comes late must hold their frozen keyspaces until then.
  const stillWanted = setInterval(() => {
    for (const client of [leader, ...clients.values()])
      client
        .rangeDigests(of.markId, [], { signal })
        .next()
        .catch(() => {});
  }, KEEP_ALIVE_MS);
  const { findDifferences } = await import('../src/compare/bisection.js');
  try {
    for (const node of of.nodes) {
      // A node that could not compute its digest may have damaged records, and can find their ranges.
      if (node.outcome !== 'different' && node.outcome !== 'unable') continue;
      await unlessRefused(node, async () => void clients.set(node, await connect(node, credentials)));
    }
    for (const [node, client] of clients)
      await unlessRefused(node, async () => {
        const theirs = node.outcome === 'unable' ? undefined : node.keys;
        const sides = [leader, client].map((asked) => sideOf(asked, of, signal)) as [Side, Side];
        looked.set(node, await findDifferences(...sides, { ours: of.keys, theirs }));
      });
  } finally {
    clearInterval(stillWanted);
    for (const client of clients.values()) await client.close({ timeoutMs: 0 });
  }
  return looked;
}

function sideOf(client: Client, { markId }: Comparison, signal: AbortSignal): Side {
  return { digests: (ranges, cuts) => client.rangeDigests(markId, ranges, { cuts, signal }) };
}

async function connect({ nodeId, address }: Compared, credentials: Credentials): Promise<Client> {
  if (address === '') throw new HeadwaterError('unreachable', `the node ${nodeId} does not report its address`);
  const { Client } = await import('../src/client/index.js');
  return Client.connect(address, { ...credentials, timeoutMs: CALL_MS_MAX, redirect: false });
}

// ---- repair -------------------------------------------------------------------

/**
 * Repairs the nodes in the order of the comparison, those nearer to the leader first. @returns whether anything may
 * have changed.
 */
async function repairAll(
  { output, credentials }: Session,
  of: Comparison,
  looked: Map<Compared, Looked>,
  signal: AbortSignal,
): Promise<boolean> {
  let changed = false;
  for (const node of of.nodes) {
    const differences = looked.get(node);
    if (!differences || differences instanceof HeadwaterError) continue;
    const wanted = toRepair(differences);
    if (wanted.length === 0) continue;
    const done = { written: 0, deleted: 0 };
    let message = '';
    let client: Client | undefined;
    try {
      client = await connect(node, credentials);
      for (const ranges of inCalls(wanted))
        for await (const { written, deleted } of client.repairRanges(ranges, { signal })) {
          done.written += written;
          done.deleted += deleted;
        }
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      message = error.message;
    } finally {
      await client?.close({ timeoutMs: 0 });
    }
    const { nodeId, address } = node;
    const text = `repaired  ${nodeId.slice(0, 8)}  ${address}: ${plural(done.written, 'record')} put in place, ${done.deleted} deleted${message === '' ? '' : `; then: ${message}`}`;
    await output.result({ repaired: nodeId, address, ...done, message }, text);
    changed ||= done.written + done.deleted > 0;
  }
  return changed;
}

/** The ranges that can be repaired: if the leader cannot read its own records, no node has them. */
function toRepair({ ranges, more }: Differences): KeyRange[] {
  const repairable = ranges.filter(({ ourDamaged }) => ourDamaged === 0);
  return more ? [...repairable, more] : repairable;
}

function* inCalls(ranges: readonly KeyRange[]): Generator<readonly KeyRange[]> {
  for (let from = 0; from < ranges.length; ) {
    let bytes = 0;
    let end = from;
    while (end < ranges.length && end - from < CALL_RANGES_MAX) {
      const range = ranges[end] as KeyRange;
      bytes += range.from.length + (range.to?.length ?? 0);
      if (end > from && bytes > CALL_BYTES_MAX) break;
      end++;
    }
    yield ranges.slice(from, end);
    from = end;
  }
}

// ---- output -------------------------------------------------------------------

function fieldsOf(of: Comparison, looked: Map<Compared, Looked> | undefined): object {
  if (!looked) return snakeCase(of) as object;
  const nodes = of.nodes.map((node) => ({ ...(snakeCase(node) as object), ...rangeFields(looked.get(node)) }));
  return { ...(snakeCase(of) as object), nodes };
}

function rangeFields(looked: Looked | undefined): object {
  if (!looked) return { ranges: [], more: null, ranges_error: null };
  if (looked instanceof HeadwaterError) return { ranges: [], more: null, ranges_error: looked.message };
  const { more } = looked;
  const ranges = looked.ranges.map((range) => ({
    ...boundsOf(range),
    keys: range.theirKeys,
    leader_keys: range.ourKeys,
    missing: range.missing,
    extra: range.extra,
    changed: range.changed,
    damaged: range.theirDamaged,
    leader_damaged: range.ourDamaged,
    unreadable: range.unreadable || null,
  }));
  return { ranges, more: more ? boundsOf(more) : null, ranges_error: null };
}

/**
 * The bounds in JSON: the first key that may be in the range, null: the first of all. Then the first key behind the
 * range, null: there is none.
 */
function boundsOf({ from, to }: KeyRange): object {
  return { from: from.length === 0 ? null : jsonBytes('key', from), to: to ? jsonBytes('key', to) : null };
}

function textOf(of: Comparison, looked: Map<Compared, Looked> | undefined): string {
  const head = `${of.digest}  offset ${of.offset}  ${plural(of.keys, 'key')}  leader`;
  const lines = of.nodes.flatMap((node) => {
    const { nodeId, address, outcome, keys, digest, message } = node;
    const seen = outcome === 'different' ? `: ${digest}, ${plural(keys, 'key')}` : '';
    const line = `${outcome.padEnd(10)}${nodeId.slice(0, 8)}  ${address}${seen}${message ? `: ${message}` : ''}`;
    return [line, ...rangeLines(looked?.get(node))];
  });
  return [head, ...lines].join('\n');
}

function rangeLines(looked: Looked | undefined): string[] {
  if (!looked) return [];
  if (looked instanceof HeadwaterError) return [`  the ranges that differ are not known: ${looked.message}`];
  const lines = looked.ranges.map((range) => `  ${shownRange(range)}: ${shownCounts(range)}`);
  return looked.more ? [...lines, `  and more in: ${shownRange(looked.more)}`] : lines;
}

function shownCounts(range: RangeDifference): string {
  const kinds: Array<[count: number, what: string]> = [
    [range.missing, 'missing'],
    [range.extra, 'extra'],
    [range.changed, 'changed'],
    [range.theirDamaged, 'damaged'],
    [range.ourDamaged, 'damaged at the leader'],
  ];
  const counted = kinds.filter(([count]) => count > 0);
  const why = range.unreadable === '' ? [] : [range.unreadable];
  if (isOneKey(range)) return [...counted.map(([, what]) => what), ...why].join(', ');
  const of = `${plural(range.theirKeys, 'key')}, the leader has ${range.ourKeys.toLocaleString('en')}`;
  return [of, ...counted.map(([count, what]) => `${count.toLocaleString('en')} ${what}`), ...why].join('; ');
}

function shownRange(range: KeyRange): string {
  const { from, to } = range;
  if (isOneKey(range)) return shownBytes(from);
  if (!to) return from.length === 0 ? 'all keys' : `${shownBytes(from)} and all after it`;
  // A range that ends right behind a key is shown as ending with that key.
  const end = to.at(-1) === 0 ? shownBytes(to.subarray(0, -1)) : `before ${shownBytes(to)}`;
  return `${from.length === 0 ? 'the first key' : shownBytes(from)} to ${end}`;
}

function isOneKey({ from, to }: KeyRange): boolean {
  return to !== undefined && to.length === from.length + 1 && to.at(-1) === 0 && to.subarray(0, -1).equals(from);
}
