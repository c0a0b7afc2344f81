/**
 * The commands on keys. Each prints one result, or one a line. A key that does not exist and a condition that does not
 * hold are negative answers (exit status 1), not errors.
 */
import { type Command, Option } from 'commander';
import { parseDecimal, parseDuration, parseInteger, parseLimit, parseText, parseTexts } from './arguments.js';
import { onNode, type Session } from './connection.js';
import {
  positionOf,
  type ReadOptions,
  readOptions,
  type WriteOptions,
  withDurability,
  withFreshness,
  writeOptions,
} from './guarantee-options.js';
import { EXIT, type ExitStatus, jsonBytes } from './output.js';

interface SetOptions extends WriteOptions {
  ttl?: number;
  ifAbsent?: boolean;
  ifPresent?: boolean;
}

export function addDataCommands(program: Command): void {
  program.commandsGroup('Keys:');
  addReads(program);
  addWrites(program);
  addExpiry(program);
  addWholeKeyspace(program);
}

function addReads(program: Command): void {
  withFreshness(program.command('get'))
    .argument('<KEY>', '', parseText)
    .description("print a key's value, byte for byte (exit status 1 if there is no such key)")
    .action(onNode(get));
  withFreshness(program.command('exists'))
    .argument('<KEY...>', '', parseTexts)
    .description('print how many of the keys exist (exit status 1 if none does)')
    .action(
      onNode(async (session: Session, keys: string[], options: ReadOptions) =>
        count(session, 'existing', await session.client.exists(keys, readOptions(options))),
      ),
    );
  withFreshness(program.command('type'))
    .argument('<KEY>', '', parseText)
    .description("print the type of a key's value: string, or none if there is no such key")
    .action(
      onNode(async ({ client, output }: Session, key: string, options: ReadOptions) => {
        const type = await client.type(key, readOptions(options));
        await output.result({ key, type, ...positionOf(client) }, type);
        return type === 'none' ? EXIT.NEGATIVE : EXIT.DONE;
      }),
    );
}

function addWrites(program: Command): void {
  withDurability(program.command('set'))
    .argument('<KEY>', '', parseText)
    .argument('<VALUE>', '', parseText)
    .description(
      'set the value of a key and remove its expiry, unless --ttl sets one (exit status 1 if a condition does not hold)',
    )
    .option('--ttl <TIME>', 'expire the key after this time: 10s, 500ms, 2h; a bare number is seconds', parseDuration)
    .addOption(new Option('--if-absent', 'set only if there is no such key').conflicts('ifPresent'))
    .option('--if-present', 'set only if there is such a key')
    .action(onNode(set));
  withDurability(program.command('del'))
    .argument('<KEY...>', '', parseTexts)
    .description('delete keys and print how many there were (exit status 1 if there was none)')
    .action(
      onNode(async (session: Session, keys: string[], options: WriteOptions) =>
        count(session, 'deleted', await session.client.del(keys, writeOptions(options))),
      ),
    );
  withDurability(program.command('incr'))
    .argument('<KEY>', '', parseText)
    .argument('[N]', 'a whole number, negative too (default: 1)', parseInteger)
    .description('add N to the whole number in a key and print the sum; a missing key counts as 0')
    .action(onNode(incr));
  withDurability(program.command('incrbyfloat'))
    .argument('<KEY>', '', parseText)
    .argument('<N>', '', parseDecimal)
    .description('add N to the decimal number in a key and print the sum; a missing key counts as 0')
    .action(
      onNode(async ({ client, output }: Session, key: string, by: number, options: WriteOptions) => {
        const value = await client.incrByFloat(key, by, writeOptions(options));
        await output.result({ key, value, ...positionOf(client) }, value);
        return EXIT.DONE;
      }),
    );
  withDurability(program.command('rename'))
    .argument('<KEY>', '', parseText)
    .argument('<NEW-KEY>', '', parseText)
    .description(
      "move a key's value and expiry to NEW-KEY, and overwrite NEW-KEY (exit status 1 if --if-absent does not hold)",
    )
    .option('--if-absent', 'rename only if there is no NEW-KEY')
    .action(onNode(rename));
}

function addExpiry(program: Command): void {
  withFreshness(program.command('ttl'))
    .argument('<KEY>', '', parseText)
    .description(
      'print the seconds until a key expires, rounded, or -1 if it never does (exit status 1 if there is no such key)',
    )
    .action(onNode(ttl));
  withDurability(program.command('expire'))
    .argument('<KEY>', '', parseText)
    .argument('<TTL>', 'the time to live: 10s, 500ms, 2h, 1d; a bare number is seconds', parseDuration)
    .description('expire a key after a time (exit status 1 if there is no such key)')
    .action(
      onNode(async (session: Session, key: string, ttlMs: number, options: WriteOptions) => {
        const { client, output } = session;
        if (await client.expire(key, { ttlMs, ...writeOptions(options) })) return done(session, { key, applied: true });
        return output.negative({ key, applied: false, ...positionOf(client) }, `no such key ${JSON.stringify(key)}`);
      }),
    );
  withDurability(program.command('persist'))
    .argument('<KEY>', '', parseText)
    .description('remove the expiry of a key (exit status 1 if there is no such key, or it had no expiry)')
    .action(
      onNode(async (session: Session, key: string, options: WriteOptions) => {
        const { client, output } = session;
        if (await client.persist(key, writeOptions(options))) return done(session, { key, applied: true });
        return output.negative(
          { key, applied: false, ...positionOf(client) },
          `no such key, or a key that never expires: ${JSON.stringify(key)}`,
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
        await output.result({ keys: size }, String(size));
        return EXIT.DONE;
      }),
    );
  withDurability(program.command('flushall'))
    .description('delete every key')
    .action(
      onNode(async (session: Session, options: WriteOptions) => {
        await session.client.flushAll(writeOptions(options));
        return done(session, { applied: true });
      }),
    );
}

interface RangeOptions {
  start?: string;
  end?: string;
  limit?: number;
  reverse?: boolean;
}

function withRange(command: Command): Command {
  return command
    .option('--start <KEY>', 'begin with this key or the next one (default: the first key)', parseText)
    .option('--end <KEY>', 'print only keys before this one (default: up to the last key)', parseText)
    .option('--limit <N>', 'print at most so many keys (default: all)', parseLimit)
    .option('--reverse', 'begin with the last key');
}

async function get({ client, output }: Session, key: string, options: ReadOptions): Promise<ExitStatus> {
  const value = await client.getBuffer(key, readOptions(options));
  const position = positionOf(client);
  if (value === undefined)
    return output.negative({ key, value: null, ...position }, `no such key ${JSON.stringify(key)}`);
  await output.value({ key, ...jsonBytes('value', value), ...position }, value);
  return EXIT.DONE;
}

async function set(session: Session, key: string, value: string, options: SetOptions): Promise<ExitStatus> {
  const { client, output } = session;
  const { ttl: ttlMs, ifAbsent, ifPresent } = options;
  const { applied } = await client.set(key, value, { ttlMs, ifAbsent, ifPresent, ...writeOptions(options) });
  if (applied) return done(session, { key, applied });
  return output.negative(
    { key, applied, ...positionOf(client) },
    `not set: ${JSON.stringify(key)} ${ifAbsent ? 'exists (--if-absent)' : 'does not exist (--if-present)'}`,
  );
}

async function incr(
  { client, output }: Session,
  key: string,
  by: bigint | undefined,
  options: WriteOptions,
): Promise<ExitStatus> {
  const value = await client.incr(key, by ?? 1n, writeOptions(options));
  // The JSON is written by hand: 64 bits do not fit a JavaScript number, but they fit a number of JSON.
  const { position } = positionOf(client);
  const where = position === undefined ? '' : `,"position":${JSON.stringify(position)}`;
  const json = `{"key":${JSON.stringify(key)},"value":${value}${where}}`;
  await output.result(json, String(value));
  return EXIT.DONE;
}

async function rename(
  session: Session,
  key: string,
  newKey: string,
  options: { ifAbsent?: boolean } & WriteOptions,
): Promise<ExitStatus> {
  const { client, output } = session;
  const applied = await client.rename(key, newKey, { ifAbsent: options.ifAbsent, ...writeOptions(options) });
  const fields = { key, new_key: newKey, applied };
  if (applied) return done(session, fields);
  return output.negative(
    { ...fields, ...positionOf(client) },
    `not renamed: ${JSON.stringify(newKey)} exists (--if-absent)`,
  );
}

async function ttl({ client, output }: Session, key: string, options: ReadOptions): Promise<ExitStatus> {
  const { exists, ttlMs = null, expiresAtMs = null } = await client.ttl(key, readOptions(options));
  const fields = { key, exists, ttl_ms: ttlMs, expires_at_ms: expiresAtMs, ...positionOf(client) };
  if (!exists) return output.negative(fields, `no such key ${JSON.stringify(key)}`);
  // Redis rounds the same way, to the nearest second.
  await output.result(fields, ttlMs === null ? '-1' : String(Math.floor((ttlMs + 500) / 1_000)));
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
      const data = keysOnly ? jsonBytes('key', key) : { ...jsonBytes('key', key), ...jsonBytes('value', value) };
      return { ...data, type, expires_at_ms: expiresAtMs ?? null, version };
    },
    ({ key, value }) => (keysOnly ? key : Buffer.concat([key, TAB, value])),
  );
  return EXIT.DONE;
}

function rangeOf({ start, end, limit, reverse }: RangeOptions) {
  return { start, end, limit, reverse };
}

const TAB = Buffer.from('\t');

async function count({ client, output }: Session, what: string, number: number): Promise<ExitStatus> {
  await output.result({ [what]: number, ...positionOf(client) }, String(number));
  return number === 0 ? EXIT.NEGATIVE : EXIT.DONE;
}

async function done({ client, output }: Session, fields: object): Promise<ExitStatus> {
  await output.result({ ...fields, ...positionOf(client) }, 'OK');
  return EXIT.DONE;
}
