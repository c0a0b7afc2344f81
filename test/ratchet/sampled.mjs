/**
 * A node or a client of the compiled package, in a process that samples its own heap and counts the bytes of the
 * connections that it opens. What is allocated counts, garbage too.
 * `node sampled.mjs node DIRECTORY [UPSTREAM]` serves until it is killed. `node sampled.mjs client ADDRESS` sends what it
 * is told to. The parent tells `begin`, `end`, or a load, and each gets one answer.
 */
import { subscribe } from 'node:diagnostics_channel';
import { Session } from 'node:inspector/promises';
import { Client, Node } from '../../dist/src/index.js';

/** Between two samples. */
const INTERVAL_BYTES = 4_096;
const KEYS = 10_000;
const VALUE = 'x'.repeat(100);

const [role, place, upstream] = process.argv.slice(2);
const sockets = new Set();
subscribe('net.client.socket', ({ socket }) => sockets.add(socket));
const session = new Session();
session.connect();
const client = role === 'client' ? await Client.connect(place) : undefined;
let passedBytes = 0;

process.on('message', (told) => {
  const work = told === 'begin' ? begin() : told === 'end' ? end() : load(told);
  // A failure ends the process, which the parent sees.
  void work.then((answer) => process.send(answer));
});

if (role === 'node') {
  const node = await Node.start({ data: place, listen: '127.0.0.1:0', ...(upstream && { follow: upstream }) });
  process.send({ address: node.address });
} else process.send({ address: place });

async function begin() {
  passedBytes = passed();
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: INTERVAL_BYTES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  });
  return {};
}

async function end() {
  const { profile } = await session.post('HeapProfiler.stopSampling');
  return { allocatedBytes: allocated(profile.head), passedBytes: passed() - passedBytes };
}

async function load({ kind, commands, inFlight }) {
  const ask = (key) => (kind === 'get' ? client.get(key) : client.set(key, VALUE));
  for (let from = 0; from < commands; from += inFlight)
    await Promise.all(Array.from({ length: inFlight }, (_, i) => ask(`key:${(from + i) % KEYS}`.padEnd(8))));
  return {};
}

function allocated({ selfSize, children }) {
  return children.reduce((bytes, child) => bytes + allocated(child), selfSize);
}

/** In both directions, of the connections that are open. */
function passed() {
  return [...sockets].reduce((bytes, socket) => bytes + socket.bytesRead + socket.bytesWritten, 0);
}
