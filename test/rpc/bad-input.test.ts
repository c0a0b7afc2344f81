/**
 * Messages that no client of ours sends, to every method of a whole node: wrong
 * oneofs, missing fields, numbers beyond their range, text that is no UTF-8,
 * bytes that are no message. Each is refused as bad input, or done; none is a
 * failure that nobody foresaw, and the node answers others all the while.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { packageFile } from '../../src/base/package-root.js';
import { Client, type Logger, Node } from '../../src/index.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const PROTO = packageFile('proto');
const CALLS = 400;
const AT_ONCE = 6;
const CALL_MS = 500;
const REPEATED_MAX = 5_000;
const REPEATED_BYTES_MAX = 2 ** 20;
/** The first three change what the others are asked of. A backup's thread is a compiled file, which is not here. */
const LEFT_OUT = ['Follow', 'Promote', 'Failover', 'Backup'];

function methods(): protobuf.Method[] {
  const root = new protobuf.Root();
  root.resolvePath = (_, file) => (path.isAbsolute(file) ? file : path.join(PROTO, file));
  const folder = 'headwater/v1';
  root.loadSync(readdirSync(path.join(PROTO, folder)).map((name) => `${folder}/${name}`));
  root.resolveAll();
  const namespace = root.lookup(folder.replace('/', '.')) as protobuf.Namespace;
  const services = namespace.nestedArray.filter((one) => one instanceof protobuf.Service);
  return services.flatMap(({ methodsArray }) => methodsArray).filter(({ name }) => !LEFT_OUT.includes(name));
}

/** Bad messages of any type, as the seed has it. */
class Messages {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random() * choices.length)] as T;
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  bytesOf(type: protobuf.Type): Buffer {
    const bytes = Buffer.from(type.encode(type.fromObject(this.#fields(type))).finish());
    const [at, size] = [Math.floor(this.#random() * bytes.length), bytes.length];
    if (this.chance(0.6) || size === 0) return bytes;
    if (this.chance(0.4)) return bytes.subarray(0, at);
    if (this.chance(0.4)) return Buffer.concat([bytes, bytes]);
    bytes[at] = this.pick([0, 0x7f, 0x80, 0xff]);
    return bytes;
  }

  #fields(type: protobuf.Type, depth = 0): Record<string, unknown> {
    const fields: Record<string, unknown> = {};
    for (const field of type.fieldsArray) {
      if (this.chance(0.3) || (depth > 3 && field.resolvedType)) continue;
      const value = this.#value(field, depth);
      const count = this.chance(0.02) ? many(value) : this.pick([0, 1, 3]);
      fields[field.name] = field.repeated ? Array.from({ length: count }, () => value) : value;
    }
    return fields;
  }

  #value(field: protobuf.Field, depth: number): unknown {
    if (field.resolvedType instanceof protobuf.Enum) return this.pick([0, 1, 2, 99, -1]);
    if (field.resolvedType) return this.#fields(field.resolvedType, depth + 1);
    switch (field.type) {
      case 'bytes':
        return this.pick(['', 'k', 'key', '*', '[a-', '\\', '\xff', '\0'.repeat(20), 'z'.repeat(70_000)].map(latin1));
      case 'string':
        return this.pick(['', 'x', '127.0.0.1:1', '[::1]:0', '\0', '\u001b[31m', '__proto__', 'a'.repeat(10_000)]);
      case 'bool':
        return this.chance(0.5);
      case 'double':
        return this.pick([0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, 5e-324]);
      default:
        return this.pick([
          '0',
          '1',
          '-1',
          '5',
          '2147483647',
          '9007199254740991',
          '9007199254740992',
          `${2n ** 64n - 1n}`,
        ]);
    }
  }
}

/** As many repetitions as a message may have bytes for: repeated messages in repeated ones are gigabytes otherwise. */
function many(value: unknown): number {
  return Math.min(REPEATED_MAX, Math.ceil(REPEATED_BYTES_MAX / JSON.stringify(value).length));
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const asIs = (bytes: Buffer) => bytes;

function ask(client: grpc.Client, method: protobuf.Method, requests: readonly Buffer[]): Promise<grpc.StatusObject> {
  const name = `/${method.parent?.fullName.slice(1)}/${method.name}`;
  const options = { deadline: Date.now() + CALL_MS };
  return new Promise((resolve) => {
    const metadata = new grpc.Metadata();
    const duplex = method.requestStream && client.makeBidiStreamRequest(name, asIs, asIs, metadata, options);
    const [first = Buffer.alloc(0)] = requests;
    const call = duplex || client.makeServerStreamRequest(name, asIs, asIs, first, metadata, options);
    call.on('data', () => {});
    call.on('error', () => {});
    call.on('status', resolve);
    if (!duplex) return;
    for (const request of requests) duplex.write(request);
    duplex.end();
  });
}

describe('bad input over gRPC', function () {
  this.timeout(180_000);
  const seed = seedOfThisRun();
  afterEach(removeTemporaryDirectories);

  it(`is refused or done by every method (HEADWATER_SEED=${seed})`, async () => {
    const said: string[] = [];
    const note = (_: object, message: string) => void said.push(message);
    const logger: Logger = { debug() {}, info() {}, warn: note, error: note };
    const node = await Node.start({ data: await temporaryDirectory(), listen: '127.0.0.1:0' }, { logger });
    const raw = new grpc.Client(node.address, grpc.credentials.createInsecure());
    const client = await Client.connect(node.address);
    try {
      const messages = new Messages(seededRandom(seed));
      const all = methods();
      assert(all.length > 30, `${all.length} methods`);
      const unforeseen: string[] = [];
      const asked = Array.from({ length: CALLS }, (_, i) => all[i % all.length] as protobuf.Method);
      const work = async () => {
        for (let method = asked.pop(); method; method = asked.pop()) {
          const type = method.resolvedRequestType as protobuf.Type;
          const requests = [messages.bytesOf(type), messages.bytesOf(type)];
          const { code, details } = await ask(raw, method, requests);
          if ([grpc.status.INTERNAL, grpc.status.UNKNOWN, grpc.status.UNIMPLEMENTED].includes(code))
            unforeseen.push(`${method.name} ${code} ${details}: ${requests.map((one) => one.toString('hex', 0, 100))}`);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      assert.deepEqual(unforeseen, []);
      assert.deepEqual(
        said.filter((message) => message.includes('failed unexpectedly')),
        [],
      );
      await client.set('still', 'here');
      assert.equal(await client.get('still'), 'here');
    } finally {
      await client.close();
      raw.close();
      await node.stop();
    }
  });
});
