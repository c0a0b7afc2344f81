/** Clients that read none of their replies, while others wait for the memory of these. */
import assert from 'node:assert/strict';
import { OPERATION_METHODS } from '../../src/rpc/definitions.js';
import { FakeStore } from './fake-store.js';
import { call, closeAll, get, RawPipeline, rawClient, serve, set } from './harness.js';

const MiB = 1024 * 1024;
/** Values that fill the half of the memory that a connection may hold. */
const VALUE_BYTES = 16 * MiB;
const UNREAD = 4;

describe('a client that reads no replies', function () {
  // The node waits 5 s for it.
  this.timeout(60_000);
  afterEach(closeAll);

  it('loses its stream, with the reason, when another command waits for memory', async () => {
    const store = new FakeStore();
    const { address, errors } = await serve(store);
    const client = rawClient(address, { 'grpc.max_receive_message_length': 2 * VALUE_BYTES });
    const writer = new RawPipeline(client).listen();
    writer.send(set('large', Buffer.alloc(VALUE_BYTES)), set('small', 'v'));
    await writer.repliesUpTo(2);
    const unread = Array.from({ length: UNREAD }, () => new RawPipeline(client).listenOnce());
    for (const pipeline of unread) {
      // The client of gRPC takes sixteen messages that nobody reads.
      (pipeline.stream as unknown as { _readableState: { highWaterMark: number } })._readableState.highWaterMark = 1;
      pipeline.send(get('small'));
    }
    for (const pipeline of unread) await pipeline.repliesUpTo(1);
    for (const pipeline of unread) pipeline.send(...Array.from({ length: 4 }, () => get('large')));
    const read = OPERATION_METHODS.get('get');
    assert(read);
    const [reply] = await Promise.all([
      call(client, read, get('large')),
      Promise.race(unread.map(({ ended }) => ended)).then((reason) => {
        assert.equal(reason?.code, 'overloaded');
        assert.match(reason?.message ?? '', /its replies were not read .*\. Read replies while you send commands/);
      }),
    ]);
    assert(reply.kind === 'get');
    assert.equal(reply.value?.length, VALUE_BYTES);
    assert.deepEqual(errors, []);
  });
});
