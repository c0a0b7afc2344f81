/**
 * The commands on keys; value-commands.ts has those that read and write values. Each prints one result, or one a line. A
 * key that does not exist and a condition that does not hold are negative answers (exit status 1), not errors.
 */
import type { Command } from 'commander';
import { gathered, parseBytes, parseDecimal, parseDuration, parseInteger, parseLimit, parseText } from './arguments.js';
import { onNode, type Session, shownAddresses } from './connection.js';
import {
  positionOf,
  type ReadOptions,
  readOptions,
  type WriteOptions,
  withDurability,
  withFreshness,
  writeOptions,
} from './guarantee-options.js';
import { canAsk, confirm } from './input.js';
import { jsonText } from './json-names.js';
import { EXIT, type ExitStatus, jsonBytes, shownBytes } from './output.js';
import { addValueCommands } from './value-commands.js';

export function addDataCommands(program: Command): void {
  program.commandsGroup('Keys:');
  addValueCommands(program);
  addReads(program);
  addWrites(program);
  addExpiry(program);
  addWholeKeyspace(program);
}

function addReads(program: Command): void {
  withFreshness(program.command('exists'))
    .argument('<KEY...>', '', gathered(parseBytes))
    .description('print how many of the keys exist (exit status 1 if none does)')
    .action(
      onNode(async (session: Session, keys: Buffer[], options: ReadOptions) =>
        count(session, 'existing', await session.client.exists(keys, readOptions(options))),
      ),
    );
  withFreshness(program.command('type'))
    .argument('<KEY>', '', parseBytes)
    .description("print the type of a key's value: string, or none if there is no such key")
    .action(
      onNode(async ({ client, output }: Session, key: Buffer, options: ReadOptions) => {
        const type = await client.type(key, readOptions(options));
        await output.result({ ...jsonBytes('key', key), type, ...positionOf(client) }, type);
        return type === 'none' ? EXIT.NEGATIVE : EXIT.DONE;
      }),
    );
}

function addWrites(program: Command): void {
  withDurability(program.command('del'))
    .argument('<KEY...>', '', gathered(parseBytes))
    .description('delete keys and print how many there were (exit status 1 if there was none)')
    .action(
      onNode(async (session: Session, keys: Buffer[], options: WriteOptions) =>
        count(session, 'deleted', await session.client.del(keys, writeOptions(options))),
      ),
    );
  withDurability(program.command('incr'))
    .argument('<KEY>', '', parseBytes)
    .argument('[N]', 'a whole number, negative too (default: 1)', parseInteger)
    .description('add N to the whole number in a key and print the sum; a missing key counts as 0')
    .action(onNode(incr));
  withDurability(program.command('incrbyfloat'))
    .argument('<KEY>', '', parseBytes)
    .argument('<N>', '', parseDecimal)
    .description('add N to the decimal number in a key and print the sum; a missing key counts as 0')
    .action(
      onNode(async ({ client, output }: Session, key: Buffer, by: string, options: WriteOptions) => {
        const value = await client.incrByFloat(key, by, writeOptions(options));
        await output.result({ ...jsonBytes('key', key), value, ...positionOf(client) }, value);
        return EXIT.DONE;
      }),
    );
  withDurability(program.command('rename'))
    .argument('<KEY>', '', parseBytes)
    .argument('<NEW-KEY>', '', parseBytes)
    .description(
      "move a key's value and expiry to NEW-KEY, and overwrite NEW-KEY (exit status 1 if --if-absent does not hold)",
    )
    .option('--if-absent', 'rename only if there is no NEW-KEY')
    .action(onNode(rename));
}

function addExpiry(program: Command): void {
  withFreshness(program.command('ttl'))
    .argument('<KEY>', '', parseBytes)
    .description(
      'print the seconds until a key expires, rounded, or -1 if it never does (exit status 1 if there is no such key)',
    )
    .action(onNode(ttl));
  withDurability(program.command('expire'))
    .argument('<KEY>', '', parseBytes)
    .argument('<TTL>', 'the time to live: 10s, 500ms, 2h, 1d; a bare number is seconds', parseDuration)
    .description('expire a key after a time (exit status 1 if there is no such key)')
    .action(
      onNode(async (session: Session, key: Buffer, ttlMs: number, options: WriteOptions) => {
        const { client, output } = session;
        if (await client.expire(key, { ttlMs, ...writeOptions(options) }))
          return done(session, { ...jsonBytes('key', key), applied: true });
        return output.negative(
          { ...jsonBytes('key', key), applied: false, ...positionOf(client) },
          `no such key ${shownBytes(key)}`,
        );
      }),
    );
  withDurability(program.command('persist'))
    .argument('<KEY>', '', parseBytes)
    .description('remove the expiry of a key (exit status 1 if there is no such key, or it had no expiry)')
    .action(
      onNode(async (session: Session, key: Buffer, options: WriteOptions) => {
        const { client, output } = session;
        if (await client.persist(key, writeOptions(options)))
          return done(session, { ...jsonBytes('key', key), applied: true });
        return output.negative(
          { ...jsonBytes('key', key), applied: false, ...positionOf(client) },
          `no such key, or a key that never expires: ${shownBytes(key)}`,
        );
      }),
    );
}

function addWholeKeyspace(program: Command): void {
  withRange(program.command('keys'))
    .argument(
      '<PATTERN>',
      "a glob as in Redis, in quotes: '*', 'user:*', 'h[ae]llo', 'h?llo'; at most 4 KiB",
      parseText,
    )
    .description('print the keys that match, in order')
    .action(onNode(keys));
  withRange(program.command('scan'))
    .description(
      'print a snapshot of all records in key order: key, tab, value; use --json if they may contain tabs or line ends',
    )
    .option('--match <PATTERN>', 'print only keys that match this glob of at most 4 KiB', parseText)
    .option('--keys-only', 'print no values')
    .action(onNode(scan));
  program
    .command('dbsize')
    .description('print the exact number of keys; expired keys count until the leader deletes them')
    .action(
      onNode(async ({ client, output }: Session) => {
        const size = await client.dbsize();
        await output.integer({ keys: size }, size);
        return EXIT.DONE;
      }),
    );
  program
    .command('randomkey')
    .description('print a key at random, each about as likely as every other (exit status 1 if there are no keys)')
    .action(
      onNode(async ({ client, output }: Session) => {
        const key = await client.buffers.randomKey();
        if (key === undefined) return output.negative({ key: null }, 'there are no keys');
        await output.result(jsonBytes('key', key), key);
        return EXIT.DONE;
      }),
    );
  withDurability(program.command('flushall'))
    .description('delete every key. A person at a terminal is asked first; a script is not')
    .option('-y, --yes', 'do not ask')
    .action(onNode(flushAll));
}

interface RangeOptions {
  start?: Buffer;
  end?: Buffer;
  limit?: number;
  reverse?: boolean;
}

function withRange(command: Command): Command {
  return command
    .option('--start <KEY>', 'begin with this key or the next one (default: the first key)', parseBytes)
    .option('--end <KEY>', 'print only keys before this one (default: up to the last key)', parseBytes)
    .option('--limit <N>', 'print at most so many keys (default: all)', parseLimit)
    .option('--reverse', 'begin with the last key');
}

async function flushAll(session: Session, options: WriteOptions & { yes?: boolean }): Promise<ExitStatus> {
  const { client, output, addresses } = session;
  const { yes = false } = options;
  const mayDelete =
    yes || !canAsk() || (await confirm(`Delete every key of ${shownAddresses(addresses)} and its followers?`));
  if (!mayDelete) return output.negative({ applied: false }, 'nothing was deleted');
  await client.flushAll(writeOptions(options));
  return done(session, { applied: true });
}

async function incr(
  { client, output }: Session,
  key: Buffer,
  by: bigint | undefined,
  options: WriteOptions,
): Promise<ExitStatus> {
  const value = await client.incr(key, by ?? 1n, { ...writeOptions(options), bigint: true });
  await output.integer(jsonText({ ...jsonBytes('key', key), value, ...positionOf(client) }), value);
  return EXIT.DONE;
}

async function rename(
  session: Session,
  key: Buffer,
  newKey: Buffer,
  options: { ifAbsent?: boolean } & WriteOptions,
): Promise<ExitStatus> {
  const { client, output } = session;
  const applied = await client.rename(key, newKey, { ifAbsent: options.ifAbsent, ...writeOptions(options) });
  const fields = { ...jsonBytes('key', key), ...jsonBytes('new_key', newKey), applied };
  if (applied) return done(session, fields);
  return output.negative(
    { ...fields, ...positionOf(client) },
    `not renamed: ${shownBytes(newKey)} exists (--if-absent)`,
  );
}

async function ttl({ client, output }: Session, key: Buffer, options: ReadOptions): Promise<ExitStatus> {
  const { exists, ttlMs = null, expiresAtMs = null } = await client.ttl(key, readOptions(options));
  const fields = { ...jsonBytes('key', key), exists, ttl_ms: ttlMs, expires_at_ms: expiresAtMs, ...positionOf(client) };
  if (!exists) return output.negative(fields, `no such key ${shownBytes(key)}`);
  // Redis rounds the same way, to the nearest second.
  await output.integer(fields, ttlMs === null ? -1 : Math.floor((ttlMs + 500) / 1_000));
  return EXIT.DONE;
}

async function keys({ client, output }: Session, pattern: string, options: RangeOptions): Promise<ExitStatus> {
  const records = client.buffers.scan({ match: pattern, keysOnly: true, ...rangeOf(options) });
  await output.results(
    records,
    ({ key }) => jsonBytes('key', key),
    ({ key }) => key,
  );
  return EXIT.DONE;
}

async function scan(
  { client, output }: Session,
  { match, keysOnly = false, ...options }: { match?: string; keysOnly?: boolean } & RangeOptions,
): Promise<ExitStatus> {
  await output.results(
    client.buffers.scan({ match, keysOnly, ...rangeOf(options) }),
    ({ key, value, type, expiresAtMs, version }) => {
      const data = { ...jsonBytes('key', key), ...(value && jsonBytes('value', value)) };
      return { ...data, type, expires_at_ms: expiresAtMs ?? null, version };
    },
    ({ key, value }) => (value ? [key, value] : key),
  );
  return EXIT.DONE;
}

function rangeOf({ start, end, limit, reverse }: RangeOptions) {
  return { start, end, limit, reverse };
}

async function count({ client, output }: Session, what: string, number: number): Promise<ExitStatus> {
  await output.integer({ [what]: number, ...positionOf(client) }, number);
  return number === 0 ? EXIT.NEGATIVE : EXIT.DONE;
}

async function done({ client, output }: Session, fields: object): Promise<ExitStatus> {
  await output.result({ ...fields, ...positionOf(client) }, 'OK');
  return EXIT.DONE;
}
