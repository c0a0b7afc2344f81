/** The faults of a run. Each is drawn as likely as it stands here. */

import type { SimulatedNode } from './node.js';
import type { Setting } from './setting.js';
import { pair } from './world.js';

interface Run extends Pick<Setting, 'store' | 'timing' | 'world'> {
  readonly nodes: readonly SimulatedNode[];
}

type Fault = (run: Run) => void;

function leader({ nodes, world }: Run): SimulatedNode {
  return nodes.find(({ mayAnswer }) => mayAnswer) ?? world.dice.pick(nodes);
}

function someone(run: Run): SimulatedNode {
  return run.world.dice.chance(0.6) ? leader(run) : run.world.dice.pick(run.nodes);
}

const crash: Fault = (run) => {
  const node = someone(run);
  if (node.isDown) return;
  node.crash();
  run.world.after(run.world.between(50, 3 * run.timing.ttlMs), () => node.isDown && node.start());
};

/** A pause around the time that a leader has left, or of any length. */
const pause: Fault = (run) => {
  const { world, timing } = run;
  const node = someone(run);
  if (node.isDown) return;
  node.pause(
    node.mayAnswer && world.dice.chance(0.5)
      ? node.leftMs + world.between(-500, 500)
      : world.between(0, 2 * timing.ttlMs),
  );
};

const cutStore: Fault = (run) => cutFor(run, someone(run).id);

const cutPeer: Fault = (run) => {
  const node = someone(run);
  for (const other of run.nodes) if (other !== node && run.world.dice.chance(0.7)) cutFor(run, pair(node.id, other.id));
};

const cutBoth: Fault = (run) => {
  const node = someone(run);
  const ms = run.world.between(0, 2 * run.timing.ttlMs);
  cutFor(run, node.id, ms);
  for (const other of run.nodes) if (other !== node) cutFor(run, pair(node.id, other.id), ms);
};

function cutFor({ world, timing }: Run, line: string, ms = world.between(0, 2 * timing.ttlMs)): void {
  world.note(`cut: ${line} for ${ms.toFixed(0)} ms`);
  world.cut.add(line);
  world.after(ms, () => world.cut.delete(line));
}

/** The leader stands still right behind a record, gets the answer late, and then nobody gets anything from it. */
const lateAnswer: Fault = (run) => {
  const { world, timing } = run;
  const node = leader(run);
  if (node.isDown) return;
  const ms = world.between(0.39, 0.47) * timing.ttlMs;
  node.stallBehindPublish = () => {
    node.pause(ms);
    for (const other of run.nodes) if (other !== node) cutFor(run, pair(node.id, other.id), 3 * timing.ttlMs);
    world.after(ms + 5, () => cutFor(run, node.id, 2 * timing.ttlMs));
  };
};

const storeDown: Fault = ({ store, world, timing }) => {
  world.note('the store is down');
  store.isUp = false;
  world.after(world.between(0, 2 * timing.ttlMs), () => {
    store.isUp = true;
    if (world.dice.chance(0.7)) store.prolong();
  });
};

const prolong: Fault = ({ store }) => store.prolong();

const revoke: Fault = (run) => {
  const { leader: key, members } = run.store.view;
  const lease = key && run.world.dice.chance(0.7) ? key.lease : run.world.dice.pick(members)?.lease;
  if (lease === undefined) return;
  run.world.note(`the store ends the lease ${lease} that lives`);
  run.store.revoke(lease);
  // The leader does not learn of it.
  if (key && run.world.dice.chance(0.5)) cutFor(run, key.nodeId);
};

const compact: Fault = ({ store }) => store.compact();

const switchLeader: Fault = ({ store, world, nodes }) => {
  const to = world.dice.pick(nodes).id;
  world.note(`a person wants ${to} to lead`);
  store.change((revision) => ({ request: { to, revision } }));
};

const pauseCluster: Fault = ({ store, world, timing }) => {
  store.change(() => ({ isPaused: true }));
  world.after(world.between(0, timing.ttlMs), () => store.change(() => ({ isPaused: false })));
};

const findings: Fault = (run) => {
  const node = run.world.dice.pick(run.nodes);
  node.findings = 'this node has open findings of verify';
  run.world.after(run.world.between(0, 2 * run.timing.ttlMs), () => {
    node.findings = '';
  });
};

/** The store goes back to a state that every node has seen pass. */
const goBack: Fault = ({ store, world, nodes, timing }) => {
  const to = store.history.at(-10);
  if (!to || !world.dice.chance(0.2) || nodes.some((node) => !node.hasSeen(to.revision + 2))) return;
  world.note(`the store goes back to revision ${to.revision}`);
  store.goBack(to);
  world.after(world.between(0, timing.ttlMs), () => {
    store.repair();
    for (const node of nodes) node.accept();
  });
};

export const FAULTS: readonly Fault[] = [
  crash,
  crash,
  pause,
  pause,
  cutStore,
  cutStore,
  cutPeer,
  cutBoth,
  lateAnswer,
  storeDown,
  prolong,
  revoke,
  revoke,
  compact,
  switchLeader,
  switchLeader,
  pauseCluster,
  findings,
  goBack,
];
