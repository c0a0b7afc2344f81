/**
 * Strangers send a leader bytes that are no messages, and well-formed messages that
 * make no sense. Each call must get an answer, the process must stay up, and the
 * data must be equal on the follower and after a restart.
 */
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import {
  ADMIN_SERVICE,
  DATABASE_SIZE,
  DIGEST,
  KEYS,
  OPERATION_METHODS,
  PIPELINE,
  RANDOM_KEY,
  SCAN,
  STATUS,
} from '../../src/rpc/definitions.js';
import { assertEqualData, Cluster } from '../support/cluster.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const ANSWER_MS = 10_000;
const MESSAGES_EACH = 40;
const STREAMS = 60;
const UNARY = [...OPERATION_METHODS.values(), DATABASE_SIZE, RANDOM_KEY, STATUS, DIGEST].map(({ path }) => path);
const SERVER_STREAMS = [KEYS, SCAN].map(({ path }) => path);
const REPLICATE = '/headwater.v1.ReplicationService/Replicate';
const FOLLOW = `/${ADMIN_SERVICE}/Follow`;

const raw = (bytes: Buffer) => bytes;

/** Bytes that are no protobuf message, each in its own way. */
const JUNK = [
  Buffer.from([0xff]),
  Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x01]),
  Buffer.from([0x0b, 0x0b, 0x0b]),
  Buffer.alloc(5_000, 0x0b),
];

/** Well-formed messages of random fields; nested ones more often than not. */
class Messages {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  next(depth = 4): Buffer {
    const fields = Array.from({ length: this.#below(4) }, () => this.#field(depth));
    return Buffer.concat(fields);
  }

  #field(depth: number): Buffer {
    const number = 1 + this.#below(this.#below(2) ? 4 : 30);
    switch (this.#below(5)) {
      case 0:
        return Buffer.concat([varint(BigInt(number << 3)), varint(this.#number())]);
      case 1:
        return Buffer.concat([varint(BigInt((number << 3) | 1)), bytesOf64(this.#number())]);
      default: {
        const content = depth > 0 && this.#below(3) > 0 ? this.next(depth - 1) : this.#bytes();
        return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(content.length)), content]);
      }
    }
  }

  #number(): bigint {
    const some = [0n, 1n, 2n, 1_000n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
    return some[this.#below(some.length)] as bigint;
  }

  #bytes(): Buffer {
    const some = ['', 'k', 'counter', '12', '-1', '3.5', '*', '[a-', '\xff\xfe', 'x'.repeat(300)];
    return Buffer.from(some[this.#below(some.length)] as string, 'latin1');
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

function bytesOf64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

describe('a node among strangers', () => {
  let cluster: Cluster;
  let connection: grpc.Client;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    connection?.close();
    await cluster[Symbol.asyncDispose]();
  });

  const deadline = () => ({ deadline: Date.now() + ANSWER_MS });

  /** The status code of one call, or OK. */
  function unary(path: string, message: Buffer): Promise<number> {
    return new Promise((resolve) => {
      connection.makeUnaryRequest(path, raw, raw, message, deadline(), (error) =>
        resolve(error ? error.code : grpc.status.OK),
      );
    });
  }

  function ended(call: grpc.ClientReadableStream<Buffer> | grpc.ClientDuplexStream<Buffer, Buffer>): Promise<number> {
    return new Promise((resolve) => {
      call.on('data', () => {});
      call.on('error', (error: grpc.ServiceError) => resolve(error.code));
      call.on('end', () => resolve(grpc.status.OK));
    });
  }

  const serverStream = (path: string, message: Buffer) =>
    ended(connection.makeServerStreamRequest(path, raw, raw, message, deadline()));

  function duplex(path: string, messages: readonly Buffer[]): Promise<number> {
    const call = connection.makeBidiStreamRequest(path, raw, raw, new grpc.Metadata(), deadline());
    const end = ended(call);
    for (const message of messages) call.write(message);
    call.end();
    return end;
  }

  it('answers whatever it is sent, stays up, and keeps the data of all nodes equal', async () => {
    const seed = seedOfThisRun();
    const messages = new Messages(seededRandom(seed));
    const [leader, follower] = await cluster.leaderAndFollowers(1);
    assert.ok(leader && follower);
    const { pid } = leader;
    connection = new grpc.Client(leader.address, grpc.credentials.createInsecure());
    const seen = new Set<number>();
    const note = (what: string, code: number) => {
      seen.add(code);
      const wrong: number[] = [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.INTERNAL];
      assert.ok(!wrong.includes(code), `seed ${seed}: ${what} was answered with ${grpc.status[code]}\n${leader.log}`);
    };
    for (const path of [...UNARY, FOLLOW]) for (const junk of JUNK) note(path, await unary(path, junk));
    for (const path of UNARY) {
      for (let i = 0; i < MESSAGES_EACH; i++) note(path, await unary(path, messages.next()));
    }
    for (const path of SERVER_STREAMS) {
      for (const junk of JUNK) note(path, await serverStream(path, junk));
      for (let i = 0; i < MESSAGES_EACH; i++) note(path, await serverStream(path, messages.next()));
    }
    for (const path of [PIPELINE.path, REPLICATE]) {
      for (const junk of JUNK) note(path, await duplex(path, [junk]));
      for (let i = 0; i < STREAMS; i++) {
        note(
          path,
          await duplex(
            path,
            Array.from({ length: 10 }, () => messages.next(5)),
          ),
        );
      }
    }
    // Otherwise the messages were too foolish to try anything.
    for (const code of [grpc.status.OK, grpc.status.INVALID_ARGUMENT]) assert.ok(seen.has(code), grpc.status[code]);
    assert.equal(leader.pid, pid);
    assert.doesNotMatch(leader.log + follower.log, /"level":"fatal"|failed unexpectedly/, `seed ${seed}`);
    await assertEqualData(leader, follower);
    const { digest } = await leader.digest();
    await leader.end('SIGKILL');
    await leader.start();
    assert.equal((await leader.digest()).digest, digest, `seed ${seed}`);
  });
});
