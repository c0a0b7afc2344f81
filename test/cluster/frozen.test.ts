/**
 * A client talks to one node that is frozen with SIGSTOP. Every public method must
 * end with a coded error when its time has passed. The table is compared with the
 * prototype of the client, so that a new method cannot be forgotten.
 */
import assert from 'node:assert/strict';
import { Client, HeadwaterError } from '../../src/index.js';
import { endAll, headwater } from '../cli/command-line.js';
import { Cluster } from '../support/cluster.js';

const TIMEOUT_MS = 300;
/** For a busy machine; far less than any time that nobody asked for. */
const LATE_MS = 4_000;

type Time = { readonly timeoutMs: number };

async function drain(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

const everything = [{ from: Buffer.alloc(0), to: undefined }];

const CALLS: Record<string, (db: Client, time: Time) => Promise<unknown>> = {
  get: (db, time) => db.get('k', time),
  getBuffer: (db, time) => db.getBuffer('k', time),
  transaction: (db, time) => db.transaction().set('k', 'v').commit(time),
  getVersioned: (db, time) => db.getVersioned('k', time),
  mget: (db, time) => db.mget(['k'], time),
  set: (db, time) => db.set('k', 'v', time),
  del: (db, time) => db.del(['k'], time),
  exists: (db, time) => db.exists(['k'], time),
  incr: (db, time) => db.incr('n', 1, time),
  incrByFloat: (db, time) => db.incrByFloat('n', 0.5, time),
  append: (db, time) => db.append('k', 'v', time),
  strlen: (db, time) => db.strlen('k', time),
  getRange: (db, time) => db.getRange('k', 0, 1, time),
  setRange: (db, time) => db.setRange('k', 0, 'v', time),
  getDel: (db, time) => db.getDel('k', time),
  getEx: (db, time) => db.getEx('k', { persist: true, ...time }),
  ttl: (db, time) => db.ttl('k', time),
  expire: (db, time) => db.expire('k', { ttlMs: 1_000, ...time }),
  persist: (db, time) => db.persist('k', time),
  rename: (db, time) => db.rename('k', 'l', time),
  type: (db, time) => db.type('k', time),
  mset: (db, time) => db.mset({ k: 'v' }, time),
  copy: (db, time) => db.copy('k', 'l', time),
  getBit: (db, time) => db.getBit('k', 0, time),
  setBit: (db, time) => db.setBit('k', 0, 1, time),
  bitCount: (db, time) => db.bitCount('k', time),
  bitPos: (db, time) => db.bitPos('k', 1, time),
  bitOp: (db, time) => db.bitOp('or', 'k', ['a'], time),
  bitField: (db, time) => db.bitField('k', [{ action: 'get', type: 'u8', offset: 0 }], time),
  lcs: (db, time) => db.lcs('k', 'l', time),
  lcsLength: (db, time) => db.lcsLength('k', 'l', time),
  lcsMatches: (db, time) => db.lcsMatches('k', 'l', time),
  flushAll: (db, time) => db.flushAll(time),
  ping: (db, time) => db.ping('', time),
  transact: (db, time) => db.transact({ operations: [{ kind: 'get', key: 'k' }] }, time),
  keys: (db, time) => db.keys('*', time),
  scan: (db, time) => drain(db.scan(time)),
  dbsize: (db, time) => db.dbsize(time),
  randomKey: (db, time) => db.randomKey(time),
  publish: (db, time) => db.publish('c', 'm', time),
  subscribe: (db, time) => drain(db.subscribe({ channels: ['c'], ...time })),
  subscribeBuffers: (db, time) => drain(db.subscribeBuffers({ channels: ['c'], ...time })),
  watch: (db, time) => drain(db.watch(time)),
  watchBuffers: (db, time) => drain(db.watchBuffers(time)),
  backup: (db, time) => drain(db.backup(time)),
  monitor: (db, time) => drain(db.monitor(time)),
  verify: (db, time) => drain(db.verify(time)),
  repair: (db, time) => drain(db.repair(time)),
  status: (db, time) => db.status(time),
  machine: (db, time) => db.machine(time),
  drain: (db, time) => db.drain(time),
  slowLog: (db, time) => db.slowLog(time),
  options: (db, time) => db.options(undefined, time),
  setOptions: (db, time) => db.setOptions({ 'log-level': 'info' }, time),
  digest: (db, time) => db.digest(time),
  follow: (db, time) => db.follow('127.0.0.1:1', time),
  promote: (db, time) => db.promote(time),
  failover: (db, time) => db.failover({ waitMs: 60_000, ...time }),
  forget: (db, time) => db.forget('n', time),
  compare: (db, time) => db.compare(time),
  clusterStatus: (db, time) => db.clusterStatus(time),
  clusterPause: (db, time) => db.clusterPause(time),
  clusterSwitch: (db, time) => db.clusterSwitch('', time),
  rangeDigests: (db, time) => drain(db.rangeDigests('m', everything, time)),
  repairRanges: (db, time) => drain(db.repairRanges(everything, time)),
};

/** `close` has a time of its own; the others say what the client knows. */
const WITHOUT_A_CALL = ['constructor', 'close', 'address', 'connection', 'position', 'token', 'on', 'once', 'off'];

/** A write that was sent may have happened. */
const ENDS = ['deadline_exceeded', 'outcome_unknown', 'unreachable'];

async function endsInTime(name: string, call: Promise<unknown>): Promise<void> {
  const beganMs = performance.now();
  const outcome = await call.then(
    () => 'an answer',
    (error) => error,
  );
  const tookMs = performance.now() - beganMs;
  assert(HeadwaterError.is(outcome) && ENDS.includes(outcome.code), `${name}: ${outcome}`);
  assert(tookMs < TIMEOUT_MS + LATE_MS, `${name} took ${tookMs} ms`);
}

describe('a node that stands still', () => {
  after(endAll);

  it('the table has every public method', () => {
    const methods: string[] = [];
    for (let one = Client.prototype; one !== Object.prototype; one = Object.getPrototypeOf(one))
      methods.push(...Object.getOwnPropertyNames(one));
    const expected = [...new Set(methods)].filter((name) => !WITHOUT_A_CALL.includes(name));
    assert.deepEqual(Object.keys(CALLS).sort(), expected.sort());
  });

  it('every call ends within its own time, with a coded error, on a connection that stood before', async () => {
    await using cluster = new Cluster();
    const [node] = await cluster.leaderAndFollowers(0);
    assert(node);
    await using db = await Client.connect(node.address);
    await db.set('k', 'v');
    node.signal('SIGSTOP');
    try {
      await Promise.all(
        Object.entries(CALLS).map(([name, call]) => endsInTime(name, call(db, { timeoutMs: TIMEOUT_MS }))),
      );
    } finally {
      node.signal('SIGCONT');
    }
  });

  it('every call ends within the time of its client, the loops without an end excepted', async () => {
    await using cluster = new Cluster();
    const [node] = await cluster.leaderAndFollowers(0);
    assert(node);
    await using db = await Client.connect(node.address, { timeoutMs: TIMEOUT_MS });
    await db.set('k', 'v');
    node.signal('SIGSTOP');
    const endless = /subscribe|watch|backup/;
    const own = { failover: { waitMs: 1 }, compare: { waitMs: 1 } };
    try {
      const calls = Object.entries(CALLS).filter(([name]) => !endless.test(name));
      await Promise.all(
        calls.map(([name, call]) => {
          const { waitMs } = own[name as keyof typeof own] ?? {};
          const options = waitMs === undefined ? {} : { waitMs, timeoutMs: undefined };
          return endsInTime(name, call(db, options as never));
        }),
      );
    } finally {
      node.signal('SIGCONT');
    }
  });

  it('a loop that is being read ends too when its node stands still', async () => {
    await using cluster = new Cluster();
    const [node] = await cluster.leaderAndFollowers(0);
    assert(node);
    await using db = await Client.connect(node.address);
    const read = (async () => {
      for await (const item of db.watch({ timeoutMs: 2_500 })) if (item.kind === 'progress') node.signal('SIGSTOP');
    })();
    try {
      await assert.rejects(read, { code: 'deadline_exceeded' });
    } finally {
      node.signal('SIGCONT');
    }
  });

  it('the command line gives up after --timeout, keys and scan too', async () => {
    await using cluster = new Cluster();
    const [node] = await cluster.leaderAndFollowers(0);
    assert(node);
    const commands = [['get', 'k'], ['keys', '*'], ['scan'], ['dbsize'], ['verify'], ['status'], ['publish', 'c', 'm']];
    node.signal('SIGSTOP');
    try {
      for (const command of commands) {
        const { status, stderr } = await headwater(['--connect', node.address, '--timeout', '300ms', ...command]);
        assert.equal(status, 3, `${command.join(' ')}: ${stderr}`);
        assert.match(stderr, /300 ms/);
      }
    } finally {
      node.signal('SIGCONT');
    }
  });
});
