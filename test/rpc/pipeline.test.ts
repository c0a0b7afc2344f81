import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.js';
import { HeadwaterError } from '../../src/base/errors.js';
import {
  QUEUE_WAIT_MS_MAX,
  REPLYING_STREAM_BYTES_MAX,
  STREAM_QUEUE_BYTES_MAX,
  TOTAL_QUEUE_BYTES_MAX,
} from '../../src/base/limits.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import { MESSAGE_OPERATIONS_MAX } from '../../src/protobuf/pipeline.js';
import { FakeStore } from './fake-store.js';
import { closeAll, gate, get, RawPipeline, rawClient, type Served, serve, set, until } from './harness.js';

/** Short: `a=1`, `set`, `too_large!`. */
function shown(reply: Reply): string {
  if (reply.kind === 'error') return `${reply.error.code}!`;
  if (reply.kind === 'get') return String(reply.value);
  return reply.kind;
}

/** Time stands still until the test says otherwise. */
class ManualClock implements Clock {
  readonly timers = new Set<{ delayMs: number; task: () => void }>();
  wallMs = () => 0;
  monotonicMs = () => 0;
  after(delayMs: number, task: () => void): () => void {
    const timer = { delayMs, task };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }
  fire(): void {
    for (const timer of this.timers) {
      this.timers.delete(timer);
      timer.task();
    }
  }
}

describe('a pipeline', () => {
  let store: FakeStore;
  let served: Served;
  const clock = new ManualClock();
  beforeEach(async () => {
    store = new FakeStore();
    clock.timers.clear();
    served = await serve(store, { clock });
  });
  afterEach(closeAll);

  const open = () => new RawPipeline(rawClient(served.address));

  it('answers every operation, in order', async () => {
    const pipeline = open().listen();
    pipeline.send(set('a', '1'), get('a'), get('b'));
    pipeline.send(set('a', '2'), get('a'));
    assert.deepEqual((await pipeline.repliesUpTo(5)).map(shown), ['set', '1', 'undefined', 'set', '2']);
  });

  it('says no older position again with a batch that is refused: its branch may be lost by then', async () => {
    const pipeline = open().listen();
    pipeline.send(set('a', '1'));
    await pipeline.repliesUpTo(1);
    store.before = () => Promise.reject(new HeadwaterError('unavailable', 'the store is opening'));
    pipeline.send(get('a'));
    assert.equal(shown((await pipeline.repliesUpTo(2)).at(-1) as Reply), 'unavailable!');
    assert.deepEqual(
      pipeline.positions.map((position) => position?.offset),
      [store.offset, undefined],
    );
  });

  it('ends well, with everything answered, when the client has sent its last', async () => {
    const pipeline = open().listen();
    pipeline.send(...Array.from({ length: 10_000 }, (_, i) => set(`k${i}`, 'v')));
    pipeline.stream.end();
    assert.equal(await pipeline.ended, undefined);
    assert.equal(pipeline.replies.length, 10_000);
    assert.equal(store.entries.size, 10_000);
  });

  it('answers a message without operations with no reply, and stays open', async () => {
    const pipeline = open().listen();
    pipeline.send();
    pipeline.send(set('a', '1'));
    assert.deepEqual((await pipeline.repliesUpTo(1)).map(shown), ['set']);
  });

  describe('order', () => {
    it('submits each message without waiting for the answer to the one before', async () => {
      store.before = () => new Promise(() => {});
      const pipeline = open();
      pipeline.send(set('a', '1'));
      pipeline.send(set('b', '1'));
      await until(() => store.submissions.length === 2, 'both messages');
    });

    it('answers in order even if a later message is done first', async () => {
      const first = gate();
      const append = (key: string, value: string): Operation => ({
        kind: 'append',
        key: Buffer.from(key),
        value: Buffer.from(value),
      });
      store.before = ({ operations: [operation] }) =>
        operation?.kind === 'append' && operation.key.toString() === 'slow' ? first.promise : undefined;
      const pipeline = open().listen();
      pipeline.send(append('slow', '1'));
      pipeline.send(append('quick', '22'));
      await until(() => store.entries.has('quick'), 'the second write');
      const other = open().listen();
      other.send(get('a'));
      await other.repliesUpTo(1);
      assert.deepEqual(pipeline.replies, []);
      first.open();
      assert.deepEqual(
        (await pipeline.repliesUpTo(2)).map((reply) => (reply as { length: number }).length),
        [1, 2],
      );
    });

    it('a read behind a write of its stream is submitted as ordered, and a lone one is not', async () => {
      const held = gate();
      const pipeline = open().listen();
      pipeline.send(get('a'));
      await pipeline.repliesUpTo(1);
      store.before = () => held.promise;
      pipeline.send(set('a', '1'));
      pipeline.send(get('a'));
      await until(() => store.submissions.length === 3, 'all messages');
      held.open();
      await pipeline.repliesUpTo(3);
      pipeline.send(get('a'));
      await pipeline.repliesUpTo(4);
      assert.deepEqual(
        store.submissions.map(({ ordered }) => ordered),
        [false, true, true, false],
      );
    });

    it('a write does not overtake a read that was asked before it', async () => {
      const held = gate();
      store.before = ({ operations: [operation] }) => (operation?.kind === 'get' ? held.promise : undefined);
      const pipeline = open().listen();
      pipeline.send(get('a'));
      pipeline.send(set('a', 'later'));
      const other = open().listen();
      other.send(set('b', '1'));
      await other.repliesUpTo(1);
      assert(!store.entries.has('a'));
      held.open();
      assert.deepEqual((await pipeline.repliesUpTo(2)).map(shown), ['undefined', 'set']);
    });
  });

  describe('refusals', () => {
    it('an invalid operation is refused alone', async () => {
      const pipeline = open().listen();
      pipeline.send(
        set('a', '1'),
        set('k'.repeat(2_000), '1'),
        { kind: 'increment', key: Buffer.from('b'), by: 1n },
        { kind: 'delete', keys: [] },
        get('a'),
      );
      assert.deepEqual((await pipeline.repliesUpTo(5)).map(shown), [
        'set',
        'too_large!',
        'increment',
        'invalid_argument!',
        '1',
      ]);
      assert.equal(store.submissions[0]?.operations.length, 3);
    });

    it('a message of only invalid operations is answered, in its turn', async () => {
      const held = gate();
      store.before = () => held.promise;
      const pipeline = open().listen();
      pipeline.send(set('a', '1'));
      pipeline.send({ kind: 'delete', keys: [] });
      await until(() => store.submissions.length === 1, 'the first message');
      held.open();
      assert.deepEqual((await pipeline.repliesUpTo(2)).map(shown), ['set', 'invalid_argument!']);
      assert.equal(store.submissions.length, 1);
    });

    it('a submission that fails as a whole refuses each operation, and the stream stays open', async () => {
      store.before = () => Promise.reject(new HeadwaterError('unavailable', 'reopening'));
      const pipeline = open().listen();
      pipeline.send(set('a', '1'), { kind: 'delete', keys: [] }, get('a'));
      assert.deepEqual((await pipeline.repliesUpTo(3)).map(shown), [
        'unavailable!',
        'invalid_argument!',
        'unavailable!',
      ]);
      store.before = () => {};
      pipeline.send(get('a'));
      assert.deepEqual((await pipeline.repliesUpTo(4)).map(shown).slice(3), ['undefined']);
    });

    it('an unforeseen failure shows the client nothing and the operator all', async () => {
      store.before = () => Promise.reject(new TypeError('secret detail'));
      const pipeline = open().listen();
      pipeline.send(set('a', '1'));
      const [reply] = await pipeline.repliesUpTo(1);
      assert(reply?.kind === 'error' && reply.error.code === 'internal');
      assert.doesNotMatch(reply.error.message, /secret/);
      assert.match(served.errors.join(), /secret detail/);
    });

    it('on a follower reads are answered and each write names the leader', async () => {
      store.leader = '127.0.0.1:7999';
      const pipeline = open().listen();
      pipeline.send(get('a'), set('a', '1'), get('a'));
      const replies = await pipeline.repliesUpTo(3);
      assert.deepEqual(replies.map(shown), ['undefined', 'read_only_follower!', 'undefined']);
      assert.equal((replies[1] as { error: HeadwaterError }).error.details.leader, '127.0.0.1:7999');
    });
  });

  describe('a message that is no PipelineRequest', () => {
    it('ends the stream with INVALID_ARGUMENT after what came before is answered', async () => {
      const pipeline = open().listen();
      pipeline.send(set('a', '1'));
      pipeline.stream.write(Buffer.from([0x0a, 0xff]));
      const failure = await pipeline.ended;
      assert.equal(failure?.code, 'invalid_argument');
      assert.match(failure?.message ?? '', /headwater\.v1\.PipelineRequest, received 2 other bytes/);
      assert.deepEqual(pipeline.replies.map(shown), ['set']);
    });

    it('does not disturb other streams', async () => {
      const other = open().listen();
      other.send(set('a', '1'));
      const pipeline = open();
      pipeline.stream.write(Buffer.from([0xff]));
      pipeline.listen();
      await pipeline.ended;
      other.send(get('a'));
      await other.repliesUpTo(2);
      assert.deepEqual(served.errors, []);
    });

    it('is also one with more operations than a message may hold', async () => {
      const pipeline = open().listen();
      const emptyGet = Buffer.from([0x0a, 0x02, 0x0a, 0x00]);
      pipeline.stream.write(Buffer.concat(Array.from({ length: MESSAGE_OPERATIONS_MAX + 1 }, () => emptyGet)));
      assert.equal((await pipeline.ended)?.code, 'too_large');
      assert.equal(store.submissions.length, 0);
    });
  });

  describe('back-pressure', () => {
    /** One message of 1 MiB. */
    const large = (key: string): Operation => set(key, Buffer.alloc(1024 * 1024));

    it('a stream with too many pending bytes is not read until there is room', async () => {
      const held = gate();
      store.before = () => held.promise;
      const pipeline = open().listen();
      let sent = 0;
      for (let i = 0; i < 40; i++) pipeline.stream.write(messageOf(large(`k${i}`)), () => sent++);
      const inHandMax = STREAM_QUEUE_BYTES_MAX / (1024 * 1024);
      await until(() => store.submissions.length >= inHandMax - 1, 'a full stream');
      await settled(() => sent);
      assert(store.submissions.length <= inHandMax, `${store.submissions.length} in hand`);
      assert(sent < 20, `${sent} MiB were taken from the client`);
      held.open();
      await pipeline.repliesUpTo(40);
    });

    it('full queues of the store hold the stream up until they have room', async () => {
      store.queuedBytes = TOTAL_QUEUE_BYTES_MAX;
      const pipeline = open().listen();
      pipeline.send(set('a', '1'));
      pipeline.send(set('b', '1'));
      await until(() => clock.timers.size === 1, 'the wait');
      assert.equal(store.submissions.length, 0);
      store.setQueuedBytes(0);
      assert.deepEqual((await pipeline.repliesUpTo(2)).map(shown), ['set', 'set']);
      assert.equal(clock.timers.size, 0);
    });

    it('queues that stay full are refused as overloaded, in order, and nothing was done', async () => {
      store.queuedBytes = TOTAL_QUEUE_BYTES_MAX;
      const pipeline = open().listen();
      pipeline.send(set('a', '1'), { kind: 'delete', keys: [] });
      await until(() => clock.timers.size === 1, 'the wait');
      assert.deepEqual(
        [...clock.timers].map(({ delayMs }) => delayMs),
        [QUEUE_WAIT_MS_MAX],
      );
      clock.fire();
      assert.deepEqual((await pipeline.repliesUpTo(2)).map(shown), ['overloaded!', 'invalid_argument!']);
      assert.equal(store.submissions.length, 0);
      store.setQueuedBytes(0);
      pipeline.send(set('b', '1'));
      await pipeline.repliesUpTo(3);
    });

    it('a message larger than the queue of a stream is accepted if it comes alone', async () => {
      const pipeline = open().listen();
      pipeline.send(set('a', Buffer.alloc(STREAM_QUEUE_BYTES_MAX + 1)));
      await pipeline.repliesUpTo(1);
    });

    it('a client that does not read stops its own commands', async () => {
      await fill('v', 1024 * 1024);
      const pipeline = open().listenOnce();
      for (let i = 0; i < 100; i++) pipeline.send(get('v'));
      await settled(() => store.submissions.length);
      const { length } = store.submissions;
      assert(length < 75, `${length} MiB of replies were made for nobody`);
      pipeline.listen().stream.resume();
      await pipeline.repliesUpTo(100);
    });

    describe('by the replies, which nobody reads', function () {
      // Hundreds of megabytes go through; a busy machine takes its time.
      this.timeout(90_000);
      const MiB = 1024 * 1024;
      /** What may be made of them: what waits to be sent, a batch over that, and what the transport of both ends holds. */
      const madeMax = REPLYING_STREAM_BYTES_MAX + 24 * MiB;
      const remove: Operation = { kind: 'delete', keys: [] };

      /** Sends, and waits until nothing more is done for the client; its replies up to there are not read. */
      async function unread(...messages: Operation[][]): Promise<RawPipeline> {
        await fill('v', MiB);
        await fill('w', MiB);
        store.replyBytes = 0;
        const pipeline = open().listenOnce();
        for (const message of messages) pipeline.send(...message);
        await settled(() => store.replyBytes);
        return pipeline;
      }
      const reads = (count: number): Operation[] => Array.from({ length: count }, () => get('v'));
      const rest = async (pipeline: RawPipeline, count: number) => {
        pipeline.listen().stream.resume();
        return (await pipeline.repliesUpTo(count)).slice(-10).map((reply) => shown(reply).slice(0, 20));
      };

      it('is held for one message of many reads', async () => {
        const pipeline = await unread([...reads(90), get('none')]);
        assert(store.replyBytes < madeMax, `${store.replyBytes} bytes of replies`);
        assert.equal((await rest(pipeline, 91)).at(-1), 'undefined');
      });

      it('is held for many messages of many reads, after small ones too', async () => {
        const small = Array.from({ length: 20 }, () => [get('none')]);
        const pipeline = await unread(...small, ...Array.from({ length: 5 }, () => reads(20)));
        assert(store.replyBytes < madeMax + 20 * MiB, `${store.replyBytes} bytes of replies`);
        await rest(pipeline, 120);
      });

      it('is held for reads that wait for a write before them, and for reads among writes', async () => {
        const message = [set('a', '1'), ...reads(20), remove, ...reads(19)];
        const pipeline = await unread([set('a', '1')], reads(90), message, message);
        assert(store.replyBytes < 2 * madeMax, `${store.replyBytes} bytes of replies`);
        await rest(pipeline, 173);
      });

      it('leaves them in order, refused ones and writes between them, with none lost', async () => {
        const message = [remove, get('v'), remove, get('w'), get('none'), remove];
        const all = Array.from({ length: 40 }, () => message).flat();
        await fill('v', MiB);
        await fill('w', MiB / 2);
        const pipeline = open().listen();
        pipeline.send(...all, set('none', 'after'));
        pipeline.send(...all);
        const replies = await pipeline.repliesUpTo(2 * all.length + 1);
        const sizes = (reply: Reply) => (reply.kind === 'get' ? (reply.value?.length ?? 0) : reply.kind);
        const expected = (none: number) => ['error', MiB, 'error', MiB / 2, none, 'error'];
        for (let i = 0; i < 40; i++) {
          assert.deepEqual(replies.slice(6 * i, 6 * i + 6).map(sizes), expected(0), `round ${i}`);
          assert.deepEqual(replies.slice(241 + 6 * i, 247 + 6 * i).map(sizes), expected(5), `round ${i}, after`);
        }
        assert.equal(replies.length, 481);
      });

      it('asks for the rest of a partly answered message in its turn, and writes wait for it', async () => {
        await fill('v', MiB);
        const pipeline = open().listen();
        pipeline.send(...reads(20));
        pipeline.send(set('v', 'small'));
        await pipeline.repliesUpTo(21);
        const sizes = pipeline.replies.map((reply) => (reply.kind === 'get' ? reply.value?.length : reply.kind));
        assert.deepEqual(sizes, [...Array(20).fill(MiB), 'set']);
        assert.deepEqual(
          store.submissions.map(({ operations, ordered }) => [operations.length, ordered]),
          [[20, false], ...Array(19).fill([1, false]), [1, true]],
        );
      });

      it('is foreseen by the size of earlier replies: no more is read than may wait to be sent', async () => {
        await fill('v', MiB);
        const pipeline = open().listen();
        pipeline.send(get('v'));
        await pipeline.repliesUpTo(1);
        const held = gate();
        store.before = () => held.promise;
        store.submissions.length = 0;
        for (let i = 0; i < 30; i++) pipeline.send(get('v'));
        await settled(() => store.submissions.length);
        assert.equal(store.submissions.length, REPLYING_STREAM_BYTES_MAX / MiB - 1);
        held.open();
        await pipeline.repliesUpTo(31);
      });

      it('is released, with the rest of a message, if the client goes away', async () => {
        const pipeline = await unread(reads(90));
        const made = store.replyBytes;
        pipeline.stream.cancel();
        await pipeline.ended;
        await settled(() => store.replyBytes);
        assert(store.replyBytes - made < 4 * MiB);
      });
    });

    it('a client that goes away is forgotten, with its pending commands', async () => {
      const held = gate();
      store.before = () => held.promise;
      const pipeline = open();
      for (let i = 0; i < 20; i++) pipeline.stream.write(messageOf(large(`k${i}`)));
      await until(() => store.submissions.length > 0, 'the first message');
      pipeline.stream.cancel();
      await pipeline.ended;
      held.open();
      const other = open().listen();
      other.send(get('nothing'));
      await other.repliesUpTo(1);
      assert(store.submissions.length < 20);
      assert.deepEqual(served.errors, []);
    });

    async function fill(key: string, bytes: number): Promise<void> {
      const pipeline = open().listen();
      pipeline.send(set(key, Buffer.alloc(bytes)));
      await pipeline.repliesUpTo(1);
      store.submissions.length = 0;
    }
  });

  it('puts the replies of several messages that are done together into one', async () => {
    const held = gate();
    store.before = () => held.promise;
    const pipeline = open().listen();
    for (let i = 0; i < 10; i++) pipeline.send(set(`k${i}`, 'v'));
    await until(() => store.submissions.length === 10, 'all messages');
    held.open();
    await pipeline.repliesUpTo(10);
    assert.deepEqual(pipeline.messages, [10]);
  });

  it('splits the replies to one message if they are many bytes', async () => {
    const pipeline = open().listen();
    pipeline.send(set('v', Buffer.alloc(100_000)));
    await pipeline.repliesUpTo(1);
    pipeline.send(...Array.from({ length: 30 }, () => get('v')));
    await pipeline.repliesUpTo(31);
    assert(pipeline.messages.length > 5);
  });
});

function messageOf(operation: Operation): Buffer {
  const sent: Buffer[] = [];
  RawPipeline.prototype.send.call({ stream: { write: (bytes: Buffer) => sent.push(bytes) } }, operation);
  return sent[0] as Buffer;
}

/** Waits until a number has stopped to change. */
async function settled(read: () => number): Promise<void> {
  for (let same = 0, last = read(); same < 50; ) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
  }
}
