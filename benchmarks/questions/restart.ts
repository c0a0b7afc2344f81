/** From the start of the process after SIGKILL until it serves, beside Redis with its AOF on the same data. */
import { fill } from '../measure/loads.js';
import { clientOf } from '../peers/headwater.js';
import { redisFlags, type Server, Servers } from '../peers/processes.js';
import { redisStoreOf } from '../peers/redis.js';
import { storeNames } from '../peers/store.js';
import { count, question, type Run } from '../question.js';
import { rowsOf } from '../report/report.js';

const VALUE_BYTES = 100;
const COUNT_MS_MAX = 300_000;

export const restart = question({
  name: 'restart',
  sentence: 'How long is a node away that was killed?',
  options: {
    keys: count('keys in it', 1_000_000, 10_000_000),
    rounds: count('kills', 3, 5),
  },
  async measure({ keys, rounds }, run) {
    await using servers = new Servers();
    const ours = await measured(keys, rounds, run, {
      start: (port) => servers.headwater('restart', [], port),
      async load(server, keysNow) {
        const client = await clientOf(server);
        await fill(client, keysNow, VALUE_BYTES);
        await client.close();
      },
      async count(server) {
        await using client = await clientOf(server);
        // A node that was killed in the middle of a flush counts its keys first.
        return await client.dbsize({ timeoutMs: COUNT_MS_MAX });
      },
    });
    const peers = storeNames(run).includes('ioredis') ? await theirs(servers, keys, rounds, run) : [];
    run.add(
      rowsOf({ figure: `ready with ${keys} keys of ${VALUE_BYTES} B`, unit: 'ms', better: 'less' }, ours, [
        { name: 'Redis', values: peers },
      ]),
    );
  },
});

interface System {
  start(port?: number): Promise<Server>;
  load(server: Server, keys: number): Promise<void>;
  count(server: Server): Promise<number>;
}

function theirs(servers: Servers, keys: number, rounds: number, run: Run): Promise<number[]> {
  return measured(keys, rounds, run, {
    start: (port) => servers.redis('redis-restart', redisFlags('everysec'), port),
    async load(server, keysNow) {
      const client = redisStoreOf(server);
      await fill(client, keysNow, VALUE_BYTES);
      client.close();
    },
    async count(server) {
      const client = redisStoreOf(server);
      const found = await client.dbsize();
      client.close();
      return found;
    },
  });
}

async function measured(keys: number, rounds: number, run: Run, system: System): Promise<number[]> {
  let server = await system.start();
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    run.progress(`round ${round + 1}`);
    // The first round fills; the others leave as much to replay as a kill at a bad moment does.
    await system.load(server, round === 0 ? keys : keys / 4);
    await server.kill('SIGKILL');
    server = await system.start(server.port);
    times.push(server.readyMs);
    const found = await system.count(server);
    if (found < keys * 0.95 || found > keys) throw new Error(`expected ${keys} keys after the restart, found ${found}`);
  }
  await server.kill('SIGKILL');
  return times;
}
