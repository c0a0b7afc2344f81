/**
 * The rules that say who may use a command of Redis. Data commands follow from their flags here, and once more in the pipeline, which knows
 * their operation. Every other command has a line of its own. A command without one may be used by nobody, and a test
 * says so.
 */
import type { Grant } from '../../access/grant.js';
import { ADMIN, ANY_USER, allOf, PUBLISH, READ, type Rule, WRITE } from '../../access/roles.js';
import type { HeadwaterError } from '../../base/errors.js';
import { compileRedisGlob } from '../../commands/glob.js';
import { scanOptions } from '../arguments/scan-options.js';
import type { Request } from '../codec/request-parser.js';

/** The rule of a command. */
export interface CommandRule {
  /** Undefined for a command that needs no user. */
  readonly rule: Rule | undefined;
  /** The bits that are enough, whatever the arguments are. Undefined if more has to be looked at. */
  readonly enough?: number;
  /**
   * Why the prefixes of a user do not allow the arguments. Undefined if they do.
   * @throws Refusal or HeadwaterError if the arguments are wrong for every user.
   */
  readonly refusalOf?: (grant: Grant, request: Request) => HeadwaterError | undefined;
}

const OPEN: CommandRule = { rule: undefined };
const USER: CommandRule = { rule: ANY_USER, enough: 0 };
const READING: CommandRule = { rule: allOf(READ), enough: READ };
const WRITING: CommandRule = { rule: allOf(WRITE), enough: WRITE };
const ADMINISTERING: CommandRule = { rule: allOf(ADMIN) };

const NO_PREFIX = Buffer.alloc(0);

const KEYS: CommandRule = {
  rule: allOf(READ),
  refusalOf: (grant, [, pattern]) => grant.refusalOfRange(compileRedisGlob(pattern as Buffer).prefix, 'keys'),
};
const SCAN: CommandRule = {
  rule: allOf(READ),
  refusalOf: (grant, request) => grant.refusalOfRange(compileRedisGlob(scanOptions(request).pattern).prefix, 'scan'),
};
const RANDOM: CommandRule = overAllKeys('randomkey');
const SIZE: CommandRule = overAllKeys('dbsize');
const SUBSCRIBE: CommandRule = { rule: allOf(READ), refusalOf: refusalOfChannels('subscribe', (name) => name) };
const PATTERNS: CommandRule = {
  rule: allOf(READ),
  refusalOf: refusalOfChannels('psubscribe', (pattern) => compileRedisGlob(pattern).prefix),
};
const CHANNELS: CommandRule = {
  rule: allOf(READ),
  refusalOf: (grant, [, , pattern]) =>
    grant.refusalOfChannel(pattern ? compileRedisGlob(pattern).prefix : NO_PREFIX, 'pubsub|channels'),
};
const NUMBERS: CommandRule = { rule: allOf(READ), refusalOf: refusalOfChannels('pubsub|numsub', (name) => name, 2) };
const PATTERN_COUNT: CommandRule = {
  rule: allOf(READ),
  refusalOf: (grant) => grant.refusalOfChannel(NO_PREFIX, 'pubsub|numpat'),
};
const PUBLISHING: CommandRule = {
  rule: allOf(PUBLISH),
  refusalOf: (grant, [, channel]) => grant.refusalOfChannel(channel as Buffer, 'publish'),
};

/** A command whose reply is about all keys. */
function overAllKeys(name: string): CommandRule {
  const refusalOf = (grant: Grant) =>
    grant.hasScope ? grant.denied(`${name} needs a user without key prefixes`) : undefined;
  return { rule: allOf(READ), refusalOf };
}

/** @param from the index of the first name in a request. */
function refusalOfChannels(
  what: string,
  prefixOf: (name: Buffer) => Buffer,
  from = 1,
): NonNullable<CommandRule['refusalOf']> {
  return (grant, request) => {
    for (const name of request.slice(from)) {
      const refusal = grant.refusalOfChannel(prefixOf(name), what);
      if (refusal) return refusal;
    }
    return undefined;
  };
}

/** By command, those with one rule for all their subcommands by their first word. */
const RULES: Readonly<Record<string, CommandRule>> = {
  auth: OPEN,
  hello: OPEN,
  quit: OPEN,
  reset: OPEN,

  ping: USER,
  echo: USER,
  select: USER,
  time: USER,
  command: USER,
  headwater: USER,
  wait: USER,
  waitaof: USER,
  exec: USER,
  readonly: USER,
  readwrite: USER,
  asking: USER,
  // Clients and Sentinel find the leader by these two.
  info: USER,
  role: USER,
  client: USER,
  'client|list': ADMINISTERING,
  'client|kill': ADMINISTERING,
  'client|pause': ADMINISTERING,
  'client|unpause': ADMINISTERING,
  'client|unblock': ADMINISTERING,
  'acl|whoami': USER,
  'acl|cat': USER,
  'acl|genpass': USER,
  'acl|help': USER,
  'object|help': USER,
  'pubsub|help': USER,
  'config|help': USER,
  'memory|help': USER,
  'slowlog|help': USER,
  'latency|help': USER,
  'module|help': USER,
  'function|help': USER,
  'script|help': USER,
  'cluster|help': USER,
  'cluster|info': USER,
  'cluster|myid': USER,
  'cluster|nodes': USER,
  'cluster|shards': USER,
  'cluster|slots': USER,
  'cluster|keyslot': USER,
  'script|exists': USER,
  'function|list': USER,
  lastsave: USER,

  keys: KEYS,
  scan: SCAN,
  randomkey: RANDOM,
  dbsize: SIZE,
  // The look at each key goes through the pipeline.
  watch: READING,
  'pubsub|channels': CHANNELS,
  'pubsub|shardchannels': CHANNELS,
  'pubsub|numsub': NUMBERS,
  'pubsub|shardnumsub': NUMBERS,
  'pubsub|numpat': PATTERN_COUNT,
  subscribe: SUBSCRIBE,
  ssubscribe: SUBSCRIBE,
  psubscribe: PATTERNS,
  unsubscribe: USER,
  sunsubscribe: USER,
  punsubscribe: USER,
  publish: PUBLISHING,
  spublish: PUBLISHING,

  acl: ADMINISTERING,
  bgrewriteaof: ADMINISTERING,
  bgsave: ADMINISTERING,
  cluster: ADMINISTERING,
  config: ADMINISTERING,
  debug: ADMINISTERING,
  failover: ADMINISTERING,
  function: ADMINISTERING,
  latency: ADMINISTERING,
  memory: ADMINISTERING,
  module: ADMINISTERING,
  monitor: ADMINISTERING,
  replicaof: ADMINISTERING,
  save: ADMINISTERING,
  script: ADMINISTERING,
  shutdown: ADMINISTERING,
  slaveof: ADMINISTERING,
  slowlog: ADMINISTERING,
};

/**
 * The rule of a command. Undefined if it has none, and then nobody may use it.
 * @param isData true for a command that is an operation, or that changes the session alone.
 */
export function ruleOf(name: string, flags: readonly string[], isData: boolean): CommandRule | undefined {
  if (isData) return flags.includes('write') ? WRITING : flags.includes('readonly') ? READING : USER;
  const [outer = ''] = name.split('|', 1);
  return RULES[name] ?? RULES[outer];
}
