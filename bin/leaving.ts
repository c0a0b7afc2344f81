/** Commands for a node that leaves: for a while, to be maintained, or for ever. */
import { setTimeout as delay } from 'node:timers/promises';
import { HeadwaterError } from '../src/base/errors.js';
import { nodesOf, onlyAddress, type Session } from './connection.js';
import { roughly } from './figures.js';
import { LIVE_ANSWER_MS_MAX } from './live-view.js';
import { EXIT, type ExitStatus, UsageError } from './output.js';
import { type NodeSeen, Tree, type TreeSeen } from './tree.js';

/** The time between two looks at a node that is to be stopped. */
const LOOK_MS = 500;

export interface DrainFlags {
  readonly undo?: boolean;
  readonly to?: string;
}

/** Marks the node, and hands its leadership over. If that fails, the mark is taken back. */
export async function drain(
  { client, output, addresses, timeoutMs = 0 }: Session,
  { undo = false, to = '' }: DrainFlags,
): Promise<ExitStatus> {
  const node = onlyAddress('drain', addresses);
  if (undo && to !== '') throw new UsageError('drain: expected --to or --undo, received both');
  await client.drain({ undo });
  if (undo) {
    await output.result({ address: node, draining: false }, `${node} is to stay: it is ready for clients again`);
    return EXIT.DONE;
  }
  const { role, followers } = await client.status();
  if (role !== 'leader' || followers.length === 0) {
    const note =
      role === 'leader' ? ', but it leads and has no follower: nobody takes writes while it is away' : ': it follows';
    await output.result({ address: node, draining: true, role }, `${node} can be stopped${note}`);
    return EXIT.DONE;
  }
  const done = await client.failover({ to, waitMs: timeoutMs }).catch(async (error: unknown) => {
    await client.drain({ undo: true }).catch(() => {});
    throw error;
  });
  await output.result(
    { address: node, draining: true, role: 'follower', new_leader: done.newLeader, offset: done.offset },
    `${node} can be stopped: ${done.newLeader} leads from offset ${done.offset}`,
  );
  return EXIT.DONE;
}

/** Takes a follower out of the tree for ever. While it is connected, waits until somebody has stopped it. */
export async function removeNode(
  { client, addresses, credentials, output, timeoutMs }: Session,
  name: string,
  { wait }: { readonly wait: number },
): Promise<ExitStatus> {
  const tree = new Tree(nodesOf({ client, addresses }), credentials, timeoutMs ?? LIVE_ANSWER_MS_MAX);
  try {
    const leaving = find(await tree.look(new AbortController().signal), name);
    if (leaving.status?.role === 'leader')
      throw new UsageError(`node remove: ${nameOf(leaving)} leads. Let another node lead first: "headwater failover"`);
    const moved = await moveFollowers(leaving, tree);
    const endMs = performance.now() + wait;
    if (isConnected(leaving)) {
      await tree.on(leaving.address, (client) => client.drain());
      process.stderr.write(
        `stop ${nameOf(leaving)} now: this command waits for up to ${roughly(wait)} until it is away\n`,
      );
    }
    const forgotten = await forgetEverywhere(leaving, tree, endMs);
    await output.result(
      { node_id: leaving.nodeId, address: leaving.address, moved, forgotten_by: forgotten },
      `${nameOf(leaving)} is removed: ${forgotten.join(', ')} ${forgotten.length === 1 ? 'keeps' : 'keep'} no log for it${moved.length === 0 ? '' : `, and ${moved.join(', ')} ${moved.length === 1 ? 'follows' : 'follow'} its upstream`}`,
    );
    return EXIT.DONE;
  } finally {
    await tree.close();
  }
}

/** The one node of the tree that is meant: by its address, or by its ID or a beginning of it. */
function find({ nodes }: TreeSeen, name: string): NodeSeen {
  const [found, second] = nodes.filter(({ address, nodeId }) => address === name || nodeId.startsWith(name));
  if (found && !second) return found;
  const known = nodes.map((node) => `${nameOf(node)} (${node.nodeId})`).join(', ');
  throw new UsageError(
    `node remove: expected the address or the node ID of one node, received '${name}', which names ${found ? 'several' : 'none'} of: ${known}`,
  );
}

function nameOf({ address, nodeId }: NodeSeen): string {
  return address || nodeId;
}

function isConnected({ isAway, status }: NodeSeen): boolean {
  return !isAway && status !== undefined;
}

/** Lets the followers of a node follow its upstream. @returns their addresses. */
async function moveFollowers({ status }: NodeSeen, tree: Tree): Promise<string[]> {
  const upstream = status?.upstream?.address;
  const below = (status?.followers ?? []).filter(({ via, address }) => via === '' && address !== '');
  if (upstream === undefined) return [];
  for (const { address } of below) await tree.on(address, (client) => client.follow(upstream));
  return below.map(({ address }) => address);
}

/** Every node that has ever been the upstream of the other one remembers it. @returns the addresses of those that did. */
async function forgetEverywhere({ nodeId, address }: NodeSeen, tree: Tree, endMs: number): Promise<string[]> {
  for (;;) {
    const { nodes } = await tree.look(new AbortController().signal);
    const knowing = nodes.filter(({ status }) => status?.knownFollowers.some((known) => known.nodeId === nodeId));
    const connected = knowing.find(({ status }) =>
      status?.knownFollowers.some((known) => known.nodeId === nodeId && known.connected),
    );
    if (!connected) {
      for (const one of knowing) await tree.on(one.address, (client) => client.forget(nodeId));
      return knowing.map(nameOf);
    }
    if (performance.now() >= endMs)
      throw new HeadwaterError(
        'forget_refused',
        `${address || nodeId} is still connected to ${nameOf(connected)}. Stop it, and run "headwater node remove" again`,
      );
    await delay(LOOK_MS);
  }
}
