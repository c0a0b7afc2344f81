/**
 * Pure answers to one question, asked from two sides: which of two nodes goes
 * on? `answerOffer` answers a handshake by which a leader hands its leadership
 * over. `laterEpoch` compares the histories of any two nodes that meet.
 *
 * A hand-over must never lead to two leaders. A grant binds only while the
 * giver's history stands where the giver left it. Only the node that the grant
 * names acts on it, once, and only below the giver itself. A node that has
 * refused a grant never acts on it.
 */

import type { ChecksumLookup } from '../log/lookup.js';
import { type Lineage, type LineageRow, rowsEqual } from '../model/lineage.js';
import { formatPosition, type Position } from '../model/position.js';

export interface Offer {
  readonly grant: string;
  /** The ID of the node that is to lead. */
  readonly handsOverTo: string;
  /** The end of the giver's log. */
  readonly position: Position;
  /** Every history that the giver's data have lived in. */
  readonly lineage: Lineage;
}

export interface Taker {
  readonly nodeId: string;
  readonly role: 'leader' | 'follower';
  readonly end: Position;
  /** The lineage, with the history that a leader has begun, if nothing is logged under it yet. */
  readonly lineage: Lineage;
  /** The log's checksum at the offered offset. */
  readonly checksumAtOffered: ChecksumLookup;
  /** The taker has led and is handing over itself, and does not know yet whether its own target leads. */
  readonly handingOver: boolean;
  /** The taker is about to be stopped. */
  readonly isDraining: boolean;
  /** The taker leads, but may have lost the end of its log, and asks its followers for that first. */
  readonly asking: boolean;
  /** host:port of the taker's upstream; empty on a leader. */
  readonly upstream: string;
  /** Whether the giver is the taker's upstream. */
  readonly followsGiver: boolean;
  /** The history that a leader above the taker has begun right behind the taker's end. */
  readonly nextHistory: LineageRow | undefined;
  /** Lineages of the nodes connected below the taker that are not served yet. */
  readonly below: readonly Lineage[];
  /** The latest epoch that waits below the taker, at any depth, with a later history than its own; 0 if none does. */
  readonly epochWaiting: number;
  readonly grants: { readonly taken: readonly string[]; readonly refused: readonly string[] };
}

export type OfferAnswer =
  /** The taker takes the leadership, and then serves the giver like any follower. */
  | { readonly kind: 'lead' }
  /** The leadership has moved on already. The giver is a follower like any other. */
  | { readonly kind: 'serve' }
  /** The taker has not acted on the grant and never will. The giver may lead again. */
  | {
      readonly kind: 'refuse';
      readonly message: string;
      /** Set if the giver's history is later than the one that the taker leads: the taker takes no more writes. */
      readonly superseded?: number;
    }
  /**
   * The taker cannot know whether the giver may lead again. The giver asks again,
   * and writes wait until it knows or a person decides.
   */
  | { readonly kind: 'undecided'; readonly message: string }
  /** The offer names another node. The answer says nothing about that node. */
  | { readonly kind: 'stranger'; readonly message: string };

/** Undefined if this node is meant. The answer needs no look at the node's state, and holds up nothing. */
export function whoIsMeant({ handsOverTo }: Pick<Offer, 'handsOverTo'>, nodeId: string): string | undefined {
  if (handsOverTo === nodeId) return undefined;
  return `expected the hand-over to name this node ${nodeId}, received ${handsOverTo}`;
}

export function answerOffer(offer: Offer, taker: Taker): OfferAnswer {
  const meant = whoIsMeant(offer, taker.nodeId);
  if (meant !== undefined) return { kind: 'stranger', message: meant };
  if (taker.grants.taken.includes(offer.grant)) return { kind: 'serve' };
  if (taker.asking) return undecided('this node first asks its followers for commands that it may have lost');
  const holds = holdsOffered(offer, taker);
  if (holds && hasGoneOn(offer, taker)) return { kind: 'serve' };
  if (taker.role === 'leader') return answerAsLeader(offer, taker);
  if (taker.handingOver) return undecided('this node is handing over the leadership itself');
  if (!taker.followsGiver)
    return undecided(`this node follows ${taker.upstream} now, and does not know yet whether that node leads`);
  return answerAsFollower(offer, taker);
}

/**
 * Whether this node's history contains the giver's up to its end. The answer is
 * yes too if this node has trimmed that part from its log.
 */
function holdsOffered({ position, lineage }: Offer, { end, lineage: own, checksumAtOffered }: Taker): boolean {
  const { offset, checksum } = position;
  if (offset === 0) return true;
  if (own.branch(end.offset, lineage.upTo(offset), offset) !== offset) return false;
  return checksumAtOffered === checksum || checksumAtOffered === 'trimmed';
}

/** Whether something follows the giver's end, here or at the leader above: writes, or only a history. */
function hasGoneOn({ position }: Offer, { role, end, handingOver, followsGiver, nextHistory }: Taker): boolean {
  if (role === 'leader' || handingOver || end.offset > position.offset) return true;
  return !followsGiver && nextHistory !== undefined;
}

/** The answer if this node leads, and the giver has commands that are no part of its history. */
function answerAsLeader({ position, lineage }: Offer, { lineage: own, end }: Taker): OfferAnswer {
  if (own.branch(end.offset, lineage, position.offset) === undefined)
    return { kind: 'refuse', message: `this node leads another history, which ends at ${formatPosition(end)}` };
  // This node led on without those commands, as after a power cut. The giver saves them, like any follower with writes
  // of its own.
  if (laterEpoch(lineage, own) !== undefined) return { kind: 'serve' };
  const superseded = laterEpoch(own.upTo(end.offset), lineage);
  const both = `the leader ended at ${formatPosition(position)} under epoch ${lineage.epoch}, this node leads since before that, at ${formatPosition(end)} under epoch ${own.epoch}`;
  return superseded === undefined ? undecided(both) : { kind: 'refuse', message: both, superseded };
}

/** The answer if, as far as this node knows, no node has taken the giver's place. */
function answerAsFollower(
  { grant, position, lineage }: Offer,
  { end, lineage: own, below, epochWaiting, grants, isDraining }: Taker,
): OfferAnswer {
  const later = below.find((other) => goesOnFrom(position, lineage, other));
  if (later)
    return undecided(
      `a follower of this node continued from offset ${position.offset} under epoch ${later.epoch}, the leader ended under epoch ${lineage.epoch}`,
    );
  if (grants.refused.includes(grant)) return { kind: 'refuse', message: 'this node has refused this hand-over before' };
  if (isDraining)
    return {
      kind: 'refuse',
      message:
        'this node is about to be stopped ("headwater drain"). Hand over to another, or run "drain --undo" there',
    };
  const parted = below.find((other) => laterEpoch(own, other) !== undefined);
  if (parted)
    return {
      kind: 'refuse',
      message: `a follower of this node has a history of its own under epoch ${parted.epoch}, the leader ended under epoch ${lineage.epoch}. That follower would supersede this node. Let it follow the leader first, or "promote" one of the two`,
    };
  if (epochWaiting > 0)
    return undecided(
      `a node further down the chain has a history of epoch ${epochWaiting}, which this node does not know`,
    );
  const level =
    end.offset === position.offset &&
    end.checksum === position.checksum &&
    end.replicationId === position.replicationId;
  if (level) return { kind: 'lead' };
  return {
    kind: 'refuse',
    message: `the leader ended at ${formatPosition(position)}, this node at ${formatPosition(end)}. A node takes over only from the same position`,
  };
}

/** Whether another leader has written on top of everything that the giver had. */
function goesOnFrom({ offset }: Position, giver: Lineage, other: Lineage): boolean {
  const { current } = other;
  if (!current || current.epoch <= giver.epoch) return false;
  return offset === 0 || other.branch(Number.MAX_SAFE_INTEGER, giver.upTo(offset), offset) === offset;
}

function undecided(message: string): OfferAnswer {
  return { kind: 'undecided', message };
}

/**
 * The epoch of `other`, if its history takes precedence over that of `own`.
 * That is so if both share a past, and another leader has led on from there
 * under a later epoch. The result is undefined if it is not so, or if these
 * lineages do not show it.
 *
 * Two leaders may have begun histories of their own at one place under one
 * epoch. That happens if a person overrides a hand-over that the other node
 * acted on. The greater ID wins, so that both nodes come to the same answer.
 */
export function laterEpoch(own: Lineage, other: Lineage): number | undefined {
  const last = own.current;
  const theirs = other.current;
  if (!last || !theirs) return undefined;
  const shared = own.rows.findLast((row) => other.rows.some((candidate) => rowsEqual(candidate, row)));
  if (!shared) return undefined;
  if (theirs.epoch > last.epoch) return theirs.epoch;
  if (theirs.epoch < last.epoch || !partAtOnePlace(shared, own, other)) return undefined;
  return theirs.replicationId > last.replicationId ? theirs.epoch : undefined;
}

/** Whether both left the last history that they share at the same command. */
function partAtOnePlace(shared: LineageRow, own: Lineage, other: Lineage): boolean {
  const mine = nextAfter(shared, own);
  const theirs = nextAfter(shared, other);
  return mine !== undefined && mine.firstOffset === theirs?.firstOffset && mine.checksum === theirs.checksum;
}

function nextAfter(shared: LineageRow, { rows }: Lineage): LineageRow | undefined {
  return rows[rows.findIndex((row) => rowsEqual(row, shared)) + 1];
}

/**
 * The epoch of an asker whose history takes precedence over that of the node
 * that it asks: see `laterEpoch`. If the node has begun a history and written
 * nothing under it, an equal epoch takes precedence too.
 * @param end the end of the node's log.
 */
export function epochBefore(own: Lineage, end: number, asker: Lineage): number | undefined {
  const epoch = laterEpoch(own.upTo(end), asker);
  return epoch !== undefined && epoch >= own.epoch ? epoch : undefined;
}
