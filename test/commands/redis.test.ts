/**
 * The same random stream to our commands and to a real redis-server: every
 * reply agrees, and so does what is there at the end. Then globs and decimal
 * sums. Skipped, visibly, where there is no redis-server;
 * HEADWATER_REDIS_RUNS makes the stream longer.
 */
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import { compileGlob, compileRedisGlob, type Glob } from '../../src/commands/glob.js';
import type { BitFieldStep, BitPositionOperation, NewExpiry, Operation, Reply } from '../../src/model/operation.js';
import { isInstalled, skipUnless } from '../support/installed.js';
import { RedisServer } from '../support/redis-server.js';
import { Bench, b } from './bench.js';
import { plainOperations, transactions } from './operations.js';

const RUNS = Number(process.env.HEADWATER_REDIS_RUNS ?? 300);

/** Moments far apart, so that the milliseconds between our clock and Redis's decide nothing. */
const FAR_MS = 4_000_000_000_000;
const CLOCK_TOLERANCE_MS = 20_000;
const ABSOLUTE: NewExpiry[] = [FAR_MS, FAR_MS + 1_000_000, 1].map((expiresAtMs) => ({ expiresAtMs }));
const RELATIVE: NewExpiry[] = [1_000_000, 2_000_000].map((ttlMs) => ({ ttlMs }));

const operation = plainOperations({
  lifeSpans: [...ABSOLUTE, ...RELATIVE, { ttlMs: 0 }, { expiresAtMs: -1 }],
  moments: [...ABSOLUTE, ...RELATIVE, { ttlMs: 0 }, { ttlMs: -1_000_000 }, { expiresAtMs: 0 }],
  comparableMoments: [...ABSOLUTE, { ttlMs: -1_000_000 }],
});
const operations = fc.array(
  fc.oneof({ weight: 8, arbitrary: operation }, { weight: 1, arbitrary: transactions(operation) }),
  { minLength: 1, maxLength: 150, size: 'max' },
);

type RedisCommand = [name: string, ...args: (string | Buffer)[]];
interface RedisError {
  readonly error: string;
}

/** Bytes and integers as text; an error reply as `{ error }`. */
type Answer = string | null | Answer[] | RedisError;

const ERRORS: Partial<Record<ErrorCode, RegExp>> = {
  invalid_argument:
    /invalid expire time|offset is (?:out of range|not an integer)|wrong number of arguments|objects are the same|single source key/,
  not_an_integer: /value is not an integer or out of range/,
  not_a_number: /value is not a valid float/,
  overflow: /increment or decrement would overflow/,
  no_such_key: /no such key/,
};

class RealRedis {
  readonly #server: RedisServer;
  readonly #client: Redis;

  private constructor(server: RedisServer) {
    this.#server = server;
    this.#client = new Redis({ path: server.path, stringNumbers: true, protocol: 2 });
  }

  static async start(): Promise<RealRedis> {
    return new RealRedis(await RedisServer.start());
  }

  async send([name, ...args]: RedisCommand): Promise<Answer> {
    try {
      return answerOf(await this.#client.callBuffer(name, ...args));
    } catch (error) {
      return answerOf(error);
    }
  }

  async stop(): Promise<void> {
    this.#client.disconnect();
    await this.#server[Symbol.asyncDispose]();
  }
}

function answerOf(value: unknown): Answer {
  if (value === null || typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(answerOf);
  if (value instanceof Error) return { error: value.message };
  return assert.fail(`an answer of type ${typeof value}`);
}

function inRedis(asked: Exclude<Operation, { kind: 'transact' }>): RedisCommand {
  switch (asked.kind) {
    case 'get':
      return ['GET', asked.key];
    case 'multiGet':
      return ['MGET', ...asked.keys];
    case 'set':
      return ['SET', asked.key, asked.value, ...setOptions(asked)];
    case 'delete':
      return ['DEL', ...asked.keys];
    case 'exists':
      return ['EXISTS', ...asked.keys];
    case 'increment':
      return ['INCRBY', asked.key, String(asked.by)];
    case 'incrementFloat':
      return ['INCRBYFLOAT', asked.key, String(asked.by)];
    case 'append':
      return ['APPEND', asked.key, asked.value];
    case 'stringLength':
      return ['STRLEN', asked.key];
    case 'getRange':
      return ['GETRANGE', asked.key, String(asked.start), String(asked.end)];
    case 'setRange':
      return ['SETRANGE', asked.key, String(asked.start), asked.value];
    case 'getDelete':
      return ['GETDEL', asked.key];
    case 'getExpire':
      return ['GETEX', asked.key, ...(asked.expiry === 'persist' ? ['PERSIST'] : expiryOptions(asked.expiry))];
    case 'timeToLive':
      return ['PTTL', asked.key];
    case 'expire': {
      const [option = '', amount = ''] = expiryOptions(asked.expiry);
      const conditions = {
        if_none: ['NX'],
        if_any: ['XX'],
        if_later: ['GT'],
        if_earlier: ['LT'],
        if_any_and_earlier: ['XX', 'LT'],
      };
      const condition = asked.condition === undefined ? [] : conditions[asked.condition];
      return [option === 'PX' ? 'PEXPIRE' : 'PEXPIREAT', asked.key, amount, ...condition];
    }
    case 'persist':
      return ['PERSIST', asked.key];
    case 'rename':
      return [asked.ifAbsent === true ? 'RENAMENX' : 'RENAME', asked.key, asked.newKey];
    case 'type':
      return ['TYPE', asked.key];
    case 'multiSet':
      return [asked.ifAbsent === true ? 'MSETNX' : 'MSET', ...asked.entries.flatMap(({ key, value }) => [key, value])];
    case 'copy':
      return ['COPY', asked.key, asked.newKey, ...(asked.replace === true ? ['REPLACE'] : [])];
    case 'getBit':
      return ['GETBIT', asked.key, String(asked.offset)];
    case 'setBit':
      return ['SETBIT', asked.key, String(asked.offset), String(asked.bit)];
    case 'bitCount':
      return ['BITCOUNT', asked.key, ...rangeOptions(asked.range ?? {})];
    case 'bitPosition':
      return ['BITPOS', asked.key, String(asked.bit), ...rangeOptions(asked)];
    case 'bitOperation':
      return ['BITOP', asked.operator, asked.key, ...asked.keys];
    case 'bitField':
      return ['BITFIELD', asked.key, ...asked.steps.flatMap(stepOptions)];
    case 'longestCommonSubsequence': {
      const results = { text: [], length: ['LEN'], matches: ['IDX', 'MINMATCHLEN', String(asked.minMatchLength ?? 0)] };
      return ['LCS', asked.key, asked.otherKey, ...results[asked.result ?? 'text']];
    }
    case 'flushAll':
      return ['FLUSHALL'];
    case 'ping':
      return ['PING', asked.message];
  }
}

function rangeOptions({ start, end, unit }: Pick<BitPositionOperation, 'start' | 'end' | 'unit'>): string[] {
  return [start, end, unit].filter((one) => one !== undefined).map(String);
}

const OVERFLOWS = { wrap: 'WRAP', saturate: 'SAT', fail: 'FAIL' };

function stepOptions(step: BitFieldStep): string[] {
  const place = [`${step.signed ? 'i' : 'u'}${step.bits}`, String(step.offset)];
  if (step.action === 'get') return ['GET', ...place];
  const overflow = ['OVERFLOW', OVERFLOWS[step.overflow ?? 'wrap']];
  if (step.action === 'set') return [...overflow, 'SET', ...place, String(step.value)];
  return [...overflow, 'INCRBY', ...place, String(step.by)];
}

function setOptions(asked: Operation & { kind: 'set' }): string[] {
  const options = asked.expiry === 'keep' ? ['KEEPTTL'] : expiryOptions(asked.expiry);
  if (asked.condition !== undefined) options.push(asked.condition === 'if_absent' ? 'NX' : 'XX');
  if (asked.returnOld === true) options.push('GET');
  return options;
}

function expiryOptions(expiry: NewExpiry | undefined): string[] {
  if (expiry === undefined) return [];
  return 'ttlMs' in expiry ? ['PX', String(expiry.ttlMs)] : ['PXAT', String(expiry.expiresAtMs)];
}

/** What Redis answers where we answer `reply`. */
function expected(asked: Operation, reply: Reply): Answer {
  switch (reply.kind) {
    case 'get':
    case 'getDelete':
    case 'getExpire':
    case 'getRange':
      return answerOf(reply.value ?? null);
    case 'multiGet':
      return reply.values.map(({ value }) => answerOf(value ?? null));
    case 'set':
      if (asked.kind === 'set' && asked.returnOld === true) return answerOf(reply.oldValue ?? null);
      return reply.applied ? 'OK' : null;
    case 'delete':
      return String(reply.deleted);
    case 'exists':
      return String(reply.existing);
    case 'increment':
    case 'incrementFloat':
      return String(reply.value);
    case 'append':
    case 'stringLength':
    case 'setRange':
      return String(reply.length);
    case 'timeToLive':
      return reply.exists ? String(reply.ttlMs ?? -1) : '-2';
    case 'expire':
    case 'persist':
      return reply.applied ? '1' : '0';
    case 'rename':
      return asked.kind === 'rename' && asked.ifAbsent === true ? (reply.applied ? '1' : '0') : 'OK';
    case 'type':
      return reply.type;
    case 'multiSet':
      return asked.kind === 'multiSet' && asked.ifAbsent === true ? (reply.applied ? '1' : '0') : 'OK';
    case 'copy':
      return reply.applied ? '1' : '0';
    case 'getBit':
    case 'setBit':
      return String(reply.bit);
    case 'bitCount':
      return String(reply.bits);
    case 'bitPosition':
      return String(reply.position ?? -1);
    case 'bitOperation':
      return String(reply.length);
    case 'bitField':
      return reply.values.map((value) => (value === undefined ? null : String(value)));
    case 'longestCommonSubsequence': {
      const { result = 'text' } = asked as { result?: string };
      if (result === 'length') return String(reply.length);
      if (result === 'text') return answerOf(reply.value);
      const matches = reply.matches.map(({ range, otherRange }) =>
        [range, otherRange].map(({ start, end }) => [String(start), String(end)]),
      );
      return ['matches', matches, 'len', String(reply.length)];
    }
    case 'flushAll':
      return 'OK';
    case 'ping':
      return answerOf(reply.message);
    case 'transact':
    case 'error':
      return assert.fail(`no single answer stands for ${reply.kind}`);
  }
}

function compare(asked: Operation, reply: Reply | HeadwaterError, answer: Answer): void {
  if (reply instanceof HeadwaterError) {
    if (asked.kind === 'getExpire' && answer === null) return; // Redis looks for the key before it looks at the time.
    assert(answer !== null && typeof answer === 'object' && 'error' in answer, `refused ${reply.code}, not by Redis`);
    assert.match(answer.error, ERRORS[reply.code] ?? assert.fail(`refused ${reply.code}: ${reply.message}`));
    return;
  }
  const wanted = expected(asked, reply);
  if (asked.kind === 'timeToLive' && Number(wanted) > 0) {
    assert(
      Math.abs(Number(wanted) - Number(answer)) < CLOCK_TOLERANCE_MS,
      `${inspect(wanted)}, in Redis ${inspect(answer)}`,
    );
  } else if (asked.kind === 'incrementFloat') {
    assert(isNearly(wanted, answer), `${inspect(wanted)}, in Redis ${inspect(answer)}`);
  } else {
    assert.deepEqual(answer, wanted);
  }
}

/** Equal in 15 digits, or but for the last of 17 after the point: the rest is noise of Redis's long double. */
function isNearly(wanted: Answer, answer: Answer): boolean {
  const [one, other] = [wanted, answer].map(inLastDigits);
  if (one === undefined || other === undefined) return false;
  const magnitude = one < 0n ? -one : one;
  const difference = one < other ? other - one : one - other;
  return difference <= magnitude / 10n ** 15n + 1n;
}

/** In units of the 17th digit after the point, undefined for what is no decimal number. */
function inLastDigits(answer: Answer): bigint | undefined {
  if (typeof answer !== 'string' || !/^-?\d+(\.\d{1,17})?$/.test(answer)) return undefined;
  const [whole = '', fraction = ''] = answer.split('.');
  return BigInt(whole + fraction.padEnd(17, '0'));
}

/** One stream on both sides. All is sent without waiting; comparing comes at the end. */
class Stream {
  readonly #bench = new Bench();
  readonly #redis: RealRedis;
  readonly #compared: Promise<void>[] = [];

  constructor(redis: RealRedis) {
    this.#redis = redis;
  }

  async run(asked: readonly Operation[]): Promise<void> {
    const flushed = this.#redis.send(['FLUSHALL']);
    for (const each of asked) {
      if (each.kind === 'transact') this.#transact(each);
      else this.#plain(each);
    }
    await flushed;
    await Promise.all(this.#compared);
    await this.#compareContents();
  }

  #plain(asked: Exclude<Operation, { kind: 'transact' }>): void {
    const reply = this.#ours(asked);
    const answered = this.#redis.send(inRedis(asked));
    for (const command of this.#alignment(asked, reply)) void this.#redis.send(command);
    this.#compared.push(answered.then((answer) => this.#compareOne(asked, reply, answer)));
  }

  /** Redis's EXEC goes on after an error. So a transaction that does not is sent there only if all went through here. */
  #transact(asked: Operation & { kind: 'transact' }): void {
    const reply = this.#ours(asked);
    if (reply instanceof HeadwaterError) return;
    assert(reply.kind === 'transact' && reply.committed);
    const commands: RedisCommand[] = [];
    const pairs: [each: Operation, reply: Reply | HeadwaterError, index: number][] = [];
    for (const [index, each] of asked.operations.entries()) {
      const given = reply.replies[index];
      assert(given !== undefined && each.kind !== 'transact');
      const inner = given.kind === 'error' ? given.error : given;
      pairs.push([each, inner, commands.length]);
      commands.push(inRedis(each), ...this.#alignment(each, inner));
    }
    for (const command of [['MULTI'] as RedisCommand, ...commands]) void this.#redis.send(command);
    const answered = this.#redis.send(['EXEC']);
    this.#compared.push(
      answered.then((answer) => {
        assert(Array.isArray(answer), `EXEC answered ${JSON.stringify(answer)}`);
        for (const [each, inner, index] of pairs) this.#compareOne(each, inner, answer[index] ?? null);
      }),
    );
  }

  #ours(asked: Operation): Reply | HeadwaterError {
    this.#bench.nowMs = Date.now();
    try {
      return this.#bench.run(asked);
    } catch (error) {
      assert(error instanceof HeadwaterError, String(error));
      return error;
    }
  }

  /** Binary noise in Redis's last digits must not make the rest of the stream differ. */
  #alignment(asked: Operation, reply: Reply | HeadwaterError): RedisCommand[] {
    if (asked.kind !== 'incrementFloat' || reply instanceof HeadwaterError) return [];
    assert(reply.kind === 'incrementFloat');
    return [['SET', asked.key, reply.value, 'KEEPTTL']];
  }

  #compareOne(asked: Operation, reply: Reply | HeadwaterError, answer: Answer): void {
    try {
      compare(asked, reply, answer);
    } catch (error) {
      throw new Error(`${inspect(asked)}: ${String(error)}`, { cause: error });
    }
  }

  async #compareContents(): Promise<void> {
    const bench = this.#bench;
    bench.nowMs = Date.now();
    const names = (await this.#redis.send(['KEYS', '*'])) as string[];
    const ours = [...bench.keyspace.entries.keys()].filter((name) => bench.get(name) !== undefined);
    assert.deepEqual(names.sort(), ours.sort());
    for (const name of names) {
      assert.equal(await this.#redis.send(['GET', b(name)]), bench.get(name));
      const expiresAtMs = Number(await this.#redis.send(['PEXPIRETIME', b(name)]));
      const { expiresAtMs: wanted = -1 } = bench.run({ kind: 'timeToLive', key: b(name) });
      assert(
        Math.abs(expiresAtMs - wanted) < CLOCK_TOLERANCE_MS,
        `expiry of ${name}: ${wanted}, in Redis ${expiresAtMs}`,
      );
    }
  }
}

describe('commands and a real redis-server', () => {
  let redis: RealRedis | undefined;

  before(async function () {
    skipUnless(this, isInstalled('redis-server', '--version'), 'redis-server');
    redis = await RealRedis.start();
  });

  after(() => redis?.stop());

  const server = (): RealRedis => redis ?? assert.fail('redis-server is not running');

  it('agree on every reply of a random stream, and on the contents at its end', async function () {
    this.timeout(20_000 + RUNS * 50);
    const property = fc.asyncProperty(operations, (asked) => new Stream(server()).run(asked));
    await fc.assert(property, { numRuns: RUNS });
  });

  it('agree on globs, and those of a Redis client on bytes and on the empty key too', async () => {
    const keys = fc.sample(
      fc.string({ unit: fc.constantFrom(...Array.from('abc]^-\\*\0\x7f\x80\xff')), maxLength: 5 }),
      300,
    );
    const patterns = fc.sample(
      fc.string({ unit: fc.constantFrom(...Array.from('ac**??[[]]^-\\\0\x7f\x80\xff')), maxLength: 7 }),
      3000,
    );
    const agrees = (pattern: string) => !/[\x80-\xff]/.test(pattern) && pattern !== '';
    await server().send(['FLUSHALL']);
    await server().send(['MSET', ...keys.flatMap((key) => [b(key), 'v'])]);
    const answers = await Promise.all(patterns.map((pattern) => server().send(['KEYS', b(pattern)])));
    for (const [index, pattern] of patterns.entries()) {
      const found = (answers[index] as string[]).sort();
      const ours = (glob: Glob) => [...new Set(keys)].filter((key) => glob.matches(b(key))).sort();
      assert.deepEqual(found, ours(compileRedisGlob(b(pattern))), `pattern ${JSON.stringify(pattern)}`);
      if (!agrees(pattern)) continue;
      const withoutEmpty = ours(compileGlob(b(pattern))).filter((key) => key !== '');
      assert.deepEqual(
        found.filter((key) => key !== ''),
        withoutEmpty,
        `pattern ${JSON.stringify(pattern)}`,
      );
    }
  });

  it('agree to the last digit on decimal sums of few digits', async () => {
    const texts = ['0', '0.1', '-0.7', '10.50', '5.0e3', '3', '-0', '+1', '.5', '5.', '1.e2', '007', '1E-2', '1e-17'];
    const steps = [0.1, 0.2, -0.3, 200, 1e-7, -3, 0.5, 0, 1e15];
    await server().send(['FLUSHALL']);
    for (const text of texts) {
      for (const step of steps) {
        const bench = new Bench();
        bench.set('n', text);
        void server().send(['SET', 'n', text]);
        const answer = await server().send(['INCRBYFLOAT', 'n', String(step)]);
        const { value } = bench.run({ kind: 'incrementFloat', key: b('n'), by: step });
        // An 80-bit long double is exact to 17 digits after the point only while few stand before it.
        if (Math.abs(Number(value)) < 16 || !value.includes('.')) assert.equal(value, answer, `${text} + ${step}`);
      }
    }
  });

  it('agree on the common subsequences of longer values', async () => {
    const texts = fc.sample(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd'), maxLength: 200 }), 100);
    for (const [index, text] of texts.entries()) {
      const bench = new Bench();
      const other = texts.at(index - 1) ?? '';
      for (const [key, value] of Object.entries({ k: text, n: other })) {
        bench.set(key, value);
        void server().send(['SET', key, value]);
      }
      for (const result of ['text', 'matches'] as const) {
        const asked = { kind: 'longestCommonSubsequence', key: b('k'), otherKey: b('n'), result } as const;
        compare(asked, bench.run(asked), await server().send(inRedis(asked)));
      }
    }
  });

  it('agree on what is no number', async () => {
    const texts = [
      '',
      ' 1',
      '1 ',
      '1\0',
      '.',
      '+',
      '-',
      'e5',
      '1e',
      '1e+',
      '1.2.3',
      '1,5',
      '--1',
      '1e1.5',
      'nan',
      '01',
      '+1',
    ];
    texts.push(
      '-0',
      '00',
      '-01',
      '1e5',
      '9223372036854775808',
      '-9223372036854775809',
      '1e4933',
      '1e-5000',
      '1'.repeat(5120),
      `${'0'.repeat(5118)}1`,
      `${'0'.repeat(5119)}1`,
    );
    for (const text of texts) {
      for (const asked of [
        { kind: 'increment', key: b('n'), by: 1n },
        { kind: 'incrementFloat', key: b('n'), by: 1 },
      ] as const) {
        const bench = new Bench();
        bench.set('n', text);
        await server().send(['SET', 'n', b(text)]);
        const answer = await server().send(inRedis(asked));
        const refused = answer !== null && typeof answer === 'object' && 'error' in answer;
        if (refused) bench.refused(asked);
        else assert.equal(String(bench.run(asked).value), answer, `${asked.kind} of ${JSON.stringify(text)}`);
      }
    }
  });
});
