/**
 * What do writers notice of a backup, and of the log being trimmed? Writes at a
 * steady rate, in phases that take turns: with and without. The bar is a p99 at
 * most twice as long.
 */
import path from 'node:path';
import { Client } from '../../src/client/index.js';
import { atRate, fill, pause } from '../measure/loads.js';
import { percentile } from '../measure/statistics.js';
import { type Server, Servers, startCommand } from '../peers/processes.js';
import { count, question, type Run, words } from '../question.js';
import { rowsOf } from '../report/report.js';

const BACKUP_VALUE_BYTES = 100;
/** The log has to grow by more than what is trimmed at a time, in every phase. */
const TRIM_VALUE_BYTES = 2_000;
const TRIM_KEYS = 20_000;
const TRIM_RETENTION_BYTES = 64 * 1024 * 1024;

interface LatencyOptions {
  readonly keys: number;
  readonly rate: number;
  readonly seconds: number;
  readonly rounds: number;
}

export const latency = question({
  name: 'latency',
  sentence: 'What do writers notice of a backup, and of the log being trimmed?',
  options: {
    keys: count('keys in the node that is backed up', 1_000_000, 5_000_000),
    rate: count('writes a second', 5_000),
    seconds: count('of a phase', 8, 15),
    rounds: count('pairs of phases', 2, 5),
    only: words('the work meanwhile', ['backup', 'trim']),
  },
  async measure(options, run) {
    await using servers = new Servers();
    if (options.only.includes('backup')) {
      run.progress('backups');
      const what = `${options.rate} writes/s of ${BACKUP_VALUE_BYTES} B`;
      report(what, 'a backup', await duringBackups(servers, options), run);
    }
    if (options.only.includes('trim')) {
      run.progress('trimming');
      const what = `${options.rate} writes/s of ${TRIM_VALUE_BYTES} B`;
      report(what, `trimming to ${TRIM_RETENTION_BYTES / 1024 / 1024} MiB`, await duringTrims(servers, options), run);
    }
  },
});

/** The same writes without the work are the peer. */
function report(what: string, work: string, { without, during }: Phases, run: Run): void {
  for (const part of [0.5, 0.99, 1]) {
    const at = (phases: number[][]) => phases.map((times) => percentile(times, part));
    const figure = { figure: `${what} during ${work}: p${part * 100}`, unit: 'ms', better: 'less' } as const;
    run.add(rowsOf(figure, at(during), [{ name: 'without', values: at(without) }]));
  }
}

function writes(
  client: Client,
  { rate, keys, valueBytes }: { rate: number; keys: number; valueBytes: number },
  over: Promise<unknown>,
): Promise<number[]> {
  const value = 'x'.repeat(valueBytes);
  return atRate({ perSecond: rate }, () => client.set(`key:${Math.floor(Math.random() * keys)}`, value), over);
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
  await fill(client, keys, BACKUP_VALUE_BYTES);
  const file = path.join(servers.directory('files'), 'backup');
  const phases: Phases = { without: [], during: [] };
  const load = { rate, keys, valueBytes: BACKUP_VALUE_BYTES };
  for (let round = 0; round < rounds; round++) {
    phases.without.push(await writes(client, load, pause(seconds)));
    const { output } = startCommand(['--connect', address, 'backup', '--overwrite', file]);
    phases.during.push(await writes(client, load, output));
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
  const load = { rate, keys: TRIM_KEYS, valueBytes: TRIM_VALUE_BYTES };
  for (let round = 0; round < rounds; round++) {
    phases.without.push(await writes(keeps.client, load, pause(seconds)));
    const from = await trims.logStart();
    phases.during.push(await writes(trims.client, load, pause(seconds)));
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
    await fill(client, Math.ceil(TRIM_RETENTION_BYTES / TRIM_VALUE_BYTES), TRIM_VALUE_BYTES);
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
