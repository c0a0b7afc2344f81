/** The faults of a run. Each is drawn as likely as it stands here. */

import { leaseOf } from '../../../src/cluster/etcd-value.js';
import type { SimulatedNode } from './node.js';
import type { Setting } from './setting.js';
import { pair } from './world.js';

interface Run extends Pick<Setting, 'etcd' | 'timing' | 'world'> {
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

/** A leader that has to stop from now on cannot end its last writes. */
export const hangDisk: Fault = ({ nodes, world }) => {
  const node = nodes.find(({ mayAnswer }) => mayAnswer);
  if (!node) return;
  world.note(`${node.id}: its disk hangs when it stops`);
  node.diskHangs = true;
  node.diskHangsSinceMs = world.nowMs;
};

/** A pause around the time that a leader has left, or of any length. */
const pause: Fault = (run) => {
  const { world, timing } = run;
  const node = someone(run);
  if (node.isDown) return;
  node.pause(
    node.mayAnswer && world.dice.chance(0.5)
      ? node.leftMs + world.between(-500, 500)
      : world.between(0, 3.5 * timing.ttlMs),
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
  if (world.isHealed) return;
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

const storeDown: Fault = ({ etcd, world, timing }) => {
  world.note('etcd is down');
  etcd.isUp = false;
  world.after(world.between(0, 2 * timing.ttlMs), () => {
    etcd.isUp = true;
    if (world.dice.chance(0.7)) etcd.prolong();
  });
};

const prolong: Fault = ({ etcd }) => etcd.prolong();

const revoke: Fault = (run) => {
  const { leader: key, members } = run.etcd.view;
  const lease = key && run.world.dice.chance(0.7) ? key.lease : run.world.dice.pick(members)?.lease;
  if (lease === undefined) return;
  run.world.note(`etcd ends the lease ${lease} that lives`);
  run.etcd.revoke(leaseOf(lease));
  if (run.world.dice.chance(0.5)) run.etcd.lie(run.world.between(0, run.timing.ttlMs));
  // The leader does not learn of it.
  if (key && run.world.dice.chance(0.5)) cutFor(run, key.nodeId);
};

/** A person deletes the leader key. The watch of the leader is far behind, and the others may get nothing from it. */
const deleteKey: Fault = (run) => {
  const { etcd, world, timing, nodes } = run;
  const holder = nodes.find(({ id }) => id === etcd.view.leader?.nodeId);
  if (!holder || !world.dice.chance(0.5)) return;
  world.note('a person deletes the leader key');
  etcd.set('leader', undefined);
  const ms = world.between(0, 4 * timing.ttlMs);
  holder.lagFor(ms);
  if (!world.dice.chance(0.5)) return;
  for (const other of nodes) if (other !== holder) cutFor(run, pair(holder.id, other.id), ms);
};

const compact: Fault = ({ etcd }) => etcd.compact();

const switchLeader: Fault = ({ etcd, world, nodes }) => {
  const to = world.dice.pick(nodes).id;
  world.note(`a person wants ${to} to lead`);
  etcd.set('request', { to, fence: etcd.view.leader?.fence ?? 0 });
};

const pauseCluster: Fault = ({ etcd, world, timing }) => {
  etcd.set('paused', {});
  world.after(world.between(0, timing.ttlMs), () => etcd.set('paused', undefined));
};

const findings: Fault = (run) => {
  const node = run.world.dice.pick(run.nodes);
  node.findings = 'this node has open findings of verify';
  run.world.after(run.world.between(0, 2 * run.timing.ttlMs), () => {
    node.findings = '';
  });
};

/** etcd goes back to a state that every node remembers to have passed. */
const goBack: Fault = ({ etcd, world, nodes, timing }) => {
  const to = etcd.ago(10);
  if (!to || !world.dice.chance(0.2) || nodes.some((node) => !node.remembers(Number(to.revision) + 2))) return;
  world.note(`etcd goes back to revision ${to.revision}`);
  etcd.goBack(to);
  world.after(world.between(0, timing.ttlMs), () => {
    etcd.repair();
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
  deleteKey,
  switchLeader,
  switchLeader,
  pauseCluster,
  findings,
  goBack,
];
