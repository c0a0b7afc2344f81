/**
 * The places of known followers in the log in use. The log keeps the blocks that a known follower has not received yet,
 * whether it is connected or away, until they are too much (retention.ts). A follower has a place only if its position
 * lies in the log and in its history: from anywhere else it cannot continue.
 */

import type { Logger } from '../base/logger.js';
import type { Log } from '../log/log.js';
import type { Pin } from '../log/trimming.js';

/** A follower, and its last known offset. */
export interface FollowerPlace {
  readonly nodeId: string;
  /** host:port. */
  readonly address: string;
  readonly appendedOffset: number;
  /** The history that the follower has at that offset: 40 hexadecimal characters. */
  readonly replicationId: string;
  /** Whether the follower is to have a place. */
  readonly keepsPlace: boolean;
}

export class Places {
  readonly #logger: Logger;
  readonly #letGo: (nodeId: string) => boolean;
  #log: Log | undefined;
  /** Pins by node ID. */
  readonly #pins = new Map<string, Pin>();

  /** @param letGo called when the log has released a follower's place; returns whether the follower loses by that. */
  constructor(logger: Logger, letGo: (nodeId: string) => boolean) {
    this.#logger = logger;
    this.#letGo = letGo;
  }

  has(nodeId: string): boolean {
    return this.#pins.has(nodeId);
  }

  /** Moves the places to another log that is in use now. Places that do not lie in it are lost. */
  keepIn(log: Log, followers: readonly FollowerPlace[]): void {
    const before = new Set(this.#pins.keys());
    this.#pins.clear();
    this.#log = log;
    this.keep(followers);
    for (const follower of followers)
      if (before.has(follower.nodeId) && follower.keepsPlace && !this.has(follower.nodeId)) this.#lost(follower, log);
  }

  /** Gives a place to followers that have none in the log, if they can have one. */
  keep(followers: readonly FollowerPlace[]): void {
    const log = this.#log;
    if (!log) return;
    for (const follower of followers) {
      const { nodeId, appendedOffset } = follower;
      const pin = this.#pins.get(nodeId);
      if (pin && pin.offset < log.base.offset) {
        // Only damage raises the start of a log past a pin.
        this.#drop(nodeId, pin);
        if (!liesIn(log, follower)) this.#lost(follower, log);
      }
      if (this.#pins.has(nodeId) || !follower.keepsPlace || !liesIn(log, follower)) continue;
      const letGo = () => {
        this.#pins.delete(nodeId);
        return this.#letGo(nodeId);
      };
      this.#pins.set(nodeId, log.trimming.pin(appendedOffset, nameOf(follower), letGo));
    }
  }

  /** Moves the places along with the followers. A follower that has left the history of the log loses its place. */
  follow(followers: readonly FollowerPlace[]): void {
    const log = this.#log;
    for (const follower of followers) {
      const pin = this.#pins.get(follower.nodeId);
      if (!log || !pin) continue;
      if (follower.keepsPlace && liesIn(log, follower)) pin.offset = follower.appendedOffset;
      else this.#drop(follower.nodeId, pin);
    }
  }

  /** Gives up the places of all others. */
  retain(followers: readonly FollowerPlace[]): void {
    const kept = new Set(followers.map(({ nodeId }) => nodeId));
    for (const [nodeId, pin] of this.#pins) if (!kept.has(nodeId)) this.#drop(nodeId, pin);
  }

  #drop(nodeId: string, pin: Pin): void {
    this.#log?.trimming.unpin(pin);
    this.#pins.delete(nodeId);
  }

  #lost(follower: FollowerPlace, { base, end }: Log): void {
    const held = base.offset === end.offset ? 'nothing yet' : `${base.offset + 1} to ${end.offset}`;
    this.#logger.warn(
      { node_id: follower.nodeId, offset: follower.appendedOffset, first_offset: base.offset + 1 },
      `${nameOf(follower)} has fallen off the log: the follower is at offset ${follower.appendedOffset}, the log holds ${held}. This follower will need a full resync`,
    );
  }
}

function nameOf({ address, nodeId }: FollowerPlace): string {
  return `follower ${address || nodeId.slice(0, 8)}`;
}

/**
 * Whether the follower's position lies in the log. An empty follower has no place, since it begins with a full resync
 * in any case.
 */
function liesIn({ base, end, history }: Log, { appendedOffset: offset, replicationId }: FollowerPlace): boolean {
  if (offset === 0 || offset < base.offset || offset > end.offset) return false;
  return history.lineage.replicationIdAt(offset) === replicationId;
}
