import assert from 'node:assert/strict';
import { freePort } from '../../benchmarks/waiting.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { Client } from '../../src/client/client.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, gate, otherServer, serve, until } from '../rpc/harness.js';
import { collected } from '../support/collected.js';
import { refusedWith } from '../support/refusals.js';

/** An address on which nobody listens. */
async function freeAddress(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

describe('the link of a client', () => {
  let store: FakeStore;
  beforeEach(() => {
    store = new FakeStore();
  });
  afterEach(closeAll);

  describe('connecting', () => {
    it('takes the first address that answers', async () => {
      const { address } = await serve(store);
      const db = closing(await Client.connect([await freeAddress(), address]));
      assert.equal(db.address, address);
      assert.equal(await db.ping('hi'), 'hi');
    });

    it('takes addresses with commas between', async () => {
      const { address } = await serve(store);
      const db = closing(await Client.connect(`${await freeAddress()},${address}`));
      assert.equal(db.address, address);
    });

    it('says of every address why it cannot be reached', async () => {
      const [one, other] = [await freeAddress(), await freeAddress()];
      const error = await refusedWith('unreachable', Client.connect([one, other]));
      assert.match(error.message, new RegExp(`${one}.*refused.*${other}.*refused`, 's'));
    });

    it('does not wait for ever for a server that says nothing', async () => {
      const silent = await otherServer((socket) => void socket.resume());
      const error = await refusedWith('unreachable', Client.connect(silent, { connectTimeoutMs: 30 }));
      assert.match(error.message, /no answer within 30 ms/);
    });

    it('recognises a server of another kind', async () => {
      const other = await otherServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      const outcome = await Client.connect(other, { connectTimeoutMs: 2_000 }).catch((error) => error);
      assert(HeadwaterError.is(outcome), String(outcome));
    });
  });

  describe('a connection that breaks', () => {
    it('is the reason of every call whose time passes before there is another', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { timeoutMs: 200, retry: { minMs: 1 } }));
      await server.stop({ graceMs: 0 });
      await until(() => db.connection.status === 'connecting', 'the loss');
      const reason = `nothing listens on ${address} (connection refused)`;
      for (const call of [() => db.dbsize(), () => db.publish('c', 'm'), () => db.status()]) {
        const error = await refusedWith('unreachable', call());
        assert.match(error.message, /^no connection within \d+ ms: nothing listens on /);
        assert(error.message.endsWith(reason), error.message);
      }
      for (const call of [() => db.get('a'), () => db.set('a', '1'), () => db.set('a', '1', { timeoutMs: 100 })]) {
        const error = await refusedWith('deadline_exceeded', call());
        assert.match(error.message, /^no answer within \d+ ms: nothing listens on /);
        assert(error.message.endsWith(reason), error.message);
        assert(HeadwaterError.is(error.cause, 'unreachable'));
      }
    });

    it('pending reads are sent again, pending writes have an unknown outcome', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address));
      store.before = () => new Promise(() => {});
      const [read, write] = [db.get('a'), refusedWith('outcome_unknown', db.set('b', '1'))];
      await until(() => store.submissions.length > 0, 'the commands');
      await server.stop({ graceMs: 0 });
      await write;
      const again = new FakeStore();
      await serve(again, { address });
      assert.equal(await read, undefined);
      assert.equal(again.submissions.flatMap(({ operations }) => operations).length, 1, 'the write was not repeated');
    });

    it('commands that were not sent yet wait for the next one', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address));
      await server.stop();
      const writes = [db.set('a', '1'), db.incr('n')];
      await serve(store, { address });
      await Promise.all(writes);
      assert.equal(await db.get('n'), '1');
    });

    it('a server that stops in order leaves nothing unknown', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { timeoutMs: 60_000 }));
      const outcomes: Array<Promise<unknown>> = [];
      let acknowledged = 0;
      const work = setInterval(() => {
        for (let i = 0; i < 20; i++) outcomes.push(db.incr('n').then(() => acknowledged++));
      }, 1);
      await until(() => acknowledged > 200, 'some work');
      await server.stop();
      await serve(store, { address });
      const before = acknowledged;
      await until(() => acknowledged > before + 200, 'more work');
      clearInterval(work);
      await Promise.all(outcomes);
      assert.equal(await db.get('n'), String(outcomes.length), 'each counted once');
    });

    it('the others of its addresses are tried', async () => {
      const first = await serve(store);
      const second = await serve(store);
      const db = closing(await Client.connect([first.address, second.address]));
      await first.server.stop();
      await db.set('a', '1');
      assert.equal(db.address, second.address);
    });

    it('the queue without a connection is bounded', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { offlineQueueBytesMax: 1_000 }));
      await server.stop();
      await until(() => db.address === undefined, 'the end of the connection');
      const fits = db.set('a', 'x'.repeat(800));
      await refusedWith('overloaded', db.set('b', 'x'.repeat(800)));
      await serve(store, { address });
      await fits;
    });

    it('commands that it refuses are not kept', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { offlineQueueBytesMax: 1_000, timeoutMs: 600_000 }));
      await server.stop();
      await until(() => db.address === undefined, 'the end of the connection');
      const refused = async () => {
        const value = Buffer.alloc(100_000);
        await refusedWith('overloaded', db.set('a', value));
        return new WeakRef(value);
      };
      await collected(await refused());
      const fits = db.set('b', 'x'.repeat(800));
      await serve(store, { address });
      await fits;
    });

    it('commands that find no connection in their time say so, and were not done', async () => {
      const { server, address } = await serve(store);
      const db = closing(await Client.connect(address, { timeoutMs: 50 }));
      await server.stop();
      await until(() => db.address === undefined, 'the end of the connection');
      await refusedWith('deadline_exceeded', db.set('a', '1'));
      await refusedWith('unreachable', db.dbsize());
      await refusedWith('unreachable', db.publish('c', 'm'));
    });

    it('a silent node is left, and the next command finds it again', async () => {
      const { address } = await serve(store);
      const db = closing(await Client.connect(address, { timeoutMs: 60 }));
      await db.ping('there', { timeoutMs: 5_000 });
      store.before = () => new Promise(() => {});
      const left = new Promise((resolve) => db.once('lost', resolve));
      await refusedWith('deadline_exceeded', db.get('a'));
      await left;
      store.before = () => {};
      assert.equal(await db.ping('back', { timeoutMs: 5_000 }), 'back');
    });

    it('closing while there is none ends the search for one', async () => {
      const { server, address } = await serve(store);
      const db = await Client.connect(address);
      await server.stop();
      await until(() => db.address === undefined, 'the end of the connection');
      const waiting = refusedWith('cancelled', db.set('a', '1'));
      await db.close({ timeoutMs: 1 });
      await waiting;
      await serve(store, { address });
      assert.equal(db.address, undefined);
    });
  });

  describe('a follower', () => {
    let follower: FakeStore;
    beforeEach(() => {
      follower = new FakeStore();
    });

    async function cluster(): Promise<{ db: Client; leader: string; follower: string }> {
      const leader = await serve(store);
      follower.leader = leader.address;
      const served = await serve(follower);
      return { db: closing(await Client.connect(served.address)), leader: leader.address, follower: served.address };
    }

    it('serves reads, until a write takes the client to the leader for good', async () => {
      const { db, leader, follower: address } = await cluster();
      assert.equal(await db.get('a'), undefined);
      assert.equal(db.address, address);
      await db.set('a', '1');
      assert.equal(db.address, leader);
      assert.equal(await db.get('a'), '1');
      assert.equal(follower.submissions.length, 2);
    });

    it('refused writes arrive at the leader in their order, each once', async () => {
      const { db } = await cluster();
      await Promise.all(Array.from({ length: 500 }, (_, i) => db.append('log', `${i},`)));
      assert.equal(await db.get('log'), Array.from({ length: 500 }, (_, i) => `${i},`).join(''));
    });

    it('a command sent on the way comes after the refused ones', async () => {
      const { db } = await cluster();
      const first = db.set('a', '1');
      await until(() => follower.submissions.length > 0, 'the refusal');
      const [second, read] = [db.append('a', '2'), db.get('a')];
      await Promise.all([first, second]);
      assert.equal(await read, '12');
    });

    it('a chain of followers is followed', async () => {
      const { db: _, leader } = await cluster();
      const far = new FakeStore();
      const [, middle] = [leader, await serve(follower)];
      far.leader = middle.address;
      const db = closing(await Client.connect((await serve(far)).address));
      await db.set('a', '1');
      assert.equal(db.address, leader);
    });

    it('followers that name each other are given up', async () => {
      const one = await serve(follower);
      const other = new FakeStore();
      other.leader = one.address;
      const second = await serve(other);
      follower.leader = second.address;
      const db = closing(await Client.connect(one.address, { retry: { attempts: 1 } }));
      await refusedWith('read_only_follower', db.set('a', '1'));
      assert.equal(await db.get('a'), undefined);
    });

    it('without a known leader refuses writes, and the client stays', async () => {
      follower.leader = '';
      const { address } = await serve(follower);
      const db = closing(await Client.connect(address));
      const { cause } = await refusedWith('no_leader', db.set('a', '1', { timeoutMs: 1_000 }));
      assert(HeadwaterError.is(cause, 'read_only_follower'));
      assert.equal(db.address, address);
    });

    it('serves reads while its leader cannot be reached, and each write says why', async () => {
      follower.leader = await freeAddress();
      const { address } = await serve(follower);
      const db = closing(await Client.connect(address));
      const error = await refusedWith('no_leader', db.set('a', '1', { timeoutMs: 1_000 }));
      assert.equal(error.details.leader, follower.leader);
      assert.match(error.message, new RegExp(`leader cannot be reached.*${follower.leader}`));
      assert.equal(await db.get('a'), undefined);
      assert.equal(db.address, address);
    });

    it('commands in hand at the follower are answered by it', async () => {
      const { db } = await cluster();
      const held = gate();
      follower.before = ({ operations: [operation] }) => (operation?.kind === 'get' ? held.promise : undefined);
      const read = db.get('a');
      const write = db.set('a', '1');
      await until(() => follower.submissions.length > 0, 'the commands');
      held.open();
      assert.equal(await read, undefined);
      await write;
    });

    it("keeps its reads if redirects are off, and writes are refused with the leader's address", async () => {
      const { leader, follower: address } = await cluster();
      const db = closing(await Client.connect(address, { redirect: false }));
      const error = await refusedWith('read_only_follower', db.set('a', '1'));
      assert.equal(error.details.leader, leader);
      await refusedWith('read_only_follower', db.incr('a'));
      assert.equal(await db.get('a'), undefined);
      assert.equal(db.address, address);
      assert.equal(store.submissions.length, 0);
    });

    it('status and the like ask the node that the client is at', async () => {
      const { db } = await cluster();
      await db.get('a');
      assert.equal(await db.dbsize(), 0);
    });
  });
});
