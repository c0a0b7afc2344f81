#!/usr/bin/env node
/*
 * Where the command starts. It is CommonJS for one reason: libuv fixes the size
 * of its thread pool at the pool's first use, and Node reads the sources of ES
 * modules through that pool. Only a file that is loaded the old way can still
 * widen it. (Measured on Node 20: set in an ES module it is too late, four
 * threads stay.) Two LevelDBs and their syncs would wait for each other on four.
 */
if (!(Number(process.env.UV_THREADPOOL_SIZE) >= 16)) process.env.UV_THREADPOOL_SIZE = '16';
void import('./headwater.js');
