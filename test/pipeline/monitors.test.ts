/** Monitors: the commands of clients as a server receives them, through a real server and straight from the tap. */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.js';
import { MONITOR_QUEUE_BYTES_MAX, MONITORS_MAX } from '../../src/base/limits.js';
import { Client, HeadwaterError, type MonitorItem } from '../../src/client/index.js';
import { LEADER_ONLY } from '../../src/model/guarantees.js';
import type { MonitoredCommand } from '../../src/model/monitor.js';
import { Monitors } from '../../src/pipeline/monitors.js';
import { adminService, type NodeControl, type NodeProcess } from '../../src/rpc/admin-service.js';
import { type StreamDoor, streamService } from '../../src/rpc/stream-service.js';
import { FakeStore } from '../rpc/fake-store.js';
import { closeAll, closing, type Served, serve, until } from '../rpc/harness.js';

/** A command as words: its name, and its parameters as text. */
function wordsOf({ name, parameters, omitted, inTransaction }: MonitoredCommand): string {
  const words = parameters.map(({ name, data, bytes }) => `${name}:${data}${bytes > data.length ? `…${bytes}` : ''}`);
  return [inTransaction ? `- ${name}` : name, ...words, ...(omitted > 0 ? [`+${omitted}`] : [])].join(' ');
}

describe('a monitor', () => {
  let monitors: Monitors;
  let served: Served;
  let db: Client;

  beforeEach(async () => {
    const store = new FakeStore();
    monitors = new Monitors(systemClock);
    const services = [
      adminService({} as NodeControl, { monitors } as Partial<NodeProcess> as NodeProcess),
      streamService({} as StreamDoor, { publish: async () => 7 }, store, monitors),
    ];
    served = await serve(store, { services, tap: monitors });
    db = closing(await Client.connect(served.address));
  });
  afterEach(closeAll);

  /** Monitors what `work` does, and returns the items up to a `ping` that says "end". */
  async function seen(work: () => Promise<unknown>, prefix = ''): Promise<MonitorItem[]> {
    const watcher = closing(await Client.connect(served.address));
    const items: MonitorItem[] = [];
    const end = new AbortController();
    const watched = (async () => {
      for await (const item of watcher.monitor({ prefix, signal: end.signal })) items.push(item);
    })();
    await until(() => monitors.isOpen, 'the monitor to be open');
    await work();
    const last = `${prefix}end`;
    await db.get(last);
    await until(
      () => items.some((item) => item.kind === 'command' && wordsOf(item).includes(last)),
      'the last command',
    );
    end.abort();
    await watched;
    return items.slice(0, -1);
  }

  async function wordsSeen(work: () => Promise<unknown>, prefix?: string): Promise<string[]> {
    return (await seen(work, prefix)).map((item) => (item.kind === 'command' ? wordsOf(item) : `missed ${item.count}`));
  }

  it('shows each command in order, with its parameters', async () => {
    const words = await wordsSeen(async () => {
      await Promise.all([db.set('a', '1', { ttlMs: 5_000 }), db.mget(['a', 'b']), db.incr('n', 2)]);
      await db.publish('news', 'hello', { durable: true });
      await db.dbsize();
      for await (const _ of db.scan({ match: 'a*' }));
    });
    assert.deepEqual(words, [
      'set key:a value:1 expiry:ttl_ms=5000',
      'multi_get keys:a keys:b',
      'increment key:n by:2',
      'publish channel:news data:hello durable:true',
      'database_size',
      'scan pattern:a*',
    ]);
  });

  it('shows the client and the time', async () => {
    const [item] = await seen(() => db.get('a'));
    assert(item?.kind === 'command');
    assert.match(item.client, /^127\.0\.0\.1:\d+$/);
    assert(Math.abs(item.timeMs - Date.now()) < 10_000, String(item.timeMs));
  });

  it('shows a transaction with its conditions, and its operations behind it', async () => {
    const words = await wordsSeen(() =>
      db.transact({
        conditions: [{ key: 'a', test: 'absent' }],
        operations: [
          { kind: 'set', key: 'a', value: '1' },
          { kind: 'delete', keys: ['b'] },
        ],
      }),
    );
    assert.deepEqual(words, ['transact conditions:key="a" test=absent', '- set key:a value:1', '- delete keys:b']);
  });

  it('shows commands that the node refuses', async () => {
    const words = await wordsSeen(() => assert.rejects(db.set('k'.repeat(2_000), '1')));
    assert.deepEqual(words, [`set key:${'k'.repeat(64)}…2000 value:1`]);
  });

  it('cuts long values, and counts the parameters that are too many', async () => {
    const words = await wordsSeen(async () => {
      await db.set('a', Buffer.alloc(100_000, 'x'));
      await db.del(...Array.from({ length: 20 }, (_, i) => String(i)));
    });
    assert.equal(words[0], `set key:a value:${'x'.repeat(64)}…100000`);
    assert.match(words[1] ?? '', /^delete keys:0 .* keys:15 \+4$/);
  });

  it('with a prefix shows only commands on such keys', async () => {
    const words = await wordsSeen(async () => {
      await db.set('user:1', 'a');
      await db.set('other', 'user:');
      await db.mget(['x', 'user:2']);
      await db.rename('user:1', 'other').catch(() => {});
      await db.dbsize();
      await db.transact({
        operations: [
          { kind: 'get', key: 'other' },
          { kind: 'get', key: 'user:3' },
        ],
      });
    }, 'user:');
    assert.deepEqual(words, [
      'set key:user:1 value:a',
      'multi_get keys:x keys:user:2',
      'rename key:user:1 new_key:other',
      'transact',
      '- get key:user:3',
    ]);
  });

  it('costs nothing before it is opened and after it is closed', async () => {
    let passed = 0;
    const saw = monitors.saw.bind(monitors);
    monitors.saw = (...args) => {
      passed++;
      saw(...args);
    };
    await db.get('before');
    assert.deepEqual([monitors.isOpen, passed], [false, 0]);
    await seen(() => db.get('while'));
    await until(() => !monitors.isOpen, 'the node to notice the end');
    const before = passed;
    await db.get('after');
    assert.equal(passed, before);
    assert(passed >= 2);
  });

  it('that nobody reads holds a bounded number of commands, and counts the rest', async () => {
    const end = new AbortController();
    const slow = monitors.monitor({ prefix: Buffer.alloc(0) }, end.signal);
    assert.deepEqual((await slow.next()).value, { commands: [], missed: 0 });
    const value = Buffer.alloc(1_000, 'x');
    const commands = Array.from(
      { length: 100 },
      (_, i) => ({ kind: 'set', key: Buffer.from(String(i)), value }) as const,
    );
    for (let i = 0; i < 200; i++) monitors.saw({ peer: '127.0.0.1:1' }, commands);
    const { value: taken } = await slow.next();
    const bytes = taken.commands.reduce(
      (sum: number, { parameters }: MonitoredCommand) => sum + (parameters[1]?.data.length ?? 0),
      0,
    );
    assert(bytes > 0 && bytes < MONITOR_QUEUE_BYTES_MAX, String(bytes));
    assert(taken.missed > 1_000, String(taken.missed));
    assert.equal(taken.commands.length + taken.missed, 20_000);
    end.abort(new HeadwaterError('cancelled', 'the test ends it'));
    await assert.rejects(slow.next(), { code: 'cancelled' });
    assert.equal(monitors.isOpen, false);
  });

  it('shows no guarantees, wherever the client asked for them', async () => {
    const end = new AbortController();
    const open = monitors.monitor({ prefix: Buffer.alloc(0) }, end.signal);
    await open.next();
    monitors.saw({ peer: '' }, [{ kind: 'get', key: Buffer.from('a'), guarantees: LEADER_ONLY }]);
    const { value: taken } = await open.next();
    assert.deepEqual(taken.commands.map(wordsOf), ['get key:a']);
    end.abort();
    await open.return(undefined);
  });

  it('does not keep the message of the client in memory', async () => {
    const end = new AbortController();
    const slow = monitors.monitor({ prefix: Buffer.alloc(0) }, end.signal);
    await slow.next();
    monitors.saw({ peer: '' }, [{ kind: 'set', key: Buffer.alloc(1_000_000), value: Buffer.alloc(0) }]);
    const { value: taken } = await slow.next();
    assert((taken.commands[0]?.parameters[0]?.data.buffer.byteLength ?? 0) < 100_000);
    end.abort();
    await slow.return(undefined);
  });

  it(`is refused if ${MONITORS_MAX} are open`, async () => {
    const end = new AbortController();
    const open = Array.from({ length: MONITORS_MAX }, () => monitors.monitor({ prefix: Buffer.alloc(0) }, end.signal));
    for (const one of open) await one.next();
    await assert.rejects(db.monitor().next(), { code: 'overloaded', message: /expected at most 16 monitors/ });
    await open[0]?.return(undefined);
    const first = assert.rejects(db.monitor().next(), { code: 'cancelled' });
    await db.get('a');
    end.abort();
    await db.close();
    await first;
  });

  it('ends with the server, and says why', async () => {
    const next = assert.rejects(db.monitor().next(), { code: 'shutting_down' });
    await until(() => monitors.isOpen, 'it to be open');
    const stopped = served.server.stop({ graceMs: 100 });
    await next;
    await stopped;
  });
});
