/**
 * The guard of the least number of followers: a leader refuses writes while too
 * few followers are within the lag. The guard bounds how much can be lost, and is no
 * promise for a single write.
 */
import type { Clock, LogicalClock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { MAX_LAG_MS } from '../../base/limits.js';
import type { StoreData } from '../../store/data.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Writes } from '../../store/writes.js';
import type { Report } from './reports.js';

/** The parts of the store that this file needs. */
export interface FollowerGuardStore {
  readonly data: Pick<StoreData, 'endTimeMs' | 'isServing' | 'log' | 'position'>;
  readonly writes: Pick<Writes, 'guards'>;
  readonly clock: Pick<LogicalClock, 'now'>;
  readonly identity: Pick<NodeIdentity, 'nodeId'>;
}

export interface FollowerGuardOptions {
  readonly store: FollowerGuardStore;
  readonly clock: Clock;
  /** The number of followers within the lag that a leader needs to take writes; 0, the default, disables the guard. */
  readonly minFollowers?: number;
  readonly maxLagMs?: number;
}

/** The followers that a leader needs to take writes. */
export interface FollowersWanted {
  readonly minFollowers: number;
  readonly maxLagMs: number;
}

/** The reports of the nodes below, as far as the guard needs them. */
interface Below {
  readonly counting: readonly Report[];
  readonly times: { lagMs(offset: number): number };
}

export class FollowerGuard {
  readonly #clock: Clock;
  readonly #below: Below;
  readonly #guards: Pick<Writes['guards'], 'set'>;
  #wanted: FollowersWanted = { minFollowers: 0, maxLagMs: MAX_LAG_MS };

  constructor({ store, clock, minFollowers = 0, maxLagMs = MAX_LAG_MS }: FollowerGuardOptions, below: Below) {
    this.#clock = clock;
    this.#below = below;
    this.#guards = store.writes.guards;
    this.want({ minFollowers, maxLagMs });
  }

  get minFollowers(): number {
    return this.#wanted.minFollowers;
  }

  get maxLagMs(): number {
    return this.#wanted.maxLagMs;
  }

  /** Wants other followers from now on. */
  want({ minFollowers, maxLagMs }: FollowersWanted): void {
    // Writes ask a guard only if there is something to guard.
    if (minFollowers > 0) this.#guards.set(() => this.#tooFew());
    this.#wanted = { minFollowers, maxLagMs };
  }

  /**
   * The number of nodes below, at any depth, that were heard from and have
   * acknowledged all but the last `maxLagMs`.
   */
  get followersWithinLag(): number {
    const now = this.#clock.monotonicMs();
    const { maxLagMs } = this;
    const { counting, times } = this.#below;
    return counting.filter(
      ({ appendedOffset, heardMs }) => now - heardMs <= maxLagMs && times.lagMs(appendedOffset) <= maxLagMs,
    ).length;
  }

  /** The reason why no write may be taken now. */
  #tooFew(): HeadwaterError | undefined {
    const followers = this.followersWithinLag;
    const { minFollowers, maxLagMs } = this;
    if (followers >= minFollowers) return undefined;
    return new HeadwaterError(
      'too_few_followers',
      `this leader takes no writes: expected ${minFollowers} followers within ${maxLagMs} ms, found ${followers} (--min-followers, --max-lag)`,
      {
        details: {
          followers,
          minFollowers,
          maxLagMs,
        },
      },
    );
  }
}
