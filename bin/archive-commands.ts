/** `archive list`, `archive verify` and `archive prune`: the backups and the archive in a directory or a bucket. */
import type { Command } from 'commander';
import type { Place, PlacedFile, Pruned } from '../src/tools.js';
import { formatDuration, parseDuration, parsePath } from './arguments.js';
import { addAcceptOption, addBucketOptions, type BucketFlags, bucketOptions } from './bucket-options.js';
import { plural } from './figures.js';
import { EXIT, Output } from './output.js';

interface ArchiveFlags extends BucketFlags {
  json?: boolean;
  keep?: number;
  dryRun?: boolean;
}

const PLACE = 'the place: a directory, or s3://BUCKET/PREFIX';

export function addArchiveCommands(program: Command): void {
  const archive = program
    .command('archive')
    .summary('list, check and prune the backups and the archive in a directory or a bucket')
    .description('list, check and prune the backups and the archive in a directory or a bucket. No node has to run');
  const list = archive
    .command('list')
    .argument('<PLACE>', PLACE, parsePath)
    .description('list the backups and the files of the archive, with their offsets and times');
  addBucketOptions(list).action(listFiles);
  const verify = archive
    .command('verify')
    .argument('<PLACE>', PLACE, parsePath)
    .description('read every file to its end and check it (exit status 1 if something is damaged)');
  addAcceptOption(addBucketOptions(verify)).action(verifyFiles);
  const prune = archive
    .command('prune')
    .argument('<PLACE>', PLACE, parsePath)
    .description(
      'remove the files that no restore to a moment within --keep needs. The newest backup stays, and so does everything that continues a backup that stays',
    )
    .requiredOption('--keep <TIME>', 'how far back a restore shall be possible, such as 7d', parseDuration)
    .option('--dry-run', 'name the files, and remove none');
  addBucketOptions(prune).action(pruneFiles);
}

async function opened(name: string, place: string, command: Command) {
  const flags = command.optsWithGlobals<ArchiveFlags>();
  const given = bucketOptions(`archive ${name}`, flags, [place]);
  // Nothing is restored from what "list" and "prune" read. A place may have files from before the key.
  const options = name === 'verify' ? given : { ...given, acceptUnencrypted: true };
  const { openPlace } = await import('../src/backup/stored-backups.js');
  return { flags, place: await openPlace(place, options), output: new Output({ json: flags.json ?? false }) };
}

async function listFiles(text: string, _: ArchiveFlags, command: Command): Promise<void> {
  const { place, output } = await opened('list', text, command);
  const { listPlace } = await import('../src/backup/place-contents.js');
  for (const file of await listPlace(place)) await output.result(fieldsOf(file), lineOf(file));
}

function fieldsOf(file: PlacedFile): object {
  const { kind, name } = file;
  if (kind === 'unreadable') return { kind, name, why: file.why };
  if (kind === 'backup') {
    const { position, madeMs, timeMs } = file.head;
    const { offset, replicationId: replication_id } = position;
    return { kind, name, offset, replication_id, time_ms: timeMs, made_ms: madeMs };
  }
  const { base, end, timeMs: time_ms, missing } = file;
  const { offset, replicationId: replication_id } = end;
  return { kind, name, first_offset: base.offset + 1, offset, replication_id, time_ms, missing };
}

function lineOf(file: PlacedFile): string {
  if (file.kind === 'unreadable') return `unreadable ${file.name}: ${file.why}`;
  if (file.kind === 'backup') {
    const { position, madeMs } = file.head;
    return `backup   at offset ${position.offset}, made ${new Date(madeMs).toISOString()}  ${file.name}`;
  }
  const { base, end, timeMs, missing } = file;
  const gap = missing === 0 ? '' : `${plural(missing, 'command')} missing before: `;
  return `archive  ${gap}offsets ${base.offset + 1} to ${end.offset}, until ${new Date(timeMs).toISOString()}  ${file.name}`;
}

async function verifyFiles(text: string, _: ArchiveFlags, command: Command): Promise<void> {
  const { place, output } = await opened('verify', text, command);
  const { verifyPlace } = await import('../src/backup/place-contents.js');
  let files = 0;
  let damages = 0;
  for await (const { name, why } of verifyPlace(place)) {
    files++;
    if (why === '') continue;
    damages++;
    await output.result({ file: place.pathOf(name), why }, `damaged: ${why}`);
  }
  const text2 = damages === 0 ? `whole: ${plural(files, 'file')}` : `${plural(damages, 'damaged file')} of ${files}`;
  await output.result({ files, damages }, text2);
  if (damages > 0) process.exitCode = EXIT.NEGATIVE;
}

async function pruneFiles(text: string, _: ArchiveFlags, command: Command): Promise<void> {
  const { place, output, flags } = await opened('prune', text, command);
  const { keep = 0, dryRun: isDry = false } = flags;
  const { prunePlace } = await import('../src/backup/place-contents.js');
  const pruned = await prunePlace(place, Date.now() - keep, { isDry });
  const { removed, backups, unreadable, uploads } = pruned;
  await output.result({ removed, backups, unreadable, uploads, dry_run: isDry }, prunedText(place, pruned, flags));
}

function prunedText(
  { name: place }: Place,
  { removed, backups, unreadable, uploads }: Pruned,
  { keep = 0, dryRun: isDry = false }: ArchiveFlags,
): string {
  const did = (done: string, infinitive: string) => (isDry ? `would ${infinitive}` : done);
  const judged = unreadable.map(
    ({ name, why }) =>
      `${name} cannot be read, so it stays, and so does everything that a restore through it may need: ${why}`,
  );
  const ended =
    uploads.length === 0
      ? []
      : [`${did('ended', 'end')} ${plural(uploads.length, 'upload')} that nobody has finished for a day`];
  const others = [...judged, ...ended];
  if (backups === 0)
    return [...others, `${place} has no backup, so nothing was removed: a restore begins with one`].join('\n');
  const names = isDry ? removed.map((one) => `would remove ${one}`) : [];
  const done = `${did('removed', 'remove')} ${plural(removed.length, 'file')}; ${plural(backups, 'backup')} left`;
  return [...others, ...names, `${done}, for restores to any moment of the last ${formatDuration(keep)}`].join('\n');
}
