/** ACL: a node has one user, who needs no password and may call every command. */
import { randomBytes } from 'node:crypto';
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { refusing, writeArray } from '../replies/answers.js';
import { writeHelp } from '../replies/help.js';
import { Refusal } from '../replies/refusal.js';
import { CATEGORIES, namesIn } from '../table/command-categories.js';

const USER = 'default';

/** The sentence of Redis. */
const NO_FILE = [
  'ERR This Redis instance is not configured to use an ACL file.',
  'You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE',
  '(assuming you have a Redis configuration file set) in order to store users in the Redis configuration.',
].join(' ');

const ONE_USER = `ERR Headwater has one user, '${USER}', and no passwords yet. Let the node listen on loopback or on a private network`;

const PASSWORD_BITS = 256n;
const PASSWORD_BITS_MAX = 4_096n;

export const userCommands: CommandFamily = {
  'acl|whoami': { run: ({ out }) => out.bulk(USER) },
  'acl|users': { run: ({ out }) => writeArray(out, [USER]) },
  'acl|list': { run: ({ out }) => writeArray(out, [`user ${USER} on nopass ~* &* +@all`]) },
  'acl|cat': { run: categories },
  'acl|getuser': { run: getUser },
  'acl|genpass': { run: password },
  'acl|log': { run: log },
  'acl|load': refusing(NO_FILE),
  'acl|save': refusing(NO_FILE),
  'acl|setuser': refusing(ONE_USER),
  'acl|deluser': refusing(ONE_USER),
  'acl|dryrun': refusing(ONE_USER),
  'acl|help': {
    run: ({ out }) =>
      writeHelp(out, 'ACL', [
        ['CAT [<category>]', 'List the categories of commands, or the commands of one of them.'],
        ['GENPASS [<bits>]', 'Return random hexadecimal digits, 256 bits of them by default.'],
        ['GETUSER <username>', 'Return a user. There is one, who may do everything.'],
        ['LIST', 'List the users with their rights.'],
        ['LOG [<count> | RESET]', 'Return what was denied, which is nothing.'],
        ['USERS', 'List the names of the users.'],
        ['WHOAMI', 'Return the user of this connection.'],
      ]),
  },
};

function categories({ out, door }: CommandSession, request: Request): void {
  const name = request[2];
  if (!name) return writeArray(out, CATEGORIES);
  const category = wordOf(name);
  if (!CATEGORIES.includes(category)) throw new Refusal(`ERR Unknown category '${textOf(name)}'`);
  writeArray(out, namesIn(door.table, category));
}

function getUser({ out }: CommandSession, request: Request): void {
  if (textOf(request[2] as Buffer) !== USER) return out.null();
  out.begin('map', 6);
  out.bulk('flags');
  out.begin('set', 2);
  for (const flag of ['on', 'nopass']) out.bulk(flag);
  out.bulk('passwords');
  out.begin('array', 0);
  for (const [field, value] of Object.entries({ commands: '+@all', keys: '~*', channels: '&*' })) {
    out.bulk(field);
    out.bulk(value);
  }
  out.bulk('selectors');
  out.begin('array', 0);
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

/** Nothing is ever denied. */
function log({ out }: CommandSession, request: Request): void {
  if (wordOf(request[2]) === 'reset') return out.simple('OK');
  if (request[2]) int64(request[2]);
  out.begin('array', 0);
}
