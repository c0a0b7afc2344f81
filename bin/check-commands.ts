/** `verify`: whether what is on a disk is what was written. */
import type { Command as Program } from 'commander';
import { type Damage, rebuildDirectory, verifyDirectory } from '../src/index.js';
import { EXIT, jsonBytes, Output, plural, UsageError } from './output.js';

interface VerifyOptions {
  data?: string;
  rebuild?: boolean;
  json?: boolean;
}

export function addCheckCommands(program: Program): void {
  program
    .command('verify')
    .description('check every block and record of a node that is not running; changes nothing')
    .requiredOption('--data <DIR>', 'its data directory')
    .option('--rebuild', 'also make the keyspace anew from the log, beside the old one, and compare the two')
    .action(verify);
}

async function verify(_: VerifyOptions, command: Program): Promise<void> {
  const { data, rebuild = false, json = false } = command.optsWithGlobals<VerifyOptions>();
  if (data === undefined) throw new UsageError('verify: expected --data DIR');
  const output = new Output({ json });
  let damages = 0;
  let said: Promise<void> = Promise.resolve();
  const verified = await verifyDirectory(data, {
    found: (damage) => {
      damages++;
      said = said.then(() => output.result(fieldsOf(damage), textOf(damage)));
    },
  });
  await said;
  const { firstOffset, lastOffset, checkpointOffset, records, bytes } = verified;
  const fields = {
    damages,
    first_offset: firstOffset ?? null,
    offset: lastOffset ?? null,
    checkpoint_offset: checkpointOffset ?? null,
    records,
    bytes,
  };
  const log = lastOffset === undefined ? 'no log' : `log from offset ${firstOffset} to ${lastOffset}`;
  const looked = `${log}, ${plural(records, 'record')}, ${plural(bytes, 'byte')} looked at`;
  await output.result(fields, damages === 0 ? `whole: ${looked}` : `${plural(damages, 'damaged place')}: ${looked}`);
  if (damages > 0) process.exitCode = EXIT.NEGATIVE;
  else if (rebuild) await compareWithLog(data, output);
}

async function compareWithLog(data: string, output: Output): Promise<void> {
  const { position, onDisk, rebuilt } = await rebuildDirectory(data);
  const [found, expected] = [onDisk.digest.toString('hex'), rebuilt.digest.toString('hex')];
  const equal = found === expected;
  const fields = {
    equal,
    offset: position.offset,
    keys: onDisk.keys,
    digest: found,
    log_keys: rebuilt.keys,
    log_digest: expected,
  };
  const at = `at offset ${position.offset}`;
  const text = equal
    ? `equal: the log gives the same ${plural(rebuilt.keys, 'key')} with the same digest ${at}`
    : `different: the keyspace holds ${plural(onDisk.keys, 'key')} with digest ${found}, the log gives ${plural(rebuilt.keys, 'key')} with ${expected} ${at}`;
  await output.result(fields, text);
  if (!equal) process.exitCode = EXIT.NEGATIVE;
}

function fieldsOf(damage: Damage): object {
  if (damage.part !== 'keyspace') return damage;
  const { from, to, why } = damage;
  return { part: 'keyspace', from: keyOf(from), to: keyOf(to), why };
}

/** null: from the first, or to the last, of all. */
function keyOf(key: Buffer | undefined): object | null {
  return key === undefined ? null : jsonBytes('key', key);
}

function textOf(damage: Damage): string {
  switch (damage.part) {
    case 'file':
      return `damaged: ${damage.file}, byte ${damage.byte}: ${damage.why}`;
    case 'log':
      return `damaged: log, offsets ${damage.from} to ${damage.to}: ${damage.why}`;
    case 'keyspace':
      return `damaged: keyspace, ${shown(damage.from, 'the first key')} to ${shown(damage.to, 'the last key')}: ${damage.why}`;
    case 'database':
      return `damaged: ${damage.why}`;
  }
}

const SHOWN_CHARACTERS_MAX = 60;

function shown(key: Buffer | undefined, otherwise: string): string {
  if (key === undefined) return otherwise;
  const text = JSON.stringify(key.toString('latin1').slice(0, SHOWN_CHARACTERS_MAX));
  return key.length > SHOWN_CHARACTERS_MAX ? `${text}…` : text;
}
