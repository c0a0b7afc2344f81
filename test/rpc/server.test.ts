import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import * as grpc from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { MESSAGE_BYTES_MAX } from '../../src/base/limits.js';
import type { OperationKind } from '../../src/model/operation.js';
import { BYTES, type Method, OPERATION_METHODS } from '../../src/rpc/definitions.js';
import { duplex, serverStream, unary } from '../../src/rpc/handler.js';
import type { Service } from '../../src/rpc/server.js';
import { fromStatus } from '../../src/rpc/status.js';
import { skipUnless } from '../support/installed.js';
import { FakeStore } from './fake-store.js';
import { call, callBytes, closeAll, gate, RawPipeline, rawClient, serve, set, until } from './harness.js';

const NOTHING = Buffer.alloc(0);

function method(name: string, requestStream = false, responseStream = false): Method<Buffer, Buffer> {
  return { path: `/headwater.test.Test/${name}`, requestStream, responseStream, request: BYTES, response: BYTES };
}

function testService(...endpoints: Service['endpoints']): { services: Service[] } {
  return { services: [{ name: 'headwater.test.Test', endpoints }] };
}

function operationMethod(kind: OperationKind) {
  const found = OPERATION_METHODS.get(kind);
  assert(found);
  return found;
}

/** What a call that must fail was answered, as gRPC gives it. */
async function refusal(promise: Promise<unknown>): Promise<grpc.ServiceError> {
  return promise.then(
    () => assert.fail('the call succeeded'),
    (error: grpc.ServiceError) => error,
  );
}

describe('the server', () => {
  let store: FakeStore;
  beforeEach(() => {
    store = new FakeStore();
  });
  afterEach(closeAll);

  describe('binding', () => {
    it('takes a free port for port 0, and reports it', async () => {
      const { address } = await serve(store);
      assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
    });

    it('refuses a port in use, naming it, and prints nothing by itself', async () => {
      const taken = net.createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      const { port } = taken.address() as net.AddressInfo;
      const printed: unknown[] = [];
      const { error } = console;
      console.error = (...words) => printed.push(words);
      try {
        const failure = await serve(store, { address: `127.0.0.1:${port}` }).catch((reason) => reason);
        assert(HeadwaterError.is(failure, 'address_in_use'), String(failure));
        assert.match(failure.message, new RegExp(`127\\.0\\.0\\.1:${port}.*another process`));
        assert.deepEqual(printed, []);
      } finally {
        console.error = error;
        taken.close();
      }
    });

    it('refuses what is no address, and an address of another machine', async () => {
      for (const address of ['nonsense', '127.0.0.1', '127.0.0.1:70000', 'a b:1', '192.0.2.1:7420']) {
        const failure = await serve(store, { address }).catch((reason) => reason);
        assert(HeadwaterError.is(failure, 'invalid_argument'), `${address}: ${failure}`);
      }
    });

    it('listens on an IPv6 address in brackets', async function () {
      skipUnless(
        this,
        Object.values(networkInterfaces())
          .flat()
          .some((own) => own?.address === '::1'),
        'IPv6',
      );
      const { address } = await serve(store, { address: '[::1]:0' });
      assert.match(address, /^\[::1\]:\d+$/);
      await call(rawClient(address), operationMethod('ping'), { kind: 'ping', message: NOTHING });
    });
  });

  describe('unary calls', () => {
    it('run every operation', async () => {
      const { address } = await serve(store);
      const client = rawClient(address);
      await call(client, operationMethod('set'), set('a', '41'));
      const reply = await call(client, operationMethod('increment'), {
        kind: 'increment',
        key: Buffer.from('a'),
        by: 1n,
      });
      assert.deepEqual(reply, { kind: 'increment', value: 42n });
    });

    it('a refusal is a status with details that any client can read', async () => {
      store.leader = '127.0.0.1:7999';
      const { address } = await serve(store);
      const error = await refusal(call(rawClient(address), operationMethod('set'), set('a', '1')));
      assert.equal(error.code, grpc.status.FAILED_PRECONDITION);
      assert.equal(error.metadata.get('headwater-leader')[0], '127.0.0.1:7999');
      const decoded = fromStatus(error);
      assert.equal(decoded.code, 'read_only_follower');
      assert.deepEqual(decoded.details, { leader: '127.0.0.1:7999' });
    });

    it('an oversized key is INVALID_ARGUMENT, and names expected and received', async () => {
      const { address } = await serve(store);
      const error = await refusal(call(rawClient(address), operationMethod('set'), set('k'.repeat(2_000), '1')));
      assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
      assert.equal(fromStatus(error).code, 'too_large');
      assert.match(error.details, /expected at most 1024 bytes, received 2000/);
      assert.equal(store.submissions.length, 0);
    });

    it('a malformed message is INVALID_ARGUMENT and the server lives', async () => {
      const { address, errors } = await serve(store);
      const client = rawClient(address);
      for (const { path } of OPERATION_METHODS.values()) {
        const error = await refusal(callBytes(client, path, Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff])));
        assert.equal(error.code, grpc.status.INVALID_ARGUMENT, path);
        assert.match(error.details, /expected a protobuf message headwater\.v1\.\w+Request, received 6 other bytes/);
      }
      await call(client, operationMethod('ping'), { kind: 'ping', message: NOTHING });
      assert.deepEqual(errors, []);
    });

    it('a message over the limit is RESOURCE_EXHAUSTED, and one at the limit of a value is taken', async () => {
      const { address } = await serve(store);
      const client = rawClient(address, { 'grpc.max_receive_message_length': -1 });
      const error = await refusal(callBytes(client, operationMethod('set').path, Buffer.alloc(MESSAGE_BYTES_MAX + 1)));
      assert.equal(error.code, grpc.status.RESOURCE_EXHAUSTED);
      assert.equal(fromStatus(error).code, 'too_large');
      await call(client, operationMethod('set'), set('large', Buffer.alloc(store.limits.valueBytesMax)));
      const reply = await call(client, operationMethod('get'), { kind: 'get', key: Buffer.from('large') });
      assert(reply.kind === 'get' && reply.value?.length === store.limits.valueBytesMax);
    });

    it('an unknown method is UNIMPLEMENTED', async () => {
      const { address } = await serve(store);
      const error = await refusal(callBytes(rawClient(address), '/headwater.v1.KeyValueService/Frobnicate', NOTHING));
      assert.equal(fromStatus(error).code, 'unimplemented');
    });

    it('waits for room in the queue, and resumes when there is', async () => {
      store.queuedBytes = 1 << 30;
      const { address } = await serve(store);
      const done = call(rawClient(address), operationMethod('set'), set('a', '1'));
      const client = rawClient(address);
      // Reads do not queue.
      await call(client, operationMethod('get'), { kind: 'get', key: Buffer.from('a') });
      assert.equal(store.submissions.length, 1);
      store.setQueuedBytes(0);
      await done;
    });
  });

  describe('handlers', () => {
    it('one that rejects answers INTERNAL, shows the client no more, and the operator all', async () => {
      const fail = unary(method('Fail'), async () => {
        throw new TypeError('secret detail');
      });
      const { address, errors } = await serve(store, testService(fail));
      const error = await refusal(callBytes(rawClient(address), '/headwater.test.Test/Fail', NOTHING));
      assert.equal(error.code, grpc.status.INTERNAL);
      assert.doesNotMatch(JSON.stringify(error), /secret/);
      assert.match(errors.join(), /secret detail/);
    });

    it('one that throws before it awaits does so too', async () => {
      const fail = unary(method('Fail'), () => {
        throw new TypeError('at once');
      });
      const { address, errors } = await serve(store, testService(fail));
      const error = await refusal(callBytes(rawClient(address), '/headwater.test.Test/Fail', NOTHING));
      assert.equal(error.code, grpc.status.INTERNAL);
      assert.match(errors.join(), /at once/);
    });

    it('one whose message contains what no header can hold still answers', async () => {
      const fail = unary(method('Fail'), async () => {
        throw new HeadwaterError('wrong_type', `half \ud800 a pair, a line\nbreak, ${'x'.repeat(10_000)}`);
      });
      const { address } = await serve(store, testService(fail));
      const error = await refusal(callBytes(rawClient(address), '/headwater.test.Test/Fail', NOTHING));
      assert.equal(fromStatus(error).code, 'wrong_type');
    });

    it('a broken invariant is handed to the node', async () => {
      const fail = unary(method('Fail'), async () => {
        throw new InvariantViolation('two is one');
      });
      const { address, fatal } = await serve(store, testService(fail));
      await refusal(callBytes(rawClient(address), '/headwater.test.Test/Fail', NOTHING));
      assert.match(String(fatal[0]), /two is one/);
    });

    it('a stream whose handler throws in the middle ends with the status', async () => {
      const fail = serverStream(method('Fail', false, true), async function* () {
        yield Buffer.from('one');
        throw new HeadwaterError('corrupt', 'bad record');
      });
      const { address } = await serve(store, testService(fail));
      const stream = rawClient(address).makeServerStreamRequest(
        '/headwater.test.Test/Fail',
        (b: Buffer) => b,
        (b) => b,
        NOTHING,
      );
      const received: string[] = [];
      stream.on('data', (bytes: Buffer) => received.push(bytes.toString()));
      const error = await new Promise<Error>((resolve) => stream.on('error', resolve));
      assert.equal(fromStatus(error).code, 'corrupt');
      assert.deepEqual(received, ['one']);
    });

    it('a listener to messages that throws ends its stream, not the process', async () => {
      const fail = duplex(method('Fail', true, true), (stream) => {
        stream.receive(
          () => {
            throw new TypeError('in the listener');
          },
          () => {},
        );
        return new Promise(() => {});
      });
      const { address, errors } = await serve(store, testService(fail));
      const stream = rawClient(address).makeBidiStreamRequest(
        '/headwater.test.Test/Fail',
        (b: Buffer) => b,
        (b) => b,
      );
      stream.write(Buffer.from('x'));
      const error = await new Promise<Error>((resolve) => stream.on('error', resolve));
      assert.equal(fromStatus(error).code, 'internal');
      assert.match(errors.join(), /in the listener/);
    });

    it('learns that the client gave up', async () => {
      const started = gate();
      let reason: unknown;
      const wait = unary(method('Wait'), async (_, { signal }) => {
        started.open();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reason = signal.reason;
        throw signal.reason;
      });
      const { address, errors } = await serve(store, testService(wait));
      const request = rawClient(address).makeUnaryRequest(
        '/headwater.test.Test/Wait',
        (b: Buffer) => b,
        (b) => b,
        NOTHING,
        () => {},
      );
      await started.promise;
      request.cancel();
      await until(() => reason !== undefined, 'the signal');
      assert(HeadwaterError.is(reason, 'cancelled'));
      assert.deepEqual(errors, []);
    });

    it('learns that the deadline has passed, when the client has its answer', async () => {
      let reason: unknown;
      const wait = unary(method('Wait'), async (_, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        reason = signal.reason;
        throw signal.reason;
      });
      const { address } = await serve(store, testService(wait));
      const error = await refusal(
        callBytes(rawClient(address), '/headwater.test.Test/Wait', NOTHING, { deadline: Date.now() + 50 }),
      );
      assert.equal(error.code, grpc.status.DEADLINE_EXCEEDED);
      await until(() => reason !== undefined, 'the signal');
      // The client gives up at its deadline too: on a busy machine that may be heard first.
      assert(HeadwaterError.is(reason, 'deadline_exceeded') || HeadwaterError.is(reason, 'cancelled'));
    });
  });

  describe('stopping', () => {
    it('finishes the calls in hand and takes no more', async () => {
      const held = gate();
      store.before = () => held.promise;
      const { server, address } = await serve(store);
      const inHand = call(rawClient(address), operationMethod('set'), set('a', '1'));
      await until(() => store.submissions.length === 1, 'the call');
      const stopped = server.stop();
      const error = await refusal(call(rawClient(address), operationMethod('get'), { kind: 'get', key: NOTHING }));
      assert.equal(error.code, grpc.status.UNAVAILABLE);
      held.open();
      assert.equal((await inHand).kind, 'set');
      await stopped;
    });

    it('ends pipelines with shutting_down after what they have in hand', async () => {
      const held = gate();
      store.before = () => held.promise;
      const { server, address } = await serve(store);
      const pipeline = new RawPipeline(rawClient(address)).listen();
      pipeline.send(set('a', '1'), set('b', '2'));
      await until(() => store.submissions.length === 1, 'the operations');
      const stopped = server.stop();
      held.open();
      assert.equal((await pipeline.ended)?.code, 'shutting_down');
      assert.equal(pipeline.replies.length, 2);
      await stopped;
    });

    it('does not wait for ever for a call that hangs', async () => {
      store.before = () => new Promise(() => {});
      const { server, address } = await serve(store);
      const inHand = refusal(call(rawClient(address), operationMethod('set'), set('a', '1')));
      await until(() => store.submissions.length === 1, 'the call');
      await server.stop({ graceMs: 20 });
      assert.notEqual((await inHand).code, grpc.status.OK);
    });

    it('does not wait for a peer that stands still and never hangs up', async () => {
      const { server, address } = await serve(store);
      const peer = net.connect({ port: Number(address.split(':').at(-1)), host: '127.0.0.1', allowHalfOpen: true });
      try {
        peer.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
        peer.write(Buffer.from('000000040000000000', 'hex'));
        await once(peer, 'data');
        peer.pause();
        await server.stop({ graceMs: 20 });
      } finally {
        peer.destroy();
      }
    });

    it('does not wait for a client that watches the health', async () => {
      const { server, address } = await serve(store);
      const { requestSerialize, responseDeserialize, path } = healthMethod('Watch');
      const watch = rawClient(address).makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
        service: '',
      });
      const seen: string[] = [];
      watch.on('data', ({ status }: { status: string }) => seen.push(status));
      watch.on('error', () => {});
      await until(() => seen.length === 1, 'the first status');
      server.setServing(true);
      const startedMs = performance.now();
      await server.stop({ graceMs: 60_000 });
      assert(performance.now() - startedMs < 10_000);
      assert.deepEqual(seen, ['SERVING', 'NOT_SERVING']);
    });

    it('may be asked for twice', async () => {
      const { server } = await serve(store);
      await Promise.all([server.stop(), server.stop()]);
    });
  });

  describe('health', () => {
    it('reports the node and each service, and every change', async () => {
      const { server, address } = await serve(store);
      const client = rawClient(address);
      const { requestSerialize, responseDeserialize, path } = healthMethod('Check');
      const check = (service: string): Promise<string> =>
        new Promise((resolve, reject) => {
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, response) => {
            if (error) reject(error);
            else resolve((response as { status: string }).status);
          });
        });
      for (const service of ['', 'headwater.v1.KeyValueService']) {
        server.setServing(true);
        assert.equal(await check(service), 'SERVING');
        server.setServing(false);
        assert.equal(await check(service), 'NOT_SERVING');
      }
      const unknown = await refusal(check('nonsense'));
      assert.equal(unknown.code, grpc.status.NOT_FOUND);
      assert.match(unknown.details, /expected one of the services .*KeyValueService.*, received "nonsense"/);
    });

    it('lists all services, and watches one that it does not know', async () => {
      const { server, address } = await serve(store);
      const client = rawClient(address);
      server.setServing(false);
      const list = healthMethod('List');
      const { statuses } = await new Promise<{ statuses: Record<string, { status: string }> }>((resolve, reject) => {
        client.makeUnaryRequest(list.path, list.requestSerialize, list.responseDeserialize, {}, (error, response) => {
          if (error) reject(error);
          else resolve(response as { statuses: Record<string, { status: string }> });
        });
      });
      assert.deepEqual(statuses['headwater.v1.KeyValueService'], { status: 'NOT_SERVING' });
      assert.deepEqual(statuses[''], { status: 'NOT_SERVING' });
      const { requestSerialize, responseDeserialize, path } = healthMethod('Watch');
      const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service: 'none' });
      watch.on('error', () => {});
      const [first] = (await once(watch, 'data')) as [{ status: string }];
      assert.equal(first.status, 'SERVICE_UNKNOWN');
      watch.cancel();
    });

    it('refuses bytes that are no request with a code, in a watch too', async () => {
      const { address } = await serve(store);
      const client = rawClient(address);
      const asIs = (bytes: Buffer) => bytes;
      const cut = Buffer.from([0x0a, 0x05, 0x61]);
      const check = refusal(
        new Promise((resolve, reject) => {
          client.makeUnaryRequest(healthMethod('Check').path, asIs, asIs, cut, (error, reply) =>
            error ? reject(error) : resolve(reply),
          );
        }),
      );
      assert.equal(fromStatus(await check).code, 'invalid_argument');
      const watch = client.makeServerStreamRequest(healthMethod('Watch').path, asIs, asIs, cut).resume();
      const [failure] = (await once(watch, 'error')) as [Error];
      assert.equal(fromStatus(failure).code, 'invalid_argument');
    });
  });

  describe('reflection', () => {
    const PATH = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    /** list_services = "", as grpcurl asks. */
    const LIST = Buffer.from([0x3a, 0x00]);

    before(function () {
      const isThere = existsSync('proto/headwater.binpb');
      skipUnless(this, isThere, 'a descriptor set, which the build does not make where buf does not run');
    });

    async function ask(request: Buffer, path = PATH): Promise<Buffer> {
      const { address } = await serve(store, { reflection: true });
      const stream = rawClient(address).makeBidiStreamRequest(
        path,
        (b: Buffer) => b,
        (b) => b,
      );
      stream.write(request);
      const [answer] = await new Promise<[Buffer]>((resolve, reject) => {
        stream.once('data', (bytes: Buffer) => resolve([bytes]));
        stream.once('error', reject);
      });
      stream.end();
      return answer;
    }

    it('names the services if it is on', async () => {
      const answer = await ask(LIST);
      for (const name of ['headwater.v1.KeyValueService', 'headwater.v1.AdminService', 'grpc.health.v1.Health'])
        assert(answer.includes(name), name);
      assert.deepEqual(await ask(LIST, PATH.replace('v1', 'v1alpha')), answer, 'the older name of the service too');
    });

    it('refuses a request that cannot be read', async () => {
      await assert.rejects(ask(Buffer.from([0x3a, 0x05])), (failure: Error) => {
        assert.equal(fromStatus(failure).code, 'invalid_argument');
        return true;
      });
    });

    it('knows the messages and reasons of errors', async () => {
      const name = 'headwater.v1.ErrorReason';
      const symbol = Buffer.concat([Buffer.from([0x22, name.length]), Buffer.from(name)]);
      const answer = await ask(symbol);
      for (const known of ['ErrorStatus', 'ERROR_REASON_READ_ONLY_FOLLOWER']) assert(answer.includes(known), known);
    });

    it('is not there if it is off', async () => {
      const { address } = await serve(store);
      const stream = rawClient(address).makeBidiStreamRequest(
        PATH,
        (b: Buffer) => b,
        (b) => b,
      );
      stream.write(LIST);
      const error = await new Promise<Error>((resolve) => stream.once('error', resolve));
      assert.equal(fromStatus(error).code, 'unimplemented');
    });
  });

  it('lives through connections that speak no HTTP/2', async () => {
    const { address } = await serve(store);
    const port = Number(address.split(':').at(-1));
    for (const garbage of ['GET / HTTP/1.1\r\n\r\n', Buffer.alloc(1_000, 0xff)]) {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      socket.end(garbage);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await call(rawClient(address), operationMethod('ping'), { kind: 'ping', message: NOTHING });
  });

  it('keeps no process alive once it has stopped', () => {
    const script = `
      import { RpcServer } from './src/rpc/server.js';
      import { silentLogger as logger } from './src/base/logger.js';
      const server = new RpcServer({ services: [], reflection: true, logger, onFatal() {} });
      await server.stop();
    `;
    const { status, stderr } = spawnSync(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
      timeout: 15_000,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
  });
});

function healthMethod(name: 'Check' | 'Watch' | 'List'): grpc.MethodDefinition<object, object> {
  return (healthService as unknown as Record<string, grpc.MethodDefinition<object, object>>)[
    name
  ] as grpc.MethodDefinition<object, object>;
}
