/**
 * Random runs of operations, transactions and passing time, executed and
 * logged on one side, played on a plain model on the other: every reply, the
 * final state and the number of logged commands agree. Then the log alone must
 * give the same state, from its start or laid once more over later effects.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Command } from '../../src/model/command.js';
import type { NewExpiry, Operation } from '../../src/model/operation.js';
import { MemoryKeyspace } from '../support/memory-view.js';
import { Bench } from './bench.js';
import { Model, Refusal } from './model.js';
import { conditions, plainOperations, transactions } from './operations.js';

const START_MS = 1_000_000;
const KEY_LIMIT = 16;
const VALUE_LIMIT = 24;

/** Most keys should live for a while. */
const LASTING: NewExpiry[] = [50, 500, 1000, 5000].map((ttlMs) => ({ ttlMs }));
const TTLS: NewExpiry[] = [1, 5, 50, 500, 0, -1].map((ttlMs) => ({ ttlMs }));
const MOMENTS: NewExpiry[] = [START_MS - 1, START_MS + 20, START_MS + 60, START_MS + 700, 0].map((expiresAtMs) => ({
  expiresAtMs,
}));
const TOO_FAR: NewExpiry = { ttlMs: Number.MAX_SAFE_INTEGER };
const EXPIRIES = [...TTLS, ...MOMENTS, TOO_FAR];

const operation = plainOperations({
  rareKeys: ['k'.repeat(KEY_LIMIT + 1)],
  lifeSpans: [...LASTING, ...LASTING, ...EXPIRIES],
  moments: [...LASTING, ...EXPIRIES],
  comparableMoments: EXPIRIES,
});

/** Time passes between blocks only. */
type Step = Operation | { readonly kind: 'seal'; readonly waitMs: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: operation },
    { weight: 2, arbitrary: transactions(operation, conditions()) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('seal' as const), waitMs: fc.constantFrom(0, 1, 5, 49, 400) }),
    },
  ),
  { minLength: 1, maxLength: 60, size: 'max' },
);

class Run {
  readonly bench = new Bench();
  readonly model = new Model(START_MS, { key: KEY_LIMIT, value: VALUE_LIMIT });

  constructor() {
    this.bench.nowMs = START_MS;
    this.bench.sealEach = false;
    this.bench.limits = { keyBytesMax: KEY_LIMIT, valueBytesMax: VALUE_LIMIT, transactionBytesMax: 10_000 };
  }

  play(played: readonly Step[]): void {
    for (const step of played) {
      if (step.kind === 'seal') this.#seal(step.waitMs);
      else this.#compare(step);
    }
    this.#seal(0);
  }

  #seal(waitMs: number): void {
    this.bench.seal();
    assert.deepEqual(this.bench.keyspace.visible(this.bench.nowMs), this.model.visible());
    this.bench.nowMs += waitMs;
    this.model.now += waitMs;
  }

  #compare(step: Operation): void {
    const offset = this.bench.commands().length;
    const replied = outcome(() => plain(this.bench.run(step)));
    assert.deepEqual(
      replied,
      outcome(() => plain(this.model.run(step))),
    );
    const commands = this.bench.commands();
    assert.equal(commands.length, this.model.logged, 'commands logged');
    for (const [index, command] of commands.slice(offset).entries()) {
      assert.equal(command.joined === true, index > 0, 'what one operation logs is one transaction');
    }
  }
}

function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof HeadwaterError || error instanceof Refusal) return { refused: error.code };
    throw error;
  }
}

/** Bytes as latin1, and no difference between what is undefined and what is not there. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (value instanceof HeadwaterError) return { refused: value.code };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, plain(field)]));
}

function replayed(from: MemoryKeyspace, stretches: readonly [first: number, end: number][], log: readonly Command[]) {
  const keyspace = from.copy();
  for (const [first, end] of stretches) keyspace.replay(first, log.slice(first, end));
  return keyspace;
}

describe('commands and a plain model of Redis', () => {
  it('agree on every reply, on the state, and on what is logged', () => {
    fc.assert(
      fc.property(steps, (played) => new Run().play(played)),
      { numRuns: 1500 },
    );
  });

  it('log what gives the same state again, and again over itself', () => {
    fc.assert(
      fc.property(steps, fc.nat(), fc.nat(), (played, one, other) => {
        const { bench } = ran(played);
        const end = bench.log.length;
        const [first, middle] = [one % (end + 1), other % (end + 1)].sort((a, b) => a - b) as [number, number];
        assert.deepEqual(replayed(new MemoryKeyspace(), [[0, end]], bench.log), bench.keyspace, 'from scratch');
        // A restart that is cut down in mid-replay and begins again, twice.
        const stretches: [number, number][] = [
          [first, middle],
          [first, middle],
          [first, end],
        ];
        assert.deepEqual(replayed(bench.keyspace, stretches, bench.log), bench.keyspace, `again from ${first}`);
      }),
      { numRuns: 500 },
    );
  });
});

function ran(played: readonly Step[]): Run {
  const run = new Run();
  run.play(played);
  return run;
}
