/**
 * Names that people bring along from redis-cli and etcdctl, and the words of Headwater for them. An error about an
 * unknown command, or about too many arguments, has the sentence that belongs to the name.
 */
import type { Command } from 'commander';
import { nearName } from '../src/base/option-names.js';

const STRINGS = 'All values are strings. Use a key for each part: user:1:name';
const TRANSACTION = 'Use transact FILE: its conditions and operations are carried out together or not at all';
const OPERATION = 'Use transact FILE: the operation is';
const USER_BY_FILE = 'The user of this program is in --credentials FILE. "whoami" of "user" shows it';
const USERS = 'Use user create, list, revoke, rotate or whoami';
const BY_ITSELF = 'The nodes do this by themselves. "status" shows the progress';
const LISTED = 'Use status: its followers are listed there. "top" shows the whole tree';
export const NO_NUMBERS = 'There is one keyspace. Use a prefix of the keys instead of a number';
const NO_LEASE = 'Use set KEY VALUE --ttl 10s --if-absent';

/** The words of Headwater by a name, in lower case. */
export const FOREIGN_COMMANDS: Readonly<Record<string, string>> = {
  // Values and keys.
  decr: 'Use incr KEY -1',
  decrby: 'Use incr KEY -N',
  incrby: 'Use incr KEY N',
  mset: `${OPERATION} multiSet`,
  msetnx: `${OPERATION} multiSet with "ifAbsent": true`,
  setex: 'Use set KEY VALUE --ttl 10s',
  psetex: 'Use set KEY VALUE --ttl 500ms',
  setnx: 'Use set KEY VALUE --if-absent',
  put: 'Use set KEY VALUE',
  getset: `${OPERATION} set with "returnOld": true`,
  getex: `${OPERATION} getExpire`,
  getrange: `${OPERATION} getRange`,
  substr: `${OPERATION} getRange`,
  setrange: `${OPERATION} setRange`,
  strlen: `${OPERATION} stringLength`,
  unlink: 'Use del KEY',
  delete: 'Use del KEY',
  remove: 'Use del KEY',
  rm: 'Use del KEY',
  copy: `${OPERATION} copy`,
  getbit: `${OPERATION} getBit`,
  setbit: `${OPERATION} setBit`,
  bitcount: `${OPERATION} bitCount`,
  bitpos: `${OPERATION} bitPosition`,
  bitop: `${OPERATION} bitOperation`,
  bitfield: `${OPERATION} bitField`,
  bitfield_ro: `${OPERATION} bitField`,
  lcs: `${OPERATION} longestCommonSubsequence`,
  renamenx: 'Use rename KEY NEW-KEY --if-absent',
  pexpire: 'Use expire KEY 500ms',
  expireat: `${OPERATION} expire with "expiresAtMs"`,
  pexpireat: `${OPERATION} expire with "expiresAtMs"`,
  pttl: 'Use ttl KEY --json: ttl_ms is the time in milliseconds',
  expiretime: 'Use ttl KEY --json: expires_at_ms is the time of expiry',
  pexpiretime: 'Use ttl KEY --json: expires_at_ms is the time of expiry',
  list: 'Use keys PATTERN, or scan',
  ls: 'Use keys PATTERN, or scan',
  flushdb: 'Use flushall',
  select: NO_NUMBERS,
  swapdb: NO_NUMBERS,
  move: NO_NUMBERS,
  object: 'Use type KEY',
  // Streams and transactions.
  psubscribe: "Use subscribe --pattern 'user:*'",
  ssubscribe: 'Use subscribe CHANNEL',
  spublish: 'Use publish CHANNEL MESSAGE',
  unsubscribe: 'Press Ctrl-C to end subscribe',
  punsubscribe: 'Press Ctrl-C to end subscribe',
  pubsub: 'Use status: it shows the number of subscribers',
  multi: TRANSACTION,
  exec: TRANSACTION,
  discard: TRANSACTION,
  unwatch: TRANSACTION,
  txn: TRANSACTION,
  eval: TRANSACTION,
  evalsha: TRANSACTION,
  fcall: TRANSACTION,
  function: TRANSACTION,
  script: TRANSACTION,
  wait: 'Use --durability followers=N with the write itself',
  waitaof: 'Use --durability synced or followers_synced=N with the write itself',
  lease: NO_LEASE,
  lock: NO_LEASE,
  // Nodes.
  info: 'Use status, or status --json for a program',
  role: 'Use status',
  endpoint: 'Use ping, or status',
  lastsave: 'Use status: it shows the offset of the last checkpoint',
  slaveof: 'Use follow HOST:PORT; for NO ONE, use promote',
  replicaof: 'Use follow HOST:PORT; for NO ONE, use promote',
  demote: 'Use follow HOST:PORT: a node that follows does not lead. "failover" hands over the leadership',
  'move-leader': 'Use failover --to NODE',
  sentinel: LISTED,
  member: LISTED,
  client: 'Use monitor: it prints the commands of all clients, with their addresses',
  memory: 'Use status: it shows the memory of the process',
  stats: 'Use status, or status --json for a program',
  debug: 'Use status, log or verify',
  echo: 'Use ping',
  command: 'Use help, or help COMMAND',
  hello: USER_BY_FILE,
  auth: USER_BY_FILE,
  acl: USERS,
  save: 'Use backup FILE',
  bgsave: 'Use backup FILE: the node answers others meanwhile',
  snapshot: 'Use backup FILE, and restore FILE --data DIR',
  dump: 'Use export FILE, or backup FILE',
  migrate: 'Use export FILE, and import FILE at the other node',
  bgrewriteaof: BY_ITSELF,
  compaction: BY_ITSELF,
  defrag: BY_ITSELF,
  sync: BY_ITSELF,
  psync: BY_ITSELF,
  replconf: BY_ITSELF,
  shutdown: 'End the process of the node by SIGTERM, or by Ctrl-C in its terminal',
  stop: 'End the process of the node by SIGTERM, or by Ctrl-C in its terminal',
  server: 'Use serve',
  start: 'Use serve',
  run: 'Use serve',
  cli: 'Use shell',
  repl: 'Use shell',
  connect: 'Use --connect HOST:PORT before the command',
  quit: 'Leave it out: each command ends by itself',
  exit: 'Leave it out: each command ends by itself',
  version: 'Use --version',
};

/** The commands for Redis's other types. */
const OTHER_TYPES =
  /^(h(set|setnx|get|getall|mset|mget|del|exists|incrby|incrbyfloat|keys|vals|len|scan|strlen|randfield)|[lr](push|pop|pushx)|b[lr]pop|l(len|range|index|set|rem|trim|insert|move|pos|mpop)|s(add|rem|members|ismember|mismember|card|pop|inter|union|diff|move|randmember|scan|interstore|unionstore|diffstore|ort)|z(add|rem|score|mscore|card|count|rank|incrby|scan|pop|mpop|lexcount|rev|range|inter|union|diff|rand)[a-z]*|x(add|read|len|del|trim|ack|info|group|claim|autoclaim|pending|range|revrange|setid)[a-z]*|geo[a-z]+|pf[a-z]+)$/;

interface ExcessHint {
  /** The command, and its arguments beyond those that it takes. */
  readonly command: RegExp;
  readonly words: RegExp;
  readonly hint: string;
}

/** Arguments of Redis's commands that are options here. */
const EXCESS: readonly ExcessHint[] = [
  { command: /^set$/, words: /^ex$/i, hint: 'Use --ttl 10s for EX 10' },
  { command: /^set$/, words: /^px$/i, hint: 'Use --ttl 500ms for PX 500' },
  { command: /^set$/, words: /^nx$/i, hint: 'Use --if-absent for NX' },
  { command: /^set$/, words: /^xx$/i, hint: 'Use --if-present for XX' },
  { command: /^set$/, words: /^(exat|pxat)$/i, hint: `${OPERATION} set with "expiry": {"expiresAtMs": …}` },
  { command: /^set$/, words: /^get$/i, hint: `${OPERATION} set with "returnOld": true` },
  { command: /^set$/, words: /^keepttl$/i, hint: `${OPERATION} set with "expiry": "keep"` },
  { command: /^scan$/, words: /^match$/i, hint: "Use --match 'user:*' for MATCH; no cursor is needed" },
  { command: /^scan$/, words: /^count$/i, hint: 'Use --limit N to print at most N keys; no cursor is needed' },
  { command: /^scan$/, words: /^\d+$/, hint: 'Leave out the cursor: scan prints all keys' },
  { command: /^expire$/, words: /^([nx]x|[gl]t)$/i, hint: `${OPERATION} expire with a "condition"` },
  { command: /^failover$/, words: /^to$/i, hint: 'Use --to HOST:PORT' },
  { command: /^follow$/, words: /^\d+$/, hint: 'Join the host and the port by a colon: HOST:PORT' },
  { command: /^flushall$/, words: /^a?sync$/i, hint: 'Leave out SYNC and ASYNC' },
  {
    command: /^watch$/,
    words: /./,
    hint: 'Use --prefix P for keys. For the WATCH of Redis, use the conditions of transact',
  },
  { command: /^latency$/, words: /./, hint: 'Leave out the subcommand' },
  { command: /^slowlog$/, words: /^reset$/i, hint: 'Use --reset' },
  { command: /^slowlog$/, words: /./, hint: 'Leave out the subcommand. Use --count N for the number' },
  { command: /^(backup|export)$/, words: /./, hint: 'Give the name of one file' },
  { command: /^(set|append|publish)$/, words: /./, hint: 'Put a value with blanks into quotes' },
];

/** The line about an unknown command: its name here, or the name that is near. Undefined if there is neither. */
export function hintOfCommand(words: readonly string[], known: readonly string[]): string | undefined {
  const name = (words[0] ?? '').toLowerCase();
  const hint = Object.hasOwn(FOREIGN_COMMANDS, name) ? FOREIGN_COMMANDS[name] : undefined;
  if (hint !== undefined) return hint;
  if (OTHER_TYPES.test(name)) return STRINGS;
  const near = nearName(name, known);
  return near === undefined ? undefined : `Did you mean ${near}?`;
}

/** The line about arguments that are too many. Undefined if they mean nothing in Redis either. */
export function hintOfExcess(command: string, excess: readonly string[]): string | undefined {
  for (const word of excess) {
    const found = EXCESS.find((one) => one.command.test(command) && one.words.test(word));
    if (found) return found.hint;
  }
  return undefined;
}

/** The names of the commands in a group. */
export function namesOf(group: Command): string[] {
  return group.commands.flatMap((command) => [command.name(), ...command.aliases()]);
}

/** Commands of Redis are often written in capitals. Returns the words with the name of the command as it is here. */
export function withPlainName(headwater: Command, words: readonly string[]): string[] {
  const names = new Set(namesOf(headwater));
  const at = words.findIndex((word) => names.has(word.toLowerCase()));
  return words.map((word, index) => (index === at ? word.toLowerCase() : word));
}
