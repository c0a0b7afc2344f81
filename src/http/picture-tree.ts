/**
 * The tree of nodes as one node knows it: the way up to its leader, itself, and everything below. Only a leader knows
 * the whole tree; a follower does not know the nodes beside it.
 */
import type { FollowerState, NodeStatus, StatusFollower, StatusKnownFollower, UpstreamState } from '../model/status.js';
import type { Tone, TreeNode } from './picture.js';

/** A tree, and the nodes below that have no place in it. */
export interface BoundedTree {
  readonly root: TreeNode;
  readonly leftOut: number;
}

/** Nodes below that the picture has room for. The followers that lag the most come first. */
const BELOW_MAX = 128;

const FEED_TONES: Readonly<Record<FollowerState, Tone>> = {
  streaming: 'good',
  below: 'good',
  handshake: 'watch',
  waiting: 'watch',
  snapshot: 'watch',
  catching_up: 'watch',
  ended: 'bad',
  unknown: 'watch',
};

const LINK_TONES: Readonly<Record<UpstreamState, Tone>> = {
  streaming: 'good',
  connecting: 'watch',
  handshake: 'watch',
  waiting: 'watch',
  loading: 'watch',
  refused: 'bad',
  stopped: 'bad',
  disk_full: 'bad',
  unknown: 'watch',
};

/** States in plain words. The others are words already. */
const WORDS: Readonly<Record<string, string>> = {
  below: 'streaming',
  catching_up: 'catching up',
  disk_full: 'disk full',
  snapshot: 'receives a snapshot',
  loading: 'loads a snapshot',
  ended: 'disconnected',
};

export function treeOf(status: NodeStatus): BoundedTree {
  const { nodes, leftOut } = belowOf(status);
  return { root: withAbove(status, selfOf(status, nodes)), leftOut };
}

/** The state of the node itself. */
export function stateOf(status: NodeStatus): [state: string, tone: Tone] {
  const { role, unavailable, superseded, askingFollowers, diskFull, upstream, maxLagMs } = status;
  if (unavailable) return ['serves nothing', 'bad'];
  if (role === 'leader') {
    if (superseded) return ['superseded', 'bad'];
    if (diskFull) return ['disk full', 'bad'];
    return askingFollowers ? ['asks its followers', 'watch'] : ['leads', 'good'];
  }
  if (!upstream) return ['without an upstream', 'watch'];
  const tone = LINK_TONES[upstream.state];
  return [wordOf(upstream.state), tone === 'good' && isLate(upstream.lagMs, maxLagMs) ? 'watch' : tone];
}

function selfOf(status: NodeStatus, below: readonly TreeNode[]): TreeNode {
  const [state, tone] = stateOf(status);
  const { nodeId, address, role, offset, upstream } = status;
  return {
    ...UNKNOWN,
    id: nodeId,
    name: address,
    role: role === 'leader' ? 'leader' : 'follower',
    isSelf: true,
    tone,
    state,
    offset,
    lagCommands: upstream?.lagCommands ?? null,
    lagMs: upstream?.lagMs ?? null,
    below,
  };
}

const UNKNOWN: TreeNode = {
  id: '',
  name: '',
  role: 'unknown',
  isSelf: false,
  tone: 'good',
  state: '',
  offset: null,
  lagCommands: null,
  lagMs: null,
  headroomBytes: null,
  headroomMs: null,
  lastSeenMs: null,
  below: [],
};

/** Puts the upstream and the leader above a follower, with the links between them that it does not know. */
function withAbove({ role, upstream, leader }: NodeStatus, self: TreeNode): TreeNode {
  if (role === 'leader' || !upstream) return self;
  const links = leader?.linksAbove;
  const isUp = upstream.lagCommands !== undefined;
  const above: TreeNode = {
    ...UNKNOWN,
    id: 'upstream',
    name: nameOf({ address: upstream.address, nodeId: '' }),
    role: links === 1 ? 'leader' : links === undefined ? 'unknown' : 'follower',
    tone: isUp ? 'good' : 'watch',
    state: isUp ? (links === 1 ? 'leads' : 'streaming') : 'no connection',
    below: [self],
  };
  if (!leader || links === undefined || links < 2) return above;
  const between: TreeNode | undefined =
    links > 2
      ? { ...UNKNOWN, id: 'between', role: 'between', name: `${links - 2} more between`, below: [above] }
      : undefined;
  return {
    ...UNKNOWN,
    id: leader.nodeId,
    name: nameOf(leader),
    role: 'leader',
    state: 'leads',
    below: [between ?? above],
  };
}

/** The nodes below, each under the one that it follows. */
function belowOf(status: NodeStatus): { nodes: TreeNode[]; leftOut: number } {
  const { followers, knownFollowers, maxLagMs } = status;
  const ids = new Set(followers.map(({ nodeId }) => nodeId));
  const away = knownFollowers.filter(({ nodeId, connected }) => !connected && !ids.has(nodeId));
  const late = followers.toSorted((a, b) => b.lagMs - a.lagMs).slice(0, Math.max(0, BELOW_MAX - away.length));
  const kept = new Set(late.map(({ nodeId }) => nodeId));
  const children = new Map<string, StatusFollower[]>();
  for (const follower of followers) {
    if (!kept.has(follower.nodeId)) continue;
    // A follower of a node that is not shown stands in the place of that node.
    const via = kept.has(follower.via) ? follower.via : '';
    children.set(via, [...(children.get(via) ?? []), follower]);
  }
  let drawn = 0;
  const under = (via: string, depth: number): TreeNode[] => {
    if (depth > DEPTH_MAX) return [];
    return (children.get(via) ?? []).map((follower) => {
      drawn++;
      return followerNode(follower, { maxLagMs, below: under(follower.nodeId, depth + 1) });
    });
  };
  const nodes = [...under('', 0), ...away.slice(0, BELOW_MAX).map(awayNode)];
  // Reports of different moments may put nodes under each other in a circle, which has no place in a tree.
  return { nodes, leftOut: followers.length - drawn + Math.max(0, away.length - BELOW_MAX) };
}

/** The longest way down. */
const DEPTH_MAX = 32;

function followerNode(
  follower: StatusFollower,
  { maxLagMs, below }: { maxLagMs: number; below: readonly TreeNode[] },
): TreeNode {
  const { nodeId, state, appendedOffset, lagCommands, lagMs, headroomLeftBytes, headroomMs } = follower;
  const tone = FEED_TONES[state];
  return {
    ...UNKNOWN,
    id: nodeId,
    name: nameOf(follower),
    role: 'follower',
    tone: tone === 'good' && isLate(lagMs, maxLagMs) ? 'watch' : tone,
    state: wordOf(state),
    offset: appendedOffset,
    lagCommands,
    lagMs,
    headroomBytes: headroomLeftBytes ?? null,
    headroomMs: headroomMs ?? null,
    below,
  };
}

function awayNode(follower: StatusKnownFollower): TreeNode {
  const { nodeId, appendedOffset, lastSeenMs, leftBytes, leftMs, keepsPlace } = follower;
  return {
    ...UNKNOWN,
    id: nodeId,
    name: nameOf(follower),
    role: 'follower',
    tone: keepsPlace ? 'watch' : 'bad',
    state: keepsPlace ? 'away' : 'away, place lost',
    offset: appendedOffset,
    headroomBytes: leftBytes ?? null,
    headroomMs: leftMs ?? null,
    lastSeenMs,
  };
}

function isLate(lagMs: number | undefined, maxLagMs: number): boolean {
  return lagMs === undefined || lagMs > maxLagMs;
}

/** The name of a node for people. Some addresses come from other nodes, so it is cut. */
export function nameOf({ address, nodeId }: { readonly address: string; readonly nodeId: string }): string {
  return (address || nodeId.slice(0, 8)).slice(0, NAME_CHARACTERS_MAX);
}

const NAME_CHARACTERS_MAX = 100;

function wordOf(state: string): string {
  return WORDS[state] ?? state;
}
