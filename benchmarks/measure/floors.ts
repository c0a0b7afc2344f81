/**
 * The limits that the machine itself sets: a round trip over loopback, an fsync, LevelDB alone, a copy in memory. Each is
 * measured once a run, for about a second, when a question first asks for it.
 */
import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Level } from 'level';
import type { Floor } from '../report/report.js';
import { median } from './statistics.js';

const MEASURE_MS = 700;
const PUTS_A_BATCH = 1_000;
const COPIED_BYTES = 64 * 1024 * 1024;

const ECHO = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => socket.write(chunk));
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** A round trip of 100 B between two event loops of Node, over loopback. */
export const loopback = once(async (): Promise<Floor> => {
  const worker = new Worker(ECHO, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const socket = net.connect(port, '127.0.0.1').setNoDelay(true);
  const times = await forAWhile(
    () => new Promise<void>((resolve) => socket.once('data', () => resolve()).write('x'.repeat(100))),
  );
  socket.destroy();
  await worker.terminate();
  return { name: 'ms, round trip over loopback', value: median(times) };
});

/** An fsync of 100 B at the end of a file. */
export const fsync = once(async (): Promise<Floor> => {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-floor-'));
  const file = openSync(path.join(directory, 'file'), 'a');
  const times = await forAWhile(async () => {
    writeSync(file, 'x'.repeat(100));
    fsyncSync(file);
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return { name: 'ms, fsync', value: median(times) };
});

/** Distinct keys with values of so many bytes a second into a LevelDB of its own, in batches, without a log, a follower or a client. */
export async function levelDb(valueBytes: number): Promise<Floor> {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-floor-'));
  const database = new Level(directory);
  const value = 'x'.repeat(valueBytes);
  let next = 0;
  const beganMs = performance.now();
  await forAWhile(() =>
    database.batch(
      Array.from({ length: PUTS_A_BATCH }, () => ({
        type: 'put' as const,
        key: `key:${(next++ * 7_919) % 1e9}`,
        value,
      })),
    ),
  );
  const perSecond = (next / (performance.now() - beganMs)) * 1_000;
  await database.close();
  rmSync(directory, { recursive: true });
  return { name: '/s, LevelDB alone', value: perSecond };
}

/** MB a second from one buffer to another. */
export const memoryCopy = once(async (): Promise<Floor> => {
  const [from, to] = [Buffer.alloc(COPIED_BYTES, 1), Buffer.alloc(COPIED_BYTES, 2)];
  const times = await forAWhile(async () => void from.copy(to));
  return { name: 'MB/s, copied in memory', value: COPIED_BYTES / 1_000 / median(times) };
});

/** @returns how long each took, milliseconds. */
async function forAWhile(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  const endMs = performance.now() + MEASURE_MS;
  for (let now = performance.now(); now < endMs; ) {
    await work();
    const then = performance.now();
    times.push(then - now);
    now = then;
  }
  return times;
}

function once<Result>(measure: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= measure();
    return result;
  };
}
