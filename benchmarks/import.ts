/**
 * What does a large import do to a node? The peak of the leader's resident
 * memory, and how long its event loop was ever held up while checkpoints ran.
 */
import { readFileSync } from 'node:fs';
import { Client } from '../src/client/index.js';
import { load } from './load.js';
import { Servers } from './processes.js';
import { printMachine, printTable } from './report.js';

const VALUE_BYTES = 100;
const MB = 1_000_000;

export async function importKeys({ keys, rounds }: { keys: number; rounds: number }): Promise<void> {
  printMachine();
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round++) {
    await using servers = new Servers();
    const server = await servers.headwater('import');
    await using client = await Client.connect(`127.0.0.1:${server.port}`);
    const began = performance.now();
    await load(client, 'key:', keys, VALUE_BYTES);
    const seconds = (performance.now() - began) / 1000;
    const { eventLoopDelayP99Ms, eventLoopDelayMaxMs, residentMemoryBytes, checkpointOffset } = await client.status();
    rows.push([
      Math.round(keys / seconds).toLocaleString('en'),
      `${Math.round(residentMemoryBytes / MB)} MB`,
      `${Math.round(peakMemoryBytes(server.pid) / MB)} MB`,
      `${eventLoopDelayP99Ms.toFixed(1)} ms`,
      `${eventLoopDelayMaxMs.toFixed(1)} ms`,
      checkpointOffset.toLocaleString('en'),
    ]);
  }
  const head = ['SETs/s', 'memory after', 'memory at peak', 'event loop p99', 'event loop max', 'checkpoint at'];
  printTable(`import of ${keys} keys of ${VALUE_BYTES} B, default settings`, head, rows);
}

function peakMemoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
