/** Redis as a store of benchmarks, through the two clients that programs of Node use. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { eventually } from '../waiting.js';
import type { GroupOptions, Server, Servers } from './processes.js';

export type RedisClient = 'ioredis' | 'node-redis';

/** The wait is itself what is measured. */
const CLOSELY = { everyMs: 1, patienceMs: 120_000 };

interface Commands {
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  close(): void;
}

const CLIENTS: Readonly<Record<RedisClient, (port: number) => Promise<Commands>>> = {
  async ioredis(port) {
    const client = new Redis(port, { enableAutoPipelining: true });
    return {
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      close: () => client.disconnect(),
    };
  },
  async 'node-redis'(port) {
    const client = await createClient({ socket: { host: '127.0.0.1', port } }).connect();
    return {
      set: (key, value) => client.set(key, value),
      get: (key) => client.get(key),
      close: () => client.destroy(),
    };
  },
};

export async function redisStore(servers: Servers, clientName: RedisClient, options: GroupOptions) {
  const group = await servers.redisGroup(options);
  const client = await (CLIENTS[clientName] as (port: number) => Promise<Commands>)(group.leader.port);
  const leader = new Redis(group.leader.port);
  const below = group.followers.map(({ port }: Server) => new Redis(port));
  return {
    name: clientName === 'ioredis' ? 'Redis' : `Redis, ${clientName}`,
    group,
    set: client.set,
    get: client.get,
    async level() {
      const offset = await offsetOf(leader, 'master_repl_offset');
      const isLevel = async (follower: Redis) => (await offsetOf(follower, 'slave_repl_offset')) >= offset;
      for (const follower of below) await eventually('the replica to have all', () => isLevel(follower), CLOSELY);
    },
    async close() {
      client.close();
      for (const each of [leader, ...below]) each.disconnect();
    },
  };
}

export async function offsetOf(client: Redis, field: 'master_repl_offset' | 'slave_repl_offset'): Promise<number> {
  return Number(new RegExp(`${field}:(\\d+)`).exec(await client.info('replication'))?.[1]);
}

/** A server alone, through ioredis with automatic pipelining. */
export function redisStoreOf({ port }: Server) {
  const client = new Redis(port, { enableAutoPipelining: true });
  return {
    set: (key: string, value: string) => client.set(key, value),
    dbsize: () => client.dbsize(),
    close: () => client.disconnect(),
  };
}
