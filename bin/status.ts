/**
 * The status of a node for a person: one row of STATUS_ROWS a line, in groups. Each row names the fields of the status
 * that it shows, and sees no others. JSON_ONLY lists the fields that only --json shows. A test holds both against the
 * protocol and the table of the documentation.
 */
import { isArchivePlace } from '../src/base/address.js';
import { isRefusedForData } from '../src/model/refusal.js';
import type { Session } from './connection.js';
import { binarySize, grouped, moment, plural, rate, roughly } from './figures.js';
import { drawnTable } from './table.js';
import { type Paint, plain, type Style } from './terminal.js';

export type Status = Awaited<ReturnType<Session['client']['status']>>;
export type StatusField = keyof Status;

/** A line, several, or none. */
type Lines = string | readonly string[] | undefined;

export interface StatusRow {
  /** The words before the line. */
  readonly label: string;
  readonly fields: readonly StatusField[];
  /** The colour of the lines. None for the normal course. */
  readonly style: Style | undefined;
  lines(status: Status): Lines;
}

/** The delay of deletions that is worth a row: a sweep takes less than a second. */
const LATE_MS = 1_000;

/** A row for a condition that somebody has to end, and for one that somebody should look at. */
const [ALARM, WARNING] = ['red', 'yellow'] as const;

/** A blank line stands between two groups. */
const STATUS_GROUPS: ReadonlyArray<readonly StatusRow[]> = [
  // The node, and whether it serves.
  [
    row('node', ['nodeId', 'address'], ({ nodeId, address }) => `${nodeId}  ${address}`),
    row('role', ['role'], ({ role }) => role, 'bold'),
    row('leader', ['leader', 'role', 'upstream'], leaderLine),
    row('store', ['storeState'], ({ storeState }) => storeState || undefined),
    row('cluster', ['cluster'], ({ cluster }) => cluster && clusterLine(cluster)),
    row(
      'no leader',
      ['cluster'],
      ({ cluster }) => (cluster?.leaderId === '' ? cluster.why || 'the cluster is choosing one' : undefined),
      ALARM,
    ),
    row('serving', ['unavailable'], ({ unavailable }) => (unavailable ? `no: ${unavailable}` : undefined), ALARM),
    row('damage', ['damage'], ({ damage }) => damage || undefined, ALARM),
    row('clock', ['clock'], ({ clock }) => clock || undefined, WARNING),
    row('option', ['ignoredFollow'], ({ ignoredFollow }) => ignoredFollow || undefined, WARNING),
    row(
      'draining',
      ['draining'],
      ({ draining }) => (draining ? 'yes: the node is about to be stopped' : undefined),
      WARNING,
    ),
    row('writes', ['handingOverTo', 'failoverState', 'superseded', 'askingFollowers'], writesLine, WARNING),
    row(
      'process',
      ['version', 'uptimeMs', 'residentMemoryBytes', 'fsync'],
      ({ version, uptimeMs, residentMemoryBytes, fsync }) =>
        `headwater ${version}, up ${roughly(uptimeMs)}, ${binarySize(residentMemoryBytes)} of memory, fsync ${fsync}`,
    ),
    row(
      'streams',
      ['subscribers', 'watchers'],
      ({ subscribers, watchers }) => `${plural(subscribers, 'subscriber')}, ${plural(watchers, 'watcher')}`,
    ),
    row('connections', ['connections'], ({ connections }) => connections && connectionsLine(connections)),
    row('pubsub', ['redis'], ({ redis }) => redis && redisLine(redis)),
    row('redis', ['redisAddress'], ({ redisAddress }) =>
      redisAddress ? `${redisAddress}, for the Redis protocol alone` : undefined,
    ),
  ],
  // The data.
  [
    row('keys', ['keys', 'keysAtCheckpoint', 'checkpointOffset', 'offset'], keysLine),
    row('expiry', ['expiryLateMs'], ({ expiryLateMs }) =>
      expiryLateMs > LATE_MS ? `expired keys are deleted ${roughly(expiryLateMs)} late` : undefined,
    ),
    row(
      'history',
      ['replicationId', 'lineage'],
      ({ replicationId, lineage }) => `${replicationId}  epoch ${grouped(lineage.at(-1)?.epoch ?? 0)}`,
    ),
    row(
      'offset',
      ['offset', 'durableOffset', 'checkpointOffset'],
      ({ offset, durableOffset, checkpointOffset }) =>
        `${grouped(offset)}  (durable ${grouped(durableOffset)}, checkpoint ${grouped(checkpointOffset)})`,
    ),
    row('checksum', ['checksum'], ({ checksum }) => checksum),
    row('log', ['firstOffset', 'logBytes', 'logRetentionBytes', 'logRetentionMs'], logLine),
    row('rate', ['appendCommandsPerSecond', 'appendBytesPerSecond'], rateLine),
    row('waiting', ['writeWait'], ({ writeWait }) => writeWait || undefined, WARNING),
    row('disk', ['diskFreeBytes', 'minFreeBytes'], diskLine),
    row(
      'disk full',
      ['diskFull', 'minFreeBytes'],
      ({ diskFull, minFreeBytes }) => (diskFull && minFreeBytes > 0 ? diskFull : undefined),
      ALARM,
    ),
    row('archive', ['archive'], ({ archive }) => archive && archiveLine(archive)),
    row('archive error', ['archive'], ({ archive }) => archive?.error || undefined, ALARM),
    row('repairs', ['repairs', 'lastRepair'], ({ repairs, lastRepair }) =>
      lastRepair ? `${grouped(repairs)}; the last one: ${lastRepair}` : undefined,
    ),
    row('lost writes', ['lostWrites', 'lostWritesFiles'], lostLine, WARNING),
    row(
      'differences',
      ['digestDifferences'],
      ({ digestDifferences }) => (digestDifferences > 0 ? `${grouped(digestDifferences)} found by compare` : undefined),
      ALARM,
    ),
  ],
  // The upstream.
  [
    row('upstream', ['upstream'], ({ upstream }) => upstream && upstreamLine(upstream)),
    row('upstream error', ['upstream'], ({ upstream }) => upstream?.error || undefined, WARNING),
    row('upstream waits', ['upstream'], ({ upstream }) => upstream?.waitingFor || undefined, WARNING),
    row('advice', ['upstream'], ({ upstream }) => upstream && adviceLine(upstream), WARNING),
    row('last resync', ['upstream'], ({ upstream }) => upstream?.lastResync && lastResyncLine(upstream.lastResync)),
    row(
      'resyncs',
      ['role', 'fullResyncs', 'partialResyncs', 'resyncReasons'],
      ({ role, fullResyncs, partialResyncs, resyncReasons }) =>
        role === 'follower' || fullResyncs + partialResyncs > 0 || resyncReasons.length > 0
          ? resyncsLine(fullResyncs, partialResyncs, resyncReasons)
          : undefined,
    ),
  ],
  // The followers.
  [
    row(
      'resyncs served',
      ['fullResyncsServed', 'partialResyncsServed', 'resyncReasonsServed'],
      ({ fullResyncsServed, partialResyncsServed, resyncReasonsServed }) =>
        resyncsLine(fullResyncsServed, partialResyncsServed, resyncReasonsServed),
    ),
    row(
      'resyncs now',
      ['fullResyncsSending', 'fullResyncsWaiting', 'fullResyncsMax'],
      ({ fullResyncsSending, fullResyncsWaiting, fullResyncsMax }) =>
        fullResyncsSending + fullResyncsWaiting > 0
          ? `${grouped(fullResyncsSending)} full on their way (at most ${grouped(fullResyncsMax)} at once), ${grouped(fullResyncsWaiting)} followers wait for theirs`
          : undefined,
    ),
    row(
      'last refused',
      ['lastRefusalServed'],
      ({ lastRefusalServed }) => lastRefusalServed && refusalLine(lastRefusalServed),
    ),
    row('headroom', ['headroom'], ({ headroom }) => headroom && headroomLine(headroom)),
    row(
      'away',
      ['knownFollowers'],
      ({ knownFollowers }) => knownFollowers.filter(({ connected }) => !connected).map(awayLine),
      WARNING,
    ),
    row('followers', ['followers', 'minFollowers', 'maxLagMs', 'followersWithinLag'], followersLine),
  ],
];

export const STATUS_ROWS: readonly StatusRow[] = STATUS_GROUPS.flat();

/** Fields for programs: identifiers, counters and rates that a person seldom needs. */
export const JSON_ONLY: readonly StatusField[] = [
  'clusterId',
  'publishedMessages',
  'missedMessages',
  'watchSnapshots',
  'eventLoopDelayP99Ms',
  'eventLoopDelayMaxMs',
  'heartbeatIntervalMs',
  'logRetentionPinBytes',
  'writeWaitMs',
  'writeWaitMaxMs',
  'clockAheadMs',
  'expiredKeys',
];

const LABEL_COLUMNS = Math.max(...STATUS_ROWS.map(({ label }) => label.length)) + 2;

export function describeStatus(status: Status, paint: Paint = plain): string {
  const groups = STATUS_GROUPS.map((rows) => rows.flatMap((one) => drawnRow(one, status, paint)));
  const text = groups
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  return status.followers.length === 0 ? text : `${text}\n${followerTable(status, paint)}`;
}

function drawnRow({ label, style, lines }: StatusRow, status: Status, paint: Paint): string[] {
  const texts = [lines(status) ?? []].flat();
  return texts.map((text) => `${paint('dim', label.padEnd(LABEL_COLUMNS))}${paint(style, text)}`.trimEnd());
}

/** A row whose lines are made of these fields alone. */
function row<Field extends StatusField>(
  label: string,
  fields: readonly Field[],
  lines: (status: Pick<Status, Field>) => Lines,
  style?: Style,
): StatusRow {
  return { label, fields, lines, style };
}

function leaderLine({ leader, role, upstream }: Pick<Status, 'leader' | 'role' | 'upstream'>): Lines {
  if (role === 'leader') return undefined;
  if (upstream && isArchivePlace(upstream.address)) return 'unknown: this node follows an archive';
  if (!leader) return 'unknown: this node has no session with its upstream';
  const { nodeId, address, linksAbove } = leader;
  return `${address || 'an unknown address'}  (${nodeId.slice(0, 8)}), ${plural(linksAbove, 'link')} above`;
}

/** A node counts all keys only while it is cheap, since a look must not make it write out its recent changes. */
function keysLine({
  keys,
  keysAtCheckpoint,
  checkpointOffset,
  offset,
}: Pick<Status, 'keys' | 'keysAtCheckpoint' | 'checkpointOffset' | 'offset'>): string {
  const since = offset - checkpointOffset;
  const saved = `${grouped(keysAtCheckpoint)} at the checkpoint, ${plural(since, 'command')} ago`;
  if (keys === undefined) return `${saved}; "dbsize" counts all`;
  return `${grouped(keys)}  (${since <= 0 ? 'all at the checkpoint' : saved})`;
}

function writesLine({
  handingOverTo,
  failoverState,
  superseded,
  askingFollowers,
}: Pick<Status, 'handingOverTo' | 'failoverState' | 'superseded' | 'askingFollowers'>): Lines {
  if (failoverState === 'pausing') return 'waiting: a failover (pausing) waits until its follower has every write';
  if (handingOverTo) return `waiting: the hand-over to ${handingOverTo} (${failoverState}) has no answer yet`;
  const why = superseded || askingFollowers;
  return why ? `refused: ${why}` : undefined;
}

// ---- the upstream and the resyncs -----------------------------------------------------

function upstreamLine(upstream: NonNullable<Status['upstream']>): string {
  const { address, state, lagCommands, lagMs, loadedKeys, keysEstimate } = upstream;
  const doing = state === 'loading' ? `loading, ${grouped(loadedKeys)} of about ${plural(keysEstimate, 'key')}` : state;
  if (lagCommands !== undefined)
    return `${address}  ${doing}, ${plural(lagCommands, 'command')}, ${lagMs === undefined ? 'an unknown time' : roughly(lagMs)} behind`;
  return `${address}  ${doing}${lagMs === undefined ? '' : `; level ${roughly(lagMs)} ago`}`;
}

function adviceLine({ address, lastRefusal, error }: NonNullable<Status['upstream']>): Lines {
  if (!isRefusedForData({ lastRefusal, error })) return undefined;
  return `"follow ${address} --accept-data-loss" drops the data of this node and copies the upstream's`;
}

function lastResyncLine({ kind, reason, message, bytes, durationMs, timeMs }: Resync): string {
  const when = timeMs > 0 ? `${moment(timeMs)}, ` : '';
  return `${when}${kind} (${reason}: ${message}), ${binarySize(bytes)} in ${roughly(durationMs)}`;
}

type Resync = NonNullable<NonNullable<Status['upstream']>['lastResync']>;

function resyncsLine(full: number, partial: number, reasons: Status['resyncReasons']): string {
  const because = reasons.map(({ kind, reason, count }) => `${grouped(count)} ${kind} ${reason}`).join(', ');
  return `${grouped(full)} full, ${grouped(partial)} partial${because && `; because: ${because}`}`;
}

function refusalLine({ address, nodeId, timeMs, reason, message }: NonNullable<Status['lastRefusalServed']>): string {
  const who = address || nodeId.slice(0, 8);
  return `${who} ${moment(timeMs)} (${reason}: ${message})`;
}

// ---- the log and the disk ---------------------------------------------------------------

function logLine({
  firstOffset,
  logBytes,
  logRetentionBytes,
  logRetentionMs,
}: Pick<Status, 'firstOffset' | 'logBytes' | 'logRetentionBytes' | 'logRetentionMs'>): string {
  const size = logRetentionBytes === 0 ? '' : ` of ${binarySize(logRetentionBytes)}`;
  const age = logRetentionMs === 0 ? '' : ` and ${roughly(logRetentionMs)}`;
  return `${binarySize(logBytes)}${size}${age}, from offset ${grouped(firstOffset)}`;
}

function rateLine({
  appendCommandsPerSecond,
  appendBytesPerSecond,
}: Pick<Status, 'appendCommandsPerSecond' | 'appendBytesPerSecond'>): string {
  return `${rate(appendCommandsPerSecond)} commands/s, ${binarySize(Math.round(appendBytesPerSecond))}/s over the last minute`;
}

function lostLine({ lostWrites, lostWritesFiles }: Pick<Status, 'lostWrites' | 'lostWritesFiles'>): Lines {
  return lostWrites > 0 ? `${grouped(lostWrites)} saved in lost-writes/: ${lostWritesFiles.join(', ')}` : undefined;
}

function headroomLine({ address, nodeId, connected, leftBytes, ms }: NonNullable<Status['headroom']>): string {
  return `${address || nodeId.slice(0, 8)}${connected ? '' : ' (away)'}: ${room(leftBytes, ms)}`;
}

function awayLine(known: Status['knownFollowers'][number]): string {
  const { nodeId, address, appendedOffset, lastSeenMs, keepsPlace, leftBytes, leftMs } = known;
  const kept = keepsPlace ? room(leftBytes, leftMs) : 'the log is not kept for this follower';
  return `${address} (${nodeId.slice(0, 8)}) at offset ${grouped(appendedOffset)}, seen ${moment(lastSeenMs)}: ${kept}`;
}

const YEAR_MS = 365 * 86_400_000;

function room(leftBytes: number | undefined, ms: number | undefined): string {
  if (leftBytes === undefined) return 'the log is never trimmed';
  if (ms === undefined) return `${binarySize(leftBytes)} left; no writes`;
  // The rate of a minute says nothing about the years. --json has the number.
  const time = ms > YEAR_MS ? 'over 1 year' : roughly(ms);
  return `${binarySize(leftBytes)} left; enough for ${time} at this rate`;
}

function connectionsLine(connections: NonNullable<Status['connections']>): string {
  const { grpc, redis, silent, clientsMax, refusedGrpc, refusedRedis, refusedSilent } = connections;
  const most = clientsMax === undefined ? '' : ` of at most ${grouped(clientsMax)}`;
  const refused = refusedGrpc + refusedRedis + refusedSilent;
  const without = refused === 0 ? '' : `; ${grouped(refused)} refused`;
  return `${grouped(grpc)} gRPC, ${grouped(redis)} Redis, ${grouped(silent)} silent${most}${without}`;
}

function redisLine({ subscribers, slowClosed, streamBreaks }: NonNullable<Status['redis']>): Lines {
  if (subscribers + slowClosed + streamBreaks === 0) return undefined;
  const slow = slowClosed === 0 ? '' : `; ${grouped(slowClosed)} closed since they read too slowly`;
  const breaks = streamBreaks === 0 ? '' : `; their stream ended ${plural(streamBreaks, 'time')}`;
  return `${plural(subscribers, 'subscriber')}${slow}${breaks}`;
}

function clusterLine(cluster: NonNullable<Status['cluster']>): string {
  const { name, mode, state, fence, leftMs, paused, members, required } = cluster;
  const left = state === 'leading' ? `, ${roughly(leftMs)} left` : '';
  const may = members.filter(({ cannotLead }) => cannotLead === '').length;
  const waits = required.length > 1 ? `; writes wait for ${plural(required.length - 1, 'other node')}` : '';
  const pause = paused ? '; paused' : '';
  return `${name} (${mode}): ${state} under ${fence}${left}; ${plural(members.length, 'node')}, ${may} may lead${waits}${pause}`;
}

function archiveLine(archive: NonNullable<Status['archive']>): string {
  const { directory, offset, missed, ageSeconds = 0, backupAgeSeconds } = archive;
  const age = ageSeconds < 1 ? '' : `, ${roughly(ageSeconds * 1_000)} behind`;
  const backup =
    backupAgeSeconds === undefined ? '' : `; the newest backup is ${roughly(backupAgeSeconds * 1_000)} old`;
  const gaps = missed === 0 ? '' : `; ${plural(missed, 'command')} missed`;
  return `${directory}, up to offset ${grouped(offset)}${age}${backup}${gaps}`;
}

function diskLine({ diskFreeBytes, minFreeBytes }: Pick<Status, 'diskFreeBytes' | 'minFreeBytes'>): Lines {
  if (minFreeBytes === 0) return undefined;
  const free = diskFreeBytes === undefined ? 'free space is unknown' : `${binarySize(diskFreeBytes)} free`;
  return `${free}; writes need ${binarySize(minFreeBytes)}`;
}

// ---- the followers -----------------------------------------------------------------------

function followersLine({
  followers,
  minFollowers,
  maxLagMs,
  followersWithinLag,
}: Pick<Status, 'followers' | 'minFollowers' | 'maxLagMs' | 'followersWithinLag'>): string {
  const count = followers.length === 0 ? 'none' : grouped(followers.length);
  if (minFollowers === 0) return count;
  return `${count}; ${grouped(followersWithinLag)} within ${roughly(maxLagMs)}, writes need ${grouped(minFollowers)}`;
}

function followerTable({ followers }: Pick<Status, 'followers'>, paint: Paint): string {
  return drawnTable(
    ['node', 'address', 'state', 'appended', 'durable', 'behind', 'lag', 'headroom', 'via'].map((name) =>
      paint('dim', name),
    ),
    followers.map((one) => [
      one.nodeId.slice(0, 8),
      one.address,
      paint(['streaming', 'below'].includes(one.state) ? 'green' : WARNING, one.state),
      grouped(one.appendedOffset),
      grouped(one.durableOffset),
      grouped(one.lagCommands),
      roughly(one.lagMs),
      one.headroomLeftBytes === undefined ? '' : binarySize(one.headroomLeftBytes),
      one.via.slice(0, 8),
    ]),
    { indent: 2, right: [3, 4, 5, 6, 7] },
  );
}
