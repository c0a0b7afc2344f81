/** The commands that a client tries again, and those that it must not. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { HeadwaterError } from '../../src/base/errors.js';
import type { Caller } from '../../src/client/caller.js';
import { Client, type ClientOptions } from '../../src/client/client.js';
import { Listeners } from '../../src/client/events.js';
import { type CallTime, type RetrySettings, settingsOf } from '../../src/client/options.js';
import { PendingCommand, retriesOf } from '../../src/client/pending-command.js';
import { CommandQueue } from '../../src/client/queue.js';
import { Repetition } from '../../src/client/repetition.js';
import { Router } from '../../src/client/router.js';
import { GivenSeeds } from '../../src/client/seeds.js';
import { SideCall } from '../../src/client/side-call.js';
import { DATABASE_SIZE } from '../../src/rpc/definitions.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, otherServer, serve, until } from '../rpc/harness.js';
import { refusedWith } from '../support/refusals.js';
import { Place } from './place.js';

const FAST = { minMs: 1, maxMs: 2 };
const NOT_YET = new HeadwaterError('unavailable', 'the node opens its data');

describe('a command that a node refuses for the moment', () => {
  let store: FakeStore;
  let address: string;
  beforeEach(async () => {
    store = new FakeStore();
    ({ address } = await serve(store));
  });
  afterEach(closeAll);

  const connect = async (options: ClientOptions = {}) => closing(await Client.connect(address, options));

  /** Refuses so many submissions. */
  function refuse(times: number, refusal: HeadwaterError = NOT_YET): void {
    let left = times;
    store.before = () => (left-- > 0 ? Promise.reject(refusal) : undefined);
  }

  it('is sent again, and writes keep their order', async () => {
    const db = await connect({ retry: FAST });
    refuse(3);
    const all = Array.from({ length: 5 }, (_, i) => db.append('log', `${i}`));
    const later = until(() => store.submissions.length >= 2, 'a second attempt').then(() => db.append('log', '5'));
    await Promise.all([...all, later]);
    assert.equal(await db.get('log'), '012345');
  });

  /** Refuses the first submission once the second one has come. That one is answered when `answer` is called. */
  function refuseFirst(second: HeadwaterError | undefined, first: HeadwaterError = NOT_YET): { answer: () => void } {
    let came = () => {};
    const hasCome = new Promise<void>((resolve) => {
      came = resolve;
    });
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let count = 0;
    store.before = () => {
      count++;
      if (count === 1) return hasCome.then(() => Promise.reject(first));
      if (count > 2) return undefined;
      came();
      return answered.then(() => (second ? Promise.reject(second) : undefined));
    };
    return { answer };
  }

  it('keeps the order of writes of two messages on their way, and of a third one', async () => {
    const db = await connect({ retry: { minMs: 400, maxMs: 400 } });
    const { answer } = refuseFirst(NOT_YET);
    const first = db.append('log', '1');
    await until(() => store.submissions.length === 1, 'the first message');
    const second = db.append('log', '2');
    await until(() => store.submissions.length === 2, 'the second message');
    // The first one is refused and held by now, and the second one is on its way.
    await new Promise((resolve) => setTimeout(resolve, 5));
    const third = db.append('log', '3');
    await new Promise((resolve) => setTimeout(resolve, 5));
    answer();
    await Promise.all([first, second, third]);
    assert.equal(await db.get('log'), '123');
  });

  it('is not tried again if a later write was done: it would overwrite that one', async () => {
    const db = await connect({ retry: { minMs: 400, maxMs: 400 } });
    const { answer } = refuseFirst(undefined);
    const first = refusedWith('unavailable', db.set('k', 'old'));
    await until(() => store.submissions.length === 1, 'the first message');
    const second = db.set('k', 'new');
    await until(() => store.submissions.length === 2, 'the second message');
    answer();
    await second;
    assert.match((await first).message, /A later write was done, so this one is not tried again/);
    assert.equal(await db.get('k'), 'new');
  });

  it('is not redirected if a later write was done: it would overwrite that one', async () => {
    const other = new FakeStore();
    const { address: leader } = await serve(other);
    const db = await connect({ retry: FAST });
    // The follower refuses the first write, is promoted, and takes the second one, which is on its way.
    const follower = new HeadwaterError('read_only_follower', 'a follower', { details: { leader } });
    const { answer } = refuseFirst(undefined, follower);
    const first = refusedWith('read_only_follower', db.set('k', 'old'));
    await until(() => store.submissions.length === 1, 'the first message');
    const second = db.set('k', 'new');
    await until(() => store.submissions.length === 2, 'the second message');
    await until(() => db.connection.status !== 'connected' || db.connection.address === leader, 'the move');
    answer();
    await second;
    assert.match((await first).message, /A later write was done, so this one is not tried again/);
    assert.equal(other.submissions.length, 0);
  });

  it('is seen by reads that were asked after it, and by calls that wait for all commands', async () => {
    const db = await connect({ retry: { minMs: 20, maxMs: 20 } });
    refuse(1);
    const write = db.set('k', 'v');
    await until(() => store.submissions.length === 1, 'the write');
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(await Promise.all([db.get('k'), db.dbsize()]), ['v', 1]);
    await write;
  });

  it('is sent no more often than asked', async () => {
    const db = await connect({ retry: { ...FAST, attempts: 3 } });
    refuse(Number.POSITIVE_INFINITY);
    await refusedWith('unavailable', db.incr('n'));
    assert.equal(store.submissions.length, 3);
    const once = await connect({ retry: { attempts: 1 } });
    await refusedWith('unavailable', once.get('n'));
    assert.equal(store.submissions.length, 4);
  });

  it('is late after its own time, and says what it waited for', async () => {
    const db = await connect({ retry: FAST });
    refuse(Number.POSITIVE_INFINITY);
    const error = await refusedWith('deadline_exceeded', db.get('n', { timeoutMs: 15 }));
    assert.match(error.message, /^no answer within 15 ms: the node opens its data$/);
    assert.equal((error.cause as HeadwaterError).code, 'unavailable');
  });

  it('is not sent again if another attempt would be refused too', async () => {
    const db = await connect({ retry: FAST });
    for (const code of ['wrong_type', 'disk_full', 'overloaded', 'too_few_followers'] as const) {
      store.submissions.length = 0;
      refuse(1, new HeadwaterError<typeof code>(code, 'no'));
      await refusedWith(code, db.incr('n'));
      assert.equal(store.submissions.length, 1, code);
    }
  });

  it('takes up no more memory than commands without a connection may', async () => {
    const db = await connect({ retry: { minMs: 20_000, maxMs: 20_000 }, offlineQueueBytesMax: 1_000 });
    refuse(1);
    const first = refusedWith('cancelled', db.set('a', 'x'.repeat(900)));
    await until(() => store.submissions.length > 0, 'the write');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await refusedWith('overloaded', db.set('b', 'x'.repeat(900)));
    await db.close({ timeoutMs: 1 });
    await first;
  });
});

describe('the wait before another attempt', () => {
  const NO_LEADER = new HeadwaterError('read_only_follower', 'a follower');
  const nothing = () => {};
  const command = () => new PendingCommand({ kind: 'ping', message: '' }, 1, true, nothing, nothing, nothing);
  const end = new AbortController();
  after(() => end.abort());

  /** Finds the leader by the search of this number. */
  function begin(retry: RetrySettings, last = 1) {
    const queue = new CommandQueue();
    const seen = { searches: 0, sent: 0 };
    const seek = async () => ++seen.searches === last;
    const send = () => {
      seen.sent++;
    };
    return { queue, seen, waits: new Repetition({ queue, retry, redirect: true, ended: end.signal, seek, send }) };
  }

  it('grows beyond the longest one if it is for a leader, since every node is asked', async () => {
    const { seen, waits } = begin({ ...FAST, attempts: 20 }, 9);
    const beganMs = performance.now();
    assert(waits.holds(command(), NO_LEADER));
    await until(() => seen.sent === 1, 'the leader');
    // The waits are at least the halves of 1, 2, 4 and so on up to 256 ms.
    assert(performance.now() - beganMs > 240, `9 searches in ${performance.now() - beganMs} ms`);
  });

  it('stays short if it is for a leader, since all writes wait for the next search', async () => {
    const { seen, waits } = begin({ minMs: 1, maxMs: 600_000, attempts: 100 });
    const patient = command();
    retriesOf(patient).failures = 30;
    assert(waits.holds(patient, NO_LEADER));
    await until(() => seen.sent === 1, 'the leader');
  });

  it('goes on to grow with a later command, if still no leader was found', async () => {
    const { queue, seen, waits } = begin({ ...FAST, attempts: 20 }, 9);
    const first = command();
    assert(waits.holds(first, NO_LEADER));
    await until(() => seen.searches === 7, 'some searches');
    first.reject(new HeadwaterError('cancelled', 'the caller waits no longer'));
    queue.expire(0, Number.POSITIVE_INFINITY, false);
    await until(() => seen.sent === 1, 'the end of the wait');
    const beganMs = performance.now();
    assert(waits.holds(command(), NO_LEADER));
    await until(() => seen.sent === 2, 'the leader');
    assert(performance.now() - beganMs > 180, `2 searches in ${performance.now() - beganMs} ms`);
  });

  it('ends when the client goes to another node, and the next refused command has its own', async () => {
    const { seen, waits } = begin({ minMs: 1, maxMs: 600_000, attempts: 100 });
    const patient = command();
    retriesOf(patient).failures = 30;
    assert(waits.holds(patient, NOT_YET));
    waits.release();
    assert(waits.holds(command(), NOT_YET));
    await until(() => seen.sent === 1, 'the next attempt');
  });
});

describe('the queue of a client', () => {
  const nothing = () => {};

  function command(order: number, writes = true): PendingCommand {
    const pending = new PendingCommand({ kind: 'ping', message: '' }, 1, writes, nothing, nothing, nothing);
    pending.order = order;
    return pending;
  }

  const orders = (queue: CommandQueue) => queue.take(false).map(({ order }) => order);

  it('sends commands in the order in which they were asked, however their refusals come', () => {
    const queue = new CommandQueue();
    queue.push(command(4));
    for (const order of [3, 1]) queue.putBack(command(order));
    // The deadlines of commands are looked at meanwhile.
    queue.expire(0, Number.POSITIVE_INFINITY, true);
    queue.putBack(command(2));
    assert.deepEqual(orders(queue), [1, 2, 3, 4]);
  });

  it('drops each write that a later one has passed, and keeps reads and later writes', () => {
    const queue = new CommandQueue();
    const refused: number[] = [];
    for (const order of [1, 2, 4]) {
      const pending = new PendingCommand({ kind: 'ping', message: '' }, 1, true, nothing, nothing, () =>
        refused.push(order),
      );
      pending.order = order;
      retriesOf(pending).refusal = NOT_YET;
      queue.putBack(pending);
    }
    queue.putBack(command(1.5, false));
    queue.passedBy(command(3));
    queue.passedBy(command(3.5));
    assert.deepEqual(refused, [1, 2]);
    assert.equal(queue.bytes, 2);
    queue.passedBy(command(5));
    assert.deepEqual(refused, [1, 2, 4]);
    assert.deepEqual(orders(queue), [1.5]);
  });
});

describe('a call beside the pipeline', () => {
  afterEach(closeAll);

  it('gives each step the time that is left, on its way to the leader too', async () => {
    const steps: Array<{ step: string; timeoutMs: number }> = [];
    let refusals = 1;
    const took = async (step: string, { timeoutMs = 0 }: CallTime) => {
      steps.push({ step, timeoutMs });
      await new Promise((resolve) => setTimeout(resolve, 10));
    };
    const connection = {
      unary: async (_method: unknown, _request: unknown, time: CallTime) => {
        await took('call', time);
        if (refusals-- > 0) throw new HeadwaterError('read_only_follower', 'a follower');
        return 7;
      },
    };
    const session = {
      settings: { timeoutMs: 5_000, retry: { ...FAST, attempts: 20 } },
      ended: new AbortController().signal,
      guarantees: () => undefined,
      settled: (time: CallTime, reads: boolean) => took(reads ? 'to the leader' : 'settled', time),
      ready: async (time: CallTime) => {
        await took('ready', time);
        return connection;
      },
    } as unknown as Caller;
    assert.equal(await new SideCall(session, {}).read(DATABASE_SIZE, {}, {}), 7);
    assert.deepEqual(
      steps.map(({ step }) => step),
      ['settled', 'ready', 'call', 'ready', 'to the leader', 'ready', 'call'],
    );
    for (const [i, { step, timeoutMs }] of steps.entries())
      assert(timeoutMs <= 5_000 - 9 * i, `${step}: ${timeoutMs} ms behind ${i} steps`);
  });
});

describe('a count, keys or a scan', () => {
  afterEach(closeAll);

  it('are tried again if the connection breaks before the first item, and not behind it', async () => {
    const store = new FakeStore();
    const { server, address } = await serve(store);
    const db = closing(await Client.connect(address, { retry: FAST }));
    for (let i = 0; i < 3; i++) await db.set(`k${i}`, 'v');
    await server.stop({ graceMs: 0 });
    const reads = [db.dbsize(), db.keys(), db.scan().next()] as const;
    await serve(store, { address });
    const [size, keys, { value }] = await Promise.all(reads);
    assert.deepEqual([size, keys, value?.key], [3, ['k0', 'k1', 'k2'], 'k0']);
  });
});

describe('a write while no node leads', () => {
  let all: Place[];
  let leader: Place;
  let follower: Place;
  beforeEach(async () => {
    all = [];
    leader = await Place.start(0, true, all);
    follower = await Place.start(0, false, all);
    follower.store.leader = leader.address;
  });
  afterEach(closeAll);

  function promote(): void {
    follower.leads = true;
    follower.epoch = 2;
    follower.store.leader = undefined;
  }

  for (const named of ['both addresses', 'the follower alone'])
    it(`waits for another leader, with ${named}`, async () => {
      const addresses = named === 'both addresses' ? [leader.address, follower.address] : [follower.address];
      const db = closing(await Client.connect(addresses, { retry: FAST }));
      await db.append('log', '0');
      assert.equal(db.address, leader.address);
      await leader.server.stop({ graceMs: 0 });
      const { looks } = follower;
      const writes = [1, 2, 3].map((i) => db.append('log', `${i}`));
      await until(() => follower.looks > looks, 'a search for the leader, after the refusals');
      const fourth = db.append('log', '4');
      promote();
      await Promise.all([...writes, fourth]);
      assert.equal(db.address, follower.address);
      assert.equal(await db.get('log'), '1234');
    });

  it('that was sent, and whose answer never came, is not repeated', async () => {
    const db = closing(await Client.connect([leader.address, follower.address], { retry: FAST }));
    await db.set('a', '1');
    leader.store.before = () => new Promise(() => {});
    const sent = refusedWith('outcome_unknown', db.append('log', 'x'));
    await until(() => leader.store.submissions.length > 2, 'the write to arrive');
    await leader.server.stop({ graceMs: 0 });
    await sent;
    promote();
    await db.append('log', 'y');
    assert.equal(follower.store.entries.get('log')?.value?.toString(), 'y');
  });

  it('is rejected at its time, with the reason', async () => {
    const db = closing(await Client.connect([leader.address, follower.address], { retry: FAST }));
    await leader.server.stop({ graceMs: 0 });
    const error = await refusedWith('no_leader', db.set('a', '1', { timeoutMs: 600 }));
    assert.equal(error.details.leader, leader.address);
    assert.match(
      error.message,
      /^no leader was found within 600 ms, and nothing was done: .*Start the leader, or promote/,
    );
  });

  it('is rejected at once if it is to be tried once', async () => {
    const db = closing(await Client.connect([follower.address], { retry: { attempts: 1 } }));
    await leader.server.stop({ graceMs: 0 });
    await refusedWith('unreachable', db.set('a', '1'));
  });
});

describe('the first connection of a client', () => {
  afterEach(closeAll);

  /** An address at which a node listens later. */
  async function later(): Promise<string> {
    const { server, address } = await serve(new FakeStore());
    await server.stop({ graceMs: 0 });
    return address;
  }

  /** The address of a server that says nothing. */
  const silentNode = () => otherServer((socket) => void socket.resume());

  it('is one attempt', async () => {
    await refusedWith('unreachable', Client.connect(await later()));
  });

  it('is awaited if the client is to wait', async () => {
    const address = await later();
    const connecting = Client.connect(address, { wait: true, retry: FAST });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await serve(new FakeStore(), { address });
    const db = closing(await connecting);
    await db.set('a', '1');
    assert.equal(await db.get('a'), '1');
  });

  for (const readFrom of ['leader', 'nearest'] as const)
    it(`is given up after the time, and says why, for reads from ${readFrom}`, async () => {
      const address = await later();
      const error = await refusedWith('unreachable', Client.connect(address, { wait: 300, retry: FAST, readFrom }));
      assert.match(error.message, /^no node was reached within \d+ ms: .*connection refused/);
    });

  it('ends by the signal, at once', async () => {
    const abort = new AbortController();
    const waiting = refusedWith('cancelled', Client.connect(await later(), { wait: true, signal: abort.signal }));
    abort.abort('enough');
    const error = await waiting;
    assert.deepEqual([error.name, error.cause], ['AbortError', 'enough']);
    const early = Client.connect(await later(), { signal: AbortSignal.abort() });
    await refusedWith('cancelled', early);
  });

  it('is not made at a later address after the end', async () => {
    const [silent, { address }] = [await silentNode(), await serve(new FakeStore())];
    await refusedWith('unreachable', Client.connect([silent, address], { wait: 60 }));
    const signal = AbortSignal.timeout(60);
    await refusedWith('cancelled', Client.connect([silent, address], { signal }));
  });

  it('does not wait for the other addresses after the end', async () => {
    const silent = [await silentNode(), await silentNode(), await silentNode()];
    for (const readFrom of ['leader', 'nearest'] as const) {
      const beganMs = performance.now();
      await refusedWith('unreachable', Client.connect(silent, { wait: 60, connectTimeoutMs: 1_000, readFrom }));
      assert(performance.now() - beganMs < 900, `${readFrom}: ${performance.now() - beganMs} ms`);
    }
  });

  it('is no success if the end comes while the client looks for the leader', async () => {
    const [silent, { address }] = [await silentNode(), await serve(new FakeStore())];
    await refusedWith('unreachable', Client.connect([address, silent], { wait: 100 }));
    await refusedWith('cancelled', Client.connect([address, silent], { signal: AbortSignal.timeout(100) }));
  });

  it('makes no session with the leader after the end', async () => {
    const place = await Place.start(80, true, []);
    const router = new Router(new GivenSeeds([place.address]), settingsOf({ readFrom: 'nearest' }), new Listeners());
    const connecting = refusedWith('cancelled', closing(router).connect());
    await until(() => place.looks > 0, 'a look');
    await router.close(0);
    await connecting;
    assert.equal(router.connection.status, 'closed');
  });

  it('ends the attempt at the node for reads with the client', async () => {
    const all: Place[] = [];
    const [leader, follower] = [await Place.start(0, true, all), await Place.start(0, false, all)];
    let connections = 0;
    // The follower answers the search, and then no more.
    const once = await otherServer((socket) => {
      if (connections++ > 0) return;
      const [host = '', port] = follower.address.split(':');
      const through = net.connect(Number(port), host);
      socket.pipe(through).pipe(socket);
      for (const side of [socket, through]) side.on('error', () => through.destroy());
    });
    const settings = settingsOf({ readFrom: 'followers', connectTimeoutMs: 1_500 });
    const router = closing(new Router(new GivenSeeds([leader.address, once]), settings, new Listeners()));
    const connecting = router.connect();
    await until(() => connections > 1, 'the attempt at the follower');
    const closedMs = performance.now();
    await router.close(0);
    await connecting;
    assert(performance.now() - closedMs < 1_000, `${performance.now() - closedMs} ms`);
  });

  it('is not awaited at an address that is none', async () => {
    await refusedWith('invalid_argument', Client.connect('nowhere', { wait: true }));
  });
});
