/**
 * How long is a node away that was killed? From the start of the process after
 * SIGKILL until it serves, beside Redis with its AOF on the same data in the
 * same run.
 */
import { Redis } from 'ioredis';
import { Client } from '../src/client/index.js';
import { load } from './load.js';
import { redisVersion, type Server, Servers } from './processes.js';
import { printMachine, printTable, spread } from './report.js';

const VALUE_BYTES = 100;
const COUNT_MS_MAX = 300_000;

export async function restart({ keys, rounds }: { keys: number; rounds: number }): Promise<void> {
  printMachine();
  await using servers = new Servers();
  const rows = [['Headwater', spread(await restartHeadwater(servers, keys, rounds))]];
  if (redisVersion()) rows.push([`Redis ${redisVersion()}`, spread(await restartRedis(servers, keys, rounds))]);
  else console.log('redis-server is not installed: Headwater alone');
  printTable(`${keys} keys of ${VALUE_BYTES} B: ready after SIGKILL, ${rounds} rounds`, ['system', 'ms'], rows);
}

async function restartHeadwater(servers: Servers, keys: number, rounds: number): Promise<number[]> {
  let server: Server = await servers.headwater('restart');
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const client = await Client.connect(`127.0.0.1:${server.port}`);
    // The first round fills; the others leave as much to replay as a kill at a bad moment does.
    await load(client, 'key:', round === 0 ? keys : keys / 4, VALUE_BYTES);
    await server.kill('SIGKILL');
    await client.close();
    server = await servers.headwater('restart', [], server.port);
    times.push(server.readyMs);
    const after = await Client.connect(`127.0.0.1:${server.port}`);
    // Killed in the middle of a flush, it counts its keys first.
    const found = await after.dbsize({ timeoutMs: COUNT_MS_MAX });
    await after.close();
    if (found !== keys) throw new Error(`expected ${keys} keys after the restart, found ${found}`);
  }
  return times;
}

async function restartRedis(servers: Servers, keys: number, rounds: number): Promise<number[]> {
  const flags = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
  let server = await servers.redis('redis-restart', flags);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const client = new Redis(server.port, { enableAutoPipelining: true });
    const count = round === 0 ? keys : keys / 4;
    for (let from = 0; from < count; from += 1000) {
      const batch = Array.from({ length: Math.min(1000, count - from) }, (_, i) => from + i);
      await Promise.all(batch.map((i) => client.set(`key:${i}`, String(i).padEnd(VALUE_BYTES, 'x'))));
    }
    client.disconnect();
    await server.kill('SIGKILL');
    server = await servers.redis('redis-restart', flags, server.port);
    times.push(server.readyMs);
  }
  return times;
}
