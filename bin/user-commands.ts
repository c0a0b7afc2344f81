/**
 * `user`: the users of a cluster. A secret is never an argument, since every process of the machine can read those: the
 * node draws it, or a file has it.
 */
import { isUtf8 } from 'node:buffer';
import { type Command, Option } from 'commander';
import type { User, UserRole } from '../src/client/index.js';
import { CERTIFICATE_USER, USER_ROLES } from '../src/model/user.js';
import {
  formatSize,
  gathered,
  offering,
  parseBytes,
  parseChoice,
  parseCount,
  parsePath,
  parseSize,
  parseText,
} from './arguments.js';
import { onNode, type Session } from './connection.js';
import { contentWithin, writeWhole } from './files.js';
import { snakeCase } from './json-names.js';
import { escaped } from './look.js';
import { complain, EXIT, type ExitStatus, type Output, UsageError } from './output.js';
import { drawnTable } from './table.js';

const AFTER_CREATE = `
Users are in force once one of them has the role admin. Until then everybody may
do everything. So begin with the users of the followers, and make the first
administrator last:

  headwater user create node-2 --role replicate --out node-2.credentials
  headwater user create app --role read --role write --key-prefix app: --out app.credentials
  headwater user create admin --role admin --out admin.credentials

A follower takes its file by "serve --upstream-credentials FILE", and this
program by --credentials FILE. A user whose name is cert:NAME stands for the
client certificates with that name, and has no secret.`;

interface LimitOptions {
  readonly opsPerSecond?: number;
  readonly bytesPerSecond?: number;
  readonly maxConnections?: number;
}

interface CreateOptions extends SecretOptions, LimitOptions {
  readonly role: UserRole[];
  readonly keyPrefix?: Buffer[];
  readonly channelPrefix?: Buffer[];
}

interface SecretOptions {
  readonly secretFile?: string;
  readonly out?: string;
}

export function addUserCommands(program: Command): void {
  program.commandsGroup('Users and certificates:');
  const user = program
    .command('user')
    .description('commands on the users: who may read, write, publish, follow and administer')
    .helpCommand(false);
  const create = user
    .command('create')
    .argument('<NAME>', 'the name of the user', parseText)
    .summary('make a user, and print USER:SECRET')
    .description('make a user, and print USER:SECRET. Nobody can print the secret again')
    .addOption(
      new Option('--role <ROLE>', `a role of the user: ${USER_ROLES.join(', ')}; repeat the option for several roles`)
        .argParser(offering(USER_ROLES, gathered(parseChoice(USER_ROLES))))
        .makeOptionMandatory(),
    )
    .option(
      '--key-prefix <P>',
      'the user may touch only keys with this beginning, or another that is given (default: all keys)',
      gathered(parseBytes),
    )
    .option(
      '--channel-prefix <P>',
      'the user may use only channels with this beginning, or another that is given (default: all channels)',
      gathered(parseBytes),
    );
  withLimits(create, '');
  withSecret(create).addHelpText('after', AFTER_CREATE).action(onNode(createUser));
  const limited = user
    .command('limit')
    .argument('<NAME>', 'the name of the user', parseText)
    .description('change limits of a user: they hold at once, and nothing that it has open ends');
  withLimits(limited, '; 0 takes the limit away').action(onNode(limit));
  user.command('list').description('print the users with their roles and limits').action(onNode(list));
  user
    .command('revoke')
    .argument('<NAME>', 'the name of the user', parseText)
    .description('revoke a user: all that it has open ends within a second on every node')
    .action(onNode(revoke));
  withSecret(user.command('rotate').argument('<NAME>', 'the name of the user', parseText))
    .summary('give a user another secret, and print USER:SECRET')
    .description('give a user another secret, and print USER:SECRET. The old one ends at once')
    .action(onNode(rotate));
  user.command('whoami').description('print the user of this program').action(onNode(whoAmI));
}

/** @param more what else the value of each option may be. */
function withLimits(command: Command, more: string): Command {
  const otherwise = (option: string) => `${more} (default: serve --${option})`;
  return command
    .option(
      '--ops-per-second <N>',
      `the most operations in a second, on each node${otherwise('user-ops-per-second')}`,
      parseCount,
    )
    .option(
      '--bytes-per-second <SIZE>',
      `the most bytes in a second, both ways, on each node${otherwise('user-bytes-per-second')}`,
      parseSize,
    )
    .option(
      '--max-connections <N>',
      `the most connections at a time, to each node${otherwise('connections-per-user')}`,
      parseCount,
    );
}

function withSecret(command: Command): Command {
  return command
    .option(
      '--secret-file <FILE>',
      'a file with the secret; - for stdin (default: the node draws a secret of 256 bits)',
      parsePath,
    )
    .option(
      '--out <FILE>',
      'write USER:SECRET into this new file, which only you can read, instead of printing it',
      parsePath,
    );
}

async function createUser({ client, output }: Session, name: string, options: CreateOptions): Promise<ExitStatus> {
  const { role, keyPrefix, channelPrefix } = options;
  refuseUseless(name, options);
  const limits = limitsIn(options);
  const secret = await secretIn(options);
  const rights = { roles: role, keyPrefixes: keyPrefix, channelPrefixes: channelPrefix };
  return show(output, { ...options, secret }, async () => {
    const created = await client.users.create(name, { ...rights, ...limits, secret });
    if (!created.inForce)
      complain(
        'warning: no user has the role admin yet, so everybody may still do everything. Make one with --role admin',
      );
    return created;
  });
}

async function limit({ client, output }: Session, name: string, options: LimitOptions): Promise<ExitStatus> {
  const limits = limitsIn(options);
  if (Object.values(limits).every((value) => value === undefined))
    throw new UsageError(
      'user limit: expected --ops-per-second, --bytes-per-second or --max-connections, received none of them',
    );
  const user = await client.users.limit(name, limits);
  await output.result(fieldsOf(user), `the user ${name} has the limits: ${limitsOf(user)}`);
  return EXIT.DONE;
}

function limitsIn({ opsPerSecond, bytesPerSecond, maxConnections }: LimitOptions) {
  return { operationsPerSecond: opsPerSecond, bytesPerSecond, maxConnections };
}

function limitsOf({ limits }: User): string {
  if (!limits) return 'none of its own';
  const { operationsPerSecond, bytesPerSecond, maxConnections } = limits;
  const shown = [
    operationsPerSecond !== undefined && `${operationsPerSecond} ops/s`,
    bytesPerSecond !== undefined && `${formatSize(bytesPerSecond)}/s`,
    maxConnections !== undefined && `${maxConnections} connections`,
  ];
  return shown.filter((text) => text !== false).join(', ');
}

async function rotate({ client, output }: Session, name: string, options: SecretOptions): Promise<ExitStatus> {
  refuseUseless(name, options);
  const secret = await secretIn(options);
  return show(output, { ...options, secret }, () => client.users.rotate(name, { secret }));
}

async function revoke({ client, output }: Session, name: string): Promise<ExitStatus> {
  await client.users.revoke(name);
  await output.result({ revoked: name }, `the user ${name} is revoked`);
  return EXIT.DONE;
}

async function list({ client, output }: Session): Promise<ExitStatus> {
  const { users, inForce } = await client.users.list();
  const rows = users.map((user) => [
    user.name,
    user.roles.join(' '),
    prefixesOf(user.keyPrefixes),
    prefixesOf(user.channelPrefixes),
    user.limits ? limitsOf(user) : '',
    new Date(user.rotatedAtMs).toISOString(),
  ]);
  const table = drawnTable(['USER', 'ROLES', 'KEYS', 'CHANNELS', 'LIMITS', 'SECRET SINCE'], rows);
  await output.result({ in_force: inForce, users: users.map(fieldsOf) }, users.length === 0 ? 'no users' : table);
  if (!inForce) complain('users are not in force: no user has the role admin, so everybody may do everything');
  return EXIT.DONE;
}

async function whoAmI({ client, output }: Session): Promise<ExitStatus> {
  const { user, inForce } = await client.users.whoAmI();
  const text = user ? `${user.name}: ${user.roles.join(' ')}` : 'no user';
  await output.result({ user: user ? fieldsOf(user) : null, in_force: inForce }, text);
  return EXIT.DONE;
}

/** @throws UsageError for an option that means nothing for the user of a certificate. */
function refuseUseless(name: string, { out }: SecretOptions): void {
  if (out !== undefined && name.startsWith(CERTIFICATE_USER))
    throw new UsageError(`--out: expected a user with a secret, received ${name}, which stands for a certificate`);
}

interface Made {
  readonly user: User;
  /** Empty if the node has not made it. */
  readonly secret: string;
}

/** The file is open before the node makes the secret, because nobody can print a secret that could not be written. */
async function show(
  output: Output,
  { out, secret: given }: SecretOptions & { readonly secret: string | undefined },
  make: () => Promise<Made>,
): Promise<ExitStatus> {
  if (out === undefined) return print(output, await make());
  let made: Made | undefined;
  try {
    const { user } = await writeWhole(out, { overwrite: false, mode: 0o600 }, async (sink) => {
      made = await make();
      await sink.write(`${lineOf({ ...made, ...(given !== undefined && { secret: given }) })}\n`);
      return made;
    });
    await output.result({ ...fieldsOf(user), file: out }, `the user ${user.name} is ready; its secret is in ${out}`);
    return EXIT.DONE;
  } catch (error) {
    // The disk is full, or another process has made the file.
    if (made) await print(output, made);
    throw error;
  }
}

async function print(output: Output, made: Made): Promise<ExitStatus> {
  const { user, secret } = made;
  if (secret === '') await output.result(fieldsOf(user), `the user ${user.name} is ready`);
  else await output.result({ ...fieldsOf(user), secret }, lineOf(made));
  return EXIT.DONE;
}

function lineOf({ user, secret }: Made): string {
  return `${user.name}:${secret}`;
}

/** The most bytes of a file with a secret. */
const SECRET_BYTES_MAX = 4_096;

async function secretIn({ secretFile }: SecretOptions): Promise<string | undefined> {
  if (secretFile === undefined) return undefined;
  const content = await contentWithin(secretFile, SECRET_BYTES_MAX, 'the most of a secret');
  const secret = content.toString().replace(/\r?\n$/, '');
  // A file of --credentials is one line, so nobody could use the secret there.
  const lines = secret.split('\n').length;
  if (lines > 1) throw new UsageError(`--secret-file: expected a secret in one line, received ${lines} lines`);
  return secret;
}

function fieldsOf({ keyPrefixes, channelPrefixes, ...user }: User): object {
  return {
    ...(snakeCase(user) as object),
    ...prefixFields('key_prefixes', keyPrefixes),
    ...prefixFields('channel_prefixes', channelPrefixes),
  };
}

/** Prefixes in JSON: text, or base64 and a field that says so if one of them is not UTF-8. */
function prefixFields(name: string, prefixes: readonly Buffer[]): object {
  if (prefixes.every((prefix) => isUtf8(prefix))) return { [name]: prefixes.map(String) };
  return { [name]: prefixes.map((prefix) => prefix.toString('base64')), [`${name}_encoding`]: 'base64' };
}

function prefixesOf(prefixes: readonly Buffer[]): string {
  if (prefixes.length === 0) return 'all';
  // A user of ACL SETUSER without channels has a beginning that no channel has.
  const shown = prefixes.filter((prefix) => prefix[0] !== 0).map((prefix) => `${escaped(prefix, '')}*`);
  return shown.length === 0 ? 'none' : shown.join(' ');
}
