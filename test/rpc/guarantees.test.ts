/**
 * Guarantees at the server: what waits for what in a pipeline, and what unary
 * calls say in their metadata. How durable and how fresh the node is, is at
 * the hands of the test.
 */
import assert from 'node:assert/strict';
import * as grpc from '@grpc/grpc-js';
import { sleep } from '../../src/base/clock.js';
import type { DurabilityReached } from '../../src/base/error-details.js';
import { HeadwaterError } from '../../src/base/errors.js';
import type { DurabilityWanted } from '../../src/model/durability.js';
import type { Asking, Assured, FreshnessWanted, Guarantees } from '../../src/model/guarantees.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import { formatToken } from '../../src/model/position.js';
import { decodePipelineResponse, encodePipelineRequest } from '../../src/protobuf/pipeline.js';
import { DATABASE_SIZE, KEYS, type Method, OPERATION_METHODS, RANDOM_KEY, SCAN } from '../../src/rpc/definitions.js';
import { fromStatus } from '../../src/rpc/status.js';
import { TestClock } from '../support/clock.js';
import { FakeStore } from './fake-store.js';
import { closeAll, gate, get, RawPipeline, rawClient, type Served, serve, set, until } from './harness.js';

const REACHED: DurabilityReached = {
  reached: true,
  synced: false,
  followersAppended: 2,
  followersSynced: 0,
  unsyncedHere: false,
};
const FOLLOWERS: Guarantees = {
  durability: { level: 'followers', followers: 2, timeoutMs: 500 },
  freshness: undefined,
};
const FRESH: Guarantees = {
  durability: undefined,
  freshness: { atLeast: undefined, maxStalenessMs: 5, withinMs: 0 },
};

describe('guarantees at the server', () => {
  let store: FakeStore;
  let served: Served;
  let reach: (wanted: DurabilityWanted) => Promise<DurabilityReached>;
  let fresh: (wanted: FreshnessWanted, options: { writes: boolean; withinMs?: number }) => Promise<void>;
  let refusal: HeadwaterError | undefined;
  let notLeading: HeadwaterError | undefined;
  let messages: Array<{ replies: string[]; reached: DurabilityReached | undefined }>;

  beforeEach(async () => {
    store = new FakeStore();
    messages = [];
    refusal = undefined;
    notLeading = undefined;
    reach = async () => REACHED;
    fresh = async () => {};
    served = await serve(store, {
      guarantees: {
        durability: { reach: (_, wanted) => reach(wanted) },
        freshness: {
          get refusal() {
            return refusal;
          },
          get notLeading() {
            return notLeading;
          },
          whenFresh: (wanted, options) => fresh(wanted, options),
        },
      },
    });
  });
  afterEach(closeAll);

  const shown = (reply: Reply) => (reply.kind === 'error' ? `${reply.error.code}!` : reply.kind);
  const replies = () => messages.flatMap((message) => message.replies);

  function open(): (operations: readonly Operation[], guarantees?: Guarantees) => void {
    const { stream } = new RawPipeline(rawClient(served.address));
    stream.on('data', (bytes: Buffer) => {
      const { replies, reached } = decodePipelineResponse(bytes);
      messages.push({ replies: replies.map(shown), reached });
    });
    return (operations, guarantees) => {
      stream.write(
        encodePipelineRequest(
          operations.map((operation) => ({ operation })),
          guarantees,
        ),
      );
    };
  }

  it('a write is answered when it is durable, and later commands wait with their answers', async () => {
    const { promise, open: release } = gate();
    reach = () => promise.then(() => REACHED);
    const send = open();
    send([set('a', '1')]);
    send([set('b', '1'), get('b')], FOLLOWERS);
    send([set('c', '1')]);
    await until(() => store.entries.has('c'), 'the last write to be done');
    await until(() => replies().length === 1, 'the first answer');
    assert.deepEqual(replies(), ['set']);
    release();
    await until(() => replies().length === 4, 'all answers');
    assert.deepEqual(
      messages.filter(({ reached }) => reached),
      [{ replies: ['set', 'get'], reached: REACHED }],
    );
    assert.deepEqual(replies(), ['set', 'set', 'get', 'set']);
  });

  it('an answer that waits for others leaves no more once the term of the leader is over', async () => {
    const { promise, open: release } = gate();
    reach = async () => {
      await promise;
      throw new HeadwaterError('outcome_unknown', 'the term is over');
    };
    const send = open();
    send([set('a', '1')], FOLLOWERS);
    send([set('b', '1'), get('b')]);
    await until(() => store.entries.has('b'), 'both writes to be done');
    assert.deepEqual(replies(), []);
    store.guards.termOver = new HeadwaterError('unavailable', 'the deadline passed 5 ms ago');
    release();
    await until(() => replies().length === 3, 'all answers');
    assert.deepEqual(replies(), ['outcome_unknown!', 'outcome_unknown!', 'get']);
  });

  it('two messages with durability never share an answer', async () => {
    let asked = 0;
    reach = async () => ({ ...REACHED, followersAppended: ++asked });
    const send = open();
    send([set('a', '1')], FOLLOWERS);
    send([set('b', '1')], FOLLOWERS);
    await until(() => messages.length === 2, 'two answers');
    assert.deepEqual(
      messages.map(({ reached }) => reached?.followersAppended),
      [1, 2],
    );
  });

  it('a read is answered at once, and says nothing of durability', async () => {
    reach = () => assert.fail('nothing was written');
    open()([get('a')], FOLLOWERS);
    await until(() => messages.length === 1, 'the answer');
    assert.deepEqual(messages, [{ replies: ['get'], reached: undefined }]);
  });

  it('writes that were refused are answered at once: there is nothing to wait for', async () => {
    reach = () => assert.fail('nothing was written');
    store.leader = 'there:1';
    open()([get('a'), set('a', '1')], FOLLOWERS);
    await until(() => messages.length === 1, 'the answer');
    assert.deepEqual(messages, [{ replies: ['get', 'read_only_follower!'], reached: undefined }]);
  });

  it('a write of unknown durability has an unknown outcome, and reads beside it an answer', async () => {
    reach = async () => {
      throw new HeadwaterError('outcome_unknown', 'demoted');
    };
    open()([get('a'), set('a', '1'), { kind: 'increment', key: Buffer.from('a'), by: 2n ** 63n - 1n }], FOLLOWERS);
    await until(() => messages.length === 1, 'the answer');
    assert.deepEqual(replies(), ['get', 'outcome_unknown!', 'overflow!']);
  });

  it('a message that asks for freshness waits for it, and later messages wait too', async () => {
    const { promise, open: release } = gate();
    fresh = () => promise;
    const send = open();
    send([get('a')], FRESH);
    send([set('b', '1')]);
    await until(() => served.errors.length === 0 && store.submissions.length === 0, 'nothing');
    release();
    await until(() => replies().length === 2, 'both answers');
    assert.deepEqual(
      store.submissions.map(({ operations }) => operations[0]?.kind),
      ['get', 'set'],
    );
  });

  it('messages that wait for freshness wait together, each from its own arrival', async () => {
    const clock = new TestClock();
    const whenFresh = async (_: FreshnessWanted, { withinMs }: { withinMs?: number }) => {
      await sleep(clock, withinMs ?? 200);
      throw new HeadwaterError('unavailable', 'behind', { details: { cause: 'NOT_FRESH' } });
    };
    const freshness = { refusal: undefined, whenFresh };
    served = await serve(store, { clock, guarantees: { durability: { reach: async () => REACHED }, freshness } });
    const send = open();
    const wanted: Guarantees = {
      durability: undefined,
      freshness: { atLeast: undefined, maxStalenessMs: 5, withinMs: 200 },
    };
    const count = 40;
    const beganMs = clock.monotonicMs();
    for (let i = 0; i < count; i++) send([get(`k${i}`)], wanted);
    send([get('plain')]);
    await until(() => clock.waiting > 0, 'the first to wait');
    // By then most have arrived.
    const other = open();
    other([set('other', '1')]);
    await until(() => store.entries.has('other'), 'the other stream');
    while (replies().length < count + 2) await clock.advance(10);
    const waitedMs = clock.monotonicMs() - beganMs;
    assert(waitedMs < (count * 200) / 4, `${count} messages with 200 ms each waited ${waitedMs} ms`);
    assert.deepEqual(new Set(replies().filter((reply) => reply !== 'set')), new Set(['unavailable!', 'get']));
  });

  it('no command of a message is done if the node is not fresh enough', async () => {
    fresh = async (_, { writes }) => {
      throw new HeadwaterError('unavailable', `writes: ${writes}`);
    };
    const send = open();
    send([get('a'), set('a', '1')], FRESH);
    send([get('a')]);
    await until(() => replies().length === 3, 'the answers');
    assert.deepEqual(replies(), ['unavailable!', 'unavailable!', 'get']);
    assert.equal(store.entries.size, 0);
  });

  it('a message with an impossible guarantee is refused, and the stream stays open', async () => {
    const send = open();
    send([set('a', '1')], { ...FOLLOWERS, durability: { level: 'synced', followers: 1, timeoutMs: 5 } });
    send([get('a')]);
    await until(() => replies().length === 2, 'the answers');
    assert.deepEqual(replies(), ['invalid_argument!', 'get']);
  });

  it('a follower that serves no stale reads refuses reads, and names the leader for writes', async () => {
    refusal = new HeadwaterError('unavailable', 'not level');
    store.leader = 'there:1';
    const send = open();
    send([get('a'), set('a', '1')]);
    await until(() => replies().length === 2, 'the answers');
    assert.deepEqual(replies(), ['unavailable!', 'read_only_follower!']);
    refusal = undefined;
    send([get('a')]);
    await until(() => replies().length === 3, 'an answer');
    assert.equal(replies()[2], 'get');
  });

  describe('in unary calls', () => {
    interface Called {
      readonly error: HeadwaterError | undefined;
      readonly reply: (Reply & Assured) | undefined;
      readonly trailers: Record<string, unknown>;
    }

    function call(
      operation: Operation & Asking,
      metadata: Record<string, string> = {},
      deadlineMs = 10_000,
    ): Promise<Called> {
      const method = OPERATION_METHODS.get(operation.kind);
      assert(method);
      const sent = new grpc.Metadata();
      for (const [name, value] of Object.entries(metadata)) sent.set(name, value);
      return new Promise((resolve) => {
        let error: HeadwaterError | undefined;
        let reply: (Reply & Assured) | undefined;
        const surface = rawClient(served.address).makeUnaryRequest(
          method.path,
          method.request.encode,
          method.response.decode,
          operation,
          sent,
          { deadline: Date.now() + deadlineMs },
          (failure, response) => {
            reply = response;
            if (failure) error = fromStatus(failure);
          },
        );
        surface.on('status', (status) => resolve({ error, reply, trailers: status.metadata.getMap() }));
      });
    }

    it('a read for the leader alone is refused by another node, and one for any node is answered', async () => {
      notLeading = new HeadwaterError('read_only_follower', 'no leader', { details: { leader: 'L:1' } });
      assert.equal((await call(get('a'))).error, undefined);
      const { error } = await call(get('a'), { 'headwater-leader-only': 'true' });
      assert(HeadwaterError.is(error, 'read_only_follower'));
      assert.equal(error.details.leader, 'L:1');
      assert.equal((await call(set('a', '1'), { 'headwater-leader-only': 'true' })).error, undefined);
      notLeading = undefined;
      assert.equal((await call(get('a'), { 'headwater-leader-only': 'true' })).error, undefined);
      const wrong = await call(get('a'), { 'headwater-leader-only': 'yes' });
      assert.match(wrong.error?.message ?? '', /headwater-leader-only: expected true or false, received "yes"/);
      const send = open();
      send([get('a'), set('a', '2'), get('a')], { durability: undefined, freshness: undefined, leaderOnly: true });
      send([get('a')]);
      await until(() => replies().length === 4, 'the replies');
      assert.deepEqual(replies(), ['get', 'set', 'get', 'get']);
      notLeading = error;
      send([get('a'), set('a', '2'), get('a')], { durability: undefined, freshness: undefined, leaderOnly: true });
      send([get('a')]);
      await until(() => replies().length === 8, 'the replies');
      assert.deepEqual(replies().slice(4), ['read_only_follower!', 'set', 'read_only_follower!', 'get']);
    });

    it('the answer has its position, and the durability reached if that was asked for', async () => {
      const plain = await call(set('a', '1'));
      assert.equal(plain.trailers['headwater-position'], formatToken(store.position));
      assert.equal(plain.trailers['headwater-reached'], undefined);
      let wanted: DurabilityWanted | undefined;
      reach = async (asked) => {
        wanted = asked;
        return { ...REACHED, reached: false };
      };
      const { error, trailers } = await call(set('a', '2'), {
        'headwater-durability': 'followers_synced=3;timeout_ms=70',
      });
      assert.equal(error, undefined, 'the write stays, and the call is a success');
      assert.deepEqual(wanted, { level: 'followers_synced', followers: 3, timeoutMs: 70 });
      assert.equal(
        trailers['headwater-reached'],
        'reached=false;synced=false;followers_appended=2;followers_synced=0;unsynced_here=false',
      );
    });

    it('guarantees in the message are obeyed, and the message of the answer says what was given', async () => {
      const wanted: DurabilityWanted[] = [];
      reach = async (asked) => {
        wanted.push(asked);
        return REACHED;
      };
      const { durability } = FOLLOWERS;
      const both = await call({ ...set('a', '1'), guarantees: { durability, freshness: FRESH.freshness } });
      assert.deepEqual(wanted, [durability]);
      assert.deepEqual(both.reply?.assurance, { position: store.position, reached: REACHED });
      assert.equal(both.trailers['headwater-position'], formatToken(store.position), 'the metadata say the same');
      assert.match(String(both.trailers['headwater-reached']), /^reached=true;/);
      const position = await call({ ...get('a'), guarantees: { durability: undefined, freshness: undefined } });
      assert.deepEqual(position.reply?.assurance, { position: store.position, reached: undefined });
      assert.equal((await call(get('a'))).reply?.assurance, undefined, 'nobody has asked');
    });

    it('freshness in the message is asked for, in every kind of call', async () => {
      const asked: FreshnessWanted[] = [];
      fresh = async (wanted) => {
        asked.push(wanted);
        throw new HeadwaterError('unavailable', 'too late');
      };
      assert.equal((await call({ ...get('a'), guarantees: FRESH })).error?.code, 'unavailable');
      const client = rawClient(served.address);
      const stream = async (method: typeof KEYS | typeof SCAN) => {
        const { path, request } = method as unknown as Method<Asking, unknown>;
        const asIs = (bytes: Buffer) => bytes;
        const opened = client.makeServerStreamRequest(path, request.encode, asIs, { guarantees: FRESH });
        return fromStatus(await new Promise<Error>((resolve) => opened.once('error', resolve).resume())).code;
      };
      assert.deepEqual([await stream(KEYS), await stream(SCAN)], ['unavailable', 'unavailable']);
      for (const { path, request, response } of [DATABASE_SIZE, RANDOM_KEY] as const) {
        const failure = await new Promise<Error | null>((resolve) => {
          client.makeUnaryRequest<Asking, unknown>(
            path,
            request.encode,
            response.decode,
            { guarantees: FRESH },
            resolve,
          );
        });
        assert(failure && fromStatus(failure).code === 'unavailable');
      }
      assert.deepEqual(
        asked,
        Array.from({ length: 5 }, () => FRESH.freshness),
      );
    });

    it('message and metadata that contradict each other are refused, and nothing is done', async () => {
      const { error } = await call({ ...set('a', '1'), guarantees: FOLLOWERS }, { 'headwater-durability': 'synced' });
      assert.equal(error?.code, 'invalid_argument');
      assert.match(error?.message ?? '', /followers=2;timeout_ms=500 in the message and synced;timeout_ms=5000 in/);
      assert.equal(store.entries.size, 0);
    });

    it('freshness is asked for, for less long than the call may take', async () => {
      let asked: FreshnessWanted | undefined;
      let longestMs = Number.POSITIVE_INFINITY;
      fresh = async (wanted, { withinMs }) => {
        asked = wanted;
        longestMs = withinMs ?? longestMs;
      };
      const { error } = await call(
        get('a'),
        { 'headwater-at-least': formatToken(store.position), 'headwater-max-staleness-ms': '1500' },
        5_000,
      );
      assert.equal(error, undefined);
      assert.deepEqual(asked, { atLeast: store.position, maxStalenessMs: 1500, withinMs: 0 });
      assert(longestMs < 5_000, `${longestMs}`);
    });

    it('an impossible guarantee is refused with the expected and the received value', async () => {
      for (const [name, value] of [
        ['headwater-durability', 'lots'],
        ['headwater-at-least', 'x:1:2'],
        ['headwater-max-staleness-ms', '-1'],
      ] as const) {
        const { error } = await call(set('a', '1'), { [name]: value });
        assert.equal(error?.code, 'invalid_argument');
        assert.match(error?.message ?? '', /expected .*received/);
      }
      assert.equal(store.entries.size, 0);
    });

    it('a node without stale reads refuses those, streams of records too', async () => {
      refusal = new HeadwaterError('unavailable', 'not level');
      assert.equal((await call(get('a'))).error?.code, 'unavailable');
      assert.equal((await call(set('a', '1'))).error, undefined);
      const stream = rawClient(served.address).makeServerStreamRequest(
        SCAN.path,
        SCAN.request.encode,
        SCAN.response.decode,
        { pattern: Buffer.alloc(0), start: Buffer.alloc(0), end: undefined, limit: 0, reverse: false, keysOnly: false },
      );
      const failure = await new Promise<Error>((resolve) => stream.once('error', resolve).resume());
      assert.equal(fromStatus(failure).code, 'unavailable');
    });
  });
});
