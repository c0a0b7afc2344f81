/**
 * Commands on keys of any type: DEL, UNLINK, EXISTS, TOUCH, TYPE, RENAME, RENAMENX, COPY, OBJECT.
 *
 * Headwater has one database, so that COPY knows the number 0 alone. Nothing is kept about reads: every key counts as
 * read just now.
 */
import type { ReplyTo } from '../../model/operation.js';
import { checkDatabase, wordOf } from '../arguments/arguments.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily } from '../command.js';
import { countLookup, writeApplied, writeOk } from '../replies/answers.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { redisEncoding, redisReferences } from '../replies/redis-value.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

const SAME_OBJECT = 'ERR source and destination objects are the same';
const NO_FREQUENCY =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching ' +
  'between policies at runtime LRU and LFU data will take some time to adjust.';

const OBJECT_HELP: readonly HelpEntry[] = [
  ['ENCODING <key>', 'Returns the name that Redis has for the form of the value: int, embstr or raw.'],
  ['FREQ <key>', 'Is refused, since reads are not counted.'],
  ['IDLETIME <key>', 'Returns 0, since reads are not noted.'],
  ['REFCOUNT <key>', 'Returns the number of references that Redis would have to the value.'],
];

export const keyCommands: CommandFamily = {
  del: { ask: deleteKeys },
  unlink: { ask: deleteKeys },

  exists: { ask: countKeys },
  touch: { ask: countKeys },

  type: {
    ask: (request) =>
      asked({ kind: 'type', key: request[1] as Buffer }, (out, { type }) => {
        countLookup(out, type !== 'none');
        out.simple(type);
      }),
  },

  rename: {
    ask: ([, key, newKey]) => asked({ kind: 'rename', key: key as Buffer, newKey: newKey as Buffer }, writeOk),
  },

  renamenx: {
    ask: ([, key, newKey]) =>
      asked({ kind: 'rename', key: key as Buffer, newKey: newKey as Buffer, ifAbsent: true }, writeApplied),
  },

  copy: { ask: copy },

  'object|encoding': { ask: objectThat((out, value) => out.bulk(redisEncoding(value))) },

  'object|refcount': { ask: objectThat((out, value) => out.integer(redisReferences(value))) },

  'object|idletime': { ask: keyThat((out) => out.integer(0)) },

  'object|freq': { ask: keyThat((out) => out.error(NO_FREQUENCY)) },

  'object|help': { run: ({ out }) => writeHelp(out, 'OBJECT', OBJECT_HELP) },
};

function deleteKeys(request: Request): Asked {
  return asked({ kind: 'delete', keys: request.slice(1) }, (out, { deleted }) => out.integer(deleted));
}

function countKeys(request: Request): Asked {
  const keys = request.slice(1);
  const { length } = keys;
  return asked({ kind: 'exists', keys }, (out, { existing }) => {
    out.lookups.hits += existing;
    out.lookups.misses += length - existing;
    out.integer(existing);
  });
}

function copy(request: Request): Asked {
  const [, key, newKey] = request as [Buffer, Buffer, Buffer];
  let replace = false;
  for (let i = 3; i < request.length; i++) {
    const option = wordOf(request[i]);
    if (option === 'replace') replace = true;
    else if (option === 'db' && i + 1 < request.length) checkDatabase(request[++i]);
    else throw new Refusal(SYNTAX_ERROR);
  }
  if (key.equals(newKey)) throw new Refusal(SAME_OBJECT);
  return asked({ kind: 'copy', key, newKey, replace }, writeApplied);
}

/** A command whose answer depends on the value. */
function objectThat(answer: (out: ReplyWriter, value: Buffer) => void): (request: Request) => Asked {
  const orNull = (out: ReplyWriter, { value }: ReplyTo<'get'>) => {
    countLookup(out, value !== undefined);
    if (value) answer(out, value);
    else out.null();
  };
  return (request) => asked({ kind: 'get', key: request[2] as Buffer }, orNull);
}

/** A command whose answer is the same for every key that exists. */
function keyThat(answer: (out: ReplyWriter) => void): (request: Request) => Asked {
  const orNull = (out: ReplyWriter, { existing }: ReplyTo<'exists'>) => {
    countLookup(out, existing > 0);
    if (existing > 0) answer(out);
    else out.null();
  };
  return (request) => asked({ kind: 'exists', keys: [request[2] as Buffer] }, orNull);
}
