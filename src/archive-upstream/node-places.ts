/** The places of a node: those of its archives, and that of the archive that it follows or begins from. */
import path from 'node:path';
import { isBucketUrl, type Place, placesIn } from '../backup/place.js';
import { openPlace } from '../backup/stored-backups.js';
import type { Clock } from '../base/clock.js';
import { ArchiveUpstream } from './archive-upstream.js';

/** The options of a node that concern its places. */
export interface PlacesConfig {
  readonly archive: string | undefined;
  readonly followArchive: string | undefined;
  readonly seedFrom: string | undefined;
  readonly s3Endpoint: string | undefined;
  readonly s3Region: string | undefined;
  readonly backupKeyFile: string | undefined;
  readonly acceptUnencrypted: boolean;
  readonly archiveIntervalMs: number;
  readonly heartbeatIntervalMs: number;
}

export interface NodePlaces {
  /** The places of the archives that the node writes. */
  readonly archives: readonly Place[];
  /** The place from which an empty node takes its data first. */
  readonly seed: Place | undefined;
  /** The upstreams that are no nodes. */
  readonly upstream: ArchiveUpstream;
  /** Ends the requests to buckets. */
  readonly requests: AbortController;
}

/**
 * Opens the places.
 * @throws HeadwaterError `invalid_argument` if a bucket needs packages that are missing, or the key cannot be read.
 */
export async function openNodePlaces(config: PlacesConfig, clock: Clock): Promise<NodePlaces> {
  const { s3Endpoint: endpoint, s3Region: region, backupKeyFile: keyFile, acceptUnencrypted } = config;
  const requests = new AbortController();
  const open = (text: string) =>
    openPlace(text, { endpoint, region, keyFile, acceptUnencrypted, ended: requests.signal });
  const upstream = new ArchiveUpstream({
    clock,
    open,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    get intervalMs() {
      return config.archiveIntervalMs;
    },
  });
  const { archive, seedFrom, followArchive } = config;
  // A mistake in an option ends the start, and not a session later.
  if (followArchive !== undefined) await upstream.open(upstreamPlace(followArchive));
  return {
    archives: await Promise.all((archive === undefined ? [] : placesIn(archive)).map(open)),
    seed: seedFrom === undefined ? undefined : await open(seedFrom),
    upstream,
    requests,
  };
}

/** The form in which a node keeps the place that it follows: a later start may have another working directory. */
export function upstreamPlace(text: string): string {
  return isBucketUrl(text) ? text : path.resolve(text);
}
