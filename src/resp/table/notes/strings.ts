/** Notes on the commands on strings and their bits. */
import type { Notes } from './note.js';

const EXPIRY =
  'EX seconds:integer|PX milliseconds:integer|EXAT unix-time-seconds:unix-time|PXAT unix-time-milliseconds:unix-time';

export const STRING_NOTES: Notes = {
  append: ['2.0.0', 'key value', 'Adds bytes to the end of a value. Creates the key if there is none.'],
  decr: ['1.0.0', 'key', 'Subtracts one from a whole number.'],
  decrby: ['1.0.0', 'key decrement:integer', 'Subtracts from a whole number.'],
  get: ['1.0.0', 'key', 'Returns the value of a key.'],
  getdel: ['6.2.0', 'key', 'Returns the value of a key and deletes the key.'],
  getex: ['6.2.0', `key [${EXPIRY}|PERSIST]`, 'Returns the value of a key and changes its expiry.'],
  getrange: ['2.4.0', 'key start:integer end:integer', 'Returns a part of a value.'],
  getset: ['1.0.0', 'key value', 'Sets a key and returns its previous value.'],
  incr: ['1.0.0', 'key', 'Adds one to a whole number.'],
  incrby: ['1.0.0', 'key increment:integer', 'Adds to a whole number.'],
  incrbyfloat: ['2.6.0', 'key increment:double', 'Adds to a decimal number.'],
  lcs: [
    '7.0.0',
    'key1:key key2:key [LEN] [IDX] [MINMATCHLEN min-match-len:integer] [WITHMATCHLEN]',
    'Finds the longest common subsequence of two values.',
  ],
  mget: ['1.0.0', 'key ...', 'Returns the values of several keys.'],
  mset: ['1.0.1', '(key value) ...', 'Sets several keys at once.'],
  msetnx: ['1.0.1', '(key value) ...', 'Sets several keys at once, if none of them exists.'],
  psetex: ['2.6.0', 'key milliseconds:integer value', 'Sets a key with an expiry in milliseconds.'],
  set: [
    '1.0.0',
    `key value [NX|XX] [GET] [${EXPIRY}|KEEPTTL]`,
    'Sets a key, on conditions and with an expiry if asked for.',
  ],
  setex: ['2.0.0', 'key seconds:integer value', 'Sets a key with an expiry in seconds.'],
  setnx: ['1.0.0', 'key value', 'Sets a key if it does not exist.'],
  setrange: ['2.2.0', 'key offset:integer value', 'Overwrites a part of a value.'],
  strlen: ['2.2.0', 'key', 'Returns the length of a value in bytes.'],
  substr: ['1.0.0', 'key start:integer end:integer', 'Returns a part of a value. GETRANGE is the same.'],
};

const BIT_CHANGE = 'SET (encoding offset:integer value:integer)|INCRBY (encoding offset:integer increment:integer)';

export const BIT_NOTES: Notes = {
  bitcount: ['2.6.0', 'key [start:integer end:integer [BYTE|BIT]]', 'Counts the bits of a value that are set.'],
  bitfield: [
    '3.2.0',
    `key [(GET (encoding offset:integer)|([OVERFLOW (WRAP|SAT|FAIL)] (${BIT_CHANGE}))) ...]`,
    'Reads and changes numbers of any width within a value.',
  ],
  bitfield_ro: ['6.0.0', 'key [GET (encoding offset:integer) +++]', 'Reads numbers of any width within a value.'],
  bitop: ['2.6.0', '(AND|OR|XOR|NOT) destkey:key key ...', 'Combines values bit by bit and stores the result.'],
  bitpos: [
    '2.8.7',
    'key bit:integer [start:integer [end:integer [BYTE|BIT]]]',
    'Finds the first bit that is set, or is not.',
  ],
  getbit: ['2.2.0', 'key offset:integer', 'Returns one bit of a value.'],
  setbit: ['2.2.0', 'key offset:integer value:integer', 'Sets one bit of a value and returns its previous state.'],
};
