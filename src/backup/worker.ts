/**
 * The thread that makes a backup from LevelDB's files. The node's own thread has nothing to do with the rows,
 * and answers its clients meanwhile. This thread obeys the orders of thread.ts, one after another.
 */
import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import { type OpenFiles, openFiles } from '../disk/leveldb/open-files.js';
import { Rows } from '../disk/leveldb/rows.js';
import { DATA_KEY_HEADER_BYTES, dataEnd, dataStart } from '../keyspace/record.js';
import type { Order, ThreadAnswer } from './thread.js';
import { ChunkWriter, type WrittenChunk } from './writer.js';

/** The niceness of this thread: a backup gives way to writes. */
const NICENESS = 10;

/** Rows between two rests, about 0.3 ms of work. */
const REST_ROWS = 256;
/** A rest lasts this many times as long as the work before it. */
const REST_FACTOR = 2;
const REST_MS_MAX = 5;
/** An integer that nobody writes to: a wait for a change of it is a sleep. */
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/**
 * Whether to rest while the node is busy, so that its writes find a free core. The scheduler does not always
 * preempt a running thread for one that wakes.
 */
let unhurried = false;
let files: OpenFiles | undefined;
let chunks: Generator<WrittenChunk, void> | undefined;

invariant(parentPort, 'this is the main file of a thread');
const port = parentPort;
// On other systems the niceness would apply to the whole process.
if (process.platform === 'linux') os.setPriority(NICENESS);
port.on('message', (order: Order) => {
  try {
    obey(order);
  } catch (error) {
    const { code, message } = HeadwaterError.from(error);
    answer({ kind: 'failed', code, message });
  }
});
answer({ kind: 'ready' });

function obey(order: Order): void {
  if (order.kind === 'open') {
    files = openFiles(order.location);
    answer({ kind: 'ready' });
    return;
  }
  if (order.kind === 'begin') {
    invariant(files, 'a backup begins with files that are open');
    chunks = write(new Rows(files, dataStart(order.epoch), dataEnd(order.epoch)), order);
  }
  if (order.kind === 'next') unhurried = order.unhurried;
  const next = chunks?.next();
  answer(next && !next.done ? { kind: 'chunk', ...next.value } : { kind: 'ready' });
}

function answer(what: ThreadAnswer): void {
  // Small chunks share their memory with others, and are copied.
  const isAlone = what.kind === 'chunk' && what.bytes.length === what.bytes.buffer.byteLength;
  port.postMessage(what, isAlone ? [what.bytes.buffer as ArrayBuffer] : []);
}

function* write(rows: Rows, { head }: Order & { kind: 'begin' }): Generator<WrittenChunk, void> {
  const writer = new ChunkWriter();
  yield writer.begin(head);
  let restedMs = performance.now();
  let count = 0;
  for (let row = rows.next(); row; row = rows.next()) {
    if (++count % REST_ROWS === 0) {
      if (unhurried) Atomics.wait(NEVER, 0, 0, Math.min(REST_MS_MAX, REST_FACTOR * (performance.now() - restedMs)));
      restedMs = performance.now();
    }
    const { key, keyEnd, value, valueStart, valueEnd } = row;
    const chunk = writer.add(key, DATA_KEY_HEADER_BYTES, keyEnd, value, valueStart, valueEnd);
    if (chunk) yield chunk;
  }
  rows.close();
  yield* writer.end();
}
