/**
 * The status of a node for a person: one row of STATUS_ROWS a line. Each row names the fields of the status that it
 * shows, and sees no others. JSON_ONLY lists the fields that only --json shows. A test holds both against the protocol
 * and the README.
 */
import Table from 'cli-table3';
import type { Session } from './connection.js';
import { plural, roughly } from './output.js';

export type Status = Awaited<ReturnType<Session['client']['status']>>;
export type StatusField = keyof Status;

/** A line, several, or none. */
type Lines = string | readonly string[] | undefined;

export interface StatusRow {
  /** The word before the line. Empty for a line that continues the one above. */
  readonly label: string;
  readonly fields: readonly StatusField[];
  lines(status: Status): Lines;
}

/** The delay of deletions that is worth a row: a sweep takes less than a second. */
const LATE_MS = 1_000;

export const STATUS_ROWS: readonly StatusRow[] = [
  row('node', ['nodeId', 'address'], ({ nodeId, address }) => `${nodeId}  ${address}`),
  row('role', ['role'], ({ role }) => role),
  row('store', ['storeState'], ({ storeState }) => storeState || undefined),
  row('serving', ['unavailable'], ({ unavailable }) => (unavailable ? `no: ${unavailable}` : undefined)),
  row('damage', ['damage'], ({ damage }) => damage || undefined),
  row('clock', ['clock'], ({ clock }) => clock || undefined),
  row('expiry', ['expiryLateMs'], ({ expiryLateMs }) =>
    expiryLateMs > LATE_MS ? `expired keys are deleted ${roughly(expiryLateMs)} late` : undefined,
  ),
  row('option', ['ignoredFollow'], ({ ignoredFollow }) => ignoredFollow || undefined),
  row('writes', ['handingOverTo', 'failoverState', 'superseded', 'askingFollowers'], writesLine),
  row(
    'history',
    ['replicationId', 'lineage'],
    ({ replicationId, lineage }) => `${replicationId}  epoch ${lineage.at(-1)?.epoch ?? 0}`,
  ),
  row(
    'offset',
    ['offset', 'firstOffset', 'durableOffset', 'checkpointOffset'],
    ({ offset, firstOffset, durableOffset, checkpointOffset }) =>
      `${offset}  (log from ${firstOffset}, durable ${durableOffset}, checkpoint ${checkpointOffset})`,
  ),
  row('checksum', ['checksum'], ({ checksum }) => checksum),
  row('keys', ['keysAtCheckpoint'], ({ keysAtCheckpoint }) => `${keysAtCheckpoint} at the checkpoint`),
  row('upstream', ['upstream'], ({ upstream }) => upstream && upstreamLine(upstream)),
  row('', ['upstream'], ({ upstream }) => upstream && upstreamDetails(upstream)),
  row(
    'resyncs',
    ['fullResyncs', 'partialResyncs', 'fullResyncsServed', 'partialResyncsServed'],
    ({ fullResyncs, partialResyncs, fullResyncsServed, partialResyncsServed }) =>
      `${fullResyncs} full, ${partialResyncs} partial; served ${fullResyncsServed} full, ${partialResyncsServed} partial`,
  ),
  row(
    'streams',
    ['subscribers', 'watchers'],
    ({ subscribers, watchers }) => `${plural(subscribers, 'subscriber')}, ${plural(watchers, 'watcher')}`,
  ),
  row('', ['resyncReasons'], ({ resyncReasons }) => counted('because', resyncReasons)),
  row('', ['resyncReasonsServed'], ({ resyncReasonsServed }) => counted('served because', resyncReasonsServed)),
  row('', ['lastRefusalServed'], ({ lastRefusalServed }) => lastRefusalServed && refusalLine(lastRefusalServed)),
  row('log', ['logBytes', 'logRetentionBytes', 'logRetentionMs', 'appendCommandsPerSecond'], logLine),
  row('headroom', ['headroom'], ({ headroom }) => headroom && headroomLine(headroom)),
  row('away', ['knownFollowers'], ({ knownFollowers }) =>
    knownFollowers.filter(({ connected }) => !connected).map(awayLine),
  ),
  row('lost', ['lostWrites', 'lostWritesFiles'], ({ lostWrites, lostWritesFiles }) =>
    lostWrites > 0 ? `${plural(lostWrites, 'write')} saved in lost-writes/: ${lostWritesFiles.join(', ')}` : undefined,
  ),
  row('differs', ['digestDifferences'], ({ digestDifferences }) =>
    digestDifferences > 0 ? `${plural(digestDifferences, 'difference')} found by compare` : undefined,
  ),
  row('archive', ['archive'], ({ archive }) => archive && archiveLine(archive)),
  row('repairs', ['repairs', 'lastRepair'], ({ repairs, lastRepair }) =>
    lastRepair ? `${repairs}; the last one: ${lastRepair}` : undefined,
  ),
  row('waiting', ['writeWait'], ({ writeWait }) => writeWait || undefined),
  row('disk', ['diskFreeBytes', 'minFreeBytes'], diskLine),
  row('', ['diskFull', 'minFreeBytes'], ({ diskFull, minFreeBytes }) =>
    diskFull && minFreeBytes > 0 ? `FULL: ${diskFull}` : undefined,
  ),
  row(
    'process',
    ['version', 'uptimeMs', 'residentMemoryBytes', 'fsync'],
    ({ version, uptimeMs, residentMemoryBytes, fsync }) =>
      `headwater ${version}, up ${Math.round(uptimeMs / 1_000)} s, ${Math.round(residentMemoryBytes / 2 ** 20)} MiB, fsync ${fsync}`,
  ),
  row('followers', ['followers', 'minFollowers', 'maxLagMs', 'followersWithinLag'], followersLine),
];

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
  'appendBytesPerSecond',
  'writeWaitMs',
  'writeWaitMaxMs',
  'clockAheadMs',
];

export function describeStatus(status: Status): string {
  const text = STATUS_ROWS.flatMap(({ label, lines }) =>
    [lines(status) ?? []].flat().map((line) => `${label.padEnd(10)}${line}`.trimEnd()),
  ).join('\n');
  return status.followers.length === 0 ? text : `${text}\n${followerTable(status)}`;
}

/** A row whose lines are made of these fields alone. */
function row<Field extends StatusField>(
  label: string,
  fields: readonly Field[],
  lines: (status: Pick<Status, Field>) => Lines,
): StatusRow {
  return { label, fields, lines };
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
  const doing = state === 'loading' ? `loading, ${loadedKeys} of about ${keysEstimate} keys` : state;
  if (lagCommands !== undefined)
    return `${address}  ${doing}, ${plural(lagCommands, 'command')}, ${lagMs === undefined ? 'an unknown time' : `${lagMs} ms`} behind`;
  return `${address}  ${doing}${lagMs === undefined ? '' : `; level ${roughly(lagMs)} ago`}`;
}

/** The refusals that --accept-data-loss overrules. */
const OVERRULED: ReadonlySet<string> = new Set([
  'UPSTREAM_EMPTY',
  'NO_COMMON_HISTORY',
  'OTHER_CLUSTER',
  'TAIL_NOT_IN_LOG',
  'LATER_EPOCH',
]);

function upstreamDetails({ address, lastResync, lastRefusal, error }: NonNullable<Status['upstream']>): string[] {
  const lines: string[] = [];
  if (lastResync) {
    const { kind, reason, message, bytes, durationMs } = lastResync;
    lines.push(`last resync: ${kind} (${reason}: ${message}), ${bytes} bytes, ${durationMs} ms`);
  }
  if (error) lines.push(`error: ${error}`);
  if (lastRefusal && OVERRULED.has(lastRefusal.reason) && error.includes(`(${lastRefusal.reason})`))
    lines.push(`"follow ${address} --accept-data-loss" drops the data of this node and copies the upstream's`);
  return lines;
}

function counted(word: string, counts: Status['resyncReasons']): Lines {
  if (counts.length === 0) return undefined;
  return `${word}: ${counts.map(({ kind, reason, count }) => `${count} ${kind} ${reason}`).join(', ')}`;
}

function refusalLine({ address, nodeId, timeMs, reason, message }: NonNullable<Status['lastRefusalServed']>): string {
  const who = address || nodeId.slice(0, 8);
  return `last refused: ${who} at ${new Date(timeMs).toISOString()} (${reason}: ${message})`;
}

// ---- the log and the disk ---------------------------------------------------------------

function logLine({
  logBytes,
  logRetentionBytes,
  logRetentionMs,
  appendCommandsPerSecond,
}: Pick<Status, 'logBytes' | 'logRetentionBytes' | 'logRetentionMs' | 'appendCommandsPerSecond'>): string {
  const age = logRetentionMs === 0 ? '' : ` and ${roughly(logRetentionMs)}`;
  const kept = `${mebibytes(logBytes)} of ${mebibytes(logRetentionBytes)}${age}`;
  return `${kept}, ${Math.round(appendCommandsPerSecond)} commands/s`;
}

function headroomLine({ address, nodeId, connected, leftBytes, ms }: NonNullable<Status['headroom']>): string {
  return `${address || nodeId.slice(0, 8)}${connected ? '' : ' (away)'}: ${room(leftBytes, ms)}`;
}

function awayLine(known: Status['knownFollowers'][number]): string {
  const { nodeId, address, appendedOffset, lastSeenMs, keepsPlace, leftBytes, leftMs } = known;
  const kept = keepsPlace ? room(leftBytes, leftMs) : 'the log is not kept for this follower';
  return `${address} (${nodeId.slice(0, 8)}) at offset ${appendedOffset}, seen ${new Date(lastSeenMs).toISOString()}: ${kept}`;
}

function room(leftBytes: number | undefined, ms: number | undefined): string {
  if (leftBytes === undefined) return 'the log is never trimmed';
  return `${mebibytes(leftBytes)} left; ${ms === undefined ? 'no writes' : `enough for ${roughly(ms)} at this rate`}`;
}

function archiveLine({ directory, offset, error, missed }: NonNullable<Status['archive']>): string {
  const gaps = missed === 0 ? '' : `; ${plural(missed, 'command')} missed`;
  return `${directory}, up to offset ${offset}${gaps}${error === '' ? '' : `; failing: ${error}`}`;
}

function diskLine({ diskFreeBytes, minFreeBytes }: Pick<Status, 'diskFreeBytes' | 'minFreeBytes'>): Lines {
  if (minFreeBytes === 0) return undefined;
  const free = diskFreeBytes === undefined ? 'free space is unknown' : `${mebibytes(diskFreeBytes)} free`;
  return `${free}; writes need ${mebibytes(minFreeBytes)}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

// ---- the followers -----------------------------------------------------------------------

function followersLine({
  followers,
  minFollowers,
  maxLagMs,
  followersWithinLag,
}: Pick<Status, 'followers' | 'minFollowers' | 'maxLagMs' | 'followersWithinLag'>): string {
  const none = followers.length === 0 ? 'none' : '';
  if (minFollowers === 0) return none;
  const guard = `${followersWithinLag} within ${maxLagMs} ms, writes need ${minFollowers}`;
  return none ? `${none}; ${guard}` : guard;
}

/** The table has no borders, like tables that other programs print into pipes. */
function followerTable({ followers }: Pick<Status, 'followers'>): string {
  const none = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  };
  const table = new Table({
    head: ['node', 'address', 'state', 'appended', 'durable', 'lag', 'lag ms', 'via'],
    chars: { ...none, left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
    style: { head: [], border: [], 'padding-left': 2, 'padding-right': 0 },
  });
  for (const { nodeId, address, state, appendedOffset, durableOffset, lagCommands, lagMs, via } of followers) {
    table.push([
      nodeId.slice(0, 8),
      address,
      state,
      appendedOffset,
      durableOffset,
      lagCommands,
      lagMs,
      via.slice(0, 8),
    ]);
  }
  return table.toString().replaceAll(/ +$/gm, '');
}
