/** The keys of commands and their uses: for COMMAND INFO as rules, for COMMAND GETKEYS out of a request. */
import { wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandEntry } from './command-table.js';

/** The use of keys, in the words of Redis: RO, RW, OW or RM, and details. */
export type KeyUse = readonly string[];

/** A key, or a row of keys. Positions count from the name of the command, which is 0. */
export interface KeyRule {
  readonly use: KeyUse;
  readonly first: number;
  /** The last key, counted from `first`. Negative: counted from the end of the request. */
  readonly last: number;
  readonly step: number;
}

export interface UsedKey {
  readonly key: Buffer;
  readonly use: KeyUse;
}

const READ = 'RO access';
const LOOK = 'RO';
const REPLACE = 'OW update';
const CHANGE = 'RW access update';

/** Uses that do not follow from the flags of the command. Commands with two have them for the first key and for the rest. */
const USES: Readonly<Record<string, readonly string[]>> = {
  'memory|usage': [LOOK],
  'object|encoding': [LOOK],
  'object|freq': [LOOK],
  'object|idletime': [LOOK],
  'object|refcount': [LOOK],
  append: ['RW insert'],
  bitfield: ['RW access update variable_flags'],
  bitop: [REPLACE, READ],
  copy: [READ, REPLACE],
  del: ['RM delete'],
  exists: [LOOK],
  expire: ['RW update'],
  expireat: ['RW update'],
  getdel: ['RW access delete'],
  mset: [REPLACE],
  msetnx: ['OW insert'],
  persist: ['RW update'],
  pexpire: ['RW update'],
  pexpireat: ['RW update'],
  psetex: [REPLACE],
  rename: ['RW access delete', REPLACE],
  renamenx: ['RW access delete', 'OW insert'],
  set: ['RW access update variable_flags'],
  setex: [REPLACE],
  setnx: ['OW insert'],
  setrange: ['RW update'],
  spublish: ['not_key'],
  ssubscribe: ['not_key'],
  strlen: [LOOK],
  sunsubscribe: ['not_key'],
  touch: [LOOK],
  type: [LOOK],
  unlink: ['RM delete'],
  watch: [LOOK],
};

export function keyRules({ name, facts }: CommandEntry): readonly KeyRule[] {
  const { keyStart, keyStop, step } = facts;
  if (keyStart === 0) return [];
  const uses = USES[name] ?? [facts.flags.includes('write') ? CHANGE : READ];
  return uses.map((use, at) => {
    const first = keyStart + at;
    const isOne = at < uses.length - 1;
    const last = keyStop < 0 ? keyStop : keyStop - first;
    return { use: use.split(' '), first, last: isOne ? 0 : last, step: isOne ? 1 : step };
  });
}

/** The keys of a request whose arity is right. */
export function keysOf(entry: CommandEntry, request: Request): UsedKey[] {
  return keyRules(entry)
    .filter(({ use }) => !use.includes('not_key'))
    .flatMap(({ use, first, last, step }) => {
      const end = last < 0 ? request.length + last : first + last;
      const keys: UsedKey[] = [];
      for (let at = first; at <= end; at += step) {
        const key = request[at];
        if (key) keys.push({ key, use: useIn(entry.name, request) ?? use });
      }
      return keys;
    });
}

/** The use by a command whose options decide. */
function useIn(name: string, request: Request): KeyUse | undefined {
  const words = () => request.slice(2).map(wordOf);
  if (name === 'set') return (words().includes('get') ? CHANGE : REPLACE).split(' ');
  if (name === 'bitfield')
    return (words().some((word) => word === 'set' || word === 'incrby') ? CHANGE : READ).split(' ');
  return undefined;
}
