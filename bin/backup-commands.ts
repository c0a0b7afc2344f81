/**
 * `backup` and `restore`. A backup is written beside its file, and renamed when it is whole and on disk. So a partial
 * backup never has its name.
 */
import os from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { isBucketUrl } from '../src/backup/place.js';
import type { BackupPart } from '../src/client/index.js';
import { formatToken } from '../src/model/position.js';
import type { PlaceOptions, Restored, RestoreSource, Target, Unsealing } from '../src/tools.js';
import { parseMoment, parseOffset, parsePath } from './arguments.js';
import { type Copied, CountedBytes, noEnd } from './backup-bytes.js';
import { addAcceptOption, addBucketOptions, type BucketFlags, bucketOptions } from './bucket-options.js';
import { onNode, type Session } from './connection.js';
import { binarySize, plural } from './figures.js';
import { contentOf, readableStats, type Sink, writeWhole } from './files.js';
import { unlessInterrupted } from './interrupted.js';
import { complain, EXIT, type ExitStatus, needReaders, Output, place, UsageError, write } from './output.js';
import { Progress } from './progress.js';

const BACKUP_NICENESS = 10;

const AFTER_RESTORE_HELP = `
The directory belongs to a new node. With --follow, "serve" makes it a follower
that continues from the backup: of the node that was backed up, or of one of its
followers. Without --follow, the node leads a new history from the backup on.`;

export function addBackupCommands(program: Command): void {
  program.commandsGroup('Backup:');
  const backupCommand = program
    .command('backup')
    .argument('<FILE>', 'the file to write; - for stdout; or s3://BUCKET/PREFIX', parsePath)
    .summary('write a snapshot of all data to one file, on a leader or a follower')
    .description(
      'write a snapshot of all data to one file, on a leader or a follower. Expired keys that are not deleted yet are part of it. In a bucket, the name of the file has its history, offset and time, and no file is ever replaced',
    )
    .option('--overwrite', 'replace a file that exists');
  addBucketOptions(backupCommand).action(onNode(backup));
  const restoreCommand = program
    .command('restore')
    .argument(
      '<FILE>',
      'the backup to read; - for stdin; or s3://BUCKET/PREFIX for the newest backup there and the archive beside it',
      parsePath,
    )
    .summary('make the data directory of a new node from a backup')
    .description(
      'make the data directory of a new node from a backup. No node opens the directory until all of the backup is loaded and checked',
    )
    .requiredOption('--data <DIR>', 'the directory to make: absent, empty, or from an interrupted restore', parsePath)
    .option(
      '--archive <PLACE>',
      'continue with this archive of "serve --archive", to its end, or to the offset or time of the next options. The archive is a directory or s3://BUCKET/PREFIX',
      parsePath,
    )
    .option(
      '--to-offset <OFFSET>',
      'the last command to restore; an offset inside a block is rounded down to the end of the block before',
      parseOffset,
    )
    .option(
      '--to-time <TIME>',
      'restore nothing that was written later: 2026-11-21T18:00:00Z, or without Z in the local zone',
      parseMoment,
    )
    .option(
      '--history <ID>',
      'if the archive holds several histories, the history to restore (default: the highest epoch)',
    )
    .option(
      '--follow',
      'keep running: serve the data for reads, and follow the archive in FILE, a directory or s3://BUCKET/PREFIX. This is "serve --data DIR --follow-archive FILE", which has more options',
    )
    .option('--listen <HOST:PORT>', 'with --follow: the address to listen on (default: 127.0.0.1:7420)')
    .addHelpText('after', AFTER_RESTORE_HELP);
  addAcceptOption(addBucketOptions(restoreCommand)).action(restore);
}

// ---- backup -------------------------------------------------------------------

async function backup(
  { client, output }: Session,
  file: string,
  { overwrite = false, ...given }: { overwrite?: boolean } & BucketFlags,
): Promise<ExitStatus> {
  const options = bucketOptions('backup', given, [file]);
  const { unsealing } = await import('../src/backup/stored-backups.js');
  const how = await unsealing(options);
  const startedMs = performance.now();
  // A backup that runs on the node's machine gives way to the node's other work. A process cannot take this back.
  if (!place.isShell) os.setPriority(BACKUP_NICENESS);
  if (file === '-') needReaders('the written part of the backup is unusable, because its end is missing');
  const { last, bytes, written } = await unlessInterrupted('interrupted: no backup was made', async (signal) => {
    const parts = client.backup({ signal });
    if (isBucketUrl(file)) return await toBucket(parts, file, options);
    if (file === '-') return { ...(await copy(parts, how, { write })), written: file };
    const whole = { overwrite, content: 'backup', mode: 0o600 };
    return { ...(await writeWhole(file, whole, (sink) => copy(parts, how, sink))), written: file };
  });
  const { head, keys, end } = last;
  const seconds = (performance.now() - startedMs) / 1_000;
  const text = `backed up ${plural(keys, 'key')} at offset ${head.position.offset} in ${seconds.toFixed(1)} s, ${binarySize(bytes)}`;
  if (file === '-') {
    complain(text);
    return EXIT.DONE;
  }
  const fields = {
    file: written,
    ...positionFields(head),
    keys,
    digest: end?.digest.toString('hex'),
    bytes,
    encrypted: how.key !== undefined,
    seconds: Math.round(seconds * 1_000) / 1_000,
  };
  await output.result(fields, `${text}: ${written}`);
  return EXIT.DONE;
}

async function copy(parts: AsyncIterable<BackupPart>, { key }: Unsealing, sink: Sink): Promise<Copied> {
  const { sealedWith } = await import('../src/backup/sealed-place.js');
  const copied = new CountedBytes(parts);
  let written = 0;
  for await (const bytes of sealedWith(key, copied)) {
    await sink.write(bytes);
    written += bytes.length;
  }
  return { ...copied.result, bytes: written };
}

/** Writes a backup into a bucket, under a name that its head gives. */
async function toBucket(
  parts: AsyncGenerator<BackupPart>,
  url: string,
  options: PlaceOptions,
): Promise<Copied & { written: string }> {
  const { openBucketLocation, backupName } = await import('../src/backup/stored-backups.js');
  const { place: bucket, file } = await openBucketLocation(url, options);
  if (file !== undefined)
    throw new UsageError(
      `backup: expected s3://BUCKET/PREFIX, received the name of a file: ${url}. The name is made of history, offset and time`,
    );
  // A bucket that cannot be used is refused before the node begins.
  await bucket.list('backup-');
  const first = await parts.next();
  if (first.done) throw noEnd();
  const name = backupName(first.value.head);
  const copied = new CountedBytes(rest(first.value, parts));
  await bucket.write(name, copied);
  const { last, bytes } = copied.result;
  const { storedSizeOf } = await import('../src/backup/sealed-format.js');
  return { last, bytes: options.keyFile === undefined ? bytes : storedSizeOf(bytes), written: bucket.pathOf(name) };
}

async function* rest(first: BackupPart, parts: AsyncIterable<BackupPart>): AsyncGenerator<BackupPart> {
  yield first;
  yield* parts;
}

// ---- restore ------------------------------------------------------------------

interface RestoreFlags extends BucketFlags {
  data: string;
  follow?: boolean;
  listen?: string;
  archive?: string;
  toOffset?: number;
  toTime?: number;
  history?: string;
  json?: boolean;
}

async function restore(file: string, _: RestoreFlags, command: Command): Promise<void> {
  const flags = command.optsWithGlobals<RestoreFlags>();
  const { data, archive, toOffset, toTime: toTimeMs, history, json = false } = flags;
  if (flags.follow) return await followArchive(file, flags, command);
  if (flags.listen !== undefined)
    throw new UsageError('restore: --listen is for a replica that keeps running: expected --follow as well');
  const isWholePlace = isBucketUrl(file) && !file.endsWith('.backup');
  if (archive === undefined && !isWholePlace && (toOffset ?? toTimeMs ?? history) !== undefined)
    throw new UsageError(
      'restore: --to-offset, --to-time and --history need an archive: expected --archive PLACE as well',
    );
  if (toOffset !== undefined && toTimeMs !== undefined)
    throw new UsageError('restore: expected either --to-offset or --to-time, received both');
  const options = bucketOptions('restore', flags, [file, archive]);
  const startedMs = performance.now();
  let progress: Progress | undefined;
  const onProgress = (keys: number, records: number) => {
    progress ??= new Progress('restored', { records });
    progress.report(keys);
  };
  const directory = path.resolve(data);
  let replaying: Progress | undefined;
  const onReplay = (commands: number, records: number) => {
    progress?.stop();
    replaying ??= new Progress('replayed', { records });
    replaying.report(commands);
  };
  const { restoreDirectory } = await import('../src/backup/restore.js');
  const target = { toOffset, toTimeMs, history };
  const found = await sourceOf(file, { archive, options, target });
  const restored = await restoreDirectory({
    directory,
    ...found,
    archive: found.archive && { place: found.archive, ...target },
    onProgress,
    onReplay,
  }).finally(() => (replaying ?? progress)?.stop());
  const seconds = (performance.now() - startedMs) / 1_000;
  const { nodeId: node_id, clusterId: cluster_id, keys, digest } = restored;
  const fields = {
    data: directory,
    node_id,
    cluster_id,
    ...positionFields(restored),
    keys,
    backup_offset: restored.backupOffset,
    digest,
    other_histories: restored.otherHistories.map(({ replicationId: id, firstOffset: first_offset }) => ({
      id,
      first_offset,
    })),
    seconds: Math.round(seconds * 1_000) / 1_000,
  };
  await new Output({ json }).result(fields, describe(restored, data, { seconds, toOffset }));
}

/** Runs a replica of a place: `serve` takes the newest backup, and then the archive as it grows. */
async function followArchive(place: string, flags: RestoreFlags, command: Command): Promise<void> {
  const { archive, toOffset, toTime, history, data, listen, s3Endpoint, s3Region, backupKeyFile } = flags;
  if ((archive ?? toOffset ?? toTime ?? history) !== undefined)
    throw new UsageError(
      'restore: a replica has all of the archive in FILE: with --follow, expected none of --archive, --to-offset, --to-time and --history',
    );
  if (place === '-' || place.endsWith('.backup'))
    throw new UsageError(
      `restore: --follow needs a place with backups and an archive: expected a directory or s3://BUCKET/PREFIX, received ${place}`,
    );
  bucketOptions('restore', flags, [place]);
  const values = {
    data,
    listen,
    'follow-archive': place,
    's3-endpoint': s3Endpoint,
    's3-region': s3Region,
    'backup-key-file': backupKeyFile,
  };
  const words = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  const switches = flags.acceptUnencrypted ? ['--accept-unencrypted'] : [];
  let program = command;
  while (program.parent) program = program.parent;
  await program.parseAsync(['serve', ...words, ...switches], { from: 'user' });
}

/** Opens the file, the pipe or the bucket, and the archive. */
async function sourceOf(
  file: string,
  { archive, options, target }: { archive: string | undefined; options: PlaceOptions; target: Target },
): Promise<RestoreSource & { isPipe: boolean }> {
  const { findRestoreSource, openBucketLocation, openPlace, unsealing } = await import(
    '../src/backup/stored-backups.js'
  );
  const { unsealed } = await import('../src/backup/sealed-place.js');
  const how = await unsealing(options);
  const given = archive === undefined ? undefined : await openPlace(archive, options);
  if (isBucketUrl(file)) {
    const found = await findRestoreSource(await openBucketLocation(file, options), target);
    return { ...found, archive: given ?? found.archive, isPipe: false };
  }
  const isPipe = file === '-' || !(await readableStats(file)).isFile();
  const name = file === '-' ? 'stdin' : file;
  return { source: unsealed(contentOf(file), how, name), name, archive: given, isPipe };
}

function describe(
  restored: Restored,
  data: string,
  { seconds, toOffset }: { seconds: number; toOffset: number | undefined },
): string {
  const { position, timeMs, keys, madeBy, madeMs, backupOffset, otherHistories } = restored;
  const last = timeMs === 0 ? 'the data directory holds no command' : `the last command is of ${isoTime(timeMs)}`;
  const { offset } = position;
  const rounded =
    toOffset === undefined || toOffset === offset
      ? []
      : [`offset ${toOffset} lies inside a block: the block before it ends at ${offset}`];
  const taken =
    offset === backupOffset
      ? []
      : [
          `the backup ends at offset ${backupOffset}; ${plural(offset - backupOffset, 'command')} came from the archive`,
        ];
  const others = otherHistories.map(
    ({ replicationId, firstOffset }) =>
      `not restored: the history ${replicationId} from offset ${firstOffset} (--history restores it)`,
  );
  return [
    `restored ${plural(keys, 'key')} at offset ${offset} in ${seconds.toFixed(1)} s; ${last}`,
    `the backup was made ${isoTime(madeMs)} by the node ${madeBy.slice(0, 8)}`,
    ...taken,
    ...rounded,
    ...others,
    `next: headwater serve --data ${data} --follow HOST:PORT   to continue as a follower`,
    `  or: headwater serve --data ${data}                      to lead a new history`,
  ].join('\n');
}

function positionFields({ position, timeMs }: Pick<Restored, 'position' | 'timeMs'>): object {
  const { offset, replicationId: replication_id } = position;
  return { offset, replication_id, position: formatToken(position), time_ms: timeMs };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
