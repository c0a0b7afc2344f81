#!/usr/bin/env node
/**
 * The entry point of the command line. `serve` and all other commands are two programs (bundle.mjs makes them): a command
 * has to start fast. `restore --follow` runs a node too.
 *
 * The build makes this file CommonJS for one reason. Libuv fixes the size of its thread pool at the pool's first use, and
 * Node reads the sources of ES modules through that pool. Only a CommonJS file can still widen the pool. (Measured on
 * Node 20: a setting in an ES module is too late, four threads stay.) Two LevelDBs and their syncs would wait for each
 * other on four threads.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runCompiled } from './compiled-code.js';

/** Names of commands count in any case. */
const words = process.argv.slice(2).map((word) => word.toLowerCase());
const isNode = words.includes('serve') || (words.includes('restore') && words.includes('--follow'));
/*
 * Settings for a node apply to `serve` alone. Other commands work one step at a time, and would pay for them in memory
 * (measured: 210 MB for a restore instead of 120 MB).
 */
if (isNode && !(Number(process.env.UV_THREADPOOL_SIZE) >= 16)) process.env.UV_THREADPOOL_SIZE = '16';
/*
 * A node's JavaScript heap is small, and its blocks lie outside of it. V8 counts both, and with its default growth
 * collects several times a second under load. (Measured at 72,000 SETs/s: if the heap may grow tenfold, 33 full
 * collections in 7 s become 2.) Growth to three times the live data is the compromise with memory. Five times is faster
 * still, and costs about 20 MB in an import.
 */
if (isNode) setFlagsFromString('--heap-growing-percent=200');
/*
 * The hot path is many small functions in many files, and V8 inlines 920 bytes of bytecode into a function at the most.
 * (Measured with 50 connections of redis-benchmark and a command each: with this bound, a SET takes 42 µs of the leader's
 * processor instead of 46, and a GET 22.4 instead of 23.5. With a bound twice as large, no less.)
 */
if (isNode) setFlagsFromString('--max-inlined-bytecode-size-cumulative=2000');
/*
 * V8 forgets the bytecode of functions that have not run for some collections, so the code kept at the end of a long run
 * would lack all that a start needs. (Measured: the next start compiled for 110 ms of its 600 ms of processor time.)
 */
setFlagsFromString('--no-flush-bytecode');
/*
 * With too few open files, a program ends with an error that nobody understands. A call to a node needs few (measured: 40
 * are enough), but some commands open a data directory, with two databases of up to 32 files each. A node has connections
 * besides. src/base/descriptors.ts has the number that it wants.
 */
const needed = isNode ? 256 + 2 * 32 + 64 : 256;
const limit = openFilesMax();
if (limit < needed) {
  process.stderr.write(
    `headwater: the limit of open files (ulimit -n) is too low: expected at least ${needed}, received ${limit}. Raise it\n`,
  );
  process.exitCode = 3;
} else runCompiled(path.join(import.meta.dirname, isNode ? 'serve.cjs' : 'commands.cjs'));

/**
 * The soft limit, which Node has raised to the hard one. Infinity if the system does not tell, or there is no limit.
 */
function openFilesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
