/**
 * The pure decision of a node that sees no leader: does it ask for the leader key, and if not, why? Every node decides
 * by the same records of the store, so usually one of them runs. The store elects one in any case.
 */
import type { Hearing } from './hearing.js';
import type { Self } from './messages.js';
import { FLAPPING_MS, silenceOf, type Timing, WINDOW_MS } from './timing.js';
import type { MemberRecord, Standing, View } from './view.js';

/** Which nodes may lead: any that is near enough, or only those that have all acknowledged writes. */
export type ClusterMode = 'available' | 'safe';

export interface Candidacy {
  readonly view: View;
  readonly self: Self;
  readonly nodeId: string;
  readonly mode: ClusterMode;
  readonly timing: Timing;
  /** The most commands that the leader may have had beyond this node. */
  readonly lagMax: number;
  readonly nowMs: number;
  /** Since when nobody holds the leader key, as this node sees it. */
  readonly sinceMs: number;
  readonly hearing: Pick<Hearing, 'failedOverMs' | 'heardMs' | 'leaderOffset'>;
}

const MODES_DIFFER =
  'this node was started with --cluster-mode available, and the cluster is in the mode safe. Start all nodes with one mode. To leave the mode safe, delete the sync set of the cluster in its store';

const NOT_SPOKEN = 'the other nodes have not said how far they are';

/** Why a node does not run. */
export interface Obstacle {
  readonly why: string;
  /** Whether a person can end it at once. */
  readonly needsPerson: boolean;
}

/** @returns undefined if the node runs. */
export function whyNotRun(candidacy: Candidacy): Obstacle | undefined {
  return notEligible(candidacy) ?? notYet(candidacy) ?? notFurthest(candidacy);
}

function obstacle(why: string): Obstacle {
  return { why, needsPerson: false };
}

function forPerson(why: string): Obstacle {
  return { why, needsPerson: true };
}

/** Why a node may not lead, whatever the others are; empty if it may. The record in the store tells the others. */
export function whyCannotLead(
  { cannotLead, clusterId, proposedClusterId }: Self,
  view: View,
  mode: ClusterMode,
): string {
  // This node would answer writes that the nodes of the sync set do not have, and each of these may lead next.
  if (mode === 'available' && view.sync) return MODES_DIFFER;
  if (cannotLead !== '' || !view.last || (clusterId || proposedClusterId) === view.clusterId) return cannotLead;
  return `this node has no data of the cluster ${view.clusterId}, and follows its next leader`;
}

/** Why a member may not lead if the leader goes, as the store shows it; empty if it may. */
export function whyMemberCannotLead({ nodeId, cannotLead }: MemberRecord, view: View): string {
  if (cannotLead !== '') return cannotLead;
  if (view.sync && !view.sync.nodes.includes(nodeId)) return 'this node may lack acknowledged writes';
  return isKnown(nodeId, view) ? '' : 'the leader does not know this node yet';
}

/** Why a leader does not give the leadership to a node; empty if it does. */
export function whyNotSwitch(
  to: string,
  members: readonly MemberRecord[],
  leaderId: string,
  required: ReadonlySet<string> | undefined,
  mode: ClusterMode,
): string {
  const target = members.find(({ nodeId }) => nodeId === to);
  if (!target) return `no node ${to} is in the cluster now`;
  if (to === leaderId) return `${to} leads already`;
  if (target.cannotLead !== '') return target.cannotLead;
  return mode === 'safe' && !required?.has(to) ? `${to} may lack acknowledged writes` : '';
}

/**
 * Whether a node may lead after a leader that may go on without the store. The list counts on each node, whatever its
 * own options: a leader without --failsafe empties the list.
 */
function isKnown(nodeId: string, { known }: View): boolean {
  return known.length === 0 || known.includes(nodeId);
}

/** Reasons that time alone does not change. */
function notEligible({ view, self, nodeId, mode }: Candidacy): Obstacle | undefined {
  if (view.isPaused) return forPerson('the cluster is paused. Run "headwater cluster resume"');
  const why = whyCannotLead(self, view, mode);
  if (why !== '') return obstacle(why);
  if (view.sync && !view.sync.nodes.includes(nodeId))
    return obstacle(`this node may lack acknowledged writes: those that have all are ${view.sync.nodes.join(', ')}`);
  if (!isKnown(nodeId, view)) return obstacle('the last leader did not know this node');
  return undefined;
}

function notYet(candidacy: Candidacy): Obstacle | undefined {
  const { view, timing, nowMs, sinceMs, nodeId } = candidacy;
  const { heardMs, failedOverMs } = candidacy.hearing;
  const { last } = view;
  if (!last) return allSpoke(view) || nowMs - sinceMs >= WINDOW_MS ? undefined : obstacle(NOT_SPOKEN);
  // A node that runs does not lead, so a leadership of its own is over.
  const hasStopped = view.resigned === last.fence || last.nodeId === nodeId;
  const silentMs = nowMs - heardMs;
  // The last leader may have been started with another time to live.
  const silenceMs = Math.max(timing.silenceMs, silenceOf(last.ttlMs ?? 0));
  if (!hasStopped && silentMs < silenceMs)
    return obstacle(
      `the last sign of life of the last leader is ${Math.round(silentMs)} ms old. Another one is elected after ${silenceMs} ms`,
    );
  if (nowMs - failedOverMs < FLAPPING_MS && !hasStopped && view.allowed !== last.fence)
    return forPerson(
      `the last automatic failover was ${Math.round((nowMs - failedOverMs) / 1_000)} s ago. Within ${FLAPPING_MS / 1_000} s of it, only a person may order another one: run "headwater cluster resume", or wait ${Math.ceil((FLAPPING_MS - nowMs + failedOverMs) / 1_000)} s`,
    );
  return !allSpoke(view) && nowMs - sinceMs < WINDOW_MS ? obstacle(NOT_SPOKEN) : undefined;
}

function notFurthest({ view, self, nodeId, mode, lagMax, hearing }: Candidacy): Obstacle | undefined {
  const spoken = view.members.filter((member) => hasSpoken(member, view));
  const mayLead = spoken.filter(
    (member) => member.cannotLead === '' && (!view.sync || view.sync.nodes.includes(member.nodeId)),
  );
  const best = furthest(mayLead);
  if (!best || !mayLead.some((member) => member.nodeId === nodeId))
    return obstacle('this node has not said yet how far it is');
  if (best.nodeId !== nodeId)
    return obstacle(`${best.nodeId} is further: offset ${best.offset}, this node ${self.offset}`);
  const lag = hearing.leaderOffset - self.offset;
  if (mode === 'available' && lag > lagMax && view.allowed !== view.last?.fence)
    return forPerson(
      `the last leader was ${lag} commands ahead of this node, and at most ${lagMax} may be lost. Raise --max-lag-on-failover, or run "headwater cluster resume"`,
    );
  return undefined;
}

/** The number of the present round: the leader whose absence is seen. */
export function roundOf({ leader, last }: View): number {
  return leader ? -1 : (last?.fence ?? 0);
}

function hasSpoken(member: MemberRecord, view: View): boolean {
  return member.round === roundOf(view);
}

function allSpoke(view: View): boolean {
  return view.members.length > 0 && view.members.every((member) => hasSpoken(member, view));
}

/** The member whose log reaches furthest. A later leader's history comes before a longer log of an earlier one. */
function furthest<M extends MemberRecord>(members: readonly M[]): M | undefined {
  return members.reduce<M | undefined>((best, member) => (best && !isBefore(member, best) ? best : member), undefined);
}

/** Whether a member is to lead rather than another. */
function isBefore(a: MemberRecord, b: MemberRecord): boolean {
  return (compareStandings(a, b) || (a.nodeId < b.nodeId ? 1 : -1)) > 0;
}

function compareStandings(a: Standing, b: Standing): number {
  return a.historyFence - b.historyFence || a.offset - b.offset || a.durableOffset - b.durableOffset;
}
