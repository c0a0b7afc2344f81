/**
 * The states of a node in a cluster, and the moves between them:
 *
 *   joining      the node has not seen the store yet
 *   refused      the store belongs to another cluster or is an older state: a person has to look, and start the node again
 *   following    another node holds the leader key
 *   electing     nobody holds the leader key
 *   campaigning  this node asks for the leader key
 *   opening      this node holds the leader key, and begins its history
 *   leading      it takes writes until its deadline
 *   holding      a person wants another leader: writes wait until that one has everything
 *   moving       the leader key is being given to the other; writes wait
 *   stopping     the node stops to lead; then it says so in the store
 */
import { invariant } from '../base/invariant.js';
import type { LeaderKey, SwitchRequest } from './view.js';

export type ClusterState =
  | { readonly name: 'joining' }
  | { readonly name: 'refused'; readonly reason: string }
  | { readonly name: 'following'; readonly leader: LeaderKey }
  | { readonly name: 'electing'; readonly sinceMs: number }
  | { readonly name: 'campaigning'; readonly sinceMs: number }
  | { readonly name: 'opening'; readonly fence: number; readonly lease: string }
  | { readonly name: 'leading'; readonly fence: number; readonly lease: string }
  | { readonly name: 'holding'; readonly fence: number; readonly lease: string; readonly request: SwitchRequest }
  | { readonly name: 'moving'; readonly fence: number; readonly lease: string; readonly request: SwitchRequest }
  | { readonly name: 'stopping'; readonly fence: number };

export type StateName = ClusterState['name'];

/** A state in which the node holds the leader key, as far as it knows. */
export type Holding = Extract<ClusterState, { readonly lease: string }>;

const NEXT: Readonly<Record<StateName, readonly StateName[]>> = {
  joining: ['following', 'electing', 'opening', 'refused'],
  refused: [],
  following: ['following', 'electing', 'opening', 'refused'],
  electing: ['electing', 'following', 'campaigning', 'opening', 'refused'],
  campaigning: ['electing', 'following', 'opening', 'refused'],
  opening: ['leading', 'stopping'],
  leading: ['holding', 'stopping'],
  holding: ['moving', 'leading', 'stopping'],
  moving: ['stopping'],
  stopping: ['stopping', 'joining', 'refused'],
};

/** @throws InvariantViolation if the table has no such move. */
export function moved(from: ClusterState, to: ClusterState): ClusterState {
  invariant(NEXT[from.name].includes(to.name), `a node of a cluster does not go from ${from.name} to ${to.name}`);
  return to;
}

/** The state, if the node holds the leader key in it. */
export function holdingOf(state: ClusterState): Holding | undefined {
  return 'lease' in state ? state : undefined;
}
