/**
 * How long do writers wait while the leadership moves? Writes at a steady rate
 * through the client, and coordinated failovers between three nodes meanwhile:
 * the pause of each, errors that callers saw, and acknowledged writes that are
 * not there at the end.
 */
import { Client } from '../../src/client/index.js';
import { fsync, loopback } from '../measure/floors.js';
import { percentile } from '../measure/statistics.js';
import { Servers } from '../peers/processes.js';
import { count, question, type Run } from '../question.js';
import { rowsOf } from '../report/report.js';
import { eventually } from '../waiting.js';

const VALUE_BYTES = 100;
const TICK_MS = 5;
const KEYS = 20_000;

export const failover = question({
  name: 'failover',
  sentence: 'How long do writes wait while the leadership moves?',
  options: { rate: count('writes a second', 5_000, 10_000), rounds: count('failovers', 50, 200) },
  measure: ({ rate, rounds }, run) => measure(rate, rounds, run),
});

async function measure(rate: number, rounds: number, run: Run): Promise<void> {
  await using servers = new Servers();
  const first = await servers.headwater('node-1');
  const addresses = [`127.0.0.1:${first.port}`];
  for (const name of ['node-2', 'node-3']) {
    const { port } = await servers.headwater(name, ['--follow', addresses[0] as string]);
    addresses.push(`127.0.0.1:${port}`);
  }
  const clients = await Promise.all(addresses.map((address) => Client.connect(address)));
  const load = new Load(await Client.connect(addresses), rate);
  const pauses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    run.progress(`failover ${round + 1} of ${rounds}`);
    const leader = clients[round % clients.length] as Client;
    const to = addresses[(round + 1) % clients.length] as string;
    await eventually('all to be in sync', async () => {
      const { followers } = await leader.status();
      return followers.filter(({ state }) => state === 'streaming').length === clients.length - 1;
    });
    // The load as it is between two failovers.
    await load.acknowledge(rate / 2);
    pauses.push((await leader.failover({ to })).pauseMs);
  }
  await load.stop();
  const lost = await load.countLost(clients[rounds % clients.length] as Client);
  await Promise.all(clients.map((client) => client.close()));
  const one = (figure: string, unit: string, value: number) =>
    run.add(rowsOf({ figure, unit, better: 'less' }, [value]));
  for (const part of [0.5, 0.9, 0.99, 1]) one(`pause of writes, p${part * 100}`, 'ms', percentile(pauses, part));
  one('longest wait of a caller', 'ms', load.longestMs);
  one('errors seen by callers', 'errors', load.errors.length);
  one('acknowledged writes lost', 'writes', lost);
  const [trip, sync] = [await loopback(), await fsync()];
  run.note(`Floor of the machine: ${trip.value.toFixed(3)} ${trip.name}; ${sync.value.toFixed(2)} ${sync.name}.`);
  if (load.errors.length > 0 || lost > 0)
    throw new Error(
      `expected no errors and no lost writes of ${load.acknowledged}, saw ${load.errors[0]?.message ?? `${lost} lost`}`,
    );
}

/** SETs at a rate, whatever their answers take: each key's value only grows. */
class Load {
  readonly errors: Error[] = [];
  acknowledged = 0;
  longestMs = 0;
  readonly #client: Client;
  readonly #newest = new Map<string, number>();
  readonly #inHand = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  constructor(client: Client, rate: number) {
    this.#client = client;
    const began = performance.now();
    this.#timer = setInterval(() => {
      const due = ((performance.now() - began) / 1_000) * rate;
      while (this.#next < due) this.#write(this.#next++);
    }, TICK_MS);
  }

  /** Resolves when so many more writes are acknowledged. */
  async acknowledge(count: number): Promise<void> {
    const target = this.acknowledged + count;
    await eventually(`${target} writes to be acknowledged`, async () => this.acknowledged >= target);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inHand);
  }

  /** Acknowledged writes whose key now has an older value or none. */
  async countLost(client: Client): Promise<number> {
    const found = await Promise.all(
      [...this.#newest].map(async ([key, newest]) => Number((await client.get(key))?.trim() ?? -1) < newest),
    );
    await this.#client.close();
    return found.filter((isOlder) => isOlder).length;
  }

  #write(i: number): void {
    const key = `key:${i % KEYS}`;
    const sentMs = performance.now();
    const done = this.#client.set(key, String(i).padEnd(VALUE_BYTES)).then(
      () => {
        this.acknowledged++;
        this.#newest.set(key, Math.max(i, this.#newest.get(key) ?? -1));
        this.longestMs = Math.max(this.longestMs, performance.now() - sentMs);
      },
      (error: Error) => void this.errors.push(error),
    );
    this.#inHand.add(done);
    void done.finally(() => this.#inHand.delete(done));
  }
}
