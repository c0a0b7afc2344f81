/**
 * The client libraries that people have, against a real node: values, a pipeline, transactions with WATCH, a session
 * store, a rate limiter, a lock, a scan, a subscription, an error. A library that is not installed is skipped, visibly.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { createClient, WatchError } from 'redis';
import type { Node } from '../../../src/index.js';
import { isInstalled, pythonWith, skipUnless } from '../../support/installed.js';
import { Door } from '../door.js';

const run = promisify(execFile);
const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const portOf = (node: Node) => Number(node.address.split(':')[1]);

/** @returns what the program of a library prints, line by line. Each gets the ports of the nodes. */
async function tour(command: string, program: string, ...nodes: Node[]): Promise<string[]> {
  const ports = nodes.map((node) => String(portOf(node)));
  const { stdout } = await run(command, [fileOf(program), ...ports], { timeout: 60_000 });
  return stdout.trim().split('\n');
}

/** The lines of one subscriber. */
const HEARD_IN_PYTHON = [
  'subscribe None news 1',
  'psubscribe None we* 2',
  'message None news hello',
  'pmessage we* weather sun',
];

const WRONG = 'ERR value is not an integer or out of range';

describe('the client libraries of Redis', function () {
  this.timeout(90_000);
  const door = new Door();
  afterEach(() => door.close());

  it('redis-py, with subscribers on the leader and on a follower', async function () {
    const python = pythonWith('redis');
    skipUnless(this, python, 'python3-redis');
    const leader = await door.node();
    assert.deepEqual(await tour(python, 'tour.py', leader, await door.follower(leader)), [
      "get b'h\\x00i'",
      'pipeline 1000',
      'watch True',
      'conflict 1002',
      'session user=7 True 1',
      'limiter 3',
      'lock True None 1',
      'scan 3',
      'published 1 1 0',
      "subscribed ['news'] [('news', 1)] 1",
      ...HEARD_IN_PYTHON,
      ...HEARD_IN_PYTHON,
      'error value is not an integer or out of range',
    ]);
  });

  it('redis-rb', async function () {
    skipUnless(this, isInstalled('ruby', '-e', 'require "redis"'), 'ruby-redis');
    assert.deepEqual(await tour('ruby', 'tour.rb', await door.node()), [
      'get "h\\u0000i"',
      'pipeline 1000',
      'watch OK',
      'conflict 1002',
      'session user=7 true 1',
      'limiter 3',
      'lock true false 1',
      'scan 3',
      'message hello',
      `error ${WRONG}`,
    ]);
  });

  it('phpredis', async function () {
    skipUnless(this, isInstalled('php', '-r', 'exit(extension_loaded("redis") ? 0 : 1);'), 'php-cli and php-redis');
    assert.deepEqual(await tour('php', 'tour.php', await door.node()), [
      'get "h\\u0000i"',
      'pipeline 1000',
      'watch true',
      'conflict 1002',
      'session user=7 true 1',
      'limiter 3',
      'lock [true,false,1]',
      'scan 3',
      `error ${WRONG}`,
    ]);
  });

  for (const RESP of [2, 3] as const) {
    it(`node-redis with RESP${RESP}`, async () => {
      const node = await door.node();
      const options = { url: `redis://127.0.0.1:${portOf(node)}`, RESP };
      const client = await createClient(options).connect();
      const other = await createClient(options).connect();
      try {
        await client.set('greeting', 'hi');
        assert.equal(await client.get('greeting'), 'hi');
        const sums = await Promise.all(Array.from({ length: 1_000 }, () => client.incr('counter')));
        assert.deepEqual(
          sums,
          Array.from({ length: 1_000 }, (_, i) => i + 1),
        );
        await client.watch('counter');
        await other.incr('counter');
        await assert.rejects(client.multi().set('counter', 0).exec(), WatchError);
        const window = client.multi().set('limit:7', 0, { condition: 'NX', expiration: { type: 'PX', value: 60_000 } });
        assert.deepEqual(await window.incr('limit:7').get('counter').exec(), ['OK', 1, '1001']);
        assert.equal(await client.set('lock', 'mine', { condition: 'NX' }), 'OK');
        assert.equal(await other.set('lock', 'theirs', { condition: 'NX' }), null);
        const keys = new Set<string>();
        for await (const found of client.scanIterator({ COUNT: 2 })) for (const key of found) keys.add(key);
        assert.deepEqual([...keys].sort(), ['counter', 'greeting', 'limit:7', 'lock']);
        const subscriber = await client.duplicate().connect();
        const heard = new Promise((resolve) => {
          void subscriber.subscribe('news', resolve).then(() => other.publish('news', 'hello'));
        });
        assert.equal(await heard, 'hello');
        subscriber.destroy();
        await assert.rejects(client.incr('greeting'), { message: WRONG });
      } finally {
        client.destroy();
        other.destroy();
      }
    });
  }

  it('ioredis, with automatic pipelines too', async () => {
    const node = await door.node();
    const client = new Redis(portOf(node), { enableAutoPipelining: true });
    const subscriber = new Redis(portOf(node));
    try {
      const sums = await Promise.all(Array.from({ length: 1_000 }, () => client.incr('counter')));
      assert.equal(sums.at(-1), 1_000);
      assert.equal(await client.set('session:1', 'user=7', 'EX', 60), 'OK');
      assert.equal(await client.get('session:1'), 'user=7');
      const results = await client.multi().incr('counter').incr('session:1').get('counter').exec();
      const shown = results?.map(([error, value]) => error?.message ?? value);
      assert.deepEqual(shown, [1_001, WRONG, '1001']);
      assert.deepEqual(await client.mget('counter', 'none'), ['1001', null]);
      const heard = new Promise((resolve) => {
        subscriber.on('message', (channel, message) => resolve([channel, message]));
      });
      await subscriber.subscribe('news');
      await client.publish('news', 'hello');
      assert.deepEqual(await heard, ['news', 'hello']);
    } finally {
      client.disconnect();
      subscriber.disconnect();
    }
  });
});
