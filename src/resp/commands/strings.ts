/**
 * Commands on strings: GET, SET, GETSET, GETDEL, GETEX, SETEX, PSETEX, SETNX, MGET, MSET, MSETNX, APPEND, STRLEN,
 * GETRANGE, SUBSTR, SETRANGE.
 */
import type { KeyAndValue, ReplyTo } from '../../model/operation.js';
import { int64 } from '../arguments/arguments.js';
import { expiryOf, lateExpiry, lifeSpan, optionsIn, TIME_UNITS, type TimeUnit } from '../arguments/expiry-options.js';
import { positionOf, rangeOf } from '../arguments/ranges.js';
import { COPIED_BYTES_MAX, type ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily, type CommandSession, type DataCommand } from '../command.js';
import { countLookup, writeApplied, writeLength, writeOk, writeOkOrNull, writeValue } from '../replies/answers.js';
import { Refusal, wrongArity } from '../replies/refusal.js';
import { tooLongResult } from '../replies/too-long-result.js';

export const stringCommands: CommandFamily = {
  get: { ask: (request) => asked({ kind: 'get', key: request[1] as Buffer }, writeValue), answerNow: getNow },

  set: { ask: set },

  setnx: {
    ask: ([, key, value]) =>
      asked({ kind: 'set', key: key as Buffer, value: value as Buffer, condition: 'if_absent' }, writeApplied),
  },

  setex: settingWithLifeSpan('setex', TIME_UNITS.ex),
  psetex: settingWithLifeSpan('psetex', TIME_UNITS.px),

  getset: {
    ask: ([, key, value]) =>
      asked({ kind: 'set', key: key as Buffer, value: value as Buffer, returnOld: true }, writeOldValue),
  },

  getdel: { ask: ([, key]) => asked({ kind: 'getDelete', key: key as Buffer }, writeValue) },

  getex: { ask: getExpire },

  mget: { ask: (request) => asked({ kind: 'multiGet', keys: request.slice(1) }, writeValues) },

  mset: { ask: (request) => asked({ kind: 'multiSet', entries: entriesIn(request, 'mset') }, writeOk) },

  msetnx: {
    ask: (request) => asked({ kind: 'multiSet', entries: entriesIn(request, 'msetnx'), ifAbsent: true }, writeApplied),
  },

  append: {
    ask: ([, key, value]) =>
      asked({ kind: 'append', key: key as Buffer, value: value as Buffer }, writeLength, tooLongResult),
  },

  strlen: { ask: ([, key]) => asked({ kind: 'stringLength', key: key as Buffer }, writeReadLength) },

  getrange: { ask: getRange },
  substr: { ask: getRange },

  setrange: { ask: setRange },
};

/** The most everyday read. The value is copied once, from its place in memory to the reply. */
function getNow(request: Request, { node, out }: CommandSession): boolean {
  const place = node.memoryReads.recall(request[1] as Buffer);
  if (place === undefined) return false;
  if (place === 'absent') writeValue(out, NO_VALUE);
  else if (place.end - place.start > COPIED_BYTES_MAX) return false;
  else {
    countLookup(out, true);
    out.bulk(place.bytes, place.start, place.end);
  }
  return true;
}

const NO_VALUE = {};

function set(request: Request): Asked {
  const key = request[1] as Buffer;
  const value = request[2] as Buffer;
  if (request.length === 3) return asked({ kind: 'set', key, value }, writeOkOrNull);
  const options = optionsIn(request, 'set');
  const expiry = options.expiry === 'keepttl' ? 'keep' : expiryOf(options, 'set');
  const { condition, returnOld } = options;
  const operation = { kind: 'set', key, value, expiry, condition, returnOld } as const;
  return asked(operation, returnOld ? writeOldValue : writeOkOrNull, lateExpiry('set'));
}

/** With GET, the old value is the whole reply, and does not tell whether the condition held. */
function writeOldValue(out: ReplyWriter, { oldValue }: ReplyTo<'set'>): void {
  writeValue(out, { value: oldValue });
}

/** SETEX or PSETEX, by its name. */
function settingWithLifeSpan(name: string, unit: TimeUnit): DataCommand {
  return {
    ask: ([, key, amount, value]) => {
      const expiry = lifeSpan(amount as Buffer, unit, name);
      return asked({ kind: 'set', key: key as Buffer, value: value as Buffer, expiry }, writeOk, lateExpiry(name));
    },
  };
}

/** As in Redis, an amount of time is only looked at if there is such a key. */
function getExpire(request: Request): Asked {
  const key = request[1] as Buffer;
  const options = optionsIn(request, 'getex');
  if (options.expiry === 'persist') return asked({ kind: 'getExpire', key, expiry: 'persist' }, writeValue);
  try {
    return asked({ kind: 'getExpire', key, expiry: expiryOf(options, 'getex') }, writeValue, lateExpiry('getex'));
  } catch (failure) {
    if (!(failure instanceof Refusal)) throw failure;
    return asked({ kind: 'get', key }, (out, { value }) => {
      countLookup(out, value !== undefined);
      if (value) out.error(failure.message);
      else out.null();
    });
  }
}

function writeValues(out: ReplyWriter, { values }: ReplyTo<'multiGet'>): void {
  out.begin('array', values.length);
  for (const value of values) writeValue(out, value);
}

/** @throws Refusal if a key has no value. */
function entriesIn(request: Request, name: string): KeyAndValue[] {
  if (request.length % 2 === 0) throw new Refusal(wrongArity(name));
  const entries: KeyAndValue[] = [];
  for (let i = 1; i < request.length; i += 2) {
    entries.push({ key: request[i] as Buffer, value: request[i + 1] as Buffer });
  }
  return entries;
}

function getRange([, key, start, end]: Request): Asked {
  return asked({ kind: 'getRange', key: key as Buffer, ...rangeOf(start, end) }, writePart);
}

/** The reply does not tell an empty part from one of a key that is absent, so that the key counts as absent. */
function writePart(out: ReplyWriter, { value }: ReplyTo<'getRange'>): void {
  countLookup(out, value.length > 0);
  out.bulk(value);
}

function writeReadLength(out: ReplyWriter, { length }: ReplyTo<'stringLength'>): void {
  countLookup(out, length > 0);
  out.integer(length);
}

function setRange([, key, offset, value]: Request): Asked {
  const start = int64(offset);
  if (start < 0n) throw new Refusal('ERR offset is out of range');
  const operation = { kind: 'setRange', key: key as Buffer, start: positionOf(start), value: value as Buffer } as const;
  return asked(operation, writeLength, tooLongResult);
}
