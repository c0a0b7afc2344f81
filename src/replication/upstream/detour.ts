/**
 * The detour of a follower that needs a full resync while its upstream sends those of others: the follower takes the
 * snapshot from another follower of its upstream, then goes on at its upstream with a partial resync
 * (`--resync-from nearest`). A detour that fails for any reason ends at the upstream.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { DETOUR_PAUSE_MS } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import type { UpChannel } from '../channel.js';
import { heldUntil } from '../dial.js';

/** The node that sends a full resync: the upstream alone, or the nearest that has the data while the upstream is busy. */
export type ResyncFrom = 'upstream' | 'nearest';

export interface DetourOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Pick<Logger, 'info'>;
  readonly resyncFrom?: ResyncFrom;
  /** @throws HeadwaterError `unreachable`. */
  dial(address: string): Promise<UpChannel>;
}

/** A connection, and the node at its other end. */
export interface Dialled {
  /** host:port. */
  readonly address: string;
  readonly channel: UpChannel;
}

export class Detour {
  readonly #options: DetourOptions;
  /** host:port of the nodes that may send the snapshot. Empty if the link goes to its upstream. */
  #sources: readonly string[] = [];
  #notBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(options: DetourOptions) {
    this.#options = options;
  }

  /** Whether the next session, or the present one, is with another node than the upstream. */
  get isUnderWay(): boolean {
    return this.#sources.length > 0;
  }

  /** @returns whether the session with the upstream is to end, since another node may send the snapshot. */
  begin(sources: readonly string[]): boolean {
    const { clock, resyncFrom } = this.#options;
    if (resyncFrom !== 'nearest' || this.isUnderWay || clock.monotonicMs() < this.#notBeforeMs) return false;
    this.#sources = sources;
    return this.isUnderWay;
  }

  /** Dials the upstream, or on a detour all its followers that were named, and takes the one that answers first. */
  async dial(upstream: string, stop: AbortSignal): Promise<Dialled> {
    const { dial, logger } = this.#options;
    if (!this.isUnderWay) return { address: upstream, channel: await heldUntil(dial(upstream), stop) };
    const dialling = this.#sources.map(async (address) => {
      const channel = await heldUntil(dial(address), stop);
      return { address, channel };
    });
    const first = await Promise.any(dialling).catch(() => {
      throw stop.aborted
        ? stop.reason
        : new HeadwaterError('unreachable', `none of ${this.#sources.join(', ')} answers`);
    });
    for (const one of dialling)
      void one.then(
        ({ channel }) => channel !== first.channel && channel.close(),
        () => {},
      );
    stop.throwIfAborted();
    logger.info(
      { upstream, source: first.address },
      `the upstream ${upstream} sends full resyncs to others: this node takes its own from ${first.address}, and then continues at ${upstream}`,
    );
    return first;
  }

  /** The session with the other node is over. A link that got no snapshot there waits at its upstream for a while. */
  end({ isDone }: { isDone: boolean }): void {
    this.#sources = [];
    this.#notBeforeMs = isDone ? Number.NEGATIVE_INFINITY : this.#options.clock.monotonicMs() + DETOUR_PAUSE_MS;
  }
}
