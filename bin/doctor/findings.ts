/**
 * The rules of `doctor`: pure functions of what it has seen. A finding names the node, says what is wrong and why that
 * matters, and has the command that fixes it. The troubles that a node reports by itself come first.
 */
import { isArchivePlace } from '../../src/base/address.js';
import type { MachineReport } from '../../src/client/index.js';
import { binarySize, grouped, plural, roughly } from '../figures.js';
import type { Status } from '../status.js';
import type { NodeSeen, TreeSeen } from '../tree.js';

/** `critical` needs somebody now, `warning` soon. A `notice` is good to know. */
export type Severity = 'critical' | 'warning' | 'notice';

export interface Finding {
  readonly severity: Severity;
  /** host:port, or empty if the finding is about the whole tree. */
  readonly node: string;
  readonly what: string;
  /** The command that fixes it, or another thing to do. */
  readonly fix: string;
}

export interface Seen {
  readonly tree: TreeSeen;
  /** By the address of the node: its machine, and the time here in the middle of the call. */
  readonly machines: ReadonlyMap<string, { readonly machine: MachineReport; readonly hereMs: number }>;
}

/** A finding without its node. */
type Found = Omit<Finding, 'node'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** A follower that would fall off the log within this time needs somebody now. */
const HEADROOM_MS_MIN = 10 * MINUTE_MS;
/** Clocks that are set by the network differ by far less. */
const CLOCK_DIFFERENCE_MS_MAX = 1_000;
const FULL_RESYNCS_AN_HOUR_MAX = 3;
const LOOP_DELAY_P99_MS_MAX = 100;
const EXPIRY_LATE_MS_MAX = MINUTE_MS;
/** Shares of what there is. */
const DISK_FREE_MIN = 0.1;
const OPEN_FILES_MAX = 0.8;
const MEMORY_AVAILABLE_MIN = 0.05;
const MEMORY_OF_LIMIT_MAX = 0.9;
const SWAPPED_BYTES_MAX = 1024 * 1024;
const VOLATILE = ['tmpfs', 'ramfs'];
const REMOTE = /^(nfs|cifs|smb|9p|fuse|ceph|glusterfs)/;

const RANK: Record<Severity, number> = { critical: 0, warning: 1, notice: 2 };

/** All findings, the most urgent first. */
export function findingsOf(seen: Seen): Finding[] {
  const { nodes } = seen.tree;
  const found = [
    ...inTree(seen),
    ...nodes.flatMap((node) => atNode(node).map((one) => ({ node: nameOf(node), ...one }))),
    ...nodes.flatMap((node) => {
      const { machine } = seen.machines.get(node.address) ?? {};
      return machine ? onMachine(machine).map((one) => ({ node: nameOf(node), ...one })) : [];
    }),
  ];
  return found.toSorted((one, other) => RANK[one.severity] - RANK[other.severity]);
}

function nameOf({ address, nodeId }: NodeSeen): string {
  return address || nodeId;
}

/** A command to one node. */
function to(address: string, command: string): string {
  return `headwater --connect ${address} ${command}`;
}

// ---- the tree ---------------------------------------------------------------------

function inTree(seen: Seen): Finding[] {
  return [...leadership(seen.tree), ...versions(seen.tree), ...clocks(seen)].map((one) => ({ node: '', ...one }));
}

function leadership({ nodes, leader }: TreeSeen): Found[] {
  // A replica of an archive does not know the leader, which may be in the best of health.
  const archive = nodes.find(({ status }) => status?.upstream && isArchivePlace(status.upstream.address));
  if (!leader && archive)
    return [
      {
        severity: 'notice',
        what: `${nameOf(archive)} follows the archive ${archive.status?.upstream?.address}, so the leader was not asked`,
        fix: 'ask the leader too: headwater --connect LEADER doctor',
      },
    ];
  if (!leader)
    return [
      {
        severity: 'critical',
        what: 'no leader answers, so nobody takes writes',
        fix: 'start the leader again; if it is lost, make the follower with the highest offset the leader: headwater --connect HOST:PORT promote',
      },
    ];
  const leaders = nodes.filter(({ status }) => status?.role === 'leader');
  if (leaders.length > 1)
    return [
      {
        severity: 'critical',
        what: `${grouped(leaders.length)} of the nodes that were named lead: ${leaders.map(nameOf).join(', ')}`,
        fix: 'decide which one is to lead, and let the others follow it: headwater --connect OTHER follow LEADER',
      },
    ];
  if (leader.status?.followers.length === 0)
    return [
      {
        severity: 'notice',
        what: 'the leader has no follower, so all data are on one machine',
        fix: `start a follower: headwater serve --data DIR --follow ${leader.address}`,
      },
    ];
  return [];
}

function versions({ nodes }: TreeSeen): Found[] {
  const by = new Map<string, NodeSeen[]>();
  for (const node of nodes) {
    const { version } = node.status ?? {};
    if (version !== undefined) by.set(version, [...(by.get(version) ?? []), node]);
  }
  if (by.size < 2) return [];
  const list = [...by].map(([version, those]) => `${version} at ${those.map(nameOf).join(' and ')}`);
  return [
    {
      severity: 'warning',
      what: `the nodes run different versions: ${list.join(', ')}`,
      fix: 'finish the upgrade: the followers first, then the leader, after it has handed over: headwater --connect LEADER drain',
    },
  ];
}

function clocks({ machines }: Seen): Found[] {
  const ahead = [...machines].map(([node, { machine, hereMs }]) => ({ node, ms: machine.wallMs - hereMs }));
  const first = ahead.toSorted((one, other) => one.ms - other.ms);
  const [slow, fast] = [first[0], first.at(-1)];
  if (!slow || !fast || fast.ms - slow.ms <= CLOCK_DIFFERENCE_MS_MAX) return [];
  return [
    {
      severity: 'warning',
      what: `the clock of ${fast.node} is ${roughly(fast.ms - slow.ms)} ahead of the clock of ${slow.node}, so keys would expire at another time after a failover`,
      fix: 'let the network set the clocks: systemctl enable --now systemd-timesyncd, or chrony',
    },
  ];
}

// ---- a node -----------------------------------------------------------------------

function atNode({ address, nodeId, status, error, isAway }: NodeSeen): Found[] {
  // A follower that runs knows why it has no link.
  if (isAway && !status?.upstream?.error)
    return [
      {
        severity: 'warning',
        what: 'the follower is away, and the log is kept for it',
        fix: `start it again, or remove it for ever: headwater node remove ${nodeId}`,
      },
    ];
  if (!status)
    return [
      {
        severity: 'critical',
        what: `the node gives no answer: ${error || 'nobody knows where it listens'}`,
        fix: 'look at its log, and whether its process and its network work',
      },
    ];
  return [
    ...service(status, address),
    ...data(status, address),
    ...replication(status, address),
    ...load(status, address),
  ];
}

function service(status: Status, address: string): Found[] {
  const { unavailable, diskFull, superseded, askingFollowers, writeWait, minFollowers, followersWithinLag } = status;
  const found: Found[] = [];
  if (unavailable) found.push(critical(`the node serves nothing: ${unavailable}`, 'do what this message says'));
  if (superseded) found.push(critical(`the leader takes no writes: ${superseded}`, 'do what this message says'));
  if (askingFollowers)
    found.push(warning(`the leader takes no writes yet: ${askingFollowers}`, 'start the followers that it waits for'));
  if (diskFull)
    found.push(
      critical(
        `the node takes no writes: ${diskFull}`,
        `make room, or keep less log: ${to(address, 'config set log-retention-bytes SIZE')}`,
      ),
    );
  if (writeWait) found.push(warning(`writes wait: ${writeWait}`, 'look for other programs that use the same disk'));
  if (status.role === 'leader' && followersWithinLag < minFollowers)
    found.push(
      critical(
        `the leader takes no writes: it needs ${plural(minFollowers, 'follower')} within ${roughly(status.maxLagMs)}, and has ${grouped(followersWithinLag)}`,
        `start the followers, or need fewer for now: ${to(address, `config set min-followers ${followersWithinLag}`)}`,
      ),
    );
  if (status.draining)
    found.push(notice('the node is marked to be stopped', `stop it, or ${to(address, 'drain --undo')}`));
  return found;
}

function data(status: Status, address: string): Found[] {
  const { damage, lostWrites, digestDifferences, fsync, clock, archive, role } = status;
  const found: Found[] = [];
  if (damage)
    found.push(
      critical(
        `data on the disk are damaged: ${damage}`,
        role === 'leader'
          ? `let a follower lead, and then repair this node: ${to(address, 'failover')}; ${to(address, 'repair')}`
          : to(address, 'repair'),
      ),
    );
  if (lostWrites > 0)
    found.push(
      warning(
        `${plural(lostWrites, 'write')} that only this node had when it led ${lostWrites === 1 ? 'is' : 'are'} in its lost-writes/`,
        'read the files with "headwater log dump", write again what counts, and remove them',
      ),
    );
  if (digestDifferences > 0)
    found.push(
      critical(
        `a comparison has found ${plural(digestDifferences, 'node')} with other data than the leader`,
        to(address, 'compare'),
      ),
    );
  if (fsync === 'never')
    found.push(
      warning(
        'the log is never synced, so a power cut may lose any number of writes',
        'start the node with --fsync everysec or always',
      ),
    );
  if (clock) found.push(warning(`the clock: ${clock}`, 'let the network set the clock of this machine'));
  if (archive?.error) found.push(critical(`nothing is archived: ${archive.error}`, `look at ${archive.directory}`));
  else if (archive?.late)
    found.push(critical(`not all is archived: ${archive.late}`, `headwater archive list ${archive.directory}`));
  if (archive && archive.missed > 0)
    found.push(
      warning(
        `${plural(archive.missed, 'command')} left the log before the archive had ${archive.missed === 1 ? 'it' : 'them'}`,
        `make a new backup: ${to(address, 'backup FILE')}`,
      ),
    );
  return found;
}

function replication(status: Status, address: string): Found[] {
  const { upstream, headroom, ignoredFollow, fullResyncs, uptimeMs } = status;
  const found: Found[] = [];
  if (ignoredFollow) found.push(warning(ignoredFollow, 'do what this message says'));
  if (upstream?.error)
    found.push(
      critical(
        `the link to ${upstream.address} is down: ${upstream.error}`,
        upstream.error.includes('--upstream-credentials')
          ? `start it with --upstream-credentials FILE; to make the file: ${to(upstream.address, 'user create NAME --role replicate --out FILE')}`
          : isArchivePlace(upstream.address)
            ? `look what is there: headwater archive list ${upstream.address}`
            : `look whether ${upstream.address} is there, or follow another node: ${to(address, 'follow HOST:PORT')}`,
      ),
    );
  if (headroom?.ms !== undefined && headroom.ms < HEADROOM_MS_MIN)
    found.push(
      critical(
        `at the present rate a follower falls off the log in ${roughly(headroom.ms)}, and then needs a full resync`,
        `keep more log: ${to(address, 'config set log-retention-pin-bytes SIZE')}`,
      ),
    );
  const hours = Math.max(1, uptimeMs / HOUR_MS);
  if (fullResyncs / hours >= FULL_RESYNCS_AN_HOUR_MAX)
    found.push(
      warning(
        `the node has needed ${plural(fullResyncs, 'full resync')} in ${roughly(uptimeMs)}: ${reasonsOf(status)}`,
        'keep more log at the upstream (log-retention-bytes), or remove the causes: src/replication/README.md has each reason',
      ),
    );
  return found;
}

function reasonsOf({ resyncReasons }: Status): string {
  return resyncReasons.map(({ reason, count }) => `${reason} ${grouped(count)}`).join(', ');
}

function load(status: Status, address: string): Found[] {
  const { eventLoopDelayP99Ms, expiryLateMs, connections } = status;
  const found: Found[] = [];
  if (eventLoopDelayP99Ms > LOOP_DELAY_P99_MS_MAX)
    found.push(
      warning(
        `the event loop is late by ${roughly(eventLoopDelayP99Ms)} for one turn in a hundred`,
        `look for large requests: ${to(address, 'monitor')}; or give the node a processor of its own`,
      ),
    );
  if (expiryLateMs > EXPIRY_LATE_MS_MAX)
    found.push(
      warning(
        `expired keys wait for ${roughly(expiryLateMs)} until they are deleted`,
        'let fewer keys expire at the same time',
      ),
    );
  const refused = (connections?.refusedGrpc ?? 0) + (connections?.refusedRedis ?? 0);
  if (refused > 0)
    found.push(
      warning(
        `${plural(refused, 'connection')} had no place since the node started`,
        `look for clients that open many connections, or allow more: ${to(address, 'config set max-connections N')}`,
      ),
    );
  return found;
}

// ---- its machine --------------------------------------------------------------------

function onMachine(machine: MachineReport): Found[] {
  return [...files(machine), ...memory(machine), ...disk(machine)];
}

function files({ openFiles, openFilesMax, openFilesWanted }: MachineReport): Found[] {
  if (openFilesMax === undefined) return [];
  const fix = 'allow more: LimitNOFILE=65536 in the systemd unit, or "ulimit -n 65536" before the start';
  if (openFiles !== undefined && openFiles > OPEN_FILES_MAX * openFilesMax)
    return [critical(`${grouped(openFiles)} of ${grouped(openFilesMax)} possible files and connections are open`, fix)];
  if (openFilesMax >= openFilesWanted) return [];
  return [
    warning(
      `the process may open ${grouped(openFilesMax)} files and connections: expected ${grouped(openFilesWanted)}`,
      fix,
    ),
  ];
}

function memory(machine: MachineReport): Found[] {
  const { memoryBytes, memoryAvailableBytes, memoryLimitBytes, residentBytes, swappedBytes } = machine;
  const found: Found[] = [];
  if (memoryLimitBytes !== undefined && residentBytes > MEMORY_OF_LIMIT_MAX * memoryLimitBytes)
    found.push(
      critical(
        `the process occupies ${binarySize(residentBytes)} of the ${binarySize(memoryLimitBytes)} that its container allows`,
        'allow more memory, or lower overlay-bytes and read-cache',
      ),
    );
  if (memoryAvailableBytes !== undefined && memoryAvailableBytes < MEMORY_AVAILABLE_MIN * memoryBytes)
    found.push(
      warning(
        `the machine has ${binarySize(memoryAvailableBytes)} of ${binarySize(memoryBytes)} memory left`,
        'stop other programs, or use a machine with more',
      ),
    );
  if (swappedBytes !== undefined && swappedBytes > SWAPPED_BYTES_MAX)
    found.push(
      warning(
        `${binarySize(swappedBytes)} of the process are in swap space, so some calls wait for the disk`,
        'turn swap off (swapoff -a), or use it less (sysctl vm.swappiness=1)',
      ),
    );
  if (machine.transparentHugepages === 'always')
    found.push(
      notice(
        'transparent huge pages are on for all programs, so the process may occupy more memory than it uses',
        'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled',
      ),
    );
  return found;
}

function disk({ fileSystem, diskBytes, diskFreeBytes, data: directory }: MachineReport): Found[] {
  const found: Found[] = [];
  if (VOLATILE.includes(fileSystem))
    found.push(
      critical(`${directory} is in memory (${fileSystem}): a restart of the machine loses it`, 'move it to a disk'),
    );
  if (REMOTE.test(fileSystem))
    found.push(
      warning(
        `${directory} is on ${fileSystem}, where a sync may not reach a disk and a lock may not hold`,
        'move it to a local disk',
      ),
    );
  if (diskBytes !== undefined && diskFreeBytes !== undefined && diskFreeBytes < DISK_FREE_MIN * diskBytes)
    found.push(
      warning(
        `the disk of ${directory} has ${binarySize(diskFreeBytes)} of ${binarySize(diskBytes)} left`,
        'make room, keep less log (log-retention-bytes), or use a larger disk',
      ),
    );
  return found;
}

function critical(what: string, fix: string): Found {
  return { severity: 'critical', what, fix };
}

function warning(what: string, fix: string): Found {
  return { severity: 'warning', what, fix };
}

function notice(what: string, fix: string): Found {
  return { severity: 'notice', what, fix };
}
