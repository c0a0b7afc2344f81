/** Notes on the commands on keys of any type. */
import type { Notes } from './note.js';

const CONDITION = '[NX|XX|GT|LT]';

export const KEY_NOTES: Notes = {
  copy: [
    '6.2.0',
    'source:key destination:key [DB destination-db:integer] [REPLACE]',
    'Copies a key with its value and its expiry.',
  ],
  del: ['1.0.0', 'key ...', 'Deletes keys and returns how many existed.'],
  exists: ['1.0.0', 'key ...', 'Returns how many of the keys exist.'],
  expire: ['1.0.0', `key seconds:integer ${CONDITION}`, 'Sets the expiry of a key, in seconds from now.'],
  expireat: ['1.2.0', `key unix-time-seconds:unix-time ${CONDITION}`, 'Sets the expiry of a key to a second.'],
  expiretime: ['7.0.0', 'key', 'Returns the expiry of a key as a time in seconds.'],
  keys: ['1.0.0', 'pattern', 'Returns all keys that match. SCAN does the same in parts.'],
  object: ['2.2.3', '', 'Looks into the storage of a key.'],
  'object|encoding': ['2.2.3', 'key', 'Returns the encoding that Redis would use for the value.'],
  'object|freq': ['4.0.0', 'key', 'Is refused, because accesses are not counted.'],
  'object|help': ['6.2.0', '', 'Explains the subcommands.'],
  'object|idletime': ['2.2.3', 'key', 'Returns the time since the last access, which is not kept.'],
  'object|refcount': ['2.2.3', 'key', 'Returns the number of references to the value.'],
  persist: ['2.2.0', 'key', 'Removes the expiry of a key.'],
  pexpire: ['2.6.0', `key milliseconds:integer ${CONDITION}`, 'Sets the expiry of a key, in milliseconds from now.'],
  pexpireat: [
    '2.6.0',
    `key unix-time-milliseconds:unix-time ${CONDITION}`,
    'Sets the expiry of a key to a millisecond.',
  ],
  pexpiretime: ['7.0.0', 'key', 'Returns the expiry of a key as a time in milliseconds.'],
  pttl: ['2.6.0', 'key', 'Returns the milliseconds that a key has left.'],
  randomkey: ['1.0.0', '', 'Returns one of the keys.'],
  rename: ['1.0.0', 'key newkey:key', 'Renames a key. Replaces the other key if it exists.'],
  renamenx: ['1.0.0', 'key newkey:key', 'Renames a key if the new name is free.'],
  scan: [
    '2.8.0',
    'cursor:integer [MATCH pattern] [COUNT count:integer] [TYPE type]',
    'Returns keys in parts, all of one moment.',
  ],
  touch: ['3.2.1', 'key ...', 'Returns how many of the keys exist.'],
  ttl: ['1.0.0', 'key', 'Returns the seconds that a key has left.'],
  type: ['1.0.0', 'key', 'Returns the type of a value.'],
  unlink: ['4.0.0', 'key ...', 'Deletes keys, as DEL does.'],
  wait: ['3.0.0', 'numreplicas:integer timeout:integer', 'Waits until so many followers have the last write.'],
  waitaof: [
    '7.2.0',
    'numlocal:integer numreplicas:integer timeout:integer',
    'Waits until the last write is on the disks of so many nodes.',
  ],
};
