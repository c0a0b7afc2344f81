/**
 * Stories about who leads: what happens takes several steps in this order, with
 * all other faults going on from before. A crash falls between any two steps of
 * a hand-over; meanwhile somebody promotes another node; then those that were
 * gone come back, also with the start option of their unit.
 */
import type { Operation } from '../../../src/model/operation.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';

export const HANDOVERS: readonly Event[] = [
  { name: 'crash in a hand-over', weight: 3, run: crashInHandover },
  { name: 'old grant', weight: 4, run: oldGrant },
  { name: 'promoted while the leader is gone', weight: 3, run: promotedMeanwhile },
];

/** In which what is sent has arrived, if nothing holds it. */
export const SOON_MS = 60;
/** The steps of a hand-over take about as long, on disk and on the network. */
const HANDOVER_MS = 30;

const NOTHING: readonly Operation[] = [];

/** A leader with a follower that could take its place. */
export function pair(simulation: Simulation): { giver: SimulatedNode; taker: SimulatedNode } | undefined {
  const takers = (giver: SimulatedNode) =>
    simulation.nodes.filter(
      (node) =>
        node.isServing &&
        !node.leads &&
        node.store.roles.upstream === giver.address &&
        node.link.status.state === 'streaming',
    );
  const giver = simulation.any((node) => node.leads && !node.store.writes.refusal && takers(node).length > 0);
  return giver && { giver, taker: simulation.dice.pick(takers(giver)) };
}

/** Dies as soon as the log says so, or some milliseconds after the hand-over began. */
function handOverAndDie(
  simulation: Simulation,
  giver: SimulatedNode,
  taker: SimulatedNode,
  dying: SimulatedNode,
): void {
  const die = () => {
    if (dying.state === 'up' && !simulation.work.isHealing) crash(simulation, dying);
  };
  if (simulation.dice.chance(0.6)) giver.onSaid(/^this node stopped leading at offset/, die);
  else if (simulation.dice.chance(0.3)) taker.onSaid(/has handed over at offset/, die);
  else simulation.clock.after(simulation.dice.random() * HANDOVER_MS, die);
  simulation.work.begin(`fail over to ${taker.address}`, giver, () =>
    giver.replication.failover({ to: taker.address, timeoutMs: 2_000 }),
  );
}

export function crash(simulation: Simulation, node: SimulatedNode): void {
  simulation.journal.note(`${node.address} crashes`);
  simulation.work.forget(node);
  node.kill();
}

function crashInHandover(simulation: Simulation): boolean {
  const found = pair(simulation);
  if (!found) return false;
  const { giver, taker } = found;
  handOverAndDie(simulation, giver, taker, simulation.dice.chance(0.7) ? giver : taker);
  return true;
}

/** The giver dies on the way; before it comes back, another node leads, and may have trimmed its log. */
async function oldGrant(simulation: Simulation): Promise<boolean> {
  const found = pair(simulation);
  if (!found) return false;
  const { giver, taker } = found;
  handOverAndDie(simulation, giver, taker, giver);
  await simulation.pass(2 * HANDOVER_MS);
  if (giver.state !== 'down' || !taker.isServing || taker.leads) return true;
  const other = simulation.any((node) => node.isServing && node !== taker && node !== giver);
  const leader = other && simulation.dice.chance(0.7) ? other : taker;
  await promote(simulation, leader);
  if (leader !== taker && taker.isServing) {
    simulation.work.begin(`follow ${leader.address}`, taker, () => taker.follow(leader.address));
    // A heartbeat has told of the new history by then, or has not.
    await simulation.pass(simulation.dice.random() * 2_000);
  }
  if (simulation.dice.chance(0.5)) await writeSome(simulation, leader);
  if (simulation.dice.chance(0.5)) await trimAll(simulation, leader);
  await comeBack(simulation, giver);
  await simulation.pass(simulation.dice.random() * 1_500);
  return true;
}

/** The leader dies, a follower leads and writes, the leader comes back, and the follower is started as it always is. */
async function promotedMeanwhile(simulation: Simulation): Promise<boolean> {
  const found = pair(simulation);
  if (!found) return false;
  const { giver: former, taker: promoted } = found;
  crash(simulation, former);
  await promote(simulation, promoted);
  await writeSome(simulation, promoted);
  if (simulation.dice.chance(0.5) && promoted.isServing) {
    // Its history is later than that of a leader that comes back, then.
    crash(simulation, promoted);
    await comeBack(simulation, promoted);
    await writeSome(simulation, promoted);
  }
  await comeBack(simulation, former);
  if (promoted.isServing && simulation.dice.chance(0.5)) {
    crash(simulation, promoted);
    await comeBack(simulation, promoted, former.address);
  }
  const upstream = simulation.any((node) => node !== promoted);
  if (promoted.state === 'up' && upstream)
    simulation.work.begin(`follow ${upstream.address}`, promoted, () => promoted.follow(upstream.address));
  await simulation.pass(simulation.dice.random() * 1_000);
  return true;
}

export async function promote(simulation: Simulation, node: SimulatedNode): Promise<void> {
  if (node.isServing) simulation.work.begin('promote', node, () => node.replication.promote());
  await simulation.pass(SOON_MS);
}

export async function writeSome(simulation: Simulation, node: SimulatedNode): Promise<void> {
  if (node.leads) simulation.writers.write(node, NOTHING);
  await simulation.pass(SOON_MS);
}

async function trimAll(simulation: Simulation, node: SimulatedNode): Promise<void> {
  if (!node.isServing) return;
  const { store } = node;
  simulation.work.begin('trim all', node, async () => {
    for (const { nodeId, connected } of store.followers.all) if (!connected) await store.followers.forget(nodeId);
    await (await store.snapshots.at()).release();
    await store.data.log.trimming.trim(store.data.progress.checkpoint.offset);
  });
  await simulation.pass(SOON_MS);
}

export async function comeBack(simulation: Simulation, node: SimulatedNode, follow?: string): Promise<void> {
  if (node.state !== 'down') return;
  const option = follow === undefined ? undefined : ({ role: 'follower', upstream: follow } as const);
  simulation.work.begin(option ? `start --follow ${follow}` : 'start', node, () => node.start(option));
  await simulation.pass(SOON_MS);
}
