/** ACL: the users of the cluster, in the words of Redis. The rights themselves are those of Headwater (access/). */
import { randomBytes } from 'node:crypto';
import type { User } from '../../model/user.js';
import { changeOf, rulesOf } from '../arguments/acl-rules.js';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { refusing, writeArray } from '../replies/answers.js';
import { writeHelp } from '../replies/help.js';
import { orBusy, Refusal, unknownSubcommand, wrongArity } from '../replies/refusal.js';
import { DEFAULT_USER } from '../session/session-user.js';
import { CATEGORIES, namesIn } from '../table/command-categories.js';
import { hasArity } from '../table/command-table.js';

/** The sentence of Redis. */
const NO_FILE = [
  'ERR This Redis instance is not configured to use an ACL file.',
  'You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE',
  '(assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
].join(' ');

const NO_DEFAULT = `ERR The user '${DEFAULT_USER}' is everybody while no user has the role admin. Make a user with +@all instead`;

const PASSWORD_BITS = 256n;
const PASSWORD_BITS_MAX = 4_096n;

export const userCommands: CommandFamily = {
  'acl|whoami': { run: ({ out, state }) => out.bulk(state.user.name) },
  'acl|users': {
    run: (session) =>
      writeArray(
        session.out,
        usersOf(session).map(({ name }) => name),
      ),
  },
  'acl|list': { run: (session) => writeArray(session.out, usersOf(session).map(lineOf)) },
  'acl|cat': { run: categories },
  'acl|getuser': { run: getUser },
  'acl|genpass': { run: password },
  'acl|log': { run: log },
  'acl|load': refusing(NO_FILE),
  'acl|save': refusing(NO_FILE),
  'acl|setuser': { run: setUser },
  'acl|deluser': { run: deleteUsers },
  'acl|dryrun': { run: dryRun },
  'acl|help': {
    run: ({ out }) =>
      writeHelp(out, 'ACL', [
        ['CAT [<category>]', 'List the categories of commands, or the commands of one of them.'],
        ['DELUSER <username> [<username> ...]', 'Revoke users. All that they have open ends.'],
        ['DRYRUN <username> <command> [<arg> ...]', 'Return OK if the user may use the command, or the refusal.'],
        ['GENPASS [<bits>]', 'Return random hexadecimal digits, 256 bits of them by default.'],
        ['GETUSER <username>', 'Return a user with its roles, as rules.'],
        ['LIST', 'List the users with their rules.'],
        ['LOG [<count> | RESET]', 'Return nothing: what was denied stands in the log of the node.'],
        ['SETUSER <username> <rule> [<rule> ...]', 'Make or change a user. Rules are roles and prefixes:'],
        ['    +@read +@write +publish +psync +@all', 'The roles read, write, publish, replicate and admin.'],
        ['    ~<prefix>* &<prefix>*', 'The beginnings of keys and of channels. A * alone stands for all.'],
        ['    ><password>', 'The password. There is one, of at least 8 characters.'],
        ['USERS', 'List the names of the users.'],
        ['WHOAMI', 'Return the user of this connection.'],
      ]),
  },
};

interface Shown {
  readonly name: string;
  /** Undefined for everybody, while no users are in force. */
  readonly user: User | undefined;
}

function usersOf({ node }: CommandSession): Shown[] {
  const { users, inForce } = node.access.list;
  const shown: Shown[] = users.map((user) => ({ name: user.name, user }));
  return inForce ? shown : [{ name: DEFAULT_USER, user: undefined }, ...shown];
}

function lineOf({ name, user }: Shown): string {
  if (!user) return `user ${name} on nopass ~* &* +@all`;
  const { keys, channels, commands } = rulesOf(user);
  return ['user', name, 'on', keys, channels, commands].filter((part) => part !== '').join(' ');
}

function categories({ out, door }: CommandSession, request: Request): void {
  const name = request[2];
  if (!name) return writeArray(out, CATEGORIES);
  const category = wordOf(name);
  if (!CATEGORIES.includes(category)) throw new Refusal(`ERR Unknown category '${textOf(name)}'`);
  writeArray(out, namesIn(door.table, category));
}

function getUser(session: CommandSession, request: Request): void {
  const { out } = session;
  const asked = textOf(request[2] as Buffer);
  const found = usersOf(session).find(({ name }) => name === asked);
  if (!found) return out.null();
  const { commands, keys, channels } = found.user
    ? rulesOf(found.user)
    : { commands: '+@all', keys: '~*', channels: '&*' };
  out.begin('map', 6);
  out.bulk('flags');
  const flags = found.user ? ['on'] : ['on', 'nopass'];
  out.begin('set', flags.length);
  for (const flag of flags) out.bulk(flag);
  // Redis shows the hashes of passwords here. Nobody needs them to sign in.
  out.bulk('passwords');
  out.begin('array', 0);
  for (const [field, value] of Object.entries({ commands, keys, channels })) {
    out.bulk(field);
    out.bulk(value);
  }
  out.bulk('selectors');
  out.begin('array', 0);
}

async function setUser({ node, out }: CommandSession, request: Request): Promise<void> {
  const name = textOf(request[2] as Buffer);
  if (name === DEFAULT_USER) throw new Refusal(NO_DEFAULT);
  const before = node.access.grantOf(name)?.user;
  const { secret, ...rights } = changeOf(request, before);
  if (before) await node.users.change(name, { ...rights, secret }).catch(throwBusy);
  else if (secret === undefined && !name.startsWith('cert:'))
    throw new Refusal('ERR Error in ACL SETUSER modifier: password: expected >PASSWORD for a new user, received none');
  else {
    const { keyPrefixes = [], channelPrefixes = [], roles } = rights;
    await node.users.create({ name, roles, keyPrefixes, channelPrefixes, secret, limits: undefined }).catch(throwBusy);
  }
  out.simple('OK');
}

function throwBusy(failure: unknown): never {
  throw orBusy(failure);
}

async function deleteUsers({ node, out }: CommandSession, request: Request): Promise<void> {
  let deleted = 0;
  for (const name of request.slice(2).map(textOf)) {
    if (name === DEFAULT_USER) throw new Refusal("ERR The 'default' user cannot be removed");
    if (!node.access.grantOf(name)?.user) continue;
    await node.users.revoke(name);
    deleted++;
  }
  out.integer(deleted);
}

function dryRun({ node, door, out }: CommandSession, request: Request): void {
  const [, , name, ...rest] = request as [Buffer, Buffer, Buffer, ...Buffer[]];
  const grant = node.access.grantOf(textOf(name));
  if (!grant) throw new Refusal(`ERR User '${textOf(name)}' not found`);
  const outer = door.table.commands.get(wordOf(rest[0]));
  if (!outer) throw new Refusal(`ERR Command '${textOf(rest[0] as Buffer)}' not found`);
  const subcommand = outer.subcommands.size > 0 ? rest[1] : undefined;
  const entry = subcommand ? outer.subcommands.get(wordOf(subcommand)) : outer;
  if (!entry) throw new Refusal(unknownSubcommand(outer.name, subcommand as Buffer));
  const { rule, name: command, facts } = entry;
  if (!hasArity(facts, rest.length)) throw new Refusal(wrongArity(command));
  const refusal = rule?.rule ? grant.refusalOf(rule.rule, command) : undefined;
  const denied = refusal ?? rule?.refusalOf?.(grant, rest);
  if (denied) out.bulk(denied.message);
  else out.simple('OK');
}

function password({ out }: CommandSession, request: Request): void {
  const bits = request[2] ? int64(request[2]) : PASSWORD_BITS;
  if (bits <= 0n || bits > PASSWORD_BITS_MAX)
    throw new Refusal(
      'ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096',
    );
  const digits = Math.ceil(Number(bits) / 4);
  out.bulk(
    randomBytes(Math.ceil(digits / 2))
      .toString('hex')
      .slice(0, digits),
  );
}

/** Shows nothing: refusals stand in the log of the node. */
function log({ out }: CommandSession, request: Request): void {
  if (wordOf(request[2]) === 'reset') return out.simple('OK');
  if (request[2]) int64(request[2]);
  out.begin('array', 0);
}
