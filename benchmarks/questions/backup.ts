/**
 * How fast is a node saved to a file and made from one again, and what memory
 * does that take? Beside Redis on the same data in the same run, where it is
 * installed: `redis-cli --rdb`, which has the server save and send all, and a
 * start from that file. MB are of keys and records as they stand in the
 * keyspace; the bars are 100 MB/s and 60 MB/s, with less than 200 MB of memory
 * for each process.
 */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { Client } from '../../src/client/index.js';
import { memoryCopy } from '../measure/floors.js';
import { fill } from '../measure/loads.js';
import { memoryOf, watchPeak } from '../measure/memory.js';
import { type Server, Servers, start, startCommand } from '../peers/processes.js';
import { hasProgram, missing } from '../peers/versions.js';
import { count, question } from '../question.js';
import { rowsOf } from '../report/report.js';

const VALUE_BYTES = 100;
/** Of a record, beside its value. */
const RECORD_OVERHEAD_BYTES = 22;
const MB = 1_000_000;

export const backup = question({
  name: 'backup',
  sentence: 'How fast is a node saved to a file and made from one again, and what memory does that take?',
  options: { keys: count('keys in it', 1_000_000, 5_000_000), rounds: count('of both', 3) },
  async measure({ keys, rounds }, run) {
    await using servers = new Servers();
    const dataMB = keyspaceBytes(keys) / MB;
    run.progress(`${keys} keys, Headwater`);
    const ours = await measureHeadwater(servers, keys, rounds);
    run.progress(`${keys} keys, Redis`);
    const theirs = hasProgram('redis-server') ? await measureRedis(servers, keys, rounds) : [];
    if (theirs.length === 0) run.note(missing('redis-server'));
    const add = (
      figure: string,
      unit: string,
      better: 'more' | 'less',
      of: (round: Round) => number,
      peer?: (round: RedisRound) => number,
    ) =>
      run.add(
        rowsOf({ figure, unit, better }, ours.map(of), peer ? [{ name: 'Redis', values: theirs.map(peer) }] : []),
      );
    add(
      'backup (peer: redis-cli --rdb)',
      'MB/s',
      'more',
      (round) => dataMB / round.backup.seconds,
      (round) => dataMB / round.backup,
    );
    add(
      'restore (peer: its start)',
      'MB/s',
      'more',
      (round) => dataMB / round.restore.seconds,
      (round) => dataMB / round.restore,
    );
    add(
      'file',
      'MB',
      'less',
      (round) => round.fileBytes / MB,
      (round) => round.fileBytes / MB,
    );
    add('memory of `backup`', 'MB', 'less', (round) => round.backup.peakBytes / MB);
    add('growth of the serving node', 'MB', 'less', (round) => round.growthBytes / MB);
    add('memory of `restore`', 'MB', 'less', (round) => round.restore.peakBytes / MB);
    const { name, value } = await memoryCopy();
    run.note(`Floor of the machine: ${Math.round(value)} ${name}.`);
  },
});

interface RedisRound {
  readonly backup: number;
  readonly restore: number;
  readonly fileBytes: number;
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
    await fill(client, keys, VALUE_BYTES);
  }
  // What loading took in memory is not the backup's.
  await server.kill('SIGTERM');
  server = await servers.headwater('backup', [], server.port);
  const file = path.join(servers.directory('files'), 'backup');
  const restored = path.join(servers.directory('files'), 'restored');
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = memoryOf(server.pid, 'RssAnon');
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

async function measureRedis(servers: Servers, keys: number, rounds: number): Promise<RedisRound[]> {
  const server = await servers.redis('redis-backup', ['--repl-diskless-sync-delay', '0']);
  const client = new Redis(server.port, { enableAutoPipelining: true });
  for (let from = 0; from < keys; from += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, keys - from) }, (_, i) => from + i);
    await Promise.all(batch.map((i) => client.set(`key:${i}`, String(i).padEnd(VALUE_BYTES, 'x'))));
  }
  client.disconnect();
  const measured: RedisRound[] = [];
  for (let round = 0; round < rounds; round++) {
    const file = path.join(servers.directory('redis-restore'), 'dump.rdb');
    const began = performance.now();
    await start('redis-cli', ['-p', String(server.port), '--rdb', file]).output;
    const backup = (performance.now() - began) / 1_000;
    const copy = await servers.redis('redis-restore');
    measured.push({ backup, restore: copy.readyMs / 1_000, fileBytes: statSync(file).size });
    await copy.kill('SIGKILL');
  }
  return measured;
}
