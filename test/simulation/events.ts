/**
 * What may happen in a simulation: one function a kind, which begins it and says
 * whether it could. A new kind is a new row of EVENTS.
 */
import { sealBlock } from '../../src/log/block.js';
import type { Operation } from '../../src/model/operation.js';
import { HANDOVERS } from './handovers.js';
import { LOST_FILES } from './lost-files.js';
import { LOST_WRITES } from './lost-writes.js';
import { MASS_DELETE } from './mass-deletes.js';
import type { SimulatedNode } from './node.js';
import type { Event, Simulation } from './simulation.js';
import { SLOW_LINES } from './slow-lines.js';
import { SESSION_READS, UNKNOWN_HISTORY } from './waiting-reads.js';

export const EVENTS: readonly Event[] = [
  { name: 'write', weight: 40, run: write },
  { name: 'burst of writes', weight: 8, run: burst },
  { name: 'write at a stale leader', weight: 8, run: writeAtStaleLeader },
  { name: 'write at a follower', weight: 2, run: writeAtFollower },
  { name: 'write that is to be safe', weight: 8, run: writeSafely },
  { name: 'durable publish', weight: 5, run: publish },
  { name: 'live publish', weight: 4, run: publishLive },
  { name: 'live publishes over a link that breaks', weight: 5, run: publishOverBrokenLink },
  { name: 'watch', weight: 6, run: (simulation) => readOn(simulation, 'watch') },
  { name: 'subscribe', weight: 6, run: (simulation) => readOn(simulation, 'subscribe') },
  MASS_DELETE,
  { name: 'read by token', weight: 5, run: readByToken },
  { name: 'read within a bound', weight: 4, run: readWithin },
  { name: 'read right after coming back', weight: 3, run: readAfterComingBack },
  SESSION_READS,
  UNKNOWN_HISTORY,
  { name: 'compare', weight: 3, run: compare },
  { name: 'cut', weight: 5, run: cut },
  { name: 'hold', weight: 5, run: hold },
  { name: 'release', weight: 7, run: release },
  { name: 'stop', weight: 3, run: stop },
  { name: 'crash', weight: 4, run: crash },
  { name: 'power cut', weight: 3, run: powerCut },
  { name: 'start', weight: 16, run: start },
  { name: 'promote', weight: 5, run: promote },
  { name: 'fail over', weight: 5, run: failOver },
  { name: 'follow', weight: 10, run: follow },
  { name: 'trim', weight: 4, run: trim },
  { name: 'forget', weight: 2, run: forget },
  { name: 'checkpoint', weight: 4, run: checkpoint },
  { name: 'inspect', weight: 4, run: inspect },
  { name: 'wall clock jump', weight: 2, run: jumpWall },
  LOST_FILES,
  { name: 'forged block', weight: 2, run: forge },
  ...SLOW_LINES,
  ...HANDOVERS,
  ...LOST_WRITES,
];

/** A leader that stops waits for so long for its followers. */
const SHUTDOWN_MS = 2_000;

// ---- clients ------------------------------------------------------------------

const keyName = (simulation: Simulation) => Buffer.from(`k${Math.floor(simulation.random() * 12)}`);

function operation(simulation: Simulation): Operation {
  const key = keyName(simulation);
  const value = Buffer.from('v'.repeat(1 + Math.floor(simulation.random() * 60)));
  const ttlMs = 1 + Math.floor(simulation.random() * 5_000);
  return simulation.pick<() => Operation>([
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
      conditions: simulation.chance(0.3) ? [{ key, test: 'absent' }] : [],
      operations: [
        { kind: 'set', key, value },
        { kind: 'increment', key: Buffer.from('total'), by: 2n },
      ],
    }),
    () => (simulation.chance(0.2) ? { kind: 'flushAll' } : { kind: 'persist', key }),
  ])();
}

function writeAt(simulation: Simulation, node: SimulatedNode | undefined): boolean {
  if (!node) return false;
  const count = 1 + Math.floor(simulation.random() * 3);
  simulation.write(
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

function write(simulation: Simulation): boolean {
  return writeAt(simulation, newest(simulation));
}

function burst(simulation: Simulation): boolean {
  const node = newest(simulation);
  for (let i = 0; i < 6; i++) writeAt(simulation, node);
  return node !== undefined;
}

function writeAtStaleLeader(simulation: Simulation): boolean {
  const best = newest(simulation);
  return writeAt(
    simulation,
    simulation.any((node) => node.leads && node !== best),
  );
}

function writeAtFollower(simulation: Simulation): boolean {
  return writeAt(
    simulation,
    simulation.any((node) => node.isServing && !node.leads),
  );
}

function writeSafely(simulation: Simulation): boolean {
  const node = newest(simulation);
  if (!node) return false;
  const level = simulation.pick(['synced', 'followers', 'followers_synced'] as const);
  const followers = level === 'synced' ? 0 : 1 + Math.floor(simulation.random() * 2);
  simulation.writeSafely(node, { level, followers });
  return true;
}

function publish(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  if (node) simulation.publish(node);
  return node !== undefined;
}

function publishLive(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  if (node) simulation.publishLive(node);
  return node !== undefined;
}

/** Before, while it is broken, and after: a subscriber below it hears of all. */
function publishOverBrokenLink(simulation: Simulation): boolean {
  const leader = newest(simulation);
  const line = simulation.pick(openLines(simulation));
  const below = simulation.nodes.find(({ address, isServing }) => address === line?.from && isServing);
  if (!leader || !line || !below || below === leader) return false;
  simulation.readOn(below, 'subscribe');
  const publish = () => {
    if (leader.leads) simulation.publishLive(leader);
  };
  for (const ms of [5, 60, 65, 300]) simulation.clock.after(ms, publish);
  simulation.clock.after(50, () => line.cut());
  return true;
}

function readOn(simulation: Simulation, stream: 'watch' | 'subscribe'): boolean {
  const node = simulation.any(({ isServing }) => isServing);
  return node !== undefined && simulation.readOn(node, stream);
}

function readByToken(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  return node !== undefined && simulation.readByToken(node);
}

function readWithin(simulation: Simulation): boolean {
  const node = simulation.any(({ isServing, leads }) => isServing && !leads);
  const maxStalenessMs = simulation.pick([500, 1_500, 5_000]);
  if (node) simulation.begin('read within', node, () => simulation.readWithin(node, maxStalenessMs));
  return node !== undefined;
}

/** A node that has led, and written, follows the leader that went on without it: it has none of that yet. */
function readAfterComingBack(simulation: Simulation): boolean {
  const leader = newest(simulation);
  const node = simulation.any((one) => one.leads && one !== leader);
  if (!leader || !node) return false;
  writeAt(simulation, node);
  writeAt(simulation, leader);
  const comeBack = () => {
    if (!node.leads) return;
    simulation.begin(`follow ${leader.address}, and read`, node, async () => {
      await node.follow(leader.address);
      await simulation.readWithin(node, 500);
    });
  };
  simulation.later(600, () => {
    if (!node.leads) return;
    writeAt(simulation, node);
    simulation.later(20, comeBack);
  });
  return true;
}

function compare(simulation: Simulation): boolean {
  const node = newest(simulation);
  if (node) simulation.compare(node);
  return node !== undefined;
}

// ---- the network --------------------------------------------------------------

function openLines(simulation: Simulation) {
  return simulation.network.lines.filter((line) => !line.ended);
}

function cut(simulation: Simulation): boolean {
  const line = simulation.pick(openLines(simulation));
  if (!line) return false;
  simulation.note(`cut ${line.from}→${line.to}`);
  line.cut();
  return true;
}

function hold(simulation: Simulation): boolean {
  const line = simulation.pick(openLines(simulation));
  if (!line) return false;
  const direction = simulation.pick(['down', 'up', 'both'] as const);
  simulation.note(`hold ${line.from}→${line.to}: ${direction}`);
  simulation.count(`hold ${direction}`);
  line.hold(direction);
  return true;
}

function release(simulation: Simulation): boolean {
  const line = simulation.pick(openLines(simulation).filter((one) => one.held));
  if (!line) return false;
  simulation.note(`release ${line.from}→${line.to}`);
  line.release();
  return true;
}

// ---- processes ----------------------------------------------------------------

function stop(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  if (node) simulation.begin('stop', node, () => node.stop(simulation.chance(0.5) ? SHUTDOWN_MS : 0));
  return node !== undefined;
}

function crash(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state !== 'down');
  if (!node) return false;
  simulation.note(`${node.address} crashes, being ${node.state}`);
  simulation.forget(node);
  node.kill();
  return true;
}

async function powerCut(simulation: Simulation): Promise<boolean> {
  const node = simulation.any(({ state }) => state !== 'down');
  if (!node) return false;
  simulation.note(`${node.address} loses its power, being ${node.state}`);
  simulation.forget(node);
  await node.powerCut();
  return true;
}

function start(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'down');
  if (!node) return false;
  // Some units say each time whom to follow.
  const option = node.unit && simulation.chance(0.3) ? node.unit : undefined;
  simulation.begin(option ? `start --follow ${option.upstream}` : 'start', node, () => node.start(option));
  return true;
}

function jumpWall(simulation: Simulation): boolean {
  const node = simulation.pick(simulation.nodes);
  const byMs = Math.round((simulation.random() - 0.5) * 20_000);
  simulation.note(`the wall clock of ${node.address} jumps by ${byMs} ms`);
  node.jumpWall(byMs);
  return true;
}

/**
 * While a process is down, the last block of its log becomes another one that
 * chains as well: what a restored copy or a faulty disk leaves.
 */
async function forge(simulation: Simulation): Promise<boolean> {
  const node = simulation.any(
    (one) => one.isServing && one.store.data.position.offset > one.store.data.generation.keyspaceOffset,
  );
  if (!node) return false;
  const end = simulation.history.at(node.store.data.position);
  if (!end.parent || end.firstOffset <= node.store.data.generation.keyspaceOffset) return false;
  const { replicationId } = node.store.data.position;
  const { endTimeMs: timeMs } = node.store.data;
  const [location] = node.disk.opened.filter((name) => name.endsWith('/log'));
  if (!location || node.disk.opened.length > 3) return false;
  const commands = end.commands.map(() => ({
    kind: 'put' as const,
    key: Buffer.from('forged'),
    value: Buffer.from(`at ${node.address}`),
    expiresAtMs: 0,
    type: 0,
  }));
  const { offset, checksum } = end.parent;
  const block = sealBlock({ commands, previous: { offset, checksum }, replicationId, timeMs });
  simulation.note(`${node.address} crashes, and its last block ${end.key} is to be forged`);
  simulation.forget(node);
  node.kill();
  // What the keyspace has of the block would stay, and no checksum tells of that.
  if ((await node.flushingTo(location)) >= end.firstOffset) return false;
  node.seen = simulation.forge(end, block);
  node.stored.add(node.seen.key);
  await node.forge(location, block);
  return true;
}

// ---- roles and places -----------------------------------------------------------

function promote(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && !one.leads);
  if (node) simulation.begin('promote', node, () => node.replication.promote());
  return node !== undefined;
}

function failOver(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && one.leads && one.replication.followers.status.length > 0);
  if (!node) return false;
  simulation.begin('fail over', node, async () => {
    const { newLeader } = await node.replication.failover({ timeoutMs: 2_000 });
    simulation.note(`${newLeader} leads in the place of ${node.address}`);
    simulation.count('failed over');
  });
  return true;
}

/** Anybody but itself: chains and loops come about by accident. */
function follow(simulation: Simulation): boolean {
  const node = simulation.any(({ state }) => state === 'up');
  const upstream = simulation.any((one) => one !== node);
  if (!node || !upstream) return false;
  simulation.begin(`follow ${upstream.address}`, node, () => node.follow(upstream.address));
  return true;
}

// ---- the disk -------------------------------------------------------------------

function trim(simulation: Simulation): boolean {
  const node = simulation.any(
    (one) => one.isServing && one.store.data.progress.checkpoint.offset > one.store.data.log.base.offset,
  );
  if (!node) return false;
  const { log, progress } = node.store.data;
  const reached = progress.checkpoint;
  simulation.begin(`trim to ${reached.offset}`, node, () => log.trimming.trim(reached.offset));
  return true;
}

/** A follower that may be connected, which is refused then. */
function forget(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing && one.store.followers.all.length > 0);
  if (!node) return false;
  const { nodeId, address } = simulation.pick(node.store.followers.all);
  simulation.begin(`forget ${address}`, node, () => node.replication.forget(nodeId));
  return true;
}

function checkpoint(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing);
  if (!node) return false;
  simulation.begin('checkpoint', node, async () => (await node.store.snapshots.at()).release());
  return true;
}

function inspect(simulation: Simulation): boolean {
  const node = simulation.any((one) => one.isServing);
  if (node) simulation.begin('inspect', node, () => simulation.inspect(node));
  return node !== undefined;
}
