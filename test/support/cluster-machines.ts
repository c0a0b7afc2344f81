/**
 * The machines of three nodes over a store, without nodes: each opens a leadership and stops at once. They watch that no two
 * of them may answer at one time.
 */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { systemClock } from '../../src/base/clock.js';
import type { ClusterStore } from '../../src/cluster/cluster.js';
import { Machine } from '../../src/cluster/machine.js';
import type { Action, Event } from '../../src/cluster/messages.js';
import type { Timing } from '../../src/cluster/timing.js';
import type { View } from '../../src/cluster/view.js';

export interface OpenedStore {
  readonly store: Pick<ClusterStore, 'begin'>;
  /** As the end of the process: no lease is ended. */
  close(): Promise<void>;
}

export type OpenStore = (onEvent: (event: Event) => void, timing: Timing) => OpenedStore;

interface MachineNodeOptions {
  readonly timing: Timing;
  readonly open: OpenStore;
  readonly onOpen: (node: MachineNode) => void;
}

/** A node whose log never changes: a machine over etcd, which opens and stops at once. */
export class MachineNode {
  readonly #opened: OpenedStore;
  readonly #machine: Machine;
  readonly #onOpen: (node: MachineNode) => void;
  readonly views: View[] = [];
  readonly id: string;
  readonly stops: string[] = [];
  untilMs = 0;
  isOver = false;
  /** Whether writes wait, so that none is answered. */
  #isHeld = false;

  constructor(id: string, { timing, open, onOpen }: MachineNodeOptions) {
    this.id = id;
    this.#onOpen = onOpen;
    this.#opened = open((event) => this.#handle(event), timing);
    const self = {
      historyFence: 0,
      offset: 0,
      durableOffset: 0,
      clusterId: '',
      proposedClusterId: 'c',
      cannotLead: '',
    };
    const options = { mode: 'available', failsafe: false, lagMax: 0, timing, address: `${id}:1` } as const;
    this.#machine = new Machine({ nodeId: id, self, ...options });
    this.#tick();
  }

  get state() {
    return this.#machine.state;
  }

  get why(): string {
    return this.#machine.why;
  }

  /** Whether it may answer a write now. */
  get mayAnswer(): boolean {
    return !this.isOver && !this.#isHeld && this.untilMs > systemClock.monotonicMs();
  }

  get leads(): boolean {
    return this.mayAnswer && this.state.name === 'leading';
  }

  /** The process is gone: no key is deleted. */
  async end(): Promise<void> {
    this.isOver = true;
    await this.#opened.close();
  }

  #tick(): void {
    if (this.isOver) return;
    this.#handle({ kind: 'tick' });
    setTimeout(() => this.#tick(), 25);
  }

  #handle(event: Event): void {
    if (this.isOver) return;
    if (event.kind === 'view') this.views.push(event.view);
    for (const action of this.#machine.handle(event, systemClock.monotonicMs())) this.#do(action);
  }

  #do(action: Action): void {
    if (action.kind === 'call') this.#opened.store.begin(action.call);
    if (action.kind === 'lead' || action.kind === 'renew') this.untilMs = action.untilMs;
    if (action.kind === 'hold') this.#isHeld = true;
    if (action.kind === 'release' || action.kind === 'stop_leading') this.#isHeld = false;
    if (action.kind === 'lead') this.#onOpen(this);
    const next: Partial<Record<Action['kind'], Event>> = {
      lead: { kind: 'opened' },
      stop_leading: { kind: 'stopped' },
      hold: { kind: 'held' },
    };
    const event = next[action.kind];
    if (action.kind === 'stop_leading') {
      this.untilMs = 0;
      this.stops.push(action.reason);
    }
    if (event) queueMicrotask(() => this.#handle(event));
  }
}

/** Three nodes, of which two never lead at one time. */
export class MachineNodes implements AsyncDisposable {
  readonly nodes: MachineNode[];
  readonly leaders: string[] = [];
  readonly #broken: string[] = [];

  constructor(timing: Timing, open: OpenStore) {
    const onOpen = (node: MachineNode) => {
      this.leaders.push(node.id);
      for (const other of this.nodes ?? [])
        if (other !== node && other.mayAnswer) this.#broken.push(`${node.id} leads while ${other.id} may answer`);
    };
    this.nodes = ['a', 'b', 'c'].map((id) => new MachineNode(id, { timing, open, onOpen }));
  }

  async leader(except?: MachineNode): Promise<MachineNode> {
    const states = () => this.nodes.map(({ id, state, why }) => `${id} ${state.name} (${why})`).join('; ');
    const found = await eventually(
      'a leader',
      async () => {
        const leaders = this.nodes.filter(({ leads }) => leads);
        assert.equal(leaders.length, 1, states());
        return leaders[0] !== except && leaders[0];
      },
      { patienceMs: 30_000, everyMs: 20 },
    );
    assert.deepEqual(this.#broken, []);
    return found;
  }

  /** The nodes but one follow it. */
  async followed(leader: MachineNode): Promise<void> {
    const others = this.nodes.filter((node) => node !== leader && !node.isOver);
    const follows = ({ state }: MachineNode) => state.name === 'following' && state.leader.nodeId === leader.id;
    await eventually('the others to follow', async () => others.every(follows));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.end()));
    assert.deepEqual(this.#broken, []);
  }
}
