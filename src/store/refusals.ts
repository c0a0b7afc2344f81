/** The reasons why a node takes no writes, in the words that clients get. Reads are answered all the same. */

import { isArchivePlace } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import type { Operation, Reply } from '../model/operation.js';
import { isWrite } from '../model/write-kinds.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { SupersededBy } from './node-record.js';

/**
 * @param upstream host:port, to which the writes go, or the place of an archive. Empty on a node that waits for its
 * cluster to have a leader.
 */
export function readOnlyFollower(
  upstream: string,
  { holder, electionMs = 0, whyNoElection }: Pick<LeadershipTerm, 'electionMs' | 'holder' | 'whyNoElection'>,
): HeadwaterError {
  const leader = holder();
  if (leader)
    return new HeadwaterError(
      'read_only_follower',
      `this node is a follower and takes no writes; the leader of its cluster is ${leader}`,
      { details: { leader, cause: 'ELECTED' } },
    );
  if (leader === '') return withoutLeader(upstream, electionMs, whyNoElection());
  const message = isArchivePlace(upstream)
    ? `this node follows the archive ${upstream} and takes no writes. Send writes to the leader, or make this node lead with "promote"`
    : `this node is a follower and takes no writes; its upstream is ${upstream}`;
  return new HeadwaterError('read_only_follower', message, { details: leaderIn(upstream) });
}

/** A node that followed the last leader names it: that one may be back. Another one has led itself, or was just started. */
function withoutLeader(upstream: string, electionMs: number, why: string): HeadwaterError {
  const state = 'this node takes no writes, and knows no leader of its cluster now';
  const message = why
    ? `${state}: ${why}`
    : `${state}. One is elected within ${Math.ceil(electionMs / 1_000)} s, unless a person is needed: "headwater cluster" says so. Try again then`;
  if (upstream === '') return new HeadwaterError('unavailable', message);
  const details = { ...leaderIn(upstream), cause: 'NO_LEADER' };
  return new HeadwaterError('read_only_follower', message, { details });
}

/** The details of a refusal, with the node to ask instead. An archive is none, and a cluster may have no leader. */
export function leaderIn(upstream: string): { readonly leader?: string } {
  return upstream === '' || isArchivePlace(upstream) ? {} : { leader: upstream };
}

export function superseded({ node_id, address, epoch }: SupersededBy): HeadwaterError {
  const who = address === '' ? `node ${node_id}` : `node ${node_id} at ${address}`;
  return new HeadwaterError(
    'superseded',
    `this leader takes no writes, because a later leader continues its history: epoch ${epoch}, as ${who} reports. "follow" the new leader, or "promote" this node to lead again`,
    { details: { nodeId: node_id, address, epoch } },
  );
}

/** @param untilMs the latest end of the wait, milliseconds since the epoch. */
export function askingFollowers(untilMs: number): HeadwaterError {
  return new HeadwaterError(
    'unavailable',
    `this leader may have lost the end of its log, and takes no writes until its followers have answered: at most until ${new Date(untilMs).toISOString()}, or longer while they send blocks. Use "promote" to continue without them`,
  );
}

/** Refuses each write with `refusal`; `answer` answers all operations that only read. */
export async function refusingWrites(
  operations: readonly Operation[],
  refusal: HeadwaterError,
  answer: (reads: readonly Operation[]) => Promise<Reply[]>,
): Promise<Reply[]> {
  const refused: Reply = { kind: 'error', error: refusal };
  const answered = await answer(operations.filter((operation) => !isWrite(operation)));
  let at = 0;
  return operations.map((operation) => (isWrite(operation) ? refused : (answered[at++] as Reply)));
}
