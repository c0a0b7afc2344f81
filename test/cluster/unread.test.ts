/**
 * Clients send commands to one node and read no replies. The node must keep a
 * bounded part of the replies, serve all other clients, and lose no reply.
 */
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { DUPLEX_STREAMS_MAX, REPLYING_BYTES_MAX } from '../../src/base/limits.js';
import { decodePipelineResponse, encodePipelineRequest } from '../../src/protobuf/pipeline.js';
import { PIPELINE } from '../../src/rpc/definitions.js';
import { Cluster, type Daemon } from '../support/cluster.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const VALUE_BYTES = 64 * KiB;
const KEYS = 50;
const READS_IN_MESSAGE = 8;
/** Beside the replies: garbage, and the buffers of the streams. */
const SPARE_BYTES = 120 * MiB;
const asIs = (bytes: Buffer) => bytes;

const keyOf = (index: number) => Buffer.from(`key ${index % KEYS}`);
const VALUES = Array.from({ length: KEYS }, (_, i) => Buffer.alloc(VALUE_BYTES, `value ${i} `));
const expectedAt = (index: number) => VALUES[index % KEYS] as Buffer;

/** Sends all that it asks, and reads the first message of its replies until it is told to read on. */
class Pipeline {
  readonly hasBegun: Promise<void>;
  readonly hasEnded: Promise<void>;
  readonly #stream: grpc.ClientDuplexStream<Buffer, Buffer>;
  #replies = 0;

  constructor(client: grpc.Client, reads: number) {
    const stream = client.makeBidiStreamRequest(PIPELINE.path, asIs, asIs);
    this.#stream = stream;
    this.hasEnded = new Promise((resolve, reject) => stream.once('end', resolve).once('error', reject));
    this.hasBegun = new Promise((resolve, reject) => {
      stream.once('error', reject);
      stream.once('data', (bytes: Buffer) => {
        stream.pause();
        resolve();
        this.#take(bytes);
        stream.on('data', (rest: Buffer) => this.#take(rest));
        stream.pause();
      });
    });
    for (let i = 0; i < reads; i += READS_IN_MESSAGE) {
      const operations = Array.from({ length: READS_IN_MESSAGE }, (_, j) => ({
        operation: { kind: 'get', key: keyOf(i + j) } as const,
      }));
      stream.write(encodePipelineRequest(operations));
    }
    stream.end();
  }

  /** @returns the number of replies, all in order. */
  async readOn(): Promise<number> {
    this.#stream.resume();
    await this.hasEnded;
    return this.#replies;
  }

  #take(bytes: Buffer): void {
    for (const reply of decodePipelineResponse(bytes).replies) {
      assert(reply.kind === 'get' && reply.value, `reply ${this.#replies} is of the kind ${reply.kind}`);
      assert(reply.value.equals(expectedAt(this.#replies)), `reply ${this.#replies} is of another command`);
      this.#replies++;
    }
  }
}

describe('replies that nobody reads', function () {
  this.timeout(300_000);

  /** 192 MiB of replies of one connection, and 320 MiB of four. */
  for (const { connections, reads } of [
    { connections: 1, reads: 96 },
    { connections: 4, reads: 40 },
  ]) {
    it(`stay in bounded memory on ${connections} x ${DUPLEX_STREAMS_MAX} pipelines`, async () => {
      await using cluster = new Cluster();
      const [leader] = (await cluster.leaderAndFollowers(0)) as [Daemon];
      const db = await leader.client();
      for (let i = 0; i < KEYS; i++) await db.set(keyOf(i), expectedAt(i));
      // Values that were written lately are in memory once; others are read for each reply.
      await leader.end('SIGTERM');
      await leader.start();
      const clients = Array.from(
        { length: connections },
        () =>
          new grpc.Client(leader.address, grpc.credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 }),
      );
      // What one reader leaves behind counts for nobody.
      const first = new Pipeline(clients[0] as grpc.Client, reads);
      await first.hasBegun;
      await first.readOn();
      const before = leader.memoryBytes('VmRSS');
      const pipelines = clients.flatMap((client) =>
        Array.from({ length: DUPLEX_STREAMS_MAX }, () => new Pipeline(client, reads)),
      );
      await Promise.all(pipelines.map(({ hasBegun }) => hasBegun));
      for (let i = 0; i < 300; i++) assert.equal((await db.get(keyOf(i)))?.length, VALUE_BYTES);
      const grown = leader.memoryBytes('VmHWM') - before;
      if (process.env.HEADWATER_SHOW) console.log(`${Math.round(grown / MiB)} MiB more`);
      // A connection has at most half.
      const bytesMax = connections === 1 ? REPLYING_BYTES_MAX / 2 : REPLYING_BYTES_MAX;
      assert(grown < bytesMax + SPARE_BYTES, `${Math.round(grown / MiB)} MiB more, of ${bytesMax / MiB} for replies`);
      for (const read of await Promise.all(pipelines.map((pipeline) => pipeline.readOn()))) assert.equal(read, reads);
      for (const client of clients) client.close();
    });
  }
});
