/**
 * The commands on keys. Each prints one result, or one a line; a key that is
 * not there and a condition that does not hold are negative answers (exit
 * status 1), not errors.
 */
import { type Command, Option } from 'commander';
import { parseDecimal, parseDuration, parseInteger, parseText, parseTexts } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { EXIT, type ExitStatus, jsonBytes } from './output.js';

interface SetOptions {
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
  program
    .command('get')
    .argument('<KEY>', '', parseText)
    .description("print a key's value, byte for byte; exit status 1 where there is no such key")
    .action(onNode(get));
  program
    .command('exists')
    .argument('<KEY...>', '', parseTexts)
    .description('print how many of the keys exist; exit status 1 where none does')
    .action(
      onNode(async ({ client, output }: Session, keys: string[]) =>
        count(output, 'existing', await client.exists(...keys)),
      ),
    );
  program
    .command('type')
    .argument('<KEY>', '', parseText)
    .description("print the type of a key's value: string, or none where there is no such key")
    .action(
      onNode(async ({ client, output }: Session, key: string) => {
        const type = await client.type(key);
        await output.result({ key, type }, type);
        return type === 'none' ? EXIT.NEGATIVE : EXIT.DONE;
      }),
    );
}

function addWrites(program: Command): void {
  program
    .command('set')
    .argument('<KEY>', '', parseText)
    .argument('<VALUE>', '', parseText)
    .description(
      'give a key a value; its expiry goes unless --ttl sets one; exit status 1 where a condition does not hold',
    )
    .option('--ttl <TIME>', 'let the key expire after 10s, 500ms, 2h, …', parseDuration)
    .addOption(new Option('--if-absent', 'only if there is no such key').conflicts('ifPresent'))
    .option('--if-present', 'only if there is such a key')
    .action(onNode(set));
  program
    .command('del')
    .argument('<KEY...>', '', parseTexts)
    .description('delete keys; print how many there were; exit status 1 where there was none')
    .action(
      onNode(async ({ client, output }: Session, keys: string[]) =>
        count(output, 'deleted', await client.del(...keys)),
      ),
    );
  program
    .command('incr')
    .argument('<KEY>', '', parseText)
    .argument('[N]', 'a whole number, also negative; 1 where it is left out', parseInteger)
    .description('add to the whole number in a key, 0 where there is no such key; print the sum')
    .action(onNode(incr));
  program
    .command('incrbyfloat')
    .argument('<KEY>', '', parseText)
    .argument('<N>', '', parseDecimal)
    .description('add to the decimal number in a key; print the sum')
    .action(
      onNode(async ({ client, output }: Session, key: string, by: number) => {
        const value = await client.incrByFloat(key, by);
        await output.result({ key, value }, value);
        return EXIT.DONE;
      }),
    );
  program
    .command('rename')
    .argument('<KEY>', '', parseText)
    .argument('<NEW-KEY>', '', parseText)
    .description(
      'move value and expiry to another key; what that one held goes; exit status 1 where --if-absent does not hold',
    )
    .option('--if-absent', 'only if there is no NEW-KEY')
    .action(onNode(rename));
}

function addExpiry(program: Command): void {
  program
    .command('ttl')
    .argument('<KEY>', '', parseText)
    .description(
      'print the seconds that a key has left, rounded; -1 where it never expires; exit status 1 where there is no such key',
    )
    .action(onNode(ttl));
  program
    .command('expire')
    .argument('<KEY>', '', parseText)
    .argument('<TTL>', '10s, 500ms, 2h, 1d; a bare number is seconds', parseDuration)
    .description('let a key expire; exit status 1 where there is no such key')
    .action(
      onNode(async ({ client, output }: Session, key: string, ttlMs: number) => {
        if (!(await client.expire(key, ttlMs)))
          return output.negative({ key, applied: false }, `no such key ${JSON.stringify(key)}`);
        return done(output, { key, applied: true });
      }),
    );
  program
    .command('persist')
    .argument('<KEY>', '', parseText)
    .description('let a key never expire; exit status 1 where there is no such key or it had no expiry')
    .action(
      onNode(async ({ client, output }: Session, key: string) => {
        if (await client.persist(key)) return done(output, { key, applied: true });
        return output.negative(
          { key, applied: false },
          `no such key, or one that never expires: ${JSON.stringify(key)}`,
        );
      }),
    );
}

function addWholeKeyspace(program: Command): void {
  program
    .command('keys')
    .argument('<PATTERN>', "a glob as in Redis, in quotes: '*', 'user:*', 'h[ae]llo', 'h?llo'", parseText)
    .description('print the keys that match, in order')
    .action(onNode(keys));
  program
    .command('scan')
    .description(
      'print all records as of one moment, in order of the keys: key, tab, value; --json where these may hold tabs or line ends',
    )
    .option('--match <PATTERN>', 'only keys that match this glob', parseText)
    .option('--keys-only', 'leave the values out')
    .action(onNode(scan));
  program
    .command('dbsize')
    .description('print the exact number of keys')
    .action(
      onNode(async ({ client, output }: Session) => {
        const size = await client.dbsize();
        await output.result({ keys: size }, String(size));
        return EXIT.DONE;
      }),
    );
  program
    .command('flushall')
    .description('delete every key')
    .action(
      onNode(async ({ client, output }: Session) => {
        await client.flushAll();
        return done(output, { applied: true });
      }),
    );
}

async function get({ client, output }: Session, key: string): Promise<ExitStatus> {
  const value = await client.getBuffer(key);
  if (value === undefined) return output.negative({ key, value: null }, `no such key ${JSON.stringify(key)}`);
  await output.value({ key, ...jsonBytes('value', value) }, value);
  return EXIT.DONE;
}

async function set({ client, output }: Session, key: string, value: string, options: SetOptions): Promise<ExitStatus> {
  const { ttl: ttlMs, ifAbsent, ifPresent } = options;
  const { applied } = await client.set(key, value, { ttlMs, ifAbsent, ifPresent });
  if (applied) return done(output, { key, applied });
  return output.negative(
    { key, applied },
    `not set: ${JSON.stringify(key)} ${ifAbsent ? 'exists (--if-absent)' : 'does not exist (--if-present)'}`,
  );
}

async function incr({ client, output }: Session, key: string, by: bigint | undefined): Promise<ExitStatus> {
  const value = await client.incr(key, by ?? 1n);
  // By hand: 64 bits do not fit a JavaScript number, but they fit JSON's.
  await output.result(`{"key":${JSON.stringify(key)},"value":${value}}`, String(value));
  return EXIT.DONE;
}

async function rename(
  { client, output }: Session,
  key: string,
  newKey: string,
  { ifAbsent }: { ifAbsent?: boolean },
): Promise<ExitStatus> {
  const applied = await client.rename(key, newKey, { ifAbsent });
  const fields = { key, new_key: newKey, applied };
  if (applied) return done(output, fields);
  return output.negative(fields, `not renamed: ${JSON.stringify(newKey)} exists (--if-absent)`);
}

async function ttl({ client, output }: Session, key: string): Promise<ExitStatus> {
  const { exists, ttlMs = null, expiresAtMs = null } = await client.ttl(key);
  const fields = { key, exists, ttl_ms: ttlMs, expires_at_ms: expiresAtMs };
  if (!exists) return output.negative(fields, `no such key ${JSON.stringify(key)}`);
  // As Redis rounds: to the nearest second.
  await output.result(fields, ttlMs === null ? '-1' : String(Math.floor((ttlMs + 500) / 1_000)));
  return EXIT.DONE;
}

async function keys({ client, output }: Session, pattern: string): Promise<ExitStatus> {
  const records = client.buffers.scan({ match: pattern, keysOnly: true });
  await output.results(
    records,
    ({ key }) => jsonBytes('key', key),
    ({ key }) => key,
  );
  return EXIT.DONE;
}

async function scan(
  { client, output }: Session,
  { match, keysOnly = false }: { match?: string; keysOnly?: boolean },
): Promise<ExitStatus> {
  await output.results(
    client.buffers.scan({ match, keysOnly }),
    ({ key, value, type, expiresAtMs, version }) => {
      const data = keysOnly ? jsonBytes('key', key) : { ...jsonBytes('key', key), ...jsonBytes('value', value) };
      return { ...data, type, expires_at_ms: expiresAtMs ?? null, version };
    },
    ({ key, value }) => (keysOnly ? key : Buffer.concat([key, TAB, value])),
  );
  return EXIT.DONE;
}

const TAB = Buffer.from('\t');

async function count(output: Session['output'], what: string, number: number): Promise<ExitStatus> {
  await output.result({ [what]: number }, String(number));
  return number === 0 ? EXIT.NEGATIVE : EXIT.DONE;
}

async function done(output: Session['output'], fields: object): Promise<ExitStatus> {
  await output.result(fields, 'OK');
  return EXIT.DONE;
}
