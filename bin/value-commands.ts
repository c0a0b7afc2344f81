/**
 * The commands that print or write values. A value goes out byte for byte, and comes in byte for byte from stdin if the
 * argument is "-".
 */
import { type Command, Option } from 'commander';
import { OPTIONS } from '../src/options.js';
import { gathered, parseBytes, parseDuration } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { contentWithin } from './files.js';
import {
  positionOf,
  type ReadOptions,
  readOptions,
  type WriteOptions,
  withDurability,
  withFreshness,
  writeOptions,
} from './guarantee-options.js';
import { quoted, widthOf } from './look.js';
import { complain, EXIT, type ExitStatus, jsonBytes, place, shownBytes } from './output.js';

interface SetOptions extends WriteOptions {
  ttl?: number;
  ifAbsent?: boolean;
  ifPresent?: boolean;
}

export function addValueCommands(program: Command): void {
  withFreshness(program.command('get'))
    .argument('<KEY>', '', parseBytes)
    .description("print a key's value, byte for byte (exit status 1 if there is no such key)")
    .action(onNode(get));
  withFreshness(program.command('mget'))
    .argument('<KEY...>', '', gathered(parseBytes))
    .summary('print the values of keys, one a line')
    .description(
      'print the values of keys as of one moment, one a line, in order. A key that does not exist gives an empty line, and exit status 1. Use --json if values may have line ends',
    )
    .action(onNode(mget));
  withDurability(program.command('getdel'))
    .argument('<KEY>', '', parseBytes)
    .description("print a key's value and delete the key (exit status 1 if there is no such key)")
    .action(onNode(getDel));
  withDurability(program.command('set'))
    .argument('<KEY>', '', parseBytes)
    .argument('<VALUE>', 'the value; - for the bytes of stdin', parseBytes)
    .description(
      'set the value of a key and remove its expiry, unless --ttl sets one (exit status 1 if a condition does not hold)',
    )
    .option('--ttl <TIME>', 'expire the key after this time: 10s, 500ms, 2h; a bare number is seconds', parseDuration)
    .addOption(new Option('--if-absent', 'set only if there is no such key').conflicts('ifPresent'))
    .option('--if-present', 'set only if there is such a key')
    .addHelpText('after', STDIN_HELP)
    .action(onNode(set));
  withDurability(program.command('append'))
    .argument('<KEY>', '', parseBytes)
    .argument('<VALUE>', 'the value to add; - for the bytes of stdin', parseBytes)
    .description('add to the end of a value, and print its new length in bytes; a missing key counts as empty')
    .addHelpText('after', STDIN_HELP)
    .action(onNode(append));
}

export const STDIN_HELP = `
"-" stands for all of stdin, line ends too. To write a "-" itself: printf - | headwater …
In "headwater shell", "-" is a "-".`;

/** The bytes that an argument stands for. In a shell, whose commands come from stdin, it stands for itself. */
export async function dataOf(argument: Buffer): Promise<Buffer> {
  if (place.isShell || argument.toString('latin1') !== '-') return argument;
  return contentWithin('-', OPTIONS.valueBytesMax.most, 'the largest value that a node can take');
}

async function get(session: Session, key: Buffer, options: ReadOptions): Promise<ExitStatus> {
  return printValue(session, key, await session.client.getBuffer(key, readOptions(options)));
}

async function getDel(session: Session, key: Buffer, options: WriteOptions): Promise<ExitStatus> {
  return printValue(session, key, await session.client.buffers.getDel(key, writeOptions(options)));
}

/** @param value the value of the key; undefined if there is no such key. */
async function printValue({ client, output }: Session, key: Buffer, value: Buffer | undefined): Promise<ExitStatus> {
  const position = positionOf(client);
  if (value === undefined)
    return output.negative({ ...jsonBytes('key', key), value: null, ...position }, `no such key ${shownBytes(key)}`);
  await output.value({ ...jsonBytes('key', key), ...jsonBytes('value', value), ...position }, value);
  return EXIT.DONE;
}

async function mget({ client, output }: Session, keys: Buffer[], options: ReadOptions): Promise<ExitStatus> {
  const values = await client.buffers.mget(keys, readOptions(options));
  const position = positionOf(client);
  const width = output.isRich ? widthOf(keys.map(quoted)) : 0;
  let status: ExitStatus = EXIT.DONE;
  for (const [index, key] of keys.entries()) {
    const value = values[index];
    const fields = value === undefined ? { value: null } : jsonBytes('value', value);
    if (value === undefined) {
      status = EXIT.NEGATIVE;
      if (!output.json && !output.isRich) complain(`no such key ${shownBytes(key)}`);
    }
    await output.item({ ...jsonBytes('key', key), ...fields, ...position }, key, value, width);
  }
  return status;
}

async function set(session: Session, key: Buffer, argument: Buffer, options: SetOptions): Promise<ExitStatus> {
  const { client, output } = session;
  const { ttl: ttlMs, ifAbsent, ifPresent } = options;
  const value = await dataOf(argument);
  const { applied } = await client.set(key, value, { ttlMs, ifAbsent, ifPresent, ...writeOptions(options) });
  const fields = { ...jsonBytes('key', key), applied, ...positionOf(client) };
  if (!applied)
    return output.negative(
      fields,
      `not set: ${shownBytes(key)} ${ifAbsent ? 'exists (--if-absent)' : 'does not exist (--if-present)'}`,
    );
  await output.result(fields, 'OK');
  return EXIT.DONE;
}

async function append(
  { client, output }: Session,
  key: Buffer,
  argument: Buffer,
  options: WriteOptions,
): Promise<ExitStatus> {
  const length = await client.append(key, await dataOf(argument), writeOptions(options));
  await output.integer({ ...jsonBytes('key', key), length, ...positionOf(client) }, length);
  return EXIT.DONE;
}
