/** A store as its user meets it, whatever it is: the one interface through which questions load it. */

import type { Run } from '../question.js';
import { headwaterStore } from './headwater.js';
import type { Group, GroupOptions, Servers } from './processes.js';
import { type RedisClient, redisStore } from './redis.js';
import { hasProgram, missing } from './versions.js';

export interface Store {
  readonly name: string;
  readonly group: Group;
  set(key: string, value: string): Promise<unknown>;
  get(key: string): Promise<unknown>;
  /** Resolves when all followers have what the leader has. */
  level(): Promise<void>;
  close(): Promise<unknown>;
}

export type StoreName = 'headwater' | RedisClient;

/** Headwater first, and then its peers as far as they are installed. */
export function storeNames(run: Run, clients: readonly RedisClient[] = ['ioredis']): StoreName[] {
  if (hasProgram('redis-server')) return ['headwater', ...clients];
  run.note(missing('redis-server'));
  return ['headwater'];
}

export function openStore(servers: Servers, name: StoreName, options: GroupOptions = {}): Promise<Store> {
  return name === 'headwater' ? headwaterStore(servers, options) : redisStore(servers, name, options);
}

/** Fresh servers for each name, all at once. */
export async function openStores(
  servers: Servers,
  names: readonly StoreName[],
  options: GroupOptions = {},
): Promise<Store[]> {
  const stores: Store[] = [];
  for (const name of names) stores.push(await openStore(servers, name, options));
  return stores;
}
