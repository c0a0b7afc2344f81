/**
 * Random histories against a plain Map: writes, freezes, flushes with reads, fast and slow ones,
 * writes and further freezes in the middle of them, crashes at any chunk,
 * restarts, recounts, sweeps and snapshots, interleaved. What is read, counted
 * and digested must be what the Map says, at every step.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { KeyspaceSnapshot } from '../../src/keyspace/snapshot.js';
import type { Command } from '../../src/model/command.js';
import { clear, del, message, put, touch } from '../log/blocks.js';
import { turns } from '../support/clock.js';
import { runs } from '../support/seeds.js';
import { Bench, digestOf } from './bench.js';

const name = fc.constantFrom('', 'a', 'b', 'c', 'ab', 'abc', '\xff', '\xff\xff', '\x00', 'a\x00');
const time = fc.constantFrom(0, 1, 10_000, 9_000_000_000_000);
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(name, fc.string({ maxLength: 8 }), time)
      .map(([key, value, expiresAtMs]) => put(key, value, expiresAtMs)),
  },
  { weight: 3, arbitrary: name.map(del) },
  { weight: 3, arbitrary: fc.tuple(name, time).map(([key, expiresAtMs]) => touch(key, expiresAtMs)) },
  { weight: 1, arbitrary: fc.constant(clear()) },
  { weight: 1, arbitrary: fc.constant(message('c', 'd')) },
);

/** Enough keys that a flush takes several chunks. */
function bulk({ from, count, way }: { from: number; count: number; way: string }): Command[] {
  return Array.from({ length: count }, (_, i) => {
    const key = `bulk${from + i}`;
    const one = way === 'mixed' ? ['put', 'del', 'touch'][i % 3] : way;
    return one === 'put' ? put(key, String(i)) : one === 'del' ? del(key) : touch(key, i + 1);
  });
}

type Step =
  | { kind: 'write'; commands: Command[] }
  | { kind: 'bulk'; from: number; count: number; way: string }
  | { kind: 'turns'; count: number }
  | { kind: 'slow reads'; turns: number }
  | { kind: 'crash'; chunk: number }
  | { kind: 'freeze' | 'begin flush' | 'end flush' | 'read' | 'restart' | 'recount' | 'sweep' | 'snapshot' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(command, { minLength: 1, maxLength: 8 }).map((commands): Step => ({ kind: 'write', commands })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(200), fc.integer({ min: 100, max: 600 }), fc.constantFrom('put', 'del', 'touch', 'mixed'))
      .map(([from, count, way]): Step => ({ kind: 'bulk', from, count, way })),
  },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 12 }).map((count): Step => ({ kind: 'turns', count })) },
  { weight: 1, arbitrary: fc.nat(60).map((count): Step => ({ kind: 'slow reads', turns: count })) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 4 }).map((chunk): Step => ({ kind: 'crash', chunk })) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'freeze' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ kind: 'begin flush' }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'end flush' }) },
  { weight: 8, arbitrary: fc.constant<Step>({ kind: 'read' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'restart' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'recount' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'sweep' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'snapshot' }) },
);

class Run {
  readonly #bench: Bench;
  #flushing: Promise<void> | undefined;
  #reading: Array<Promise<void>> = [];
  #snapshots: KeyspaceSnapshot[] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  async take(step: Step): Promise<void> {
    const bench = this.#bench;
    switch (step.kind) {
      case 'write':
        bench.apply(...step.commands);
        break;
      case 'bulk':
        bench.apply(...bulk(step));
        break;
      case 'turns':
        await turns(step.count);
        break;
      case 'slow reads':
        bench.disk.fault = ({ kind }) => (kind === 'read' ? turns(step.turns) : undefined);
        break;
      case 'freeze':
        bench.keyspace.freeze();
        break;
      case 'begin flush':
        await this.#flushing;
        bench.keyspace.freeze();
        if (bench.keyspace.overlay.frozenLayers === 0) break;
        this.#flushing = bench.flushOne().then(() => {
          this.#flushing = undefined;
        });
        break;
      case 'end flush':
        await this.#flushing;
        break;
      case 'read':
        this.#reading.push(bench.check(), bench.checkCount());
        break;
      case 'restart':
        await this.#quiet();
        await bench.restart();
        break;
      case 'crash':
        await this.#quiet();
        bench.keyspace.freeze();
        if (bench.keyspace.overlay.frozenLayers > 0) await bench.crashInFlush(step.chunk);
        await bench.restart();
        break;
      case 'recount':
        await this.#flushing;
        await bench.keyspace.recount();
        break;
      case 'sweep':
        await this.#flushing;
        await bench.keyspace.sweep.step(100);
        break;
      case 'snapshot':
        await this.#flushing;
        // Before replay has passed an interrupted flush the disk is a mixture, and nobody takes a snapshot.
        if (bench.keyspace.checkpoint.position.offset >= bench.keyspace.flushingTo)
          this.#snapshots.push(bench.keyspace.snapshot());
        break;
    }
  }

  /** Nothing is in hand; snapshots are as they were when they were taken. */
  async #quiet(): Promise<void> {
    await Promise.all(this.#reading.splice(0));
    await this.#flushing;
    for (const snapshot of this.#snapshots.splice(0)) {
      const { keys, digest } = await snapshot.digest();
      const state = this.#bench.states.get(snapshot.position.offset) as NonNullable<ReturnType<Bench['states']['get']>>;
      assert.equal(keys, state.size);
      assert.equal(digest.toString('hex'), digestOf(state));
      if (snapshot.keys !== undefined) assert.equal(snapshot.keys, keys, 'the count that the snapshot came with');
      await snapshot.release();
    }
  }

  async end(): Promise<void> {
    const bench = this.#bench;
    await this.#quiet();
    await bench.check();
    await bench.flushAll();
    await bench.checkDisk();
    if (bench.keyspace.checkpoint.keys === null) await bench.keyspace.recount();
    assert.equal(bench.keyspace.checkpoint.keys, bench.state.size);
    await bench.restart();
    await bench.check();
    await bench.checkDisk();
    assert.equal(bench.disk.marksSought, 0);
  }
}

describe('a keyspace under any history', () => {
  it('reads, counts and digests as a plain Map does', async function () {
    this.timeout(60_000);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const run = new Run(await Bench.open());
        for (const one of steps) await run.take(one);
        await run.end();
      }),
      runs(120),
    );
  });

  it('answers slow reads as a plain Map does, while flushes write the same few keys', async function () {
    this.timeout(60_000);
    const key = fc.constantFrom('a', 'b', 'c');
    const write: fc.Arbitrary<Command> = fc.oneof(
      { weight: 4, arbitrary: fc.tuple(key, fc.string({ maxLength: 4 })).map(([name, value]) => put(name, value)) },
      { weight: 2, arbitrary: key.map(del) },
      { weight: 2, arbitrary: key.map((name) => touch(name, 9_000_000_000_000)) },
      { weight: 1, arbitrary: fc.constant(clear()) },
    );
    const next = fc.oneof(
      { weight: 3, arbitrary: write.map((command) => ({ kind: 'write' as const, command })) },
      { weight: 4, arbitrary: fc.nat(30).map((count) => ({ kind: 'read' as const, turns: count })) },
      { weight: 3, arbitrary: fc.nat(8).map((count) => ({ kind: 'turns' as const, turns: count })) },
      { weight: 3, arbitrary: fc.constant({ kind: 'flush' as const, turns: 0 }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(next, { minLength: 40, maxLength: 120 }), async (steps) => {
        const bench = await Bench.open();
        const reading: Array<Promise<void>> = [];
        let flushing: Promise<void> | undefined;
        for (const one of steps) {
          if (one.kind === 'write') bench.apply(one.command);
          else if (one.kind === 'turns') await turns(one.turns);
          else if (one.kind === 'read') {
            // A look-up finds what is there when it begins, and brings it later.
            bench.disk.fault = ({ kind }) => (kind === 'read' ? turns(one.turns) : undefined);
            reading.push(bench.check());
            bench.disk.fault = undefined;
          } else if (!flushing && bench.keyspace.freeze())
            flushing = bench.flushOne().finally(() => {
              flushing = undefined;
            });
        }
        await Promise.all(reading);
        await flushing;
        await bench.check();
      }),
      runs(300),
    );
  });
});
