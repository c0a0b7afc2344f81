/**
 * The options of commands that read or write backups and archives, in files, folders and buckets. Credentials of buckets come
 * from the environment and the files of AWS.
 */
import { type Command, Option } from 'commander';
import { isBucketUrl } from '../src/backup/place.js';
import { OPTIONS, variableOf } from '../src/options.js';
import type { PlaceOptions } from '../src/tools.js';
import { parseForm, parsePath } from './arguments.js';
import { UsageError } from './output.js';

export interface BucketFlags {
  s3Endpoint?: string;
  s3Region?: string;
  backupKeyFile?: string;
  acceptUnencrypted?: boolean;
}

export function addBucketOptions(command: Command): Command {
  command
    .addOption(
      new Option('--s3-endpoint <URL>', 'for s3://: the provider, if it is not AWS')
        .env(variableOf('s3-endpoint'))
        .argParser(parseForm(OPTIONS.s3Endpoint)),
    )
    .addOption(
      new Option('--s3-region <REGION>', 'for s3://: the region of the bucket (default: as AWS_REGION says)')
        .env(variableOf('s3-region'))
        .argParser(parseForm(OPTIONS.s3Region)),
    );
  return addKeyOption(command);
}

export function addKeyOption(command: Command): Command {
  return command.addOption(
    new Option('--backup-key-file <FILE>', 'the key with which the files are encrypted: 64 hexadecimal digits')
      .env(variableOf('backup-key-file'))
      .argParser(parsePath),
  );
}

/** The option of commands that trust what they read. */
export function addAcceptOption(command: Command): Command {
  return command.option('--accept-unencrypted', 'with --backup-key-file: read files that are not encrypted too');
}

/**
 * The options for the places.
 * @param places the files, folders and buckets of the command.
 * @throws UsageError if options are given that no place needs.
 */
export function bucketOptions(
  command: string,
  { s3Endpoint: endpoint, s3Region: region, backupKeyFile: keyFile, acceptUnencrypted }: BucketFlags,
  places: ReadonlyArray<string | undefined>,
): PlaceOptions {
  const given = places.filter((place) => place !== undefined);
  const name = endpoint !== undefined ? 's3-endpoint' : 's3-region';
  const isForBucket = isTyped(endpoint, 's3-endpoint') || isTyped(region, 's3-region');
  if (isForBucket && !given.some(isBucketUrl))
    throw new UsageError(`${command}: --${name} is for a bucket: expected s3://BUCKET/PREFIX as well`);
  if (isTyped(keyFile, 'backup-key-file') && given.length === 0)
    throw new UsageError(`${command}: --backup-key-file is for a backup: expected the name of one as well`);
  if (acceptUnencrypted && keyFile === undefined)
    throw new UsageError(
      `${command}: without a key, only files that are not encrypted are read. Leave out --accept-unencrypted, or add --backup-key-file FILE`,
    );
  return { endpoint, region, keyFile, acceptUnencrypted };
}

/** Whether the value comes from the command line, and not from the environment, which is the same for all commands. */
function isTyped(value: string | undefined, name: string): boolean {
  return value !== undefined && value !== process.env[variableOf(name)];
}
