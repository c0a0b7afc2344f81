/** The invariants of a cluster, and all that is known about the truth. */

import type { ClusterMode } from '../../../src/cluster/election.js';
import { Violation } from '../checks/history.js';
import type { MemoryEtcd } from './memory-etcd.js';
import type { ClusterNode, NodeChecks } from './setting.js';
import type { World } from './world.js';

export class Checks implements NodeChecks {
  answered = 0;
  openings = 0;
  readonly #world: World;
  readonly #etcd: MemoryEtcd;
  readonly #mode: ClusterMode;
  readonly #nodes: readonly ClusterNode[];
  readonly #acknowledged = new Map<number, number>();
  #fence = 0;
  /** The fencing number of the last leadership that has answered. */
  #answeringFence = 0;

  constructor(world: World, etcd: MemoryEtcd, mode: ClusterMode, nodes: readonly ClusterNode[]) {
    this.#world = world;
    this.#etcd = etcd;
    this.#mode = mode;
    this.#nodes = nodes;
  }

  /** A node answers a write. */
  answers(node: ClusterNode, fence: number, offset: number): void {
    this.#world.note(`${node.id}: answers ${offset} under ${fence}`);
    if (fence < this.#answeringFence)
      this.#fail(
        'two leaders never answer writes at one time',
        `${node.id} under ${fence} after ${this.#answeringFence}`,
      );
    this.#answeringFence = fence;
    this.answered++;
    if (this.#mode === 'safe') this.#acknowledged.set(offset, fence);
  }

  /** A node begins to lead. */
  opens(node: ClusterNode, fence: number): void {
    this.#world.note(`${node.id}: leads under ${fence}`);
    this.openings++;
    if (fence <= this.#fence) this.#fail('fencing numbers rise', `${node.id} got ${fence} after ${this.#fence}`);
    this.#fence = fence;
    for (const other of this.#nodes)
      if (other !== node && other.mayAnswer)
        this.#fail(
          'a leader begins when no other can answer',
          `${node.id} begins, and ${other.id} has ${other.leftMs} ms`,
        );
    for (const [offset, under] of this.#acknowledged)
      if (node.log[offset - 1] !== under)
        this.#fail('no acknowledged write is lost in safe mode', `${node.id} leads without ${offset} of ${under}`);
  }

  /** A node asks for the leader key. */
  campaigns(node: ClusterNode): void {
    if (node.knownFindings !== '') this.#fail('a node with open findings never leads', node.id);
    if (!node.seen) return;
    const { members, sync, last } = node.seen;
    const own = members.find(({ nodeId }) => nodeId === node.id);
    for (const other of members) {
      const mayLead = other.cannotLead === '' && (this.#mode !== 'safe' || !sync || sync.nodes.includes(other.nodeId));
      const spoke = other.round === (last?.fence ?? 0) && own?.round === other.round;
      const isFurther = own && (other.historyFence - own.historyFence || other.offset - own.offset) > 0;
      if (mayLead && spoke && isFurther)
        this.#fail('the furthest node runs', `${node.id} is at ${own.offset}, ${other.nodeId} at ${other.offset}`);
    }
  }

  /** A leader stops. */
  stops(node: ClusterNode, reason: string): void {
    this.#world.note(`${node.id}: stops: ${reason}`);
    const holds = this.#etcd.view.leader?.fence === node.fence && node.mayAnswer;
    if (holds && !/moved|does not know|not renewed|deleted|holds|fencing number|disk of this node/.test(reason))
      this.#fail('a leader whose lease lives goes on', `${node.id}: ${reason}`);
    if (holds && node.heardUnknown === 0 && /does not know/.test(reason))
      this.#fail('a leader whose lease lives goes on', `${node.id}: ${reason}`);
  }

  #fail(invariant: string, values: string): void {
    this.#world.fail(new Violation(`${invariant}: ${values}`));
  }
}
