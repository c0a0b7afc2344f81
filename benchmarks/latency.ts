/**
 * What do writers notice of a backup, and of the log being trimmed? Writes at a
 * steady rate, in phases that take turns: with and without. The bar is a p99 at
 * most twice as long.
 */
import path from 'node:path';
import { Client } from '../src/client/index.js';
import { load, writeAtRate } from './load.js';
import { type Server, Servers, startCommand } from './processes.js';
import { percentile, printMachine, printTable, ratios, spread } from './report.js';

const BACKUP_VALUE_BYTES = 100;
/** The log has to grow by more than what is trimmed at a time, in every phase. */
const TRIM_VALUE_BYTES = 2_000;
const TRIM_KEYS = 20_000;
const TRIM_RETENTION_BYTES = 64 * 1024 * 1024;

const HEAD = ['', 'p50, ms', 'p99, ms', 'longest, ms', 'p99 beside that without (bar 2)'];

export interface LatencyOptions {
  readonly keys: number;
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
  /** One of the two; both where it is left out. */
  readonly only?: 'backup' | 'trim';
}

export async function latency(options: LatencyOptions): Promise<void> {
  printMachine();
  await using servers = new Servers();
  const { keys, rate, seconds, only } = options;
  if (only !== 'trim') {
    const { without, during } = await duringBackups(servers, options);
    const title = `${rate} writes a second of ${BACKUP_VALUE_BYTES} B to a node of ${keys} keys`;
    printTable(`${title}, without a backup for ${seconds} s, and while one is made`, HEAD, [
      row('without', without),
      row('during a backup', during, without),
    ]);
  }
  if (only !== 'backup') {
    const { without, during } = await duringTrims(servers, options);
    printTable(`${rate} writes a second of ${TRIM_VALUE_BYTES} B, for ${seconds} s each`, HEAD, [
      row('to a node that keeps its log', without),
      row(`to one that trims it to ${TRIM_RETENTION_BYTES / 1024 / 1024} MiB`, during, without),
    ]);
  }
}

/** How long each write took, milliseconds: one list for each phase. */
interface Phases {
  readonly without: number[][];
  readonly during: number[][];
}

async function duringBackups(servers: Servers, { keys, rate, seconds, rounds }: LatencyOptions): Promise<Phases> {
  const node = await servers.headwater('backup');
  const address = `127.0.0.1:${node.port}`;
  await using client = await Client.connect(address);
  await load(client, 'key:', keys, BACKUP_VALUE_BYTES);
  const file = path.join(servers.directory('files'), 'backup');
  const phases: Phases = { without: [], during: [] };
  const writes = { rate, keys, valueBytes: BACKUP_VALUE_BYTES };
  for (let round = 0; round < rounds; round++) {
    phases.without.push(await writeAtRate(client, writes, pause(seconds)));
    const { output } = startCommand(['--connect', address, 'backup', '--overwrite', file]);
    phases.during.push(await writeAtRate(client, writes, output));
  }
  await node.kill('SIGTERM');
  return phases;
}

async function duringTrims(servers: Servers, { rate, seconds, rounds }: LatencyOptions): Promise<Phases> {
  const keeps = await Target.begin(await servers.headwater('keeps'));
  const trims = await Target.begin(
    await servers.headwater('trims', ['--log-retention-bytes', String(TRIM_RETENTION_BYTES)]),
  );
  const phases: Phases = { without: [], during: [] };
  const writes = { rate, keys: TRIM_KEYS, valueBytes: TRIM_VALUE_BYTES };
  for (let round = 0; round < rounds; round++) {
    phases.without.push(await writeAtRate(keeps.client, writes, pause(seconds)));
    const from = await trims.logStart();
    phases.during.push(await writeAtRate(trims.client, writes, pause(seconds)));
    if ((await trims.logStart()) === from)
      throw new Error('expected the log to be trimmed meanwhile: longer phases are needed');
  }
  if ((await keeps.logStart()) > 1)
    throw new Error('expected the log of the other node to be kept: fewer rounds are needed');
  await keeps.end();
  await trims.end();
  return phases;
}

/** A node whose log is as long as the one is trimmed to. */
class Target {
  readonly client: Client;
  readonly #server: Server;

  private constructor(client: Client, server: Server) {
    this.client = client;
    this.#server = server;
  }

  static async begin(server: Server): Promise<Target> {
    const client = await Client.connect(`127.0.0.1:${server.port}`);
    await load(client, 'key:', Math.ceil(TRIM_RETENTION_BYTES / TRIM_VALUE_BYTES), TRIM_VALUE_BYTES);
    return new Target(client, server);
  }

  async logStart(): Promise<number> {
    return (await this.client.status()).firstOffset;
  }

  async end(): Promise<void> {
    await this.client.close();
    await this.#server.kill('SIGTERM');
  }
}

function row(name: string, phases: number[][], without?: number[][]): string[] {
  const at = (part: number, of = phases) => of.map((times) => percentile(times, part));
  const ratio = without ? spread(ratios(at(0.99), at(0.99, without)), 2) : '';
  return [name, spread(at(0.5), 2), spread(at(0.99), 1), spread(at(1), 0), ratio];
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
