/**
 * The time without faults: every node is started, one leads for good, the others
 * follow it in a random tree, and within a bound all have caught up. A person is
 * simulated too, who reads a refusal and does what it says.
 */
import { HeadwaterError } from '../../src/base/errors.js';
import { keyOf, Violation } from './checks/history.js';
import { writeOfLarge } from './nodes/line-speeds.js';
import type { SimulatedNode } from './nodes/node.js';
import { statesOf } from './report.js';
import type { Simulation } from './simulation.js';

/** The time before a person does the same once more. */
const ASKED_AGAIN_MS = 3_000;

/** A time for each node. */
type Times = Map<SimulatedNode, number>;

export async function heal(simulation: Simulation): Promise<void> {
  const { network, nodes, work } = simulation;
  for (const line of network.lines) line.release();
  await simulation.until('who starts is up, and who stops is down', () =>
    nodes.every(({ state }) => state === 'up' || state === 'down'),
  );
  for (const node of nodes.filter(({ state }) => state === 'down')) await bringUp(simulation, node);
  await simulation.until('all are up', () => nodes.every(({ state }) => state === 'up'));
  const root = await newLeader(simulation);
  const overSlowLine = followInATree(simulation, root);
  await simulation.until('what was begun ends', () => work.isDone);
  if (overSlowLine) {
    simulation.journal.count('large value over a slow line');
    simulation.writers.write(root, [writeOfLarge(simulation.dice.random)]);
    await simulation.until('the large write ends', () => work.isDone);
  }
  /** When a person last accepted the loss of a node's writes. */
  const acceptedAtMs: Times = new Map();
  /** Since when a node has waited below a follower. */
  const waitsSinceMs: Times = new Map();
  await simulation.until('all are level with their leader', () => {
    giveUpWhatIsRefused(simulation, acceptedAtMs);
    insist(simulation, root);
    tellByWriting(simulation, root);
    sendToTheLeader(simulation, root, waitsSinceMs);
    return nodes.every(
      (node) =>
        node.isServing &&
        keyOf(node.store.data.position) === keyOf(root.store.data.position) &&
        (node === root || node.link.status.state === 'streaming'),
    );
  });
}

/** @returns whether a node follows over a slow line. */
function followInATree({ dice, network, nodes, work }: Simulation, root: SimulatedNode): boolean {
  const placed = [root];
  let overSlowLine = false;
  for (const node of nodes) {
    if (node === root) continue;
    const isSlow = ({ address }: SimulatedNode) => network.speeds.speed(node.address, address) !== undefined;
    const parent = placed.find((one) => isSlow(one) && dice.chance(0.7)) ?? dice.pick(placed);
    if (isSlow(parent)) overSlowLine = true;
    placed.push(node);
    work.begin(`follow ${parent.address}`, node, () => node.follow(parent.address));
  }
  return overSlowLine;
}

/** A leader whose keyspace is ahead of its log opens only to follow. */
async function bringUp(simulation: Simulation, node: SimulatedNode): Promise<void> {
  const { dice, journal, nodes, work } = simulation;
  work.begin('last start', node, async () => {
    try {
      await node.start();
    } catch (error) {
      if (!HeadwaterError.is(error, 'keyspace_incomplete')) throw error;
      journal.count('leader incomplete');
      await node.start({ role: 'follower', upstream: dice.pick(nodes).address });
    }
  });
  await simulation.until(`${node.address} is up`, () => node.state === 'up');
}

async function newLeader(simulation: Simulation): Promise<SimulatedNode> {
  await simulation.pass(100);
  const root =
    simulation.any((node) => node.isServing && node.store.data.position.offset > 0) ??
    simulation.any((node) => node.isServing);
  if (!root) throw new Violation(`some node serves\n${statesOf(simulation)}`);
  let promoted = false;
  simulation.work.begin('promote, for good', root, async () => {
    await root.replication.promote();
    promoted = true;
  });
  await simulation.until('the promotion ends', () => promoted);
  return root;
}

/** A leader that learns of a later one below it takes no writes, until a person says that it is the one. */
function insist({ journal, work }: Simulation, root: SimulatedNode): void {
  if (!root.store.roles.supersededBy || !work.isDone) return;
  journal.count('leader superseded');
  work.begin('promote once more', root, async () => {
    await root.replication.promote();
  });
}

/** Nodes further down that lived under as late an epoch wait for blocks that their upstream lacks: a write ends that. */
function tellByWriting({ journal, nodes, work, writers }: Simulation, root: SimulatedNode): void {
  const { epoch } = root.store.data.log.history.lineage;
  const waits = (node: SimulatedNode) =>
    node.isServing && node.link.status.state === 'waiting' && node.store.data.log.history.lineage.epoch >= epoch;
  if (!work.isDone || root.store.roles.supersededBy || !nodes.some(waits)) return;
  journal.count('told by a write');
  writers.write(root, []);
}

/** A node of a later epoch waits below a follower of an older one: the leader itself has to meet it. */
function sendToTheLeader({ clock, journal, nodes, work }: Simulation, root: SimulatedNode, sinceMs: Times): void {
  for (const node of nodes) {
    const waits = node.isServing && node.link.status.state === 'waiting' && node.store.roles.upstream !== root.address;
    // A hand-over that was under way before another node was promoted may end in a leader without followers.
    const leadsToo = node.leads && node !== root;
    if (!waits && !leadsToo) sinceMs.set(node, clock.monotonicMs());
    if (clock.monotonicMs() - (sinceMs.get(node) ?? 0) < ASKED_AGAIN_MS) continue;
    sinceMs.set(node, clock.monotonicMs());
    journal.count('sent to the leader');
    work.begin(`follow ${root.address}, which leads`, node, () => node.follow(root.address));
  }
}

/** A person reads the refusal, and accepts the loss. */
function giveUpWhatIsRefused({ accounts, clock, journal, nodes, work }: Simulation, acceptedAtMs: Times): void {
  for (const node of nodes) {
    // An accepted loss is for one resync: if the upstream lost its data in the meantime, the person is asked again.
    if (node.state !== 'up' || node.store.roles.role === 'leader') continue;
    if (clock.monotonicMs() - (acceptedAtMs.get(node) ?? Number.NEGATIVE_INFINITY) < ASKED_AGAIN_MS) continue;
    // The node may have been sent on to another upstream than it was told to follow.
    const { error, address, state } = node.link.status;
    // A snapshot over a slow line takes longer than a person has patience.
    if (state === 'loading') continue;
    if (!/refused to resync \((TAIL_NOT_IN_LOG|NO_COMMON_HISTORY|OTHER_CLUSTER)\)/.test(error)) continue;
    journal.count('loss accepted');
    accounts.acceptLoss(node);
    acceptedAtMs.set(node, clock.monotonicMs());
    work.begin(`follow ${address}, accepting the loss`, node, () => node.follow(address, { acceptDataLoss: true }));
  }
}
