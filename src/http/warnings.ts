/**
 * The conditions of a node that need a person, each with the commands that mend it or show more of it. The node's own
 * words say what has happened (the status has them); a row here adds how bad that is, and the command.
 */
import path from 'node:path';
import { isBucketUrl } from '../backup/place.js';
import { isArchivePlace } from '../base/address.js';
import { HEADROOM_WARNING_MS } from '../base/limits.js';
import { isRefusedForData } from '../model/refusal.js';
import type { NodeStatus } from '../model/status.js';
import type { PictureWarning } from './picture.js';
import { nameOf } from './picture-tree.js';
import { headwaterAt, shellCommand } from './shell-words.js';

export interface WarnedNode {
  readonly status: NodeStatus;
  /** The data directory. */
  readonly directory: string;
}

type Warnings = readonly PictureWarning[];

/** The worst first. */
export function warningsOf(node: WarnedNode): Warnings {
  const all = [
    ...servingWarnings(node),
    ...clusterWarnings(node),
    ...writeWarnings(node),
    ...diskWarnings(node),
    ...upstreamWarnings(node),
    ...followerWarnings(node),
    ...dataWarnings(node),
  ];
  return [...all.filter(({ tone }) => tone === 'bad'), ...all.filter(({ tone }) => tone !== 'bad')];
}

function bad(id: string, text: string, ...commands: string[]): PictureWarning {
  return { id, tone: 'bad', text, commands };
}

function watch(id: string, text: string, ...commands: string[]): PictureWarning {
  return { id, tone: 'watch', text, commands };
}

function servingWarnings({ status, directory }: WarnedNode): Warnings {
  const { address, unavailable, damage, role, clock, ignoredFollow } = status;
  const found: PictureWarning[] = [];
  if (unavailable) found.push(bad('unavailable', `This node serves nothing: ${unavailable}`, at('status')));
  if (damage) {
    const mend = role === 'follower' ? [at('repair')] : [at('verify'), at('failover')];
    found.push(bad('damage', `Data on disk are damaged: ${damage}`, ...mend));
  }
  if (clock) found.push(watch('clock', `The clock: ${clock}`, 'timedatectl', 'chronyc tracking'));
  if (ignoredFollow)
    found.push(watch('option', ignoredFollow, shellCommand('headwater', 'config', 'print', '--data', directory)));
  return found;

  function at(...words: string[]): string {
    return headwaterAt(address, ...words);
  }
}

function clusterWarnings({ status: { address, cluster } }: WarnedNode): Warnings {
  if (!cluster) return [];
  const { name, leaderId, why, paused, needsPerson } = cluster;
  const look = headwaterAt(address, 'cluster');
  const resume = headwaterAt(address, 'cluster', 'resume');
  if (leaderId === '')
    return [bad('cluster', `The cluster ${name} has no leader: ${why}`, look, ...(needsPerson ? [resume] : []))];
  return paused
    ? [watch('cluster-paused', `The cluster ${name} is paused: nobody leads after this leader.`, resume)]
    : [];
}

function writeWarnings({ status }: WarnedNode): Warnings {
  const { address, role, superseded, askingFollowers, handingOverTo, failoverState, minFollowers, followersWithinLag } =
    status;
  const found: PictureWarning[] = [];
  if (superseded)
    found.push(bad('superseded', `This leader takes no writes: ${superseded}`, headwaterAt(address, 'top')));
  if (askingFollowers)
    found.push(watch('asking', `This leader takes no writes yet: ${askingFollowers}`, headwaterAt(address, 'promote')));
  if (handingOverTo)
    found.push(
      watch(
        'handing-over',
        `Writes wait: the hand-over to ${handingOverTo} (${failoverState}) has no answer yet.`,
        headwaterAt(handingOverTo, 'status'),
      ),
    );
  if (role === 'leader' && followersWithinLag < minFollowers)
    found.push(
      bad(
        'min-followers',
        `Writes are refused: --min-followers needs ${minFollowers} followers within --max-lag, and there are ${followersWithinLag}.`,
        headwaterAt(address, 'config', 'set', 'min-followers', String(followersWithinLag)),
      ),
    );
  return found;
}

function diskWarnings({ status, directory }: WarnedNode): Warnings {
  const { address, diskFull, writeWait, archive } = status;
  const found: PictureWarning[] = [];
  if (diskFull)
    found.push(
      bad('disk-full', diskFull, shellCommand('df', '-h', directory), shellCommand('du', '-xh', '-d', '1', directory)),
    );
  if (writeWait) found.push(bad('write-wait', writeWait, shellCommand('df', '-h', directory), 'iostat -x 1 5'));
  if (archive?.error)
    found.push(bad('archive', `Nothing is archived: ${archive.error}`, lookAtArchive(archive.directory)));
  else if (archive?.late)
    found.push(
      bad(
        'archive-late',
        `Not all is archived: ${archive.late}`,
        lookAtArchive(archive.directory),
        headwaterAt(address, 'status'),
      ),
    );
  if (archive && archive.missed > 0)
    found.push(
      watch(
        'archive-gap',
        `The archive misses ${archive.missed} commands, which were trimmed before they were archived. A new backup closes the gap.`,
        headwaterAt(address, 'backup', `headwater-${status.offset}.backup`),
      ),
    );
  return found;
}

function lookAtArchive(place: string): string {
  return isBucketUrl(place) ? shellCommand('headwater', 'archive', 'list', place) : shellCommand('ls', '-ld', place);
}

function upstreamWarnings({ status: { address, upstream } }: WarnedNode): Warnings {
  if (!upstream?.error) return [];
  const { error, state } = upstream;
  if (isRefusedForData(upstream))
    return [
      bad(
        'upstream-refused',
        `The upstream ${upstream.address} refuses this node: ${error}. If the data of this node may be dropped, send it the command.`,
        headwaterAt(address, 'follow', upstream.address, '--accept-data-loss'),
      ),
    ];
  const tone = state === 'refused' || state === 'stopped' || state === 'disk_full' ? bad : watch;
  return [
    tone(
      'upstream',
      `The link to the upstream ${upstream.address}: ${error}`,
      isArchivePlace(upstream.address) ? lookAtArchive(upstream.address) : headwaterAt(upstream.address, 'status'),
    ),
  ];
}

function followerWarnings({ status }: WarnedNode): Warnings {
  const { address, knownFollowers, followers, lastRefusalServed } = status;
  const here = new Set(followers.map(({ nodeId }) => nodeId));
  const away = knownFollowers.filter(({ nodeId, connected }) => !connected && !here.has(nodeId));
  const found = away.slice(0, AWAY_MAX).map(({ nodeId, address: of, keepsPlace }) => {
    const place = keepsPlace
      ? 'The log keeps its place. If the follower never comes back, forget it.'
      : 'The log has lost its place: the follower needs a full resync when it comes back.';
    const tell = keepsPlace ? watch : bad;
    return tell(
      `away-${nodeId}`,
      `The follower ${of || nodeId.slice(0, 8)} is away. ${place}`,
      headwaterAt(address, 'forget', nodeId),
    );
  });
  const { headroom } = status;
  if (headroom?.ms !== undefined && headroom.ms < HEADROOM_WARNING_MS)
    found.push(
      watch(
        'headroom',
        `The follower ${nameOf(headroom)} needs a full resync in ${Math.round(headroom.ms / 1_000)} s at the present rate of writes, unless the log is kept for longer.`,
        headwaterAt(address, 'config', 'set', 'log-retention-pin-bytes', '64GiB'),
      ),
    );
  if (lastRefusalServed && !here.has(lastRefusalServed.nodeId))
    found.push(
      watch(
        'refused-follower',
        `The follower ${nameOf(lastRefusalServed)} was refused: ${lastRefusalServed.message} (${lastRefusalServed.reason})`,
        headwaterAt(lastRefusalServed.address || address, 'status'),
      ),
    );
  return found;
}

/** The followers that are named one by one. */
const AWAY_MAX = 8;

function dataWarnings({ status, directory }: WarnedNode): Warnings {
  const { address, lostWrites, lostWritesFiles, digestDifferences, leader, role } = status;
  const found: PictureWarning[] = [];
  if (lostWrites > 0) {
    const file = path.join(directory, 'lost-writes', lostWritesFiles[0] ?? 'FILE');
    const target = role === 'leader' ? address : leader?.address || 'LEADER';
    found.push(
      watch(
        'lost-writes',
        `${lostWrites} writes that only this node had wait in lost-writes/. Look at them, then replay them on the leader or delete the file.`,
        shellCommand('headwater', 'log', 'dump', file),
        headwaterAt(target, 'import', file),
      ),
    );
  }
  if (digestDifferences > 0)
    found.push(
      bad(
        'differences',
        `compare has found ${digestDifferences} times that a follower differs from this leader.`,
        headwaterAt(address, 'compare', '--ranges', '--repair'),
      ),
    );
  return found;
}
