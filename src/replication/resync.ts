/**
 * The decision at the start of every replication session, as a pure function.
 * The follower may go on from its own log, has to wait, or needs a snapshot.
 * The session is refused if the follower would lose data that a person has to
 * give up first.
 *
 * Loss is judged by the branch point, the last offset that both pasts have in
 * common, never by length.
 */

import type { Details } from '../base/errors.js';
import type { ChecksumLookup } from '../log/lookup.js';
import { type Lineage, type LineageRow, rowsEqual } from '../model/lineage.js';
import { formatChecksum, type Position } from '../model/position.js';
import type { RefuseReason } from '../model/refusal.js';
import type { Handshake } from './frames.js';
import { epochBefore } from './takeover.js';

/** The follower's handshake, as far as the decision needs it. */
export interface FollowerSide
  extends Pick<
    Handshake,
    'clusterId' | 'position' | 'baseOffset' | 'keyspaceOffset' | 'acceptDataLoss' | 'full' | 'keyspaceIncomplete'
  > {
  /** Every history that the follower's log and keyspace have lived in. */
  readonly lineage: Lineage;
}

export interface UpstreamSide {
  readonly role: 'leader' | 'follower';
  readonly clusterId: string;
  readonly lineage: Lineage;
  readonly end: Position;
  /** The position after which the upstream's log begins. */
  readonly base: Position;
  /** The upstream's checksum at the end of the follower's log. */
  readonly checksumAtFollower: ChecksumLookup;
  /** The history that the leader has begun right behind `end`, if nothing is logged under it yet. */
  readonly nextHistory?: LineageRow | undefined;
}

export const CONTINUE_REASONS = [
  /** Neither side holds anything. */
  'BOTH_EMPTY',
  /** The follower has everything. */
  'LEVEL',
  /** The follower is behind, in the history that goes on here. */
  'SAME_HISTORY',
  /** The follower stands at or before the begin of a later history here, as after a promotion. */
  'EARLIER_HISTORY',
] as const;

export const FULL_REASONS = [
  /** The follower holds nothing. */
  'EMPTY_FOLLOWER',
  /** The follower has asked for it. */
  'REQUESTED',
  /** The log no longer holds the commands after the follower's position. */
  'LOG_TRIMMED',
  /** The follower has writes that this history does not have. The follower saves them first. */
  'DIVERGED',
  /** The follower has another past up to its position than this log. The follower saves the difference first. */
  'CHECKSUM_MISMATCH',
  /** The follower's position lies inside a block here. The follower saves the difference first. */
  'NOT_A_BOUNDARY',
  /** The follower's log lost a tail, but its keyspace has the effects. */
  'KEYSPACE_INCOMPLETE',
  /** A person accepted the loss. */
  'DATA_LOSS_ACCEPTED',
] as const;

export type ContinueReason = (typeof CONTINUE_REASONS)[number];
export type FullReason = (typeof FULL_REASONS)[number];

export type Decision = Judgement & { readonly details: Details };

type Judgement =
  | { readonly kind: 'continue'; readonly reason: ContinueReason; readonly message: string }
  | { readonly kind: 'wait'; readonly message: string }
  | {
      readonly kind: 'full';
      readonly reason: FullReason;
      readonly message: string;
      /**
       * The follower loses its own commands after this offset, so it saves them
       * first. Undefined if there is nothing to save.
       */
      readonly branchOffset: number | undefined;
    }
  | { readonly kind: 'refuse'; readonly reason: RefuseReason; readonly message: string };

type Refusal = Extract<Judgement, { readonly kind: 'refuse' }>;

export function decide(follower: FollowerSide, upstream: UpstreamSide): Decision {
  return { ...judge(follower, upstream), details: detailsOf(follower, upstream) };
}

function judge(follower: FollowerSide, upstream: UpstreamSide): Judgement {
  if (reach(follower) === 0) return decideForEmpty(follower, upstream);
  const refusal = refuse(follower, upstream);
  if (refusal) {
    if (!follower.acceptDataLoss) return refusal;
    return accepted(refusal, undefined);
  }
  const branch = branchOf(follower, upstream) as number;
  if (reach(follower) > branch) return decideBeyond(branch, follower, upstream);
  if (follower.keyspaceIncomplete) return decideIncomplete(branch, follower, upstream);
  if (follower.full) return full('REQUESTED', 'the follower asked for a full resync');
  return decideOnLineage(branch, follower, upstream);
}

/** An empty follower can lose nothing, whatever its cluster, so only the way to send is open. */
function decideForEmpty(follower: FollowerSide, upstream: UpstreamSide): Judgement {
  if (upstream.end.offset === 0) {
    // A session tells the cluster once. A follower that has not learned it would begin another cluster when it leads.
    if (upstream.clusterId === '')
      return {
        kind: 'wait',
        message: 'the upstream is a follower that has not had a session with its own upstream yet',
      };
    return goOn('BOTH_EMPTY', 'neither side holds anything');
  }
  if (follower.full) return full('REQUESTED', 'the follower asked for a full resync');
  return full('EMPTY_FOLLOWER', `the follower holds nothing, the log ends at offset ${upstream.end.offset}`);
}

function refuse(follower: FollowerSide, upstream: UpstreamSide): Refusal | undefined {
  if (upstream.end.offset === 0) {
    return {
      kind: 'refuse',
      reason: 'UPSTREAM_EMPTY',
      message: `the upstream holds nothing, the follower holds ${reach(follower)} commands. Following would delete them`,
    };
  }
  if (follower.clusterId !== '' && upstream.clusterId !== '' && follower.clusterId !== upstream.clusterId)
    return otherCluster(follower, upstream);
  if (branchOf(follower, upstream) === undefined) {
    return {
      kind: 'refuse',
      reason: 'NO_COMMON_HISTORY',
      message: `the follower's history ${follower.lineage.replicationIdAt(reach(follower))} at offset ${reach(follower)} and the upstream's ${upstream.end.replicationId} at ${upstream.end.offset} have no common part`,
    };
  }
  return undefined;
}

function otherCluster(follower: FollowerSide, upstream: UpstreamSide): Refusal {
  return {
    kind: 'refuse',
    reason: 'OTHER_CLUSTER',
    message: `the follower belongs to the cluster ${follower.clusterId}, the upstream to ${upstream.clusterId}`,
  };
}

/** The follower has commands beyond the branch. */
function decideBeyond(branch: number, follower: FollowerSide, upstream: UpstreamSide): Judgement {
  const offset = reach(follower);
  const later = follower.acceptDataLoss ? undefined : decideForLater(branch, follower, upstream);
  if (later) return later;
  const next = leftFor(branch, follower, upstream);
  if (upstream.role === 'follower' && branch === upstream.end.offset && !next) {
    return {
      kind: 'wait',
      message: `the follower needs the commands after offset ${offset}, the upstream is a follower too and is at ${upstream.end.offset}. The next write of the leader decides`,
    };
  }
  const goesOn = next ? `${next.replicationId} from there` : `${upstream.end.replicationId} to ${upstream.end.offset}`;
  const message = `the histories part after offset ${branch}: the follower has its own commands up to ${offset}, the upstream continues as ${goesOn}`;
  return losing('DIVERGED', message, branch, follower, upstream);
}

/**
 * The follower's history takes precedence over the upstream's, and is never
 * dropped for the older one. An upstream that is a follower may get that
 * history from its own upstream yet. An upstream that leads never does.
 */
function decideForLater(branch: number, follower: FollowerSide, upstream: UpstreamSide): Judgement | undefined {
  const { lineage, end, nextHistory } = upstream;
  const epoch = epochBefore(lineage, end.offset, follower.lineage);
  if (epoch === undefined || epoch < (nextHistory?.epoch ?? 0)) return undefined;
  const both = `the histories part after offset ${branch}: the follower continued to ${reach(follower)} under epoch ${epoch}, the upstream to ${end.offset} under epoch ${lineage.epoch}`;
  if (upstream.role === 'follower')
    return { kind: 'wait', message: `${both}. The upstream may still get the later epoch from its leader` };
  return {
    kind: 'refuse',
    reason: 'LATER_EPOCH',
    message: `${both}. "promote" a node of the later epoch, or "promote" the upstream to drop the later writes`,
  };
}

/**
 * The history under which a later leader goes on from the branch, if nothing is
 * logged under it yet. A leader that restarts begins another history at the
 * same place. So the commands of a follower with an equal or later epoch may be
 * of that same leader, and the result is undefined.
 */
function leftFor(
  branch: number,
  follower: FollowerSide,
  { end, nextHistory: next }: UpstreamSide,
): LineageRow | undefined {
  const begins = next?.firstOffset === branch + 1 && branch === end.offset && next.checksum === end.checksum;
  if (!begins || next.epoch <= follower.lineage.epoch) return undefined;
  return follower.lineage.rows.some((row) => rowsEqual(row, next)) ? undefined : next;
}

function decideOnLineage(branch: number, follower: FollowerSide, upstream: UpstreamSide): Judgement {
  const { offset, checksum } = follower.position;
  if (offset < upstream.base.offset) {
    return full(
      'LOG_TRIMMED',
      `the follower needs the commands after offset ${offset}, the log holds ${upstream.base.offset + 1} to ${upstream.end.offset}`,
    );
  }
  if (upstream.checksumAtFollower === checksum) return decideContinue(follower, upstream);
  const known = upstream.lineage.at(branch)?.firstOffset ?? 1;
  if (upstream.checksumAtFollower === 'not_a_boundary') {
    const message = `the follower's offset ${offset} lies inside a block of the upstream, in the same history`;
    return losing('NOT_A_BOUNDARY', message, known - 1, follower, upstream);
  }
  if (typeof upstream.checksumAtFollower === 'number') {
    const theirs = formatChecksum(checksum);
    const ours = formatChecksum(upstream.checksumAtFollower);
    const message = `at offset ${offset} the follower's running checksum is ${theirs}, the upstream's is ${ours}, in the same history`;
    return losing('CHECKSUM_MISMATCH', message, known - 1, follower, upstream);
  }
  return full('LOG_TRIMMED', `the follower needs the commands after offset ${offset}, the log was trimmed there`);
}

function decideContinue({ position }: FollowerSide, { end }: UpstreamSide): Judgement {
  const { offset } = position;
  if (offset === end.offset) return goOn('LEVEL', `both logs end at offset ${offset}`);
  const missing = `the log holds the commands after offset ${offset}, up to ${end.offset}`;
  if (position.replicationId === end.replicationId) return goOn('SAME_HISTORY', missing);
  return goOn('EARLIER_HISTORY', `${missing}, where it continues as ${end.replicationId}`);
}

/** The follower's log has lost a tail, and everything that its keyspace may have the effects of lies on our lineage. */
function decideIncomplete(branch: number, follower: FollowerSide, upstream: UpstreamSide): Judgement {
  const { offset, checksum } = follower.position;
  const { checksumAtFollower } = upstream;
  // If both logs still know the checksum there, the two must be equal. Otherwise the keyspace grew from another past.
  if (
    checksumAtFollower === 'not_a_boundary' ||
    (typeof checksumAtFollower === 'number' && checksumAtFollower !== checksum)
  )
    return tailNotInLog((upstream.lineage.at(branch)?.firstOffset ?? 1) - 1, follower, upstream);
  return full(
    'KEYSPACE_INCOMPLETE',
    `the follower's log ends at offset ${offset}, its keyspace at ${reach(follower)}; the upstream has all of these commands, up to ${upstream.end.offset}`,
  );
}

/**
 * A full resync that costs the follower its commands after `branch`. The
 * follower saves them first, so its log must hold all of them.
 */
function losing(
  reason: FullReason,
  message: string,
  branch: number,
  follower: FollowerSide,
  upstream: UpstreamSide,
): Judgement {
  if (follower.keyspaceIncomplete || follower.baseOffset > branch) return tailNotInLog(branch, follower, upstream);
  return full(reason, message, branch);
}

function tailNotInLog(branch: number, follower: FollowerSide, upstream: UpstreamSide): Judgement {
  const refusal: Refusal = {
    kind: 'refuse',
    reason: 'TAIL_NOT_IN_LOG',
    message: `the follower has applied commands up to offset ${reach(follower)}. The upstream lacks those after ${branch}: its log ends as ${upstream.end.replicationId} at ${upstream.end.offset}. The follower's log does not hold all of them: it holds ${heldBy(follower)}`,
  };
  // A person may give up commands that the log does not hold. Commands that the log holds are saved all the same.
  return follower.acceptDataLoss ? accepted(refusal, Math.max(branch, follower.baseOffset)) : refusal;
}

function accepted(refusal: Refusal, savedAfter: number | undefined): Judgement {
  return full('DATA_LOSS_ACCEPTED', `${refusal.message}; accepted with --accept-data-loss`, savedAfter);
}

function branchOf(follower: FollowerSide, upstream: UpstreamSide): number | undefined {
  return upstream.lineage.branch(upstream.end.offset, follower.lineage, reach(follower));
}

/** The offset up to which the follower has commands or their effects. */
function reach({ position, keyspaceOffset }: FollowerSide): number {
  return Math.max(position.offset, keyspaceOffset);
}

function heldBy({ baseOffset, position }: FollowerSide): string {
  return position.offset > baseOffset ? `${baseOffset + 1} to ${position.offset}` : 'nothing';
}

function goOn(reason: ContinueReason, message: string): Judgement {
  return { kind: 'continue', reason, message };
}

function detailsOf(follower: FollowerSide, upstream: UpstreamSide): Details {
  const branch = branchOf(follower, upstream);
  const { checksumAtFollower } = upstream;
  return {
    ...sideOf('follower', follower, follower.position, follower.baseOffset),
    follower_keyspace_offset: String(follower.keyspaceOffset),
    ...sideOf('upstream', upstream, upstream.end, upstream.base.offset),
    // The leader above the upstream may have begun a later epoch.
    upstream_epoch: String(Math.max(upstream.lineage.epoch, upstream.nextHistory?.epoch ?? 0)),
    upstream_checksum_at_follower_offset:
      typeof checksumAtFollower === 'number' ? formatChecksum(checksumAtFollower) : checksumAtFollower,
    // The branch point is left out if there is none.
    ...(branch === undefined ? {} : { branch_offset: String(branch) }),
  };
}

function sideOf(
  side: 'follower' | 'upstream',
  { clusterId, lineage }: Pick<UpstreamSide, 'clusterId' | 'lineage'>,
  end: Position,
  baseOffset: number,
): Details {
  return {
    [`${side}_cluster_id`]: clusterId,
    [`${side}_replication_id`]: end.replicationId,
    [`${side}_epoch`]: String(lineage.epoch),
    [`${side}_first_offset`]: String(baseOffset + 1),
    [`${side}_offset`]: String(end.offset),
    [`${side}_checksum`]: formatChecksum(end.checksum),
  };
}

function full(reason: FullReason, message: string, branchOffset?: number): Judgement {
  return { kind: 'full', reason, message, branchOffset };
}
