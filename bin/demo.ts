/**
 * `npm run demo`: a leader and a follower as real processes, a real data set, the two crashes that matter, and a change
 * of leaders. Each step checks what it shows. The demo ends with status 0 only if everything held.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Table from 'cli-table3';
import { Client } from '../src/client/index.js';
import { Daemon, headwater } from './demo-daemon.js';
import { RECORDS_MIN, writeDataSet } from './demo-data.js';
import { plural } from './figures.js';

type Status = Awaited<ReturnType<Client['status']>>;

/** Writes while the follower is down, and acknowledged writes before the leader is killed. */
const WRITES_WHILE_DOWN = 20_000;
const WRITES_BEFORE_KILL = 10_000;
const WRITES_WHILE_HANDING_OVER = 20_000;
const WRITES_AFTER_RESTART = 5_000;
const IN_FLIGHT = 500;

const CONDITION_MS_MAX = 20_000;
const POLL_MS = 25;
const PROGRESS_POLL_MS = 100;
const PROGRESS_LINE_MS = 500;

const directory = mkdtempSync(path.join(tmpdir(), 'headwater-demo-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 }));
// A closed stdout is no reason to leave processes behind: the exit status still says whether everything held.
process.stdout.on('error', () => {});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

/** The findings in order, and whether each is as promised. */
const findings: Array<{ what: string; seen: string; held: boolean | undefined }> = [];

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function note(what: string, seen: string): void {
  findings.push({ what, seen, held: undefined });
  say(`   ${what}: ${seen}`);
}

function check(what: string, held: boolean, seen: string): void {
  findings.push({ what, seen, held });
  say(`   ${held ? 'ok' : 'NOT HELD'}: ${what} (${seen})`);
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() - startedMs > CONDITION_MS_MAX)
      throw new Error(`waited ${CONDITION_MS_MAX / 1_000} s in vain for: ${what}`);
    await pause(POLL_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1_000).toLocaleString('en')}/s`;
}

function round(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(2)} s`;
}

// ---- the steps ------------------------------------------------------------------

async function start(leader: Daemon): Promise<Daemon> {
  say('\n1. A leader and a follower start');
  await leader.start();
  const follower = new Daemon('follower', directory, ['--follow', leader.address]);
  await follower.start();
  await until('the follower streams from the leader', async () => streaming(await follower.client.status()));
  say(`   leader ${leader.address} (process ${leader.pid}), follower ${follower.address} (process ${follower.pid})`);
  return follower;
}

async function importDataSet(leader: Daemon, follower: Daemon): Promise<void> {
  say('\n2. A data set is imported, and the follower catches up as it goes');
  const file = path.join(directory, 'data.jsonl');
  const { records, bytes, source } = await writeDataSet(file);
  note('data set', `${plural(records, 'record')}, ${(bytes / 1e6).toFixed(1)} MB: ${source}`);
  const startedMs = performance.now();
  let importedMs = 0;
  const imported = headwater('--connect', leader.address, '--json', 'import', file).finally(() => {
    importedMs = performance.now();
  });
  const lagMax = await showCatchUp(leader, follower, imported);
  const levelMs = performance.now();
  const result = JSON.parse(await imported) as { imported: number };
  check(
    `at least ${plural(RECORDS_MIN, 'record')} were imported`,
    result.imported >= RECORDS_MIN,
    plural(result.imported, 'record'),
  );
  note(
    'import throughput',
    `${perSecond(result.imported, importedMs - startedMs)}, ${(bytes / 1e3 / (importedMs - startedMs)).toFixed(1)} MB/s, start of the process included`,
  );
  note(
    'follower while importing',
    `at most ${plural(lagMax, 'command')} behind, level ${round(Math.max(0, levelMs - importedMs))} after the end`,
  );
  const sizes = await Promise.all([leader.client.dbsize(), follower.client.dbsize()]);
  check(
    'both nodes hold every record',
    sizes.every((size) => size === records),
    sizes.join(' and '),
  );
}

/**
 * Prints a progress line until the import has ended and the follower is level. @returns the largest lag of the
 * follower.
 */
async function showCatchUp(leader: Daemon, follower: Daemon, imported: Promise<unknown>): Promise<number> {
  let ended = false;
  let lagMax = 0;
  let saidMs = 0;
  const end = () => {
    ended = true;
  };
  imported.then(end, end);
  for (let level = false; !level; await pause(PROGRESS_POLL_MS)) {
    const last = ended;
    const [ahead, behind] = await Promise.all([leader.client.status(), follower.client.status()]);
    level = last && behind.offset === ahead.offset;
    const lag = Math.max(0, ahead.offset - behind.offset);
    lagMax = Math.max(lagMax, lag);
    if (!level && !process.stdout.isTTY && performance.now() - saidMs < PROGRESS_LINE_MS) continue;
    saidMs = performance.now();
    const offsets = `leader at offset ${ahead.offset.toLocaleString('en')}, follower at ${behind.offset.toLocaleString('en')}`;
    const line = `   ${offsets}, ${lag === 0 ? 'level' : `${plural(lag, 'command')} behind`}`;
    process.stdout.write(process.stdout.isTTY ? `\r${line}\x1b[K${level ? '\n' : ''}` : `${line}\n`);
  }
  return lagMax;
}

async function killFollower(leader: Daemon, follower: Daemon): Promise<void> {
  say('\n3. The follower is killed (SIGKILL), writes continue, and it starts again');
  const before = (await follower.client.status()).offset;
  await follower.kill();
  const startedMs = performance.now();
  const { acknowledged } = await writeOn(leader.client, 'while-down', WRITES_WHILE_DOWN);
  note(
    'writes in between',
    `${plural(acknowledged.length, 'write')}, ${perSecond(acknowledged.length, performance.now() - startedMs)}`,
  );
  const target = (await leader.client.status()).offset;
  const restartedMs = performance.now();
  const readyMs = await follower.start();
  const status = await until('the follower is level again', async () =>
    levelWith(target, await follower.client.status()),
  );
  note(
    'follower back',
    `ready in ${round(readyMs)}, level in ${round(performance.now() - restartedMs)}, ${plural(target - before, 'command')} behind at first`,
  );
  check(
    'a partial resync brought it up',
    status.partialResyncs >= 1 && status.upstream?.lastResync?.kind === 'partial',
    resyncs(status),
  );
  check('the follower needed no full resync', status.fullResyncs === 0, resyncs(status));
}

async function killLeader(leader: Daemon, follower: Daemon): Promise<void> {
  say('\n4. The leader is killed (SIGKILL) in the middle of writes, and starts again');
  const before = await follower.client.status();
  let kill: Promise<void> | undefined;
  const writes = await writeOn(leader.client, 'at-kill', Number.POSITIVE_INFINITY, (acknowledged) => {
    if (acknowledged === WRITES_BEFORE_KILL) kill = leader.kill();
  });
  await kill;
  const restartedMs = performance.now();
  note(
    'leader back',
    `ready in ${round(await leader.start())} at the same address, after ${plural(writes.acknowledged.length, 'acknowledged write')}`,
  );
  const missing = await missingKeys(leader.client, writes.acknowledged);
  check(
    'no acknowledged write was lost',
    missing === 0,
    `${missing} missing, ${plural(writes.unknown, 'write')} under way at the kill had no answer`,
  );
  await writeOn(leader.client, 'after-restart', WRITES_AFTER_RESTART);
  const { offset: target, replicationId } = await leader.client.status();
  const status = await until('the follower is level again', async () =>
    levelWith(target, await follower.client.status()),
  );
  note(
    'follower level with the new history',
    `${round(performance.now() - restartedMs)} after the restart began, further writes included`,
  );
  check(
    'the leader continued under a new history',
    replicationId !== before.replicationId && status.replicationId === replicationId,
    `${before.replicationId.slice(0, 8)} → ${replicationId.slice(0, 8)} on both`,
  );
  check(
    'the follower took it up with a partial resync',
    status.partialResyncs > before.partialResyncs,
    resyncs(status),
  );
  check('the follower still needed no full resync', status.fullResyncs === 0, resyncs(status));
}

async function handOver(leader: Daemon, follower: Daemon): Promise<void> {
  say('\n5. The leadership is handed over in the middle of writes');
  // The writes get a client of their own, which follows the leadership. An error that this client saw would end the
  // demo.
  await using writer = await Client.connect(leader.address);
  let handing: ReturnType<Client['failover']> | undefined;
  const { acknowledged } = await writeOn(writer, 'handing-over', WRITES_WHILE_HANDING_OVER, (count) => {
    if (count === WRITES_BEFORE_KILL) handing = leader.client.failover();
  });
  const done = await handing;
  note('writes waited', `${done?.pauseMs.toFixed(1)} ms, ${plural(acknowledged.length, 'write')} in all, and no error`);
  const missing = await missingKeys(follower.client, acknowledged);
  check('no acknowledged write was lost on the way', missing === 0, `${missing} missing on the new leader`);
  const { role, offset } = await follower.client.status();
  const status = await until('the former leader is level', async () => levelWith(offset, await leader.client.status()));
  check('the two have changed places', role === 'leader' && status.role === 'follower', `${role} and ${status.role}`);
  check('the former leader needed no full resync', status.fullResyncs === 0, resyncs(status));
}

async function compareDigests(leader: Daemon, follower: Daemon): Promise<void> {
  say('\n6. Both keyspaces are compared');
  const startedMs = performance.now();
  const [ours, theirs] = await Promise.all([leader.client.digest(), follower.client.digest()]);
  check('the offsets are equal', ours.offset === theirs.offset, `${ours.offset} and ${theirs.offset}`);
  check(
    'the digests are equal',
    ours.digest === theirs.digest,
    `${ours.digest.slice(0, 16)}… and ${theirs.digest.slice(0, 16)}…, ${plural(ours.keys, 'key')}, ${round(performance.now() - startedMs)}`,
  );
  const exits = [await follower.stop(), await leader.stop()];
  check(
    'both nodes stop in order at SIGTERM',
    exits.every((status) => status === 0),
    `exit status ${exits.join(' and ')}`,
  );
}

// ---- their parts ------------------------------------------------------------------

function streaming(status: Status): Status | undefined {
  return status.upstream?.state === 'streaming' ? status : undefined;
}

function levelWith(offset: number, status: Status): Status | undefined {
  return streaming(status) && status.offset >= offset ? status : undefined;
}

function resyncs({ partialResyncs, fullResyncs }: Status): string {
  return `${partialResyncs} partial, ${fullResyncs} full since its start`;
}

interface Writes {
  readonly acknowledged: string[];
  /** Writes without an answer, which may or may not have happened. */
  unknown: number;
}

/**
 * Writes sets, some of them over existing keys, and increments, IN_FLIGHT at a time. Ends early if the node goes away.
 */
async function writeOn(
  client: Client,
  name: string,
  count: number,
  onAcknowledged?: (acknowledged: number) => void,
): Promise<Writes> {
  const writes: Writes = { acknowledged: [], unknown: 0 };
  let next = 0;
  const worker = async () => {
    while (next < count && writes.unknown === 0) {
      const i = next++;
      const key = `${name}:${i}`;
      try {
        await (i % 10 === 9 ? client.incr(key, i) : client.set(key, `written as number ${i}, ${name}`));
        writes.acknowledged.push(key);
        onAcknowledged?.(writes.acknowledged.length);
      } catch (error) {
        if (count !== Number.POSITIVE_INFINITY) throw error;
        writes.unknown++;
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return writes;
}

async function missingKeys(client: Client, keys: readonly string[]): Promise<number> {
  let missing = 0;
  for (let i = 0; i < keys.length; i += 1_000) {
    const values = await client.mget(keys.slice(i, i + 1_000));
    missing += values.filter((value) => value === undefined).length;
  }
  return missing;
}

function printTable(seconds: number): void {
  const none = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ chars: none, style: { head: [], border: [] } });
  for (const { what, seen, held } of findings)
    table.push([what, seen, held === undefined ? '' : held ? 'ok' : 'NOT HELD']);
  say(`\n${table.toString()}\n${seconds.toFixed(1)} s in all`);
}

async function main(): Promise<boolean> {
  const startedMs = performance.now();
  const leader = new Daemon('leader', directory, []);
  const daemons = [leader];
  try {
    const follower = await start(leader);
    daemons.push(follower);
    await importDataSet(leader, follower);
    await killFollower(leader, follower);
    await killLeader(leader, follower);
    await handOver(leader, follower);
    await compareDigests(leader, follower);
  } catch (error) {
    check('the demo ran to its end', false, (error as Error).message);
    for (const daemon of daemons) say(`\nlast words of the ${daemon.name}:\n${daemon.lastWords(10)}`);
  }
  printTable((performance.now() - startedMs) / 1_000);
  const broken = findings.filter(({ held }) => held === false);
  say(
    broken.length === 0
      ? 'All held.'
      : `DID NOT HOLD: ${broken.map(({ what, seen }) => `${what} (${seen})`).join('; ')}`,
  );
  return broken.length === 0;
}

process.exit((await main()) ? 0 : 1);
