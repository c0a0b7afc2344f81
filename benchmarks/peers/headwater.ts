/** Headwater as a store of benchmarks, through its own client. */
import { Client } from '../../src/client/index.js';
import { eventually } from '../waiting.js';
import type { Group, GroupOptions, Server, Servers } from './processes.js';

/** The wait is itself what is measured. */
const CLOSELY = { everyMs: 1, patienceMs: 120_000 };

export function clientOf({ port }: Server): Promise<Client> {
  return Client.connect(`127.0.0.1:${port}`, { timeoutMs: 120_000 });
}

export async function headwaterStore(servers: Servers, options: GroupOptions) {
  return headwaterStoreOf(await servers.headwaterGroup(options));
}

async function headwaterStoreOf(group: Group) {
  const client = await clientOf(group.leader);
  const below = await Promise.all(group.followers.map(clientOf));
  return {
    name: 'Headwater',
    group,
    set: (key: string, value: string) => client.set(key, value),
    get: (key: string) => client.get(key),
    async level() {
      const { offset } = await client.status();
      const isLevel = async (follower: Client) => (await follower.status()).offset >= offset;
      for (const follower of below) await eventually('the follower to have all', () => isLevel(follower), CLOSELY);
    },
    close: () => Promise.all([client, ...below].map((each) => each.close())),
  };
}
