/**
 * `cluster` and the commands below it: who leads the cluster of a node and for how long, who could lead next and why the
 * others could not, and the wishes of a person, which the store of the cluster keeps.
 */
import type { ClusterLeadership, ClusterMember, StatusCluster } from '../src/client/index.js';
import type { Session } from './connection.js';
import { grouped, plural, roughly } from './figures.js';
import { snakeCase } from './json-names.js';
import { EXIT, type ExitStatus } from './output.js';
import { drawnTable } from './table.js';
import { type Paint, paintFor } from './terminal.js';

/** @returns EXIT.NEGATIVE if no node leads, or if no other node could lead next. */
export async function showCluster({ client, output }: Session): Promise<ExitStatus> {
  const status = await client.clusterStatus();
  const { history: _, ...shown } = status;
  await output.result(snakeCase(shown) as object, textOf(status, paintFor(process.stdout)));
  return status.leaderId !== '' && successors(status).length > 0 ? EXIT.DONE : EXIT.NEGATIVE;
}

/** Prints the last leaderships of the cluster, the newest first. */
export async function clusterHistory({ client, output }: Session): Promise<ExitStatus> {
  const { history } = await client.clusterStatus();
  if (output.json) for (const led of history.toReversed()) await output.result(leadershipFields(led), '');
  else if (history.length > 0) await output.result({}, historyTable(history));
  return EXIT.DONE;
}

export async function pauseCluster({ client, output }: Session): Promise<ExitStatus> {
  await client.clusterPause();
  await output.result({ paused: true }, 'paused: if the leader goes, no other node leads until "cluster resume"');
  return EXIT.DONE;
}

export async function resumeCluster({ client, output }: Session): Promise<ExitStatus> {
  await client.clusterPause({ undo: true });
  await output.result(
    { paused: false },
    'resumed: if the leader goes, another node leads, and a failover that waits for a person happens now',
  );
  return EXIT.DONE;
}

/** Gives the leadership to another node of the cluster. The client is at the leader. */
export async function switchCluster(
  { client, output }: Session,
  { to = '' }: { readonly to?: string },
): Promise<ExitStatus> {
  const done = await client.clusterSwitch(to);
  await output.result(
    snakeCase(done) as object,
    `${done.newLeader} leads from offset ${done.offset} in place of ${done.oldLeader}; writes waited ${done.pauseMs.toFixed(1)} ms`,
  );
  return EXIT.DONE;
}

/** The nodes that may lead if the leader goes. */
function successors({ members, leaderId, paused }: StatusCluster): readonly ClusterMember[] {
  return paused ? [] : members.filter(({ nodeId, cannotLead }) => nodeId !== leaderId && cannotLead === '');
}

function textOf(status: StatusCluster, paint: Paint): string {
  const { name, clusterId, mode, failsafe, ttlMs, storeSilentMs } = status;
  const rows: ReadonlyArray<readonly [name: string, text: string]> = [
    ['cluster', `${name}  ${clusterId || 'has had no leader yet'}`],
    ['mode', `${mode}${failsafe ? ', failsafe' : ''}, a lease lives ${roughly(ttlMs)}`],
    ['leader', leaderLine(status, paint)],
    ['term', grouped(status.fence)],
    ['this node', stateLine(status)],
    [
      'store',
      storeSilentMs === undefined ? paint('red', 'has never answered') : `answered ${roughly(storeSilentMs)} ago`,
    ],
    ...(status.needsPerson
      ? [['waits', paint('red', 'for a person: run "cluster resume" when the nodes are well')] as const]
      : []),
    ...(status.paused
      ? [['paused', paint('yellow', 'no other node leads if the leader goes. Run "cluster resume"')] as const]
      : []),
    ...(status.required.length > 0 ? [['must have writes', status.required.join(', ')] as const] : []),
  ];
  const width = Math.max(...rows.map(([row]) => row.length));
  const lines = rows.map(([row, text]) => `${row.padEnd(width)}  ${text}`);
  return [...lines, '', membersTable(status, paint)].join('\n');
}

function leaderLine({ leaderId, leaderAddress, leftMs, why }: StatusCluster, paint: Paint): string {
  if (leaderId === '') return paint('red', `none: ${why || 'the nodes are electing one'}`);
  const left = leftMs > 0 ? `, ${(leftMs / 1_000).toFixed(1)} s of its lease left` : '';
  return `${leaderAddress} (${leaderId})${left}`;
}

function stateLine({ state, why, leaderId }: StatusCluster): string {
  return why === '' || leaderId === '' ? state : `${state}: ${why}`;
}

function membersTable({ members, leaderId, paused }: StatusCluster, paint: Paint): string {
  const furthest = Math.max(0, ...members.map(({ offset }) => offset));
  const rows = members.map(({ nodeId, address, offset, durableOffset, cannotLead }) => [
    address,
    nodeId,
    grouped(offset),
    grouped(durableOffset),
    grouped(furthest - offset),
    nodeId === leaderId
      ? paint('green', 'leads')
      : couldLead(cannotLead || (paused ? 'the cluster is paused' : ''), paint),
  ]);
  return drawnTable(['address', 'node', 'offset', 'durable', 'behind', 'could lead'], rows, { right: [2, 3, 4] });
}

/** @param why why a node could not lead next; empty if it could. */
function couldLead(why: string, paint: Paint): string {
  return why === '' ? 'yes' : paint('yellow', `no: ${why}`);
}

function leadershipFields({ timeMs, endedMs, ...led }: ClusterLeadership): object {
  const ended = endedMs === 0 ? {} : { ended: new Date(endedMs).toISOString() };
  return { time: new Date(timeMs).toISOString(), ...ended, ...(snakeCase(led) as object) };
}

function historyTable(history: readonly ClusterLeadership[]): string {
  const rows = history
    .toReversed()
    .map(({ fence, nodeId, address, reason, timeMs, endedMs }) => [
      new Date(timeMs).toISOString(),
      endedMs === 0 ? '' : new Date(endedMs).toISOString(),
      grouped(fence),
      address,
      nodeId,
      reason,
    ]);
  const table = drawnTable(['began', 'ended', 'term', 'leader', 'node', 'reason'], rows, { right: [2] });
  return `${table}\n${plural(history.length, 'leadership')} in the store of the cluster`;
}
