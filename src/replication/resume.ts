/**
 * The decision whether an interrupted full resync of a follower resumes here, as a pure function. The follower has kept
 * the entries of earlier snapshots up to a key, and the log behind the first of them. If this log continues the kept one,
 * the rest of a snapshot of now completes the data: the replay of the log brings all entries to one state.
 */
import type { ChecksumLookup } from '../log/lookup.js';
import type { Lineage } from '../model/lineage.js';
import { formatChecksum, formatPosition, type Position } from '../model/position.js';
import type { KeptLoad } from './frames.js';

/** The upstream, as far as the decision needs it. */
export interface ResumingSide {
  readonly role: 'leader' | 'follower';
  readonly clusterId: string;
  readonly lineage: Lineage;
  readonly end: Position;
  /** The position after which the upstream's log begins. */
  readonly base: Position;
  /** The upstream's checksum at the end of the kept log. */
  readonly checksumAtEnd: ChecksumLookup;
}

/**
 * Whether the upstream is a follower too and merely behind the kept log, so that it may have all of that log in a moment.
 * A follower that began again there would delete what it has kept.
 */
export function mayCatchUp(
  { clusterId, logEnd }: KeptLoad,
  upstream: Pick<ResumingSide, 'role' | 'clusterId' | 'end'>,
): boolean {
  const { role, end } = upstream;
  const isBehind = end.offset < logEnd.offset && end.replicationId === logEnd.replicationId;
  return role === 'follower' && isBehind && clusterId === upstream.clusterId;
}

/** @returns why the resync cannot resume, for people; undefined if it resumes. */
export function whyNotResumed(
  { clusterId, logEnd }: KeptLoad,
  upstream: Omit<ResumingSide, 'role'>,
): string | undefined {
  const { base, end, lineage, checksumAtEnd } = upstream;
  if (clusterId !== upstream.clusterId)
    return `the kept data are of the cluster ${clusterId}, and this node belongs to ${upstream.clusterId || 'none'}`;
  if (logEnd.offset < base.offset || logEnd.offset > end.offset)
    return `the follower needs the log after offset ${logEnd.offset}, and this log holds ${base.offset + 1} to ${end.offset}`;
  const replicationId = lineage.replicationIdAt(logEnd.offset);
  if (checksumAtEnd === logEnd.checksum && replicationId === logEnd.replicationId) return undefined;
  const here = typeof checksumAtEnd === 'number' ? formatChecksum(checksumAtEnd) : checksumAtEnd;
  return `the kept log ends at ${formatPosition(logEnd)}, and the history here is ${replicationId.slice(0, 8)} at that offset (checksum ${here})`;
}
