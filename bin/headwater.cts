#!/usr/bin/env node
/*
 * The entry point of the command line. Settings for a node apply to `serve` alone. Other commands work one step at a
 * time, and would pay for them in memory (measured: 210 MB for a restore instead of 120 MB).
 */
const isNode = process.argv.some((word) => word.toLowerCase() === 'serve');
/*
 * From version 22 on, Node keeps the compiled code of modules in its own cache, which saves a command a fifth of its
 * time. (Node 20 has no such function. NODE_DISABLE_COMPILE_CACHE=1 turns the cache off.)
 */
const modules: object = process.getBuiltinModule('node:module');
if ('enableCompileCache' in modules) (modules.enableCompileCache as () => unknown)();
/*
 * This file is CommonJS for one reason. Libuv fixes the size of its thread pool at the pool's first use, and Node reads
 * the sources of ES modules through that pool. Only a CommonJS file can still widen the pool. (Measured on Node 20: a
 * setting in an ES module is too late, four threads stay.) Two LevelDBs and their syncs would wait for each other on
 * four threads.
 */
if (isNode && !(Number(process.env.UV_THREADPOOL_SIZE) >= 16)) process.env.UV_THREADPOOL_SIZE = '16';
/*
 * A node's JavaScript heap is small, and its blocks lie outside of it. V8 counts both, and with its default growth
 * collects several times a second under load. (Measured at 72,000 SETs/s: if the heap may grow tenfold, 33 full
 * collections in 7 s become 2.) Growth to three times the live data is the compromise with memory. Five times is faster
 * still, and costs about 20 MB in an import.
 */
if (isNode) process.getBuiltinModule('node:v8').setFlagsFromString('--heap-growing-percent=200');
/*
 * Node's loader opens the files of all modules at about the same time. If it may not, it fails with an error of its own
 * (measured: at 128 open files it fails, at 140 it does not). A node needs more: two databases with 32 files each, and
 * a few connections. src/base/descriptors.ts has the number that it wants.
 */
const needed = isNode ? 256 + 2 * 32 + 64 : 256;
const limit = openFilesMax();
if (limit >= needed) {
  void import('./headwater.js');
} else {
  process.stderr.write(
    `headwater: the limit of open files (ulimit -n) is too low: expected at least ${needed}, received ${limit}. Raise it\n`,
  );
  process.exitCode = 3;
}

/**
 * The soft limit, which Node has raised to the hard one. Infinity if the system does not tell, or there is no limit.
 */
function openFilesMax(): number {
  try {
    const limits = process.getBuiltinModule('node:fs').readFileSync('/proc/self/limits', 'latin1');
    return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
