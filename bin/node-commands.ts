/**
 * The commands on a node: its status, its digest, and the node that it follows. The fields of --json are those of the
 * status message in snake case.
 */
import Table from 'cli-table3';
import type { Command } from 'commander';
import { parseAddress } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { EXIT, type ExitStatus, plural, roughly, UsageError } from './output.js';

type Status = Awaited<ReturnType<Session['client']['status']>>;

export function addNodeCommands(program: Command): void {
  program.commandsGroup('Nodes:');
  program.command('ping').description('print PONG if the node answers').action(onNode(ping));
  program
    .command('status')
    .description('print the role of the node, its position, and its replication links')
    .action(onNode(status));
  program
    .command('digest')
    .description('print a digest of all data: two nodes with equal digests at one offset have equal data')
    .action(onNode(digest));
  program
    .command('follow')
    .argument('<HOST:PORT>', 'the node to follow', parseAddress)
    .description('make the node a read-only follower of another node; restarts keep this')
    .option('--accept-data-loss', 'drop the data of this node if the two histories conflict')
    .option(
      '--full',
      'begin with a full resync, even if a partial one is possible; the node serves its old data meanwhile',
    )
    .action(onNode(follow));
  program
    .command('promote')
    .description('make the node the leader; restarts keep this, and its followers continue without a full resync')
    .action(onNode(promote));
  program
    .command('failover')
    .summary('hand over the leadership to a follower without losing an acknowledged write')
    .description(
      'hand over the leadership to a follower without losing an acknowledged write. --timeout limits how long writes wait (default: 5s). Interrupting this command does not stop the hand-over',
    )
    .option(
      '--to <HOST:PORT>',
      'the address or the node ID of the new leader (default: the follower with the highest offset)',
    )
    .action(onNode(failover, { waits: true }));
  program
    .command('forget')
    .argument('<NODE>', 'the node ID of the follower, its unique beginning, or HOST:PORT')
    .summary('keep no more log for a follower that is away')
    .description(
      'keep no more log for a follower that is away. If the follower comes back after its part of the log was trimmed, it needs a full resync. "status" lists the followers that are away',
    )
    .action(onNode(forget));
}

async function ping({ client, output }: Session): Promise<ExitStatus> {
  await client.ping();
  await output.result({ reply: 'PONG' }, 'PONG');
  return EXIT.DONE;
}

async function status({ client, output }: Session): Promise<ExitStatus> {
  const of = await client.status();
  await output.result(snakeCase(of) as object, describe(of));
  return EXIT.DONE;
}

/** The default timeout of a digest, for which the node reads all its data. */
const DIGEST_MS_MAX = 60 * 60 * 1_000;

async function digest({ client, output, timeoutMs = DIGEST_MS_MAX }: Session): Promise<ExitStatus> {
  const { offset, keys, digest: value } = await client.digest({ timeoutMs });
  await output.result({ offset, keys, digest: value }, `${value}  offset ${offset}  ${plural(keys, 'key')}`);
  return EXIT.DONE;
}

async function follow(
  { client, output, addresses }: Session,
  address: string,
  options: { acceptDataLoss?: boolean; full?: boolean },
): Promise<ExitStatus> {
  const node = onlyAddress('follow', addresses);
  await client.follow(address, options);
  await output.result(
    { address: node, following: address },
    `${node} follows ${address}; "status" shows the progress of the resync`,
  );
  return EXIT.DONE;
}

async function promote({ client, output, addresses }: Session): Promise<ExitStatus> {
  const node = onlyAddress('promote', addresses);
  const { replicationId, epoch, firstOffset } = await client.promote();
  await output.result(
    { address: node, role: 'leader', replication_id: replicationId, epoch, first_offset: firstOffset },
    `${node} leads from offset ${firstOffset} under the history ${replicationId}, epoch ${epoch}`,
  );
  return EXIT.DONE;
}

async function failover(
  { client, output, addresses, timeoutMs = 0 }: Session,
  { to = '' }: { to?: string },
): Promise<ExitStatus> {
  onlyAddress('failover', addresses);
  const done = await client.failover({ to, waitMs: timeoutMs });
  const pause = done.pauseMs.toFixed(1);
  await output.result(
    snakeCase(done) as object,
    `${done.newLeader} leads from offset ${done.offset} in place of ${done.oldLeader}; writes waited ${pause} ms, ${plural(done.followersMoved, 'other follower')} moved to the new leader`,
  );
  return EXIT.DONE;
}

async function forget({ client, output, addresses }: Session, name: string): Promise<ExitStatus> {
  const node = onlyAddress('forget', addresses);
  const forgotten = await client.forget(name);
  const { nodeId, address, appendedOffset } = forgotten;
  await output.result(
    snakeCase(forgotten) as object,
    `${node} has forgotten ${address} (${nodeId}): the log after offset ${appendedOffset} is no longer kept for it`,
  );
  return EXIT.DONE;
}

/** The one address of --connect. A command that changes a node must not change whichever of several answers first. */
function onlyAddress(command: string, addresses: readonly string[]): string {
  const [node, second] = addresses;
  if (node !== undefined && second === undefined) return node;
  throw new UsageError(`${command}: expected one address in --connect, received ${addresses.join(',')}`);
}

/**
 * Changes camelCase names to snake_case, all the way down. An undefined value becomes null, so that every field is
 * there.
 */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeCase(inner),
    ]),
  );
}

function describe(of: Status): string {
  const rows: Array<[string, string]> = [
    ['node', `${of.nodeId}  ${of.address}`],
    ['role', of.role],
    ...(of.storeState ? [['store', of.storeState] as [string, string]] : []),
    ...(of.unavailable ? [['serving', `no: ${of.unavailable}`] as [string, string]] : []),
    ...(of.damage ? [['damage', of.damage] as [string, string]] : []),
    ...clockRows(of),
    ...leadershipRows(of),
    ['history', `${of.replicationId}  epoch ${of.lineage.at(-1)?.epoch ?? 0}`],
    [
      'offset',
      `${of.offset}  (log from ${of.firstOffset}, durable ${of.durableOffset}, checkpoint ${of.checkpointOffset})`,
    ],
    ['checksum', of.checksum],
    ['keys', `${of.keysAtCheckpoint} at the checkpoint`],
    ...upstreamRows(of),
    [
      'resyncs',
      `${of.fullResyncs} full, ${of.partialResyncs} partial; served ${of.fullResyncsServed} full, ${of.partialResyncsServed} partial`,
    ],
    ['streams', `${plural(of.subscribers, 'subscriber')}, ${plural(of.watchers, 'watcher')}`],
    ...whyRows(of),
    ...archiveRows(of),
    ...repairRows(of),
    ...diskRows(of),
    [
      'process',
      `headwater ${of.version}, up ${Math.round(of.uptimeMs / 1_000)} s, ${Math.round(of.residentMemoryBytes / 2 ** 20)} MiB, fsync ${of.fsync}`,
    ],
    ['followers', followersLine(of)],
  ];
  const text = rows.map(([name, what]) => `${name.padEnd(10)}${what}`.trimEnd()).join('\n');
  return of.followers.length === 0 ? text : `${text}\n${followerTable(of)}`;
}

function diskRows({ diskFreeBytes, minFreeBytes, diskFull, writeWait }: Status): Array<[string, string]> {
  const waits: Array<[string, string]> = writeWait ? [['waiting', writeWait]] : [];
  if (minFreeBytes === 0) return waits;
  const free = diskFreeBytes === undefined ? 'free space is unknown' : `${mebibytes(diskFreeBytes)} free`;
  const rows: Array<[string, string]> = [...waits, ['disk', `${free}; writes need ${mebibytes(minFreeBytes)}`]];
  return diskFull ? [...rows, ['', `FULL: ${diskFull}`]] : rows;
}

/** The delay of deletions that is worth a row: a sweep takes less than a second. */
const LATE_MS = 1_000;

function clockRows({ clock, expiryLateMs }: Status): Array<[string, string]> {
  const rows: Array<[string, string]> = clock ? [['clock', clock]] : [];
  if (expiryLateMs > LATE_MS) rows.push(['expiry', `expired keys are deleted ${roughly(expiryLateMs)} late`]);
  return rows;
}

function archiveRows({ archive }: Status): Array<[string, string]> {
  if (!archive) return [];
  const { directory, offset, error, missed } = archive;
  const gaps = missed === 0 ? '' : `; ${plural(missed, 'command')} missed`;
  return [['archive', `${directory}, up to offset ${offset}${gaps}${error === '' ? '' : `; failing: ${error}`}`]];
}

function repairRows({ repairs, lastRepair }: Status): Array<[string, string]> {
  return lastRepair === '' ? [] : [['repairs', `${repairs}; the last one: ${lastRepair}`]];
}

function followersLine({ followers, minFollowers, maxLagMs, followersWithinLag }: Status): string {
  const none = followers.length === 0 ? 'none' : '';
  if (minFollowers === 0) return none;
  const guard = `${followersWithinLag} within ${maxLagMs} ms, writes need ${minFollowers}`;
  return none ? `${none}; ${guard}` : guard;
}

function leadershipRows({
  handingOverTo,
  failoverState,
  superseded,
  askingFollowers,
  ignoredFollow,
}: Status): Array<[string, string]> {
  const rows: Array<[string, string]> = ignoredFollow ? [['option', ignoredFollow]] : [];
  if (failoverState === 'pausing')
    return [...rows, ['writes', 'waiting: a failover (pausing) waits until its follower has every write']];
  if (handingOverTo)
    return [...rows, ['writes', `waiting: the hand-over to ${handingOverTo} (${failoverState}) has no answer yet`]];
  const why = superseded || askingFollowers;
  return why ? [...rows, ['writes', `refused: ${why}`]] : rows;
}

function whyRows(of: Status): Array<[string, string]> {
  const rows: Array<[string, string]> = [];
  const counted = (counts: Status['resyncReasons']) =>
    counts.map(({ kind, reason, count }) => `${count} ${kind} ${reason}`).join(', ');
  if (of.resyncReasons.length > 0) rows.push(['', `because: ${counted(of.resyncReasons)}`]);
  if (of.resyncReasonsServed.length > 0) rows.push(['', `served because: ${counted(of.resyncReasonsServed)}`]);
  const refusal = of.lastRefusalServed;
  if (refusal) {
    const who = refusal.address || refusal.nodeId.slice(0, 8);
    const when = new Date(refusal.timeMs).toISOString();
    rows.push(['', `last refused: ${who} at ${when} (${refusal.reason}: ${refusal.message})`]);
  }
  const age = of.logRetentionMs === 0 ? '' : ` and ${roughly(of.logRetentionMs)}`;
  rows.push([
    'log',
    `${mebibytes(of.logBytes)} of ${mebibytes(of.logRetentionBytes)}${age}, ${Math.round(of.appendCommandsPerSecond)} commands/s`,
  ]);
  const { headroom } = of;
  if (headroom) {
    const who = `${headroom.address || headroom.nodeId.slice(0, 8)}${headroom.connected ? '' : ' (away)'}`;
    rows.push(['headroom', `${who}: ${room(headroom.leftBytes, headroom.ms)}`]);
  }
  for (const known of of.knownFollowers.filter(({ connected }) => !connected)) rows.push(['away', away(known)]);
  if (of.lostWrites > 0)
    rows.push(['lost', `${plural(of.lostWrites, 'write')} saved in lost-writes/: ${of.lostWritesFiles.join(', ')}`]);
  if (of.digestDifferences > 0)
    rows.push(['DIFFERENT', `${plural(of.digestDifferences, 'difference')} found by compare`]);
  return rows;
}

function room(leftBytes: number | undefined, ms: number | undefined): string {
  if (leftBytes === undefined) return 'the log is never trimmed';
  return `${mebibytes(leftBytes)} left; ${ms === undefined ? 'no writes' : `enough for ${roughly(ms)} at this rate`}`;
}

function away(known: Status['knownFollowers'][number]): string {
  const { nodeId, address, appendedOffset, lastSeenMs, keepsPlace, leftBytes, leftMs } = known;
  const kept = keepsPlace ? room(leftBytes, leftMs) : 'no log is kept for it';
  return `${address} (${nodeId.slice(0, 8)}) at offset ${appendedOffset}, seen ${new Date(lastSeenMs).toISOString()}: ${kept}`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The refusals that --accept-data-loss overrules. */
const OVERRULED: ReadonlySet<string> = new Set([
  'UPSTREAM_EMPTY',
  'NO_COMMON_HISTORY',
  'OTHER_CLUSTER',
  'TAIL_NOT_IN_LOG',
  'LATER_EPOCH',
]);

function upstreamRows({ upstream }: Status): Array<[string, string]> {
  if (!upstream) return [];
  const { address, state, lagCommands, lagMs, lastResync, lastRefusal, error, loadedKeys, keysEstimate } = upstream;
  const doing = state === 'loading' ? `loading, ${loadedKeys} of about ${keysEstimate} keys` : state;
  const lag =
    lagCommands === undefined
      ? lagMs === undefined
        ? ''
        : `; level ${roughly(lagMs)} ago`
      : `, ${plural(lagCommands, 'command')}, ${lagMs === undefined ? 'an unknown time' : `${lagMs} ms`} behind`;
  const rows: Array<[string, string]> = [['upstream', `${address}  ${doing}${lag}`]];
  if (lastResync) {
    const { kind, reason, message, bytes, durationMs } = lastResync;
    rows.push(['', `last resync: ${kind} (${reason}: ${message}), ${bytes} bytes, ${durationMs} ms`]);
  }
  if (error) rows.push(['', `error: ${error}`]);
  if (lastRefusal && OVERRULED.has(lastRefusal.reason) && error.includes(`(${lastRefusal.reason})`))
    rows.push(['', `"follow ${address} --accept-data-loss" drops the data of this node and copies the upstream's`]);
  return rows;
}

/** The table has no borders, like tables that other programs print into pipes. */
function followerTable({ followers }: Status): string {
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
