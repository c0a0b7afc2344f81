/**
 * The rules of ACL SETUSER as roles and prefixes, and a user as such rules. Redis has rules for single commands and
 * patterns for keys. Headwater has roles and prefixes: a rule that would be more, or less, than these is refused by name.
 */
import type { UserChange } from '../../access/users.js';
import { CERTIFICATE_USER, type User, type UserRole } from '../../model/user.js';
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
const GIVEN: ReadonlySet<string> = new Set(['on', 'sanitize-payload', 'skip-sanitize-payload']);
const GIVEN_COMMANDS: ReadonlySet<string> = new Set(['ping', '@connection', '@fast', '@slow', '@transaction']);

/** Undefined for all, empty for none. */
type Prefixes = Buffer[] | undefined;

interface Rules {
  readonly roles: Set<UserRole>;
  keys: Prefixes;
  channels: Prefixes;
  secret: string | undefined;
  /** The rule that takes the password away, until another one is given. */
  withoutSecret: string | undefined;
  /** True if a rule says that there are no keys, or no channels. */
  readonly none: { keys: boolean; channels: boolean };
}

/** Roles that see all keys and all channels. */
const SEE_ALL: readonly UserRole[] = ['admin', 'replicate'];

/**
 * Reads the rules behind the name. They change what the user has, as in Redis.
 * @param before the user. Undefined for a new one, which has nothing.
 * @throws Refusal. No message repeats a secret.
 */
export function changeOf(request: Request, before: User | undefined): UserChange & { readonly roles: UserRole[] } {
  const rules: Rules = {
    roles: new Set(before?.roles.filter((role) => role !== 'unknown')),
    keys: before ? prefixesOf(before, before.keyPrefixes, ['read', 'write']) : [],
    channels: before ? prefixesOf(before, before.channelPrefixes, ['read', 'publish']) : [],
    secret: undefined,
    withoutSecret: undefined,
    none: { keys: false, channels: false },
  };
  for (const argument of request.slice(3)) apply(rules, argument);
  const roles = [...rules.roles];
  // A user of certificates has no password.
  if (rules.withoutSecret !== undefined && !textOf(request[2] as Buffer).startsWith(CERTIFICATE_USER))
    throw refusal('password', `>PASSWORD behind ${rules.withoutSecret}, since every user has one`, 'none');
  if (roles.length === 0) throw refusal('roles', 'some of +@read, +@write, +publish, +psync and +@all', 'none');
  if (roles.some((role) => SEE_ALL.includes(role))) {
    refusePrefixes(rules, 'keys', '~');
    refusePrefixes(rules, 'channels', '&');
    return { roles, keyPrefixes: [], channelPrefixes: [], secret: rules.secret };
  }
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

/** The prefixes of a user. A user without a role that uses them has none, so that a further role brings none along. */
function prefixesOf({ roles }: User, all: readonly Buffer[], users: readonly UserRole[]): Prefixes {
  if (all.length > 0) return all.filter((prefix) => !prefix.equals(NO_CHANNEL));
  return roles.some((role) => role !== 'unknown' && [...users, ...SEE_ALL].includes(role)) ? undefined : [];
}

/** @throws Refusal if the keys or the channels of a user who sees all of them are narrowed. */
function refusePrefixes(rules: Rules, field: 'keys' | 'channels', sign: string): void {
  const [prefix] = rules[field] ?? [];
  if (!prefix && !(rules.none[field] && rules[field])) return;
  const shown = prefix ? shownPattern(sign, Buffer.concat([prefix, ANY])) : `reset${field}`;
  throw refusal(field, `no prefix beside +@all and +psync, which see everything: ${sign}* first`, shown);
}

const ANY = Buffer.from('*');

function shownPattern(sign: string, pattern: Buffer): string {
  return `${sign}${textOf(pattern).slice(0, 64)}`;
}

function apply(rules: Rules, argument: Buffer): void {
  const word = textOf(argument);
  const lower = word.toLowerCase();
  if (GIVEN.has(lower)) return;
  if (word.startsWith('>')) {
    if (rules.secret !== undefined) throw refusal('password', 'one >PASSWORD', 'two');
    rules.secret = argument.toString('utf8', 1);
    rules.withoutSecret = undefined;
  } else if (lower === 'resetpass' || lower === 'reset') {
    rules.secret = undefined;
    rules.withoutSecret = lower;
    if (lower === 'resetpass') return;
    rules.roles.clear();
    [rules.keys, rules.channels] = [[], []];
  } else if (lower === 'allkeys') rules.keys = undefined;
  else if (lower === 'resetkeys') clear(rules, 'keys');
  else if (lower === 'allchannels') rules.channels = undefined;
  else if (lower === 'resetchannels') clear(rules, 'channels');
  else if (word.startsWith('~') || /^%rw~/i.test(word)) {
    extend(rules, 'keys', argument.subarray(word.indexOf('~') + 1));
  } else if (word.startsWith('&')) extend(rules, 'channels', argument.subarray(1));
  else applyRole(rules, lower);
}

function clear(rules: Rules, field: 'keys' | 'channels'): void {
  rules[field] = [];
  rules.none[field] = true;
}

function applyRole({ roles }: Rules, rule: string): void {
  if (rule === 'allcommands') return void roles.add('admin');
  if (rule === 'nocommands' || rule === '-@all') return roles.clear();
  const [sign, name] = [rule[0], rule.slice(1)];
  if (sign === '+' && GIVEN_COMMANDS.has(name)) return;
  const role = ROLE_OF[name];
  if (role && sign === '+') return void roles.add(role);
  if (role && sign === '-') {
    // The role admin has all others in it.
    if (roles.has('admin')) throw refusal('rule', '-@all and the roles that stay, behind +@all', `'${rule}'`);
    return void roles.delete(role);
  }
  // A hash, a removed password or a password in a wrong place must not be repeated.
  const shown = sign === '+' || sign === '-' || sign === '%' ? `'${rule.slice(0, 64)}'` : 'another word';
  throw refusal(
    'rule',
    'on, >PASSWORD, ~PREFIX*, &PREFIX*, +@read, +@write, +publish, +psync, +@all or the same with -',
    shown,
  );
}

/** @throws Refusal if the pattern is more than a prefix, or if it would narrow nothing. */
function extend(rules: Rules, field: 'keys' | 'channels', pattern: Buffer): void {
  const text = textOf(pattern);
  if (text === '*') {
    rules[field] = undefined;
    return;
  }
  const prefix = pattern.subarray(0, -1);
  if (!text.endsWith('*') || prefix.length === 0 || /[*?[\]\\]/.test(textOf(prefix)))
    throw refusal('pattern', 'a beginning with a * behind it', `'${text.slice(0, 64)}'`);
  const sign = field === 'keys' ? '~' : '&';
  const before = rules[field];
  if (!before)
    throw refusal(field, `reset${field} before another pattern, behind ${sign}*`, shownPattern(sign, pattern));
  rules[field] = [...before, Buffer.from(prefix)];
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
