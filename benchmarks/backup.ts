/**
 * How fast is a node saved to a file and made from one again, and what memory
 * does that take? Beside Redis on the same data in the same run, where it is
 * installed: `redis-cli --rdb`, which has the server save and send all, and a
 * start from that file. MB are of keys and records as they stand in the
 * keyspace; the bars are 100 MB/s and 60 MB/s, with less than 200 MB of memory
 * for each process.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Client } from '../src/client/index.js';
import { load } from './load.js';
import { redisVersion, type Server, Servers, startCommand } from './processes.js';
import { printMachine, printTable, spread } from './report.js';

const VALUE_BYTES = 100;
/** Of a record, beside its value. */
const RECORD_OVERHEAD_BYTES = 22;
const MB = 1_000_000;
const SAMPLE_MS = 20;

export async function backup({ keys, rounds }: { keys: number; rounds: number }): Promise<void> {
  printMachine();
  await using servers = new Servers();
  const dataMB = keyspaceBytes(keys) / MB;
  const ours = await measureHeadwater(servers, keys, rounds);
  const rows = [
    ['backup, MB/s (bar 100)', spread(ours.map(({ backup }) => dataMB / backup.seconds))],
    ['restore, MB/s (bar 60)', spread(ours.map(({ restore }) => dataMB / restore.seconds))],
    ['memory of `backup`, MB', spread(ours.map(({ backup }) => backup.peakBytes / MB))],
    ['growth of the serving node, MB', spread(ours.map(({ growthBytes }) => growthBytes / MB))],
    ['memory of `restore`, MB', spread(ours.map(({ restore }) => restore.peakBytes / MB))],
    ['file, MB', spread(ours.map(({ fileBytes }) => fileBytes / MB))],
  ];
  const title = `${keys} keys of ${VALUE_BYTES} B, ${Math.round(dataMB)} MB of keyspace data, ${rounds} rounds`;
  printTable(title, ['Headwater', 'median (spread)'], rows);
  if (redisVersion()) {
    const theirs = await measureRedis(servers, keys, rounds);
    const redis = [
      ['redis-cli --rdb, MB/s', spread(theirs.map(({ backup }) => dataMB / backup))],
      ['start from the file, MB/s', spread(theirs.map(({ restore }) => dataMB / restore))],
      ['file, MB', spread(theirs.map(({ fileBytes }) => fileBytes / MB))],
    ];
    printTable(title, [`Redis ${redisVersion()}`, 'median (spread)'], redis);
  } else console.log('redis-server is not installed: Headwater alone');
}

/** Keys are `key:` and a number. */
function keyspaceBytes(keys: number): number {
  let bytes = keys * (4 + RECORD_OVERHEAD_BYTES + VALUE_BYTES);
  for (let from = 1, digits = 1; from < keys; from *= 10, digits++)
    bytes += (Math.min(keys, from * 10) - from) * digits;
  return bytes;
}

interface Round {
  readonly backup: Ran;
  readonly restore: Ran;
  readonly growthBytes: number;
  readonly fileBytes: number;
}

async function measureHeadwater(servers: Servers, keys: number, rounds: number): Promise<Round[]> {
  let server: Server = await servers.headwater('backup');
  {
    await using client = await Client.connect(`127.0.0.1:${server.port}`);
    await load(client, 'key:', keys, VALUE_BYTES);
  }
  // What loading took in memory is not the backup's.
  await server.kill('SIGTERM');
  server = await servers.headwater('backup', [], server.port);
  const file = path.join(servers.directory('files'), 'backup');
  const restored = path.join(servers.directory('files'), 'restored');
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = memoryOf(server.pid);
    const peak = watchPeak(server.pid);
    const backup = await run(['--connect', `127.0.0.1:${server.port}`, 'backup', '--overwrite', file]);
    const growthBytes = peak() - before;
    const restore = await run(['restore', file, '--data', restored]);
    rmSync(restored, { recursive: true });
    measured.push({ backup, restore, growthBytes, fileBytes: statSync(file).size });
  }
  await server.kill('SIGTERM');
  return measured;
}

interface Ran {
  /** As the command tells them: from its start to its end. */
  readonly seconds: number;
  readonly peakBytes: number;
}

async function run(args: string[]): Promise<Ran> {
  const { pid, output } = startCommand(args);
  const peak = watchPeak(pid);
  const { seconds } = JSON.parse(await output) as { seconds: number };
  return { seconds, peakBytes: peak() };
}

/** @returns ends it, and tells the most that the process has had in memory meanwhile. */
function watchPeak(pid: number): () => number {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, memoryOf(pid));
  };
  const timer = setInterval(look, SAMPLE_MS);
  look();
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}

/**
 * Resident, in bytes, without files: LevelDB maps the tables that it reads, and
 * the system takes those pages back whenever it likes. 0 of a process that is gone.
 */
function memoryOf(pid: number): number {
  try {
    return Number(/RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

async function measureRedis(
  servers: Servers,
  keys: number,
  rounds: number,
): Promise<Array<{ backup: number; restore: number; fileBytes: number }>> {
  const server = await servers.redis('redis-backup', ['--repl-diskless-sync-delay', '0']);
  const client = new Redis(server.port, { enableAutoPipelining: true });
  for (let from = 0; from < keys; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, keys - from) }, (_, i) => from + i);
    await Promise.all(batch.map((i) => client.set(`key:${i}`, String(i).padEnd(VALUE_BYTES, 'x'))));
  }
  client.disconnect();
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    const file = path.join(servers.directory('redis-restore'), 'dump.rdb');
    const began = performance.now();
    const { status } = spawnSync('redis-cli', ['-p', String(server.port), '--rdb', file], { stdio: 'ignore' });
    const backup = (performance.now() - began) / 1_000;
    if (status !== 0) throw new Error(`redis-cli --rdb ended with ${status}`);
    const copy = await servers.redis('redis-restore');
    measured.push({ backup, restore: copy.readyMs / 1_000, fileBytes: statSync(file).size });
    await copy.kill('SIGKILL');
  }
  return measured;
}
