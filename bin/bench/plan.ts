/** The checked options of a benchmark. Nothing is refused or changed without a word. */
import { randomBytes } from 'node:crypto';
import type { CallOptions } from '../../src/client/index.js';
import { formatSize } from '../arguments.js';
import { type WriteOptions, writeOptions } from '../guarantee-options.js';
import { UsageError } from '../output.js';

export interface BenchOptions extends WriteOptions {
  readonly requests: number;
  readonly clients: number;
  readonly inFlight: number;
  readonly valueSize: number;
  readonly keys?: number;
  readonly tests?: string;
  readonly ratio?: string;
  readonly for?: number;
  readonly keep?: boolean;
}

export const TESTS = ['ping', 'set', 'get', 'incr', 'mixed'] as const;

export type TestName = (typeof TESTS)[number];

export interface Plan {
  readonly tests: readonly TestName[];
  /** The requests of each test, infinite with --for. */
  readonly requests: number;
  readonly forMs: number | undefined;
  readonly clients: number;
  readonly inFlight: number;
  readonly valueBytes: number;
  readonly keys: number;
  /** The part of the mixed requests that are sets. */
  readonly setShare: number;
  readonly keep: boolean;
  /** The beginning of all keys: no other run, and no person, has keys under it. */
  readonly prefix: string;
  readonly write: CallOptions;
}

const KEYS_USUAL = 100_000;
const CLIENTS_MAX = 1_000;
const WAITING_MAX = 100_000;
/** Bytes of values that wait for an answer. */
const WAITING_BYTES_MAX = 256 * 1024 * 1024;

/** @throws UsageError that names the expected and the received value. */
export function planOf(options: BenchOptions): Plan {
  const { requests, clients, inFlight, valueSize, keep = false } = options;
  // Few requests need few keys: all of them are written first, and deleted at the end.
  const keys = options.keys ?? (options.for === undefined ? Math.min(requests, KEYS_USUAL) : KEYS_USUAL);
  atLeastOne({ requests, clients, 'in-flight': inFlight, keys });
  if (clients > CLIENTS_MAX) throw new UsageError(`--clients: expected at most ${CLIENTS_MAX}, received ${clients}`);
  const waiting = clients * inFlight;
  if (waiting > WAITING_MAX)
    throw new UsageError(
      `--clients times --in-flight: expected at most ${WAITING_MAX} requests that wait, received ${waiting}`,
    );
  if (waiting * valueSize > WAITING_BYTES_MAX)
    throw new UsageError(
      `--clients times --in-flight times --value-size: expected at most ${formatSize(WAITING_BYTES_MAX)}, received ${formatSize(waiting * valueSize)}`,
    );
  return {
    tests: testsOf(options.tests),
    requests: options.for === undefined ? requests : Number.POSITIVE_INFINITY,
    forMs: options.for,
    clients,
    inFlight,
    valueBytes: valueSize,
    keys,
    setShare: shareOf(options.ratio ?? '1:10'),
    keep,
    prefix: `bench:${randomBytes(4).toString('hex')}:`,
    write: writeOptions(options),
  };
}

function atLeastOne(counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts))
    if (count < 1) throw new UsageError(`--${name}: expected at least 1, received ${count}`);
}

function testsOf(list: string | undefined): TestName[] {
  if (list === undefined) return [...TESTS];
  return list.split(',').map((text) => {
    const name = TESTS.find((one) => one === text.trim());
    if (name) return name;
    throw new UsageError(`--tests: expected some of ${TESTS.join(',')}, received ${JSON.stringify(text)}`);
  });
}

function shareOf(ratio: string): number {
  const [, sets, gets] = /^(\d{1,6}):(\d{1,6})$/.exec(ratio) ?? [];
  const sum = Number(sets) + Number(gets);
  if (sum > 0) return Number(sets) / sum;
  throw new UsageError(`--ratio: expected SETS:GETS such as 1:10, received ${JSON.stringify(ratio)}`);
}
