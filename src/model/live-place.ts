/**
 * A place among the messages that are not in the log. Each leader counts the messages that it publishes, under a name
 * of its own (`source`). Every node below counts along, so a node that resumes a broken link knows how many it has
 * missed. Pure: log/interludes.ts keeps the place of a node.
 */

interface Counted {
  /** The replication ID that a leader began with, which names the leader's messages. Empty if a node knows of none. */
  readonly source: string;
  /** The number of messages of the source before this place. */
  readonly count: number;
}

export interface LivePlace extends Counted {
  /**
   * The end of the previous source, if a leader has handed over: nothing was published in between. Undefined if that
   * end is unknown.
   */
  readonly follows?: Counted | undefined;
}

export const NOWHERE: LivePlace = { source: '', count: 0 };

/** The place behind `messages` more messages. */
export function behind(place: LivePlace, messages: number): LivePlace {
  return { ...place, count: place.count + messages };
}

/** How many messages stand between two places, the earlier one first; undefined if nobody can know. */
export function messagesBetween(from: LivePlace, to: LivePlace): number | undefined {
  if (from.source === to.source) return Math.max(0, to.count - from.count);
  if (from.source === '' || to.follows?.source !== from.source) return undefined;
  return Math.max(0, to.follows.count - from.count) + to.count;
}
