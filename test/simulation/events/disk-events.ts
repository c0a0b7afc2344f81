/** Work on the data of one node: trims, checkpoints, checks, and a block that a faulty disk has replaced. */
import { sealBlock } from '../../../src/log/block.js';
import { inspect as inspectNode } from '../checks/data.js';
import type { Simulation } from '../simulation.js';

export function trim(simulation: Simulation): boolean {
  const node = simulation.any(
    (one) => one.isServing && one.store.data.progress.checkpoint.offset > one.store.data.log.base.offset,
  );
  if (!node) return false;
  const { log, progress } = node.store.data;
  const reached = progress.checkpoint;
  simulation.work.begin(`trim to ${reached.offset}`, node, () => log.trimming.trim(reached.offset));
  return true;
}

/** A follower that may be connected, which is refused then. */
export function forget(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && one.store.followers.all.length > 0);
  if (!node) return false;
  const { nodeId, address } = simulation.dice.pick(node.store.followers.all);
  simulation.work.begin(`forget ${address}`, node, () => node.replication.forget(nodeId));
  return true;
}

export function checkpoint(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing);
  if (!node) return false;
  simulation.work.begin('checkpoint', node, async () => (await node.store.snapshots.at()).release());
  return true;
}

export function inspect(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing);
  if (node) simulation.work.begin('inspect', node, () => inspectNode(simulation, node));
  return node !== undefined;
}

/**
 * While a process is down, the last block of its log becomes another one that
 * chains as well: what a restored copy or a faulty disk leaves.
 */
export async function forge(simulation: Simulation): Promise<boolean> {
  const node = simulation.any(
    (one) => one.isServing && one.store.data.position.offset > one.store.data.generation.keyspaceOffset,
  );
  if (!node) return false;
  const end = simulation.history.at(node.store.data.position);
  if (!end.parent || end.firstOffset <= node.store.data.generation.keyspaceOffset) return false;
  const { replicationId } = node.store.data.position;
  const { endTimeMs: timeMs } = node.store.data;
  const [location] = node.machine.disk.opened.filter((name) => name.endsWith('/log'));
  if (!location || node.machine.disk.opened.length > 3) return false;
  const commands = end.commands.map(() => ({
    kind: 'put' as const,
    key: Buffer.from('forged'),
    value: Buffer.from(`at ${node.address}`),
    expiresAtMs: 0,
    type: 0,
  }));
  const { offset, checksum } = end.parent;
  const block = sealBlock({ commands, previous: { offset, checksum }, replicationId, timeMs });
  simulation.journal.note(`${node.address} crashes, and its last block ${end.key} is to be forged`);
  simulation.work.forget(node);
  node.kill();
  // What the keyspace has of the block would stay, and no checksum tells of that.
  if ((await node.machine.flushingTo(location)) >= end.firstOffset) return false;
  simulation.accounts.forge(node, end, block);
  await node.machine.forge(location, block);
  return true;
}
