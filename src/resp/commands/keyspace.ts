/**
 * Commands over all keys: KEYS, SCAN, RANDOMKEY, DBSIZE, FLUSHDB, FLUSHALL, and MEMORY USAGE.
 *
 * KEYS answers with a number of keys and then the keys, however many there are. So it reads one snapshot twice if the
 * keys are more than a message holds: it counts them, and then sends them, a part at a time, as the client reads.
 */
import { REPLY_MESSAGE_BYTES_TARGET } from '../../base/limits.js';
import { typeName } from '../../commands/entry.js';
import { compileRedisGlob } from '../../commands/glob.js';
import { allKeys, FrozenRange, randomKey } from '../../pipeline/frozen-range.js';
import { whenAdmitted } from '../../pipeline/node-guarantees.js';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import { scanOptions } from '../arguments/scan-options.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily, type CommandSession } from '../command.js';
import { writeArray, writeOk, writeValue } from '../replies/answers.js';
import { redisMemory } from '../replies/redis-value.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

const CURSOR = /^[+-]?[0-9]+$/;

export const keyspaceCommands: CommandFamily = {
  keys: { run: keys },

  scan: { run: scan },

  randomkey: {
    run: async (session) => {
      await beginRead(session);
      writeValue(session.out, { value: await randomKey(session.node.keyspace) });
    },
  },

  dbsize: {
    run: async (session) => {
      await beginRead(session);
      session.out.integer(await session.node.keyspace.snapshots.size());
    },
  },

  flushdb: { ask: flush },
  flushall: { ask: flush },

  'memory|usage': { ask: memoryUsage },
};

/** Resolves when the node is as fresh as the client wants. */
async function beginRead({ node, state, signal }: CommandSession): Promise<void> {
  await whenAdmitted(node.guarantees, state.guarantees, { writes: false, signal });
}

async function keys(session: CommandSession, request: Request): Promise<void> {
  const pattern = request[1] as Buffer;
  const glob = compileRedisGlob(pattern);
  await beginRead(session);
  const frozen = await FrozenRange.of(session.node.keyspace, allKeys(glob));
  try {
    await sendKeys(session, frozen);
  } finally {
    await frozen.release();
  }
}

async function sendKeys(session: CommandSession, frozen: FrozenRange): Promise<void> {
  const { count, first } = await countKeys(session, frozen);
  if (first) return writeArray(session.out, first);
  session.out.begin('array', count);
  try {
    for await (const chunk of frozen.matching()) {
      for (const [key] of chunk) session.out.bulk(key);
      if (session.out.bytes >= REPLY_MESSAGE_BYTES_TARGET) await session.flushed();
    }
  } catch (failure) {
    // The client knows how many keys were to come.
    session.drop();
    throw failure;
  }
}

/** Counts the keys, and returns them too if they are few. */
async function countKeys(
  { signal }: CommandSession,
  frozen: FrozenRange,
): Promise<{ readonly count: number; readonly first: readonly Buffer[] | undefined }> {
  let count = 0;
  let bytes = 0;
  let first: Buffer[] | undefined = [];
  for await (const chunk of frozen.matching()) {
    if (signal.aborted) throw signal.reason;
    count += chunk.length;
    for (const [key] of chunk) bytes += key.length + KEY_COST_BYTES;
    if (bytes > REPLY_MESSAGE_BYTES_TARGET) first = undefined;
    for (const [key] of first ? chunk : []) first?.push(key);
  }
  return { count, first };
}

/** The memory of a key beside its bytes, about. */
const KEY_COST_BYTES = 100;

async function scan(session: CommandSession, request: Request): Promise<void> {
  const cursor = cursorIn(request[1] as Buffer);
  const { pattern, count, type } = scanOptions(request);
  await beginRead(session);
  const isOfType = (found: number) => type === undefined || typeName(found) === type;
  const found = await session.node.scans.scan({ cursor, pattern, count, isOfType }, session.signal);
  const { out } = session;
  out.begin('array', 2);
  out.bulk(String(found.cursor));
  writeArray(out, found.keys);
}

/** As in C: a sign is taken, and so is nothing at all, which is 0. */
function cursorIn(argument: Buffer): bigint {
  const text = textOf(argument);
  if (text === '') return 0n;
  const digits = CURSOR.test(text) ? BigInt(text.replace(/^[+-]/, '')) : -1n;
  if (digits < 0n || BigInt.asUintN(64, digits) !== digits) throw new Refusal('ERR invalid cursor');
  return BigInt.asUintN(64, text.startsWith('-') ? -digits : digits);
}

/** A clear costs the same in the background and at once. */
function flush(request: Request): Asked {
  const option = request.length > 1 ? wordOf(request[1]) : 'sync';
  if (request.length > 2 || (option !== 'sync' && option !== 'async')) throw new Refusal(SYNTAX_ERROR);
  return asked({ kind: 'flushAll' }, writeOk);
}

function memoryUsage(request: Request): Asked {
  for (let at = 3; at < request.length; at += 2) {
    if (wordOf(request[at]) !== 'samples' || at + 1 === request.length) throw new Refusal(SYNTAX_ERROR);
    if (int64(request[at + 1]) < 0n) throw new Refusal(SYNTAX_ERROR);
  }
  const key = request[2] as Buffer;
  const keyBytes = key.length;
  return asked({ kind: 'get', key }, (out, { value }) => {
    if (value) out.integer(redisMemory(keyBytes, value));
    else out.null();
  });
}
