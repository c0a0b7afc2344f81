/**
 * A place among the messages that are not in the log. Each leader counts those
 * that it publishes, under a name of its own (`source`); every node below counts
 * along. So a node that takes up a broken link knows how many it has missed.
 * Pure: log/interludes.ts keeps the place of a node.
 */

interface Counted {
  /** The replication ID that a leader began with: it names the leader's messages. Empty where a node knows of none. */
  readonly source: string;
  /** So many messages of the source stand before this place. */
  readonly count: number;
}

export interface LivePlace extends Counted {
  /**
   * The end of the source before, where a leader has handed over: nothing was
   * published in between. Undefined where that is not known.
   */
  readonly follows?: Counted | undefined;
}

export const NOWHERE: LivePlace = { source: '', count: 0 };

/** The place behind so many more messages. */
export function behind(place: LivePlace, messages: number): LivePlace {
  return { ...place, count: place.count + messages };
}

/** How many messages stand between two places, the earlier one first; undefined if nobody can know. */
export function messagesBetween(from: LivePlace, to: LivePlace): number | undefined {
  if (from.source === to.source) return Math.max(0, to.count - from.count);
  if (from.source === '' || to.follows?.source !== from.source) return undefined;
  return Math.max(0, to.follows.count - from.count) + to.count;
}
