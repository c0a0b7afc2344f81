/**
 * The same random stream to our commands and to a real redis-server: every
 * reply agrees, and so does what is there at the end. Then globs, decimal sums
 * and the quirks that are worth pinning by name. Skipped, visibly, where there
 * is no redis-server. HEADWATER_REDIS_RUNS makes the stream longer.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { compileGlob } from '../../src/commands/glob.js';
import { type ErrorCode, HeadwaterError } from '../../src/errors.js';
import type { NewExpiry, Operation, Reply } from '../../src/operation.js';
import { Bench, b } from './bench.js';
import { plainOperations, transactions } from './operations.js';

const RUNS = Number(process.env['HEADWATER_REDIS_RUNS'] ?? 60);

/** Far apart, so that the milliseconds between our clock and Redis's decide nothing. */
const FAR = 4_000_000_000_000;
const ABSOLUTE: NewExpiry[] = [FAR, FAR + 100_000, FAR + 200_000, 1].map((expiresAtMs) => ({ expiresAtMs }));
const RELATIVE: NewExpiry[] = [1_000_000, 2_000_000].map((ttlMs) => ({ ttlMs }));
const PAST: NewExpiry[] = [{ ttlMs: 0 }, { ttlMs: -1_000_000 }, { expiresAtMs: 0 }];
const CLOCK_TOLERANCE_MS = 10_000;

const operation = plainOperations({
  lifeSpans: [...ABSOLUTE, ...RELATIVE, { ttlMs: 0 }, { expiresAtMs: -1 }],
  moments: [...ABSOLUTE, ...RELATIVE, ...PAST],
  comparableMoments: [...ABSOLUTE, { ttlMs: -1_000_000 }],
});
const operations = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: operation },
    { weight: 1, arbitrary: transactions(operation, fc.nothing ?? operation) },
  ),
);

type Argument = string | Buffer;
type RedisCommand = [name: string, ...args: Argument[]];
type Answer = { readonly value: unknown } | { readonly error: string };
