/**
 * The rules of ACL SETUSER as roles and prefixes, and a user as such rules. Redis has rules for single commands and
 * patterns for keys. Headwater has roles and prefixes: a rule that would be more, or less, than these is refused by name.
 */
import type { UserChange } from '../../access/users.js';
import type { User, UserRole } from '../../model/user.js';
import { textOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import { Refusal } from '../replies/refusal.js';

/** The roles by the words of Redis. */
const ROLE_OF: Readonly<Record<string, UserRole>> = {
  '@read': 'read',
  '@write': 'write',
  '@pubsub': 'publish',
  publish: 'publish',
  psync: 'replicate',
  replconf: 'replicate',
  '@admin': 'admin',
  '@dangerous': 'admin',
  '@all': 'admin',
};

/** The words of Redis by the roles. */
const WORD_OF: Readonly<Record<UserRole, string>> = {
  read: '+@read',
  write: '+@write',
  publish: '+publish',
  replicate: '+psync',
  admin: '+@all',
};

/** Words that every user has anyway, or that say what is so anyway. */
const GIVEN: ReadonlySet<string> = new Set(['on', 'resetpass', 'sanitize-payload', 'skip-sanitize-payload']);
const GIVEN_COMMANDS: ReadonlySet<string> = new Set(['ping', '@connection', '@fast', '@slow', '@transaction']);

/** Undefined for all, empty for none. */
type Prefixes = Buffer[] | undefined;

interface Rules {
  readonly roles: Set<UserRole>;
  keys: Prefixes;
  channels: Prefixes;
  secret: string | undefined;
}

/**
 * Reads the rules behind the name. They change what the user has, as in Redis.
 * @param before the user. Undefined for a new one, which has nothing.
 * @throws Refusal. No message repeats a secret.
 */
export function changeOf(request: Request, before: User | undefined): UserChange & { readonly roles: UserRole[] } {
  const rules: Rules = {
    roles: new Set(before?.roles.filter((role) => role !== 'unknown')),
    keys: before ? orAll(before.keyPrefixes) : [],
    channels: before ? orAll(before.channelPrefixes) : [],
    secret: undefined,
  };
  for (const argument of request.slice(3)) apply(rules, argument);
  const roles = [...rules.roles];
  if (roles.length === 0) throw refusal('roles', 'some of +@read, +@write, +publish, +psync and +@all', 'none');
  // Such users see everything, as in the other protocol.
  if (roles.some((role) => role === 'admin' || role === 'replicate'))
    return { roles, keyPrefixes: [], channelPrefixes: [], secret: rules.secret };
  if (rules.keys?.length === 0 && (rules.roles.has('read') || rules.roles.has('write')))
    throw refusal('keys', '~* for all keys, or ~PREFIX*', 'none');
  if (rules.channels?.length === 0 && rules.roles.has('publish'))
    throw refusal('channels', '&* for all channels, or &PREFIX*', 'none');
  return { roles, keyPrefixes: rules.keys ?? [], channelPrefixes: channelsOf(rules), secret: rules.secret };
}

/** A user who names no channels may use none: Headwater keeps this beginning for itself. */
const NO_CHANNEL = Buffer.from('\0headwater\0');

function channelsOf({ channels }: Rules): Buffer[] {
  if (channels === undefined) return [];
  return channels.length === 0 ? [NO_CHANNEL] : channels;
}

function orAll(prefixes: readonly Buffer[]): Prefixes {
  return prefixes.length === 0 ? undefined : [...prefixes];
}

function apply(rules: Rules, argument: Buffer): void {
  const word = textOf(argument);
  const lower = word.toLowerCase();
  if (GIVEN.has(lower)) return;
  if (word.startsWith('>')) {
    rules.secret = argument.toString('utf8', 1);
  } else if (lower === 'reset') {
    rules.roles.clear();
    [rules.keys, rules.channels] = [[], []];
  } else if (lower === 'allkeys') rules.keys = undefined;
  else if (lower === 'resetkeys') rules.keys = [];
  else if (lower === 'allchannels') rules.channels = undefined;
  else if (lower === 'resetchannels') rules.channels = [];
  else if (word.startsWith('~') || /^%rw~/i.test(word)) {
    rules.keys = extended(rules.keys, argument.subarray(word.indexOf('~') + 1));
  } else if (word.startsWith('&')) rules.channels = extended(rules.channels, argument.subarray(1));
  else applyRole(rules, lower);
}

function applyRole({ roles }: Rules, rule: string): void {
  if (rule === 'allcommands') return void roles.add('admin');
  if (rule === 'nocommands' || rule === '-@all') return roles.clear();
  const [sign, name] = [rule[0], rule.slice(1)];
  if (sign === '+' && GIVEN_COMMANDS.has(name)) return;
  const role = ROLE_OF[name];
  if (role && sign === '+') return void roles.add(role);
  if (role && sign === '-') return void roles.delete(role);
  // A hash, a removed password or a password in a wrong place must not be repeated.
  const shown = sign === '+' || sign === '-' || sign === '%' ? `'${rule.slice(0, 64)}'` : 'another word';
  throw refusal(
    'rule',
    'on, >PASSWORD, ~PREFIX*, &PREFIX*, +@read, +@write, +publish, +psync, +@all or the same with -',
    shown,
  );
}

/** @throws Refusal if the pattern is more than a prefix. */
function extended(prefixes: Prefixes, pattern: Buffer): Prefixes {
  const text = textOf(pattern);
  if (text === '*') return undefined;
  const prefix = pattern.subarray(0, -1);
  if (text.endsWith('*') && prefix.length > 0 && !/[*?[\]\\]/.test(textOf(prefix)))
    return prefixes && [...prefixes, Buffer.from(prefix)];
  throw refusal('pattern', 'a beginning with a * behind it', `'${text.slice(0, 64)}'`);
}

function refusal(field: string, expected: string, received: string): Refusal {
  return new Refusal(`ERR Error in ACL SETUSER modifier: ${field}: expected ${expected}, received ${received}`);
}

// ---- a user as rules --------------------------------------------------------------

/** The rules that make the user, without its secret. */
export function rulesOf({ roles, keyPrefixes, channelPrefixes }: User): {
  readonly commands: string;
  readonly keys: string;
  readonly channels: string;
} {
  const known = roles.filter((role) => role !== 'unknown');
  const commands = known.includes('admin') ? '+@all' : ['-@all', ...known.map((role) => WORD_OF[role])].join(' ');
  return { commands, keys: patternsOf('~', keyPrefixes), channels: patternsOf('&', channelPrefixes) };
}

function patternsOf(sign: string, prefixes: readonly Buffer[]): string {
  if (prefixes.length === 0) return `${sign}*`;
  return prefixes
    .filter((prefix) => !prefix.equals(NO_CHANNEL))
    .map((prefix) => `${sign}${textOf(prefix)}*`)
    .join(' ');
}
