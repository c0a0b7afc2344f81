/**
 * A full resync whose line breaks in the middle, once or several times, while writes come in. Sometimes the upstream dies
 * at the break, so that the follower comes to another node.
 */
import { FULL_RESYNCS_MAX, SNAPSHOT_SHARE_MS } from '../../../src/base/limits.js';
import type { Operation } from '../../../src/model/operation.js';
import type { Line } from '../../support/channel.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import { burst } from './client-events.js';
import type { Event } from './event.js';
import { crash, SOON_MS } from './handovers.js';

export const INTERRUPTED_RESYNC: Event = { name: 'interrupted full resync', weight: 8, run: interruptedResync };

/** Enough for several frames. */
const KEYS = Array.from({ length: 24 }, (_, i) => Buffer.from(`wide ${String(i).padStart(2, '0')}`));
/** The time between two looks at how much is loaded. */
const LOOK_MS = 0.5;
const BREAKS_MAX = 3;
const BUSY_MS = 500;
const CHANGES = 8;
const HOUR_MS = 3_600_000;

async function interruptedResync(simulation: Simulation): Promise<boolean> {
  const follower = simulation.any((node) => node.isServing && !node.leads && node.link.status.state === 'streaming');
  const upstream = simulation.nodes.find(({ address }) => address === follower?.store.roles.upstream);
  if (!follower || !upstream?.isServing) return false;
  if (upstream.leads) simulation.writers.write(upstream, KEYS.map(setOf));
  await simulation.pass(SOON_MS);
  if (!follower.isServing || follower.leads || follower.store.roles.upstream !== upstream.address) return true;
  // Nothing needs no snapshot.
  if (!upstream.isServing || upstream.store.data.position.offset === 0) return true;
  breakNext(simulation, follower, 1 + Math.floor(simulation.dice.random() * BREAKS_MAX));
  simulation.work.begin(`follow ${upstream.address} --full`, follower, () =>
    follower.follow(upstream.address, { acceptDataLoss: false, full: true }),
  );
  return true;
}

/** Breaks the line of the next full resync of the follower, and then those of later ones. */
function breakNext(simulation: Simulation, follower: SimulatedNode, times: number): void {
  const { dice, network, work } = simulation;
  follower.onSaid(/^full resync from /, () => {
    const line = network.lines.findLast(({ from }) => from === follower.address);
    if (!line || work.isHealing) return;
    if (dice.chance(0.7)) change(simulation);
    const keys = follower.link.status.loadedKeys + Math.ceil(dice.random() * KEYS.length);
    const look = () => {
      if (line.ended || follower.state !== 'up') return;
      if (follower.link.status.loadedKeys >= keys) breakNow(simulation, follower, line, times);
      else work.later(LOOK_MS, look);
    };
    look();
  });
}

function breakNow(simulation: Simulation, follower: SimulatedNode, line: Line, times: number): void {
  const { dice, nodes, work } = simulation;
  if (line.ended) return;
  if (times > 1) breakNext(simulation, follower, times - 1);
  const upstream = nodes.find(({ address }) => address === line.to);
  if (upstream?.state === 'up' && dice.chance(0.2)) crash(simulation, upstream);
  else line.cut();
  if (dice.chance(0.7)) change(simulation);
  if (!upstream?.isServing || dice.chance(0.3)) return;
  // By then the upstream takes another snapshot. Another node may have sent one before.
  const { fullResyncs } = upstream.followers;
  fullResyncs.allow(0);
  work.afterOrNever(SNAPSHOT_SHARE_MS + dice.random() * BUSY_MS, () => fullResyncs.allow(FULL_RESYNCS_MAX));
}

/** Writes to keys in all parts of the snapshot. */
function change(simulation: Simulation): void {
  const { dice, writers } = simulation;
  const leader = simulation.any((node) => node.leads);
  if (!leader) return;
  const expiry = { expiresAtMs: leader.store.clock.now() + HOUR_MS };
  const operations = Array.from({ length: CHANGES }, (): Operation => {
    const key = dice.pick(KEYS);
    return dice.pick<Operation>([setOf(key), { kind: 'delete', keys: [key] }, { kind: 'expire', key, expiry }]);
  });
  writers.write(leader, operations);
  burst(simulation);
}

function setOf(key: Buffer): Operation {
  return { kind: 'set', key, value: key };
}
