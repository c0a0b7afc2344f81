/** Orders about who leads and who follows: chains and loops come about by accident. */
import type { Simulation } from '../simulation.js';

export function promote(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && !one.leads);
  if (node) simulation.work.begin('promote', node, () => node.replication.promote());
  return node !== undefined;
}

export function failOver(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && one.leads && one.replication.followers.status.length > 0);
  if (!node) return false;
  simulation.work.begin('fail over', node, async () => {
    const { newLeader } = await node.replication.failover({ timeoutMs: 2_000 });
    simulation.journal.note(`${newLeader} leads in the place of ${node.address}`);
    simulation.journal.count('failed over');
  });
  return true;
}

/** Anybody but itself: chains and loops come about by accident. */
export function follow(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  const upstream = simulation.any((one) => one !== node);
  if (!node || !upstream) return false;
  simulation.work.begin(`follow ${upstream.address}`, node, () => node.follow(upstream.address));
  return true;
}
