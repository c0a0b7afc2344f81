/**
 * The end of a run, when all nodes have caught up: their data are compared, every
 * acknowledged write is accounted for, and a node that stops leaves nothing pinned,
 * open, or running.
 */
import { HeadwaterError } from '../../src/base/errors.js';
import { inspect } from './checks/data.js';
import { Violation } from './checks/history.js';
import type { SimulatedNode } from './nodes/node.js';
import type { Simulation } from './simulation.js';

export async function end(simulation: Simulation): Promise<void> {
  const { accounts, history, nodes, work } = simulation;
  work.cancelTimers();
  for (const node of nodes) work.begin('inspect', node, () => inspect(simulation, node));
  await simulation.until('digests are made', () => work.isDone);
  accounts.settle(history.at((nodes[0] as SimulatedNode).store.data.position));
  for (const node of nodes) work.begin('let go of the log', node, () => letGo(simulation, node));
  await simulation.until('sessions end', () => work.isDone);
  for (const node of nodes) work.begin('last stop', node, () => node.stop());
  await simulation.until('all stop', () => work.isDone);
  await simulation.pass(100);
  nothingHangs(simulation);
}

/** Nothing pins a log once its sessions have ended, and the followers are forgotten. */
async function letGo({ clock }: Simulation, node: SimulatedNode): Promise<void> {
  await node.replication.close(new HeadwaterError('shutting_down', 'the node is shutting down'));
  // Sessions end a moment after their channels.
  await new Promise<void>((resolve) => void clock.after(100, resolve));
  await (await node.store.snapshots.at()).release();
  for (const { nodeId } of node.store.followers.all) await node.store.followers.forget(nodeId);
  const { offset } = node.store.data.log.end;
  const base = await node.store.data.log.trimming.trim(offset);
  if (base !== offset)
    throw new Violation(
      `nothing pins a log when all sessions have ended: ${node.address} kept what follows ${base}, its end is ${offset}`,
    );
}

function nothingHangs({ clock, network, nodes }: Simulation): void {
  for (const {
    address,
    machine: { disk },
  } of nodes) {
    if (disk.opened.length > 0) throw new Violation(`no database stays open: ${address} ${disk.opened.join(', ')}`);
    if (disk.snapshots !== 0) throw new Violation(`no snapshot stays open: ${address} has ${disk.snapshots}`);
  }
  if (clock.waiting > 0) throw new Violation(`no timer is left: ${clock.waiting} are`);
  const open = network.lines.filter(({ ended }) => !ended);
  if (open.length > 0)
    throw new Violation(`no session is left: ${open.map(({ from, to }) => `${from}→${to}`).join(', ')}`);
}
