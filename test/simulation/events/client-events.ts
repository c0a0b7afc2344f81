/** Clients that write, publish, read and compare, at the newest leader and elsewhere. */
import type { Operation } from '../../../src/model/operation.js';
import { compare as compareNodes } from '../checks/data.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import { openLines } from './network-events.js';

const KEYS = 12;
const TOTAL = Buffer.from('total');
const keyName = (simulation: Simulation) => Buffer.from(`k${Math.floor(simulation.dice.random() * KEYS)}`);

/** All keys that `operation` writes. */
export const CLIENT_KEYS: readonly Buffer[] = [
  TOTAL,
  ...Array.from({ length: KEYS }, (_, i) => [Buffer.from(`k${i}`), Buffer.from(`nk${i}`)]).flat(),
];

function operation(simulation: Simulation): Operation {
  const key = keyName(simulation);
  const value = Buffer.from('v'.repeat(1 + Math.floor(simulation.dice.random() * 60)));
  const ttlMs = 1 + Math.floor(simulation.dice.random() * 5_000);
  return simulation.dice.pick<() => Operation>([
    () => ({ kind: 'set', key, value }),
    () => ({ kind: 'set', key, value }),
    () => ({ kind: 'set', key, value, expiry: { ttlMs } }),
    () => ({ kind: 'increment', key: Buffer.from(`n${key}`), by: 1n }),
    () => ({ kind: 'delete', keys: [key, keyName(simulation)] }),
    () => ({ kind: 'expire', key, expiry: { ttlMs } }),
    () => ({ kind: 'rename', key, newKey: keyName(simulation) }),
    () => ({ kind: 'get', key }),
    () => ({
      kind: 'transact',
      conditions: simulation.dice.chance(0.3) ? [{ key, test: 'absent' }] : [],
      operations: [
        { kind: 'set', key, value },
        { kind: 'increment', key: TOTAL, by: 2n },
      ],
    }),
    () => (simulation.dice.chance(0.2) ? { kind: 'flushAll' } : { kind: 'persist', key }),
  ])();
}

function writeAt(simulation: Simulation, node: SimulatedNode | undefined): boolean {
  if (!node) return false;
  const count = 1 + Math.floor(simulation.dice.random() * 3);
  simulation.writers.write(
    node,
    Array.from({ length: count }, () => operation(simulation)),
  );
  return true;
}

function newest(simulation: Simulation): SimulatedNode | undefined {
  const epochOf = (node: SimulatedNode) => node.store.data.log.history.lineage.epoch;
  return simulation.nodes
    .filter((node) => node.leads)
    .reduce<SimulatedNode | undefined>(
      (best, node) => (best && epochOf(best) >= epochOf(node) ? best : node),
      undefined,
    );
}

export function write(simulation: Simulation): boolean {
  return writeAt(simulation, newest(simulation));
}

export function burst(simulation: Simulation): boolean {
  const node = newest(simulation);
  for (let i = 0; i < 6; i++) writeAt(simulation, node);
  return node !== undefined;
}

export function writeAtStaleLeader(simulation: Simulation): boolean {
  const best = newest(simulation);
  return writeAt(
    simulation,
    simulation.any((node) => node.leads && node !== best),
  );
}

export function writeAtFollower(simulation: Simulation): boolean {
  return writeAt(
    simulation,
    simulation.any((node) => node.isServing && !node.leads),
  );
}

export function writeSafely(simulation: Simulation): boolean {
  const node = newest(simulation);
  if (!node) return false;
  const level = simulation.dice.pick(['synced', 'followers', 'followers_synced'] as const);
  const followers = level === 'synced' ? 0 : 1 + Math.floor(simulation.dice.random() * 2);
  simulation.writers.writeSafely(node, { level, followers });
  return true;
}

export function publish(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  if (node) simulation.writers.publish(node);
  return node !== undefined;
}

export function publishLive(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  if (node) simulation.writers.publishLive(node);
  return node !== undefined;
}

/** Before, while it is broken, and after: a subscriber below it hears of all. */
export function publishOverBrokenLink(simulation: Simulation): boolean {
  const leader = newest(simulation);
  const line = simulation.dice.pick(openLines(simulation));
  const below = simulation.nodes.find(({ address, isServing }) => address === line?.from && isServing);
  if (!leader || !line || !below || below === leader) return false;
  simulation.readers.readOn(below, 'subscribe');
  const publish = () => {
    if (leader.leads) simulation.writers.publishLive(leader);
  };
  for (const ms of [5, 60, 65, 300]) simulation.clock.after(ms, publish);
  simulation.clock.after(50, () => line.cut());
  return true;
}

export function readOn(simulation: Simulation, stream: 'watch' | 'subscribe'): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  return node !== undefined && simulation.readers.readOn(node, stream);
}

export function readByToken(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  return node !== undefined && simulation.readers.readByToken(node);
}

export function readWithin(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing, leads }) => isServing && !leads);
  const maxStalenessMs = simulation.dice.pick([500, 1_500, 5_000]);
  if (node) simulation.work.begin('read within', node, () => simulation.readers.readWithin(node, maxStalenessMs));
  return node !== undefined;
}

/** A node that has led, and written, follows the leader that went on without it: it has none of that yet. */
export function readAfterComingBack(simulation: Simulation): boolean {
  const leader = newest(simulation);
  const node = simulation.any((one) => one.leads && one !== leader);
  if (!leader || !node) return false;
  writeAt(simulation, node);
  writeAt(simulation, leader);
  const comeBack = () => {
    if (!node.leads) return;
    simulation.work.begin(`follow ${leader.address}, and read`, node, async () => {
      await node.follow(leader.address);
      await simulation.readers.readWithin(node, 500);
    });
  };
  simulation.work.later(600, () => {
    if (!node.leads) return;
    writeAt(simulation, node);
    simulation.work.later(20, comeBack);
  });
  return true;
}

export function compare(simulation: Simulation): boolean {
  const node = newest(simulation);
  if (node) compareNodes(simulation, node);
  return node !== undefined;
}
