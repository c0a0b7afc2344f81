/**
 * An upstream that has no place for another full resync, while one of its followers asks for one. Every other life of a
 * node takes a detour then, to another follower of the upstream. Crashes and cuts fall into it at any point.
 */
import { FULL_RESYNCS_MAX } from '../../../src/base/limits.js';
import type { SimulatedNode } from '../nodes/node.js';
import type { Simulation } from '../simulation.js';
import type { Event } from './event.js';
import { crash } from './handovers.js';

export const BUSY_UPSTREAM: Event = { name: 'busy upstream', weight: 6, run: busyUpstream };

const BUSY_MS_MAX = 3_000;
/** A detour takes about as long. */
const DETOUR_MS = 30;

function busyUpstream(simulation: Simulation): boolean {
  const follower = simulation.any((node) => node.isServing && !node.leads && node.link.status.state === 'streaming');
  const upstream = simulation.nodes.find(({ address }) => address === follower?.store.roles.upstream);
  // Nothing needs no snapshot.
  if (!follower || !upstream?.isServing || upstream.store.data.position.offset === 0) return false;
  const { fullResyncs } = upstream.followers;
  fullResyncs.allow(0);
  simulation.work.afterOrNever(simulation.dice.random() * BUSY_MS_MAX, () => fullResyncs.allow(FULL_RESYNCS_MAX));
  follower.onSaid(/^the upstream \S+ sends full resyncs to others/, () => dieSoon(simulation, follower));
  simulation.work.begin(`follow ${upstream.address} --full`, follower, () =>
    follower.follow(upstream.address, { acceptDataLoss: false, full: true }),
  );
  return true;
}

/** The follower, its upstream or the node that sends the snapshot dies at some step of the detour. */
function dieSoon(simulation: Simulation, follower: SimulatedNode): void {
  const { dice, nodes, work } = simulation;
  if (!dice.chance(0.5)) return;
  const source = nodes.filter(
    (node) => node !== follower && node.store.roles.upstream === follower.store.roles.upstream,
  );
  const dying = dice.pick([follower, ...source]);
  work.later(dice.random() * DETOUR_MS, () => {
    if (dying.state === 'up') crash(simulation, dying);
  });
}
