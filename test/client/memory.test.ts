/** Refusals for lack of memory, at the node and in the client itself: nothing was done, and nothing stays behind. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import {
  MESSAGE_BYTES_MAX,
  RECEIVING_BYTES_MAX,
  RECEIVING_SMALL_PART,
  RECEIVING_WAITING_MAX,
} from '../../src/base/limits.js';
import { Client } from '../../src/client/client.js';
import { PIPELINE } from '../../src/rpc/definitions.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, serve, until } from '../rpc/harness.js';
import { collected } from '../support/collected.js';
import { refusedWith } from '../support/refusals.js';

/** Says how large a message will be, and sends nothing of it. */
function announce(session: http2.ClientHttp2Session, bytes: number): void {
  const headers = { 'content-type': 'application/grpc', te: 'trailers' };
  const stream = session.request({ ':method': 'POST', ':path': PIPELINE.path, ...headers }, { endStream: false });
  stream.on('error', () => {});
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes, 1);
  stream.write(head);
}

describe('a client and memory', () => {
  let store: FakeStore;

  beforeEach(() => {
    store = new FakeStore();
  });
  afterEach(closeAll);

  async function connect(address: string): Promise<http2.ClientHttp2Session> {
    const session = http2.connect(`http://${address}`);
    closing({ close: () => session.destroy() });
    await new Promise((resolve) => session.once('connect', resolve));
    return session;
  }

  it('a write that the node has no memory for is refused and harms no other write', async () => {
    const { address } = await serve(store);
    const db = closing(await Client.connect(address));
    await db.set('before', '1');
    for (let left = RECEIVING_BYTES_MAX * (1 - RECEIVING_SMALL_PART); left > 0; left -= MESSAGE_BYTES_MAX)
      announce(await connect(address), Math.min(left, MESSAGE_BYTES_MAX));
    const crowd = await connect(address);
    for (let i = 0; i < RECEIVING_WAITING_MAX; i++) announce(crowd, 1024 * 1024);
    await new Promise((resolve) => crowd.ping(resolve));
    const held = gate();
    store.before = () => held.promise;
    const inHand = db.set('in hand', '2');
    await until(() => store.submissions.length === 2, 'the write in hand');
    const refused = refusedWith('overloaded', db.set('large', Buffer.alloc(1024 * 1024)));
    // Answered, with a refusal, behind the beginning of the large one.
    await refusedWith('unimplemented', db.status());
    held.open();
    assert.match((await refused).message, /was refused: 512 requests wait for memory already\. Try again later/);
    assert.equal((await inHand).applied, true);
    const asked = store.submissions.flatMap(({ operations }) =>
      operations.map((one) => ('key' in one ? `${one.key}` : '')),
    );
    assert.deepEqual(asked, ['before', 'in hand']);
  });

  describe('without a connection, a command that ends by its own deadline', () => {
    async function cutOff(): Promise<Client> {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { offlineQueueBytesMax: 1_000_000, timeoutMs: 600_000 }));
      await server.stop();
      await until(() => db.address === undefined, 'the end of the connection');
      return db;
    }

    it('leaves its room to others', async () => {
      const db = await cutOff();
      const value = Buffer.alloc(900_000);
      await refusedWith('deadline_exceeded', db.set('a', value, { timeoutMs: 20 }));
      const abort = new AbortController();
      const aborted = refusedWith('cancelled', db.set('b', value, { signal: abort.signal }));
      abort.abort();
      await aborted;
      const waits = db.set('c', value);
      await refusedWith('overloaded', db.set('d', value));
      await db.close({ timeoutMs: 0 });
      await refusedWith('cancelled', waits);
    });

    it('is not kept in memory', async () => {
      const db = await cutOff();
      const late = async () => {
        const value = Buffer.alloc(900_000);
        await refusedWith('deadline_exceeded', db.set('a', value, { timeoutMs: 20 }));
        return new WeakRef(value);
      };
      await collected(await late());
    });
  });
});
