/** The options of commands that may read or write a bucket. Credentials come from the environment and the files of AWS. */
import { type Command, Option } from 'commander';
import { isBucketUrl } from '../src/backup/place.js';
import { OPTIONS, variableOf } from '../src/options.js';
import type { BucketOptions } from '../src/tools.js';
import { parseForm } from './arguments.js';
import { UsageError } from './output.js';

export interface BucketFlags {
  s3Endpoint?: string;
  s3Region?: string;
}

export function addBucketOptions(command: Command): Command {
  return command
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
}

/**
 * The options for the buckets among the places.
 * @throws UsageError if the options are given and no place is a bucket.
 */
export function bucketOptions(
  command: string,
  { s3Endpoint: endpoint, s3Region: region }: BucketFlags,
  places: ReadonlyArray<string | undefined>,
): BucketOptions {
  const isUsed = places.some((place) => place !== undefined && isBucketUrl(place));
  const given = endpoint !== undefined ? '--s3-endpoint' : '--s3-region';
  if (!isUsed && (endpoint ?? region) !== undefined && !isFromEnvironment({ endpoint, region }))
    throw new UsageError(`${command}: ${given} is for a bucket: expected s3://BUCKET/PREFIX as well`);
  return { endpoint, region };
}

/** Whether the environment, which is the same for all commands, has the values. */
function isFromEnvironment({ endpoint, region }: BucketOptions): boolean {
  const { env } = process;
  return (
    (endpoint ?? env[variableOf('s3-endpoint')]) === env[variableOf('s3-endpoint')] &&
    (region ?? env[variableOf('s3-region')]) === env[variableOf('s3-region')]
  );
}
