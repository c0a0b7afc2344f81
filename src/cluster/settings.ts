/** The options of a node that joins a cluster, checked before its data are opened. */
import { hostOf, isEverywhere } from '../base/address.js';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { NodeConfig } from '../config.js';
import { LeadershipTerm } from '../store/leadership-term.js';
import type { ClusterMode } from './election.js';
import { type StorePlace, storePlaceOf } from './store-place.js';
import { type Timing, timingOf, WINDOW_MS } from './timing.js';

export interface ClusterSettings {
  /** The place of the store that decides. */
  readonly place: StorePlace;
  readonly mode: ClusterMode;
  readonly failsafe: boolean;
  readonly timing: Timing;
  readonly lagMax: number;
  /** The address of this node for the others; undefined for the one that it listens on. */
  readonly address: string | undefined;
  /** The time for which the node may lead. */
  readonly term: LeadershipTerm;
  /** The place that gives this node its first data; undefined if none does. */
  readonly seedFrom: string | undefined;
}

/**
 * The settings of a node with `--cluster`; undefined without.
 * @throws HeadwaterError `invalid_argument` if a value or a file is not what it should be.
 */
export function clusterSettings(config: NodeConfig, clock: Clock): ClusterSettings | undefined {
  const { cluster, clusterMode, clusterTtlMs, clusterAddress, failsafe, failoverLagMax, listen, seedFrom } = config;
  if (cluster === undefined) return undefined;
  if (clusterAddress === undefined && isEverywhere(hostOf(listen)))
    throw new HeadwaterError(
      'invalid_argument',
      `cluster-address: expected the HOST:PORT at which the other nodes reach this one, because --listen ${listen} names no machine; received none`,
    );
  const timing = timingOf(clusterTtlMs);
  return {
    place: storePlaceOf(cluster, config),
    mode: clusterMode,
    failsafe,
    timing,
    lagMax: failoverLagMax,
    address: clusterAddress,
    seedFrom,
    term: LeadershipTerm.notBegun(clock, timing.silenceMs + WINDOW_MS),
  };
}
