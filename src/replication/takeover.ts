/**
 * What a node makes of a handshake by which a leader hands its leadership over
 * to it, as a pure function, and whether one leader has been superseded by
 * another. There must never be two leaders: so a grant is acted upon only by
 * the node that it names, once, exactly where the giver's log ends; and a node
 * that says no says it for ever. Design: decision 21.
 */
import { type Lineage, rowsEqual } from '../lineage.js';
import { formatPosition, type Position } from '../position.js';

export interface Offer {
  readonly grant: string;
  /** The node ID that is to lead. */
  readonly handsOverTo: string;
  /** Where the giver's log ends. */
  readonly position: Position;
}

export interface Taker {
  readonly nodeId: string;
  readonly role: 'leader' | 'follower';
  readonly end: Position;
  /** It is handing over itself, and does not know whether that one leads. */
  readonly handingOver: boolean;
  /** Its own log has the same past at the giver's position. */
  readonly holdsPosition: boolean;
  readonly grants: { readonly taken: readonly string[]; readonly refused: readonly string[] };
}

export type Answer =
  /** It takes the leadership, and then goes on as with any follower. */
  | { readonly kind: 'lead' }
  /** The giver is a follower like any other: leadership has moved on already. */
  | { readonly kind: 'serve' }
  /** It has not acted on the grant and will not. */
  | { readonly kind: 'refuse'; readonly message: string }
  /** It is not the node that is meant: that says nothing about that one. */
  | { readonly kind: 'stranger'; readonly message: string };

/** Undefined where it is this node; nothing of a node has to be looked at, or held up, to tell that it is another. */
export function whoIsMeant({ handsOverTo }: Pick<Offer, 'handsOverTo'>, nodeId: string): string | undefined {
  if (handsOverTo === nodeId) return undefined;
  return `the leadership is handed over to the node ${handsOverTo}, this is ${nodeId}`;
}

export function answerOffer(offer: Offer, taker: Taker): Answer {
  const { grant, position } = offer;
  const meant = whoIsMeant(offer, taker.nodeId);
  if (meant !== undefined) return { kind: 'stranger', message: meant };
  if (taker.grants.taken.includes(grant)) return { kind: 'serve' };
  if (taker.grants.refused.includes(grant))
    return { kind: 'refuse', message: 'it has refused this handing over before' };
  if (taker.role === 'leader') {
    if (taker.holdsPosition) return { kind: 'serve' };
    return { kind: 'refuse', message: `it leads another history, which ends at ${formatPosition(taker.end)}` };
  }
  if (taker.handingOver) return { kind: 'refuse', message: 'it is handing over the leadership itself' };
  const { end } = taker;
  const level =
    end.offset === position.offset &&
    end.checksum === position.checksum &&
    end.replicationId === position.replicationId;
  if (level) return { kind: 'lead' };
  return {
    kind: 'refuse',
    message: `the leader ended at ${formatPosition(position)}, this node at ${formatPosition(end)}: it takes over only where both end alike`,
  };
}

/**
 * The epoch under which the history of `own` was led on by another leader, to
 * the end of `other`; undefined where it was not, or not as far as this tells.
 *
 * Two that began histories of their own at one place, as where a handing over
 * was overridden that had been acted upon, are both led: the later epoch goes
 * on, and of two equal ones that with the greater ID, so that each of them comes
 * to the same answer.
 */
export function supersedingEpoch(own: Lineage, other: Lineage): number | undefined {
  const last = own.current;
  const theirs = other.current;
  if (!last || !theirs) return undefined;
  if (other.rows.some((row) => rowsEqual(row, last))) return theirs.epoch > last.epoch ? theirs.epoch : undefined;
  if (!partAtOnePlace(own, other)) return undefined;
  const later = theirs.epoch === last.epoch ? theirs.replicationId > last.replicationId : theirs.epoch > last.epoch;
  return later ? theirs.epoch : undefined;
}

/** Whether both left the last history that they share at the same command. */
function partAtOnePlace(own: Lineage, other: Lineage): boolean {
  const shared = own.rows.findLastIndex((row) => other.rows.some((candidate) => rowsEqual(candidate, row)));
  const sharedRow = own.rows[shared];
  if (!sharedRow) return false;
  const mine = own.rows[shared + 1];
  const theirs = other.rows[other.rows.findIndex((candidate) => rowsEqual(candidate, sharedRow)) + 1];
  return mine?.firstOffset === theirs?.firstOffset && mine?.checksum === theirs?.checksum;
}
