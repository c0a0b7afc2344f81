/** The slow log by itself: what is slow, what is shown of it, and the bounds. */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/base/clock.js';
import { SLOW_ARGUMENTS_MAX, SLOW_LOG_BYTES_MAX } from '../../src/base/limits.js';
import { type Asked, AskedWords } from '../../src/pipeline/monitors.js';
import { SlowLog } from '../../src/pipeline/slow-log.js';
import { referencedBytes } from '../support/collected.js';

const ALL = { count: 0, reset: false };
const ORIGIN = { client: '127.0.0.1:1', clientName: 'n', user: 'u' };

function words(...texts: string[]): AskedWords {
  return new AskedWords(
    texts.map((text) => Buffer.from(text)),
    [],
  );
}

describe('the slow log', () => {
  const options = { slowLog: true, slowLogMicroseconds: 10_000, slowLogLength: 128 };
  let log: SlowLog;
  beforeEach(() => {
    Object.assign(options, { slowLog: true, slowLogMicroseconds: 10_000, slowLogLength: 128 });
    log = new SlowLog(systemClock, options);
  });

  /** Commands that were answered together. @param bytes of each request. */
  function answered(ms: number, commands: ReadonlyArray<readonly [asked: Asked, bytes: number]>): void {
    const look = {
      bytesOf: ([, bytes]: readonly [Asked, number]) => bytes,
      shown: ([asked]: readonly [Asked, number]) => asked,
    };
    log.answered(commands, ms, look, () => ORIGIN);
  }

  function shown(): string[] {
    return log.read(ALL).commands.map(({ words, durationUs }) => `${words.join(' ')}: ${durationUs}`);
  }

  it('has the commands that take as long as the threshold, the newest first', () => {
    answered(9.999, [[words('a'), 0]]);
    answered(10, [[words('b', 'c'), 0]]);
    answered(30, [[words('d'), 0]]);
    assert.deepEqual(shown(), ['d: 30000', 'b c: 10000']);
    const [newest] = log.read(ALL).commands;
    assert.deepEqual(
      { ...newest, timeMs: 0, words: [] },
      { ...ORIGIN, id: 1, timeMs: 0, durationUs: 30_000, words: [] },
    );
    assert.ok(Math.abs((newest?.timeMs ?? 0) - Date.now()) < 10_000);
  });

  it('shares the time of commands that were answered together by the sizes of their requests', () => {
    answered(30, [
      [words('small'), 36],
      [words('large'), 100_000],
      [words('small'), 36],
    ]);
    assert.deepEqual(shown(), ['large: 29940']);
    answered(
      900,
      Array.from({ length: 100 }, () => [words('x'), 0] as const),
    );
    assert.equal(log.length, 1);
  });

  it('has every command if the threshold is 0, and none while it is off', () => {
    options.slowLogMicroseconds = 0;
    answered(0.5, [
      [words('a'), 0],
      [words('b'), 0],
    ]);
    assert.deepEqual(shown(), ['b: 250', 'a: 250']);
    options.slowLog = false;
    answered(1_000, [[words('c'), 0]]);
    assert.equal(log.length, 2);
    assert.equal(log.read(ALL).thresholdUs, undefined);
  });

  it('cuts long words, and commands of many words, as Redis does', () => {
    answered(20, [[words('set', 'k', 'v'.repeat(200)), 0]]);
    answered(20, [[words(...Array.from({ length: 40 }, (_, i) => `w${i}`)), 0]]);
    answered(20, [[words(...Array.from({ length: SLOW_ARGUMENTS_MAX }, (_, i) => `w${i}`)), 0]]);
    const [exact, many, long] = log.read(ALL).commands.map(({ words }) => words.map(String));
    assert.deepEqual(long, ['set', 'k', `${'v'.repeat(128)}... (72 more bytes)`]);
    assert.equal(many?.length, SLOW_ARGUMENTS_MAX);
    assert.equal(many?.at(-1), '... (9 more arguments)');
    assert.equal(exact?.at(-1), 'w31');
  });

  it('shows operations of gRPC with the values of their fields, and those of a transaction', () => {
    const set = (key: string) => ({
      kind: 'set',
      key: Buffer.from(key),
      value: Buffer.from('v'),
      expiry: { ttlMs: 5 },
    });
    answered(20, [[set('k'), 0]]);
    answered(20, [[{ kind: 'transact', operations: [set('a'), set('b')] }, 0]]);
    answered(20, [[{ kind: 'transact', operations: Array.from({ length: 1_000 }, () => set('a')) }, 0]]);
    const [large, small, one] = log.read(ALL).commands.map(({ words }) => words.map(String));
    assert.deepEqual(one, ['set', 'k', 'v', 'expiry=ttl_ms=5']);
    assert.equal(small?.join(' '), 'transact set a v expiry=ttl_ms=5 set b v expiry=ttl_ms=5');
    assert.equal(large?.length, SLOW_ARGUMENTS_MAX);
    assert.equal(large?.at(-1), '... (992 more operations)');
  });

  it('cuts values of gRPC where it cuts words of Redis', () => {
    const key = Buffer.from('k'.repeat(200));
    answered(20, [[{ kind: 'set', key, value: Buffer.from('v'.repeat(128)), member: 'm'.repeat(122) }, 0]]);
    answered(20, [[{ kind: 'delete', keys: Array.from({ length: 40 }, (_, i) => Buffer.from(`k${i}`)) }, 0]]);
    const [many, long] = log.read(ALL).commands.map(({ words }) => words.map(String));
    assert.deepEqual(long, [
      'set',
      `${'k'.repeat(128)}... (72 more bytes)`,
      'v'.repeat(128),
      `member=${'m'.repeat(121)}... (1 more bytes)`,
    ]);
    assert.equal(many?.length, SLOW_ARGUMENTS_MAX);
    assert.equal(many?.at(-2), 'k29');
    assert.equal(many?.at(-1), '... (10 more arguments)');
  });

  it('keeps the newest within its length and its memory, also when the length changes', () => {
    for (let i = 0; i < 200; i++) answered(20, [[words(`w${i}`), 0]]);
    assert.equal(log.length, 128);
    assert.deepEqual(
      log.read({ count: 2, reset: false }).commands.map(({ id }) => id),
      [199, 198],
    );
    options.slowLogLength = 3;
    assert.equal(log.length, 3);
    options.slowLogLength = 1_000_000;
    const long = words(...Array.from({ length: SLOW_ARGUMENTS_MAX }, () => 'x'.repeat(1_000)));
    for (let i = 0; i < 2_000; i++) answered(20, [[long, 0]]);
    const kept = log.read(ALL).commands;
    const bytes = kept.flatMap(({ words }) => words).reduce((sum, word) => sum + word.length, 0);
    assert.ok(kept.length < 2_000 && kept[0]?.id === 2_199, `${kept.length}`);
    assert.ok(bytes < SLOW_LOG_BYTES_MAX && bytes > SLOW_LOG_BYTES_MAX / 4, `${bytes}`);
  });

  it('takes no more memory than its bound, whatever the node does between slow commands', async () => {
    options.slowLogLength = 1_000_000;
    const before = await referencedBytes();
    for (let i = 0; i < 5_000; i++) {
      answered(20, [[words('GET', `${i}`), 0]]);
      // Other work takes from the same pool of small buffers.
      for (let other = 0; other < 4; other++) Buffer.allocUnsafe(3_000);
    }
    const bytes = (await referencedBytes()) - before;
    assert.equal(log.length, 5_000);
    assert.ok(bytes < SLOW_LOG_BYTES_MAX, `${bytes} bytes`);
  });

  it('is empty after a reset, and numbers go on', () => {
    answered(20, [[words('a'), 0]]);
    assert.equal(log.read({ count: 0, reset: true }).commands.length, 1);
    assert.deepEqual(log.read(ALL), { commands: [], length: 0, thresholdUs: 10_000 });
    answered(20, [[words('b'), 0]]);
    assert.equal(log.read(ALL).commands[0]?.id, 1);
    assert.equal(log.recorded, 2);
  });

  it('holds no message of a client in memory', () => {
    const message = Buffer.alloc(1_000_000, 'm');
    answered(20, [[new AskedWords([message.subarray(0, 3)], []), 0]]);
    const [word] = log.read(ALL).commands[0]?.words ?? [];
    assert.ok(word && word.buffer.byteLength < message.length);
  });
});
