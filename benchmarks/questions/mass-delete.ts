/**
 * What does a single writer notice of a mass delete? Keys are loaded, deleted in
 * large calls and loaded again, while a client of its own sets one key every few
 * milliseconds. LevelDB keeps a mark for each deleted key: no write, scan, count
 * or stop may take longer for them.
 */
import { Client } from '../../src/client/index.js';
import { Servers } from '../peers/processes.js';
import { count, question, type Run } from '../question.js';
import { rowsOf } from '../report/report.js';

const VALUE = 'x'.repeat(100);
/** Keys in one turn of the client, and in one call that deletes. */
const STEP = 5_000;
const PROBE_INTERVAL_MS = 20;
const TIMEOUT_MS = 10 * 60_000;

export const massDelete = question({
  name: 'mass-delete',
  sentence: 'How long do single writes wait while all keys are deleted and loaded again?',
  options: {
    keys: count('keys that are loaded and deleted', 500_000, 1_000_000),
    rounds: count('times that they are deleted and loaded again', 2),
  },
  measure: ({ keys, rounds }, run) => measure(keys, rounds, run),
});

async function measure(keys: number, rounds: number, run: Run): Promise<void> {
  await using servers = new Servers();
  const node = await servers.headwater('node');
  const address = `127.0.0.1:${node.port}`;
  {
    await using client = await Client.connect(address, { timeoutMs: TIMEOUT_MS });
    await using probe = await Client.connect(address, { timeoutMs: TIMEOUT_MS });
    const phase = async (name: string, work: () => Promise<unknown>) => {
      run.progress(name);
      const { tookMs, longestMs } = await watched(probe, work);
      run.add(rowsOf({ figure: name, unit: 'ms', better: 'less' }, [tookMs]));
      run.add(rowsOf({ figure: `${name}: longest single SET`, unit: 'ms of a SET', better: 'less' }, [longestMs]));
    };
    await phase('load', () => inSteps(keys, (names) => Promise.all(names.map((name) => client.set(name, VALUE)))));
    for (let round = 1; round <= rounds; round++) {
      await phase(`delete ${round}`, () => inSteps(keys, (names) => client.del(names)));
      await phase(`count ${round}`, () => client.dbsize());
      await phase(`first page of a scan ${round}`, () => firstOf(client.scan({ match: 'q:*' })));
      await phase(`load ${round}`, () =>
        inSteps(keys, (names) => Promise.all(names.map((name) => client.set(name, VALUE)))),
      );
    }
    await phase('delete last', () => inSteps(keys, (names) => client.del(names)));
  }
  const began = performance.now();
  await node.kill('SIGTERM');
  run.add(rowsOf({ figure: 'stop', unit: 'ms', better: 'less' }, [performance.now() - began]));
}

/** Single SETs while `work` goes on. */
async function watched(
  probe: Client,
  work: () => Promise<unknown>,
): Promise<{ readonly tookMs: number; readonly longestMs: number }> {
  let longestMs = 0;
  let over = false;
  const probing = (async () => {
    while (!over) {
      const began = performance.now();
      await probe.set('probe', VALUE);
      longestMs = Math.max(longestMs, performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, PROBE_INTERVAL_MS));
    }
  })();
  const began = performance.now();
  await work();
  const tookMs = performance.now() - began;
  over = true;
  await probing;
  return { tookMs, longestMs };
}

async function inSteps(keys: number, step: (names: string[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < keys; from += STEP) {
    const count = Math.min(STEP, keys - from);
    await step(Array.from({ length: count }, (_, i) => `q:${String(from + i).padStart(8, '0')}`));
  }
}

async function firstOf(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return;
}
