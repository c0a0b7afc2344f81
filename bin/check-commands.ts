/** `verify` and `repair`: find damage on a disk, and replace it. */
import type { Command as Program } from 'commander';
import { isBucketUrl } from '../src/backup/place.js';
import { HeadwaterError } from '../src/base/errors.js';
import type { CheckProgress, Damage, Verified } from '../src/client/index.js';
import type { PlaceOptions } from '../src/tools.js';
import { parsePath, parseSize } from './arguments.js';
import { addAcceptOption, addBucketOptions, type BucketFlags, bucketOptions } from './bucket-options.js';
import { onlyAddress, onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { contentOf, readableStats, whileRunning } from './files.js';
import { complainOfNoLock, EXIT, type ExitStatus, jsonBytes, Output, shownBytes, UsageError } from './output.js';
import { Progress } from './progress.js';

interface VerifyOptions extends BucketFlags {
  data?: string;
  rebuild?: boolean;
  backup?: string;
  rate?: number;
  json?: boolean;
}

export function addCheckCommands(program: Program): void {
  const verifyCommand = program
    .command('verify')
    .argument(
      '[BACKUP]',
      'a backup to check instead: a file, - for stdin, or s3://BUCKET/PREFIX/NAME.backup',
      parsePath,
    )
    .summary('check all data of a node on its disk, or a backup, against their checksums')
    .description(
      'check all data of a node on its disk against their checksums. Without --data the node runs; with --data it is stopped. No data are changed. With the name of a backup, read all of it and check it as a restore would (exit status 1 if something is damaged)',
    )
    .option('--data <DIR>', 'the data directory of a stopped node', parsePath)
    .option('--rate <SIZE>', 'the most to read per second from a running node (default: 50MiB)', parseSize)
    .option('--rebuild', 'with --data: also build a second keyspace from the log, and compare it with the first')
    .option(
      '--backup <FILE>',
      'with --rebuild: begin with this backup if the log does not begin at offset 1',
      parsePath,
    );
  addAcceptOption(addBucketOptions(verifyCommand)).action(verify);
  program
    .command('repair')
    .summary('replace the damaged data of a follower with a copy from its upstream')
    .description(
      'check all data of a follower on its disk, and replace damaged data with a copy from the upstream. A damaged keyspace is replaced as a whole, damaged parts of the log one by one. The follower serves meanwhile if it can (exit status 1 if some damage is left)',
    )
    .option('--rate <SIZE>', 'the most to read per second (default: 50MiB)', parseSize)
    .action(onNode(repair));
}

async function verify(file: string | undefined, given: VerifyOptions, command: Program): Promise<void> {
  const flags = command.optsWithGlobals<VerifyOptions>();
  const { data, rebuild = false, backup, rate, json = false } = flags;
  const options = bucketOptions('verify', flags, [file, backup]);
  if (file !== undefined) {
    const other = data ?? backup ?? rate ?? (rebuild || undefined);
    if (other !== undefined)
      throw new UsageError('verify: expected either a backup or the options of a node, received both');
    process.exitCode = await verifyFile(file, options, new Output({ json }));
    return;
  }
  if (backup !== undefined && !rebuild)
    throw new UsageError('verify: --backup needs --rebuild: expected both, received --backup alone');
  if (data === undefined) {
    if (rebuild) throw new UsageError('verify: --rebuild needs a stopped node: expected --data DIR as well');
    await onNode(verifyNode)(given, command);
    return;
  }
  if (rate !== undefined)
    throw new UsageError('verify: --rate is for a running node: expected either --rate or --data, received both');
  if (backup !== undefined) await readableStats(backup);
  const output = new Output({ json });
  const damages = await verifyOffline(data, output).catch((error: unknown) => {
    throw whileRunning(error, 'or leave out --data: then "headwater verify" asks the running node');
  });
  if (damages > 0) process.exitCode = EXIT.NEGATIVE;
  else if (rebuild)
    process.exitCode = await compareWithLog(
      data,
      backup === undefined ? undefined : await openedBackup(backup, options),
      output,
    );
}

/** Checks one backup. */
async function verifyFile(file: string, options: PlaceOptions, output: Output): Promise<ExitStatus> {
  let progress: Progress | undefined;
  const { openBucketLocation } = await import('../src/backup/stored-backups.js');
  const { verifyBackup } = await import('../src/backup/verify-backup.js');
  const { place, file: name } = isBucketUrl(file)
    ? await openBucketLocation(file, options)
    : { place: undefined, file };
  if (name === undefined)
    throw new UsageError(`verify: expected one backup, s3://BUCKET/PREFIX/NAME.backup, received the place ${file}`);
  const source = place?.read(name) ?? (await openedBackup(name, options));
  const shown = place?.pathOf(name) ?? (name === '-' ? 'stdin' : name);
  const startedMs = performance.now();
  try {
    const { head, keys, digest } = await verifyBackup(source, shown, (records, estimate) => {
      progress ??= new Progress('verified', { records: estimate });
      progress.report(records);
    });
    const { offset } = head.position;
    const seconds = Math.round(performance.now() - startedMs) / 1_000;
    const fields = { file: shown, damages: 0, offset, keys, digest, made_ms: head.madeMs, seconds };
    await output.result(fields, `whole: ${plural(keys, 'key')} at offset ${offset}, digest ${digest}`);
    return EXIT.DONE;
  } catch (error) {
    if (!HeadwaterError.is(error, 'corrupt')) throw error;
    await output.result({ file: shown, damages: 1, why: error.message }, `damaged: ${error.message}`);
    return EXIT.NEGATIVE;
  } finally {
    progress?.stop();
  }
}

/** @returns the number of damaged places. */
async function verifyOffline(data: string, output: Output): Promise<number> {
  let damages = 0;
  let said: Promise<void> = Promise.resolve();
  let progress: Progress | undefined;
  let read = 0;
  const { verifyDirectory } = await import('../src/check/verify.js');
  const verified = await verifyDirectory(data, {
    unlocked: complainOfNoLock,
    found: (damage) => {
      damages++;
      said = said.then(() => output.result(fieldsOf(damage), textOf(damage)));
    },
    read: (bytes, bytesEstimate) => {
      read += bytes;
      progress ??= new Progress('verified', { bytes: bytesEstimate, bytesOnly: true });
      progress.report(0, read);
    },
  }).finally(() => progress?.stop());
  await said;
  await sayVerified({ ...verified, damages }, output);
  return damages;
}

async function verifyNode({ client, output }: Session, { rate }: VerifyOptions): Promise<ExitStatus> {
  const showing = new Showing('verified');
  try {
    for await (const event of interruptible((signal) => client.verify({ bytesPerSecond: bytesOf(rate), signal }))) {
      if (event.kind === 'progress') showing.show(event.progress);
      else if (event.kind === 'damage') await output.result(fieldsOf(event.damage), textOf(event.damage));
      else {
        showing.stop();
        await sayVerified(event.summary, output);
        return event.summary.damages === 0 ? EXIT.DONE : EXIT.NEGATIVE;
      }
    }
  } finally {
    showing.stop();
  }
  throw new HeadwaterError('unreachable', 'the node stopped before the check was complete');
}

function logInWords(firstOffset: number | undefined, lastOffset: number | undefined): string {
  if (firstOffset === undefined || lastOffset === undefined) return 'the log was not read';
  if (firstOffset > lastOffset) return `log empty after offset ${lastOffset}`;
  return `log from offset ${firstOffset} to ${lastOffset}`;
}

async function sayVerified(verified: Verified & { damages: number }, output: Output): Promise<void> {
  const { damages, firstOffset, lastOffset, checkpointOffset, records, bytes } = verified;
  const fields = {
    damages,
    first_offset: firstOffset ?? null,
    offset: lastOffset ?? null,
    checkpoint_offset: checkpointOffset ?? null,
    records,
    bytes,
  };
  const looked = `${logInWords(firstOffset, lastOffset)}, ${plural(records, 'record')}, ${plural(bytes, 'byte')} checked`;
  await output.result(fields, damages === 0 ? `whole: ${looked}` : `${plural(damages, 'damaged place')}: ${looked}`);
}

/** The bytes of a backup in a file, or on stdin for `-`. */
async function openedBackup(file: string, options: PlaceOptions): Promise<AsyncGenerator<Buffer>> {
  const { unsealing } = await import('../src/backup/stored-backups.js');
  const { unsealed } = await import('../src/backup/sealed-place.js');
  return unsealed(contentOf(file), await unsealing(options), file === '-' ? 'stdin' : file);
}

async function compareWithLog(
  data: string,
  backup: AsyncIterable<Buffer> | undefined,
  output: Output,
): Promise<ExitStatus> {
  let progress: Progress | undefined;
  let read = 0;
  const { rebuildDirectory } = await import('../src/check/rebuild.js');
  const { position, from, onDisk, rebuilt } = await rebuildDirectory(data, {
    ...(backup === undefined ? {} : { backup }),
    read: (bytes) => {
      read += bytes;
      progress ??= new Progress('rebuilt from', { bytesOnly: true });
      progress.report(0, read);
    },
  }).finally(() => progress?.stop());
  const [found, expected] = [onDisk.digest.toString('hex'), rebuilt.digest.toString('hex')];
  const equal = found === expected;
  const fields = {
    equal,
    offset: position.offset,
    keys: onDisk.keys,
    digest: found,
    log_keys: rebuilt.keys,
    log_digest: expected,
    backup_offset: from?.offset ?? null,
  };
  const at = `at offset ${position.offset}`;
  const source = from ? `the backup of offset ${from.offset} and the log after it give` : 'the log gives';
  const text = equal
    ? `equal: ${source} the same ${plural(rebuilt.keys, 'key')} with the same digest ${at}`
    : `different: the keyspace holds ${plural(onDisk.keys, 'key')} with digest ${found}, ${source} ${plural(rebuilt.keys, 'key')} with ${expected} ${at}`;
  await output.result(fields, text);
  return equal ? EXIT.DONE : EXIT.NEGATIVE;
}

async function repair({ client, output, addresses }: Session, { rate }: { rate?: number }): Promise<ExitStatus> {
  onlyAddress('repair', addresses);
  const showing = new Showing('checked');
  try {
    for await (const event of interruptible((signal) => client.repair({ bytesPerSecond: bytesOf(rate), signal }))) {
      if (event.kind === 'progress') showing.show(event.progress);
      else if (event.kind === 'damage') await output.result(fieldsOf(event.damage), textOf(event.damage));
      else if (event.kind === 'step') {
        const { kind, message, fromOffset: from_offset, toOffset: to_offset } = event.step;
        const said = kind === 'left' ? 'left' : 'repaired';
        await output.result({ kind, message, from_offset, to_offset }, `${said}: ${message}`);
      } else {
        showing.stop();
        const { damages, repairs, left } = event.summary;
        const done =
          damages + repairs + left === 0 ? 'whole: there was nothing to repair' : `${plural(repairs, 'repair')}`;
        await output.result(event.summary, left === 0 ? done : `${done}, ${left} left`);
        return left === 0 ? EXIT.DONE : EXIT.NEGATIVE;
      }
    }
  } finally {
    showing.stop();
  }
  throw new HeadwaterError('unreachable', 'the node stopped before the repair was complete');
}

function bytesOf(rate: number | undefined): number | undefined {
  if (rate === 0) throw new UsageError('--rate: expected at least one byte a second, received 0');
  return rate;
}

/** Ends the check at the node too on Ctrl-C or SIGTERM. */
async function* interruptible<Event>(begin: (signal: AbortSignal) => AsyncGenerator<Event>): AsyncGenerator<Event> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new HeadwaterError('cancelled', 'interrupted'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    yield* begin(interrupted.signal);
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

/** The least time between two lines that name the next step, if there is no bar. */
const DOING_MS = 1_000;

/** The progress that the node reports; if there is no bar, also its next step. */
class Showing {
  readonly #verb: string;
  #progress: Progress | undefined;
  #doing = '';
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(verb: string) {
    this.#verb = verb;
  }

  show({ bytes, bytesEstimate, doing }: CheckProgress): void {
    this.#progress ??= new Progress(this.#verb, { bytes: bytesEstimate, bytesOnly: true });
    const hasBar = process.stderr.isTTY && bytesEstimate > 0;
    if (!hasBar && doing !== this.#doing && performance.now() - this.#saidMs >= DOING_MS) {
      this.#saidMs = performance.now();
      process.stderr.write(`step: ${doing}\n`);
      this.#doing = doing;
    }
    this.#progress.report(0, bytes);
  }

  stop(): void {
    this.#progress?.stop();
    this.#progress = undefined;
  }
}

function fieldsOf(damage: Damage): object {
  if (damage.part !== 'keyspace') return damage;
  const { from, to, why } = damage;
  return { part: 'keyspace', from: keyOf(from), to: keyOf(to), why };
}

/** The key in JSON; null stands for the first or the last of all. */
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

function shown(key: Buffer | undefined, otherwise: string): string {
  return key === undefined ? otherwise : shownBytes(key);
}
