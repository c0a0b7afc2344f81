/**
 * Many clients send large writes in calls of their own, slowly and all at once. The
 * node must hold a bounded part of them, answer all other clients meanwhile, and do
 * or refuse each write by name.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAddress } from '../../src/base/address.js';
import { RECEIVING_BYTES_MAX, REQUEST_BYTES_MAX } from '../../src/base/limits.js';
import { Client } from '../../src/client/index.js';
import { OPERATION_METHODS } from '../../src/rpc/definitions.js';
import { Wire } from '../resp/door.js';
import { Cluster, type Daemon } from '../support/cluster.js';

const MiB = 1024 * 1024;
const CALLS = 150;
const VALUE_BYTES = 16 * MiB;
/** As other nodes under load: src/rpc/README.md says a gigabyte. Half of every value would be 1.2 GiB. */
const RESIDENT_BYTES_MAX = 1024 * MiB;
/** Each look makes all metrics of the node. */
const LOOK_INTERVAL_MS = 20;
const RESOURCE_EXHAUSTED = '8';

function setMessage(key: string, value: Buffer): Buffer {
  const method = OPERATION_METHODS.get('set');
  assert(method);
  const bytes = method.request.encode({ kind: 'set', key: Buffer.from(key), value });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** @returns the status and the message that the call ended with. */
function outcome(stream: http2.ClientHttp2Stream): Promise<{ status: string; message: string }> {
  return new Promise((resolve) => {
    let ended = { status: 'no status', message: '' };
    const see = (headers: http2.IncomingHttpHeaders) => {
      const { 'grpc-status': status, 'grpc-message': message } = headers;
      if (status !== undefined) ended = { status: `${status}`, message: decodeURI(`${message ?? ''}`) };
    };
    stream.on('response', see);
    stream.on('trailers', see);
    stream.on('error', () => {});
    stream.on('close', () => resolve(ended));
    stream.resume();
  });
}

/** The bytes of requests that are received and not answered, as the metrics have them. */
function requestBytesIn(metrics: string): number {
  const parts = metrics.matchAll(/^headwater_memory_bytes\{part="(?:grpc|redis)_requests"\} (\d+)$/gm);
  return [...parts].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
}

describe('requests that arrive slowly', function () {
  this.timeout(300_000);

  it('take up a bounded part of memory, block no other client, and are done or refused', async () => {
    await using cluster = new Cluster();
    const [leader] = (await cluster.leaderAndFollowers(0)) as [Awaited<ReturnType<Cluster['node']>>];
    const path = OPERATION_METHODS.get('set')?.path;
    const session = http2.connect(`http://${leader.address}`, { maxSessionMemory: 100_000 });
    await once(session, 'connect');
    const message = setMessage('large', Buffer.alloc(VALUE_BYTES, 'v'));
    const half = message.length / 2;
    const request = () =>
      session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
    const streams = Array.from({ length: CALLS }, request);
    const outcomes = streams.map(outcome);
    for (const stream of streams) stream.write(message.subarray(0, half));
    const db = await leader.client();
    for (let i = 0; i < 20; i++) await db.set(`other ${i}`, Buffer.alloc(64 * 1024));
    await db.set('other large', Buffer.alloc(VALUE_BYTES));
    for (const stream of streams) stream.end(message.subarray(half));
    const counts = new Map<string, number>();
    for (const { status, message } of await Promise.all(outcomes)) {
      counts.set(status, (counts.get(status) ?? 0) + 1);
      if (status === RESOURCE_EXHAUSTED)
        assert.match(
          message,
          /^the (request|write) was refused: .*\. Try again later(, or raise the memory for requests .*)?$/,
        );
    }
    const peak = leader.memoryBytes('VmHWM');
    if (process.env.HEADWATER_SHOW) console.log(counts, `${Math.round(peak / MiB)} MiB`);
    assert(
      peak < RESIDENT_BYTES_MAX,
      `${Math.round(peak / MiB)} MiB resident, of ${RECEIVING_BYTES_MAX / MiB} to receive`,
    );
    assert.equal((counts.get('0') ?? 0) + (counts.get(RESOURCE_EXHAUSTED) ?? 0), CALLS, JSON.stringify([...counts]));
    const last = request();
    const done = outcome(last);
    last.end(message);
    assert.equal((await done).status, '0', 'their memory is free again');
    session.close();
  });

  it('hold one bound over both protocols, also while they wait for answers that come late', async () => {
    await using cluster = new Cluster();
    const [leader] = (await cluster.leaderAndFollowers(0, '--http', '127.0.0.1:0')) as [Daemon];
    const [, http] = /"http":"([^"]+)"/.exec(leader.log) ?? [];
    const value = Buffer.alloc(VALUE_BYTES / 2, 'v');
    // No follower is there, so nothing of this is answered before its time is over.
    const durability = { level: 'followers', followers: 1, timeoutMs: 4_000 } as const;
    const clients = await Promise.all(
      Array.from({ length: 12 }, () => Client.connect(leader.address, { retry: { attempts: 1 } })),
    );
    // A new connection would wait behind the large writes for its first answer.
    const other = await leader.client();
    await other.set('small', 'v');
    const writes = clients.flatMap((client, i) =>
      [1, 2].map((n) => client.set(`grpc ${i} ${n}`, value, { durability, timeoutMs: 60_000 })),
    );
    const outcomes = Promise.allSettled(writes);
    const port = parseAddress(leader.address).port;
    const wires = Array.from({ length: 16 }, () => new Wire(net.connect(port, '127.0.0.1')));
    for (const [i, wire] of wires.entries()) {
      wire.command('HEADWATER', 'DURABILITY', 'FOLLOWERS', '1', '4000');
      for (const n of [1, 2]) wire.command('SET', `redis ${i} ${n}`, value);
    }
    let requests = 0;
    let isOver = false;
    void outcomes.then(() => {
      isOver = true;
    });
    while (!isOver) {
      // Its turn comes behind the large writes. This asks for the memory, not for the wait.
      await other.set('small', 'v', { timeoutMs: 60_000 });
      requests = Math.max(requests, requestBytesIn(await (await fetch(`http://${http}/metrics`)).text()));
      await sleep(LOOK_INTERVAL_MS);
    }
    for (const { socket } of wires) socket.destroy();
    const resident = leader.memoryBytes('VmHWM');
    if (process.env.HEADWATER_SHOW)
      console.log(`${Math.round(requests / MiB)} MiB of requests, `, `${Math.round(resident / MiB)} MiB`);
    assert(requests > REQUEST_BYTES_MAX / 8, `${requests} bytes: the requests fill the memory`);
    assert(requests <= REQUEST_BYTES_MAX + wires.length * 128 * 1024, `${requests} bytes of requests`);
    assert(resident < RESIDENT_BYTES_MAX, `${Math.round(resident / MiB)} MiB resident`);
    await Promise.all(clients.map((client) => client.close({ timeoutMs: 0 })));
  });
});
