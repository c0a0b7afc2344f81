/**
 * Nodes of a cluster over a Lease of Kubernetes, in simulated time: requests fail, come late and lose their answers, nodes
 * stand still and are cut off, and their clocks run at different speeds. No two nodes may answer at one time.
 */
import assert from 'node:assert/strict';
import type { Clock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import type { LeaseApi, LeaseObject } from '../../src/cluster/kubernetes/api.js';
import { LeaseStore } from '../../src/cluster/lease-store.js';
import { Machine } from '../../src/cluster/machine.js';
import type { Action, Event } from '../../src/cluster/messages.js';
import { TICK_MS, timingOf } from '../../src/cluster/timing.js';
import { World } from './cluster/world.js';
import { Seeds } from './seeds.js';

const TIMING = timingOf(5_000);
const RUN_MS = 240_000;
const CALM_MS = 60_000;

/** The Lease as the API server has it. */
class MemoryLease {
  lease: LeaseObject | undefined;
  #version = 0;

  ask(method: 'get' | 'create' | 'update', given: LeaseObject | undefined): LeaseObject | 'conflict' | undefined {
    if (method === 'get') return this.lease;
    const { resourceVersion } = given?.metadata ?? {};
    const isFree = method === 'create' ? !this.lease : this.lease?.metadata.resourceVersion === resourceVersion;
    if (!isFree || !given) return 'conflict';
    this.lease = { ...given, metadata: { ...given.metadata, resourceVersion: String(++this.#version) } };
    return this.lease;
  }
}

class Node {
  readonly id: string;
  readonly #world: World;
  readonly #lease: MemoryLease;
  /** The speed of this node's clock. */
  readonly #speed: number;
  readonly #store: LeaseStore;
  readonly #machine: Machine;
  readonly #onLead: (node: Node, fence: number) => void;
  /** What waits while the node stands still. */
  #backlog: Array<() => void> | undefined;
  isCut = false;
  untilMs = 0;

  constructor(id: string, world: World, lease: MemoryLease, onLead: (node: Node, fence: number) => void) {
    this.id = id;
    this.#world = world;
    this.#lease = lease;
    this.#onLead = onLead;
    this.#speed = world.between(0.97, 1.03);
    const self = {
      historyFence: 0,
      offset: 0,
      durableOffset: 0,
      clusterId: '',
      proposedClusterId: 'c',
      cannotLead: '',
    };
    const options = { mode: 'available', failsafe: false, lagMax: 0, timing: TIMING, address: `${id}:1` } as const;
    this.#machine = new Machine({ nodeId: id, self, ...options });
    this.#store = new LeaseStore({
      api: this.#api(),
      namespace: 'n',
      name: 'c',
      ttlMs: TIMING.ttlMs,
      requestMs: TIMING.requestMs,
      pollMs: 300,
      seenRevision: 0,
      random: () => world.between(0, 1),
      clock: this.#clock,
      logger: silentLogger,
      onEvent: (event) => this.#handle(event),
    });
    const tick = () => {
      this.#handle({ kind: 'tick' });
      this.#clock.after(TICK_MS, tick);
    };
    tick();
  }

  get mayAnswer(): boolean {
    return this.untilMs > this.#clock.monotonicMs();
  }

  get state(): string {
    return `${this.id} ${this.#machine.state.name} (${this.#machine.why})`;
  }

  get leads(): boolean {
    return this.mayAnswer && this.#machine.state.name === 'leading';
  }

  stand(forMs: number): void {
    if (this.#backlog) return;
    this.#backlog = [];
    this.#world.after(forMs, () => {
      const tasks = this.#backlog ?? [];
      this.#backlog = undefined;
      for (const task of tasks) task();
      this.#world.turns();
    });
  }

  /** A person lets the next failover happen, which may be the second within a minute. */
  async resume(): Promise<void> {
    const { last } = JSON.parse(this.#lease.lease?.metadata.annotations?.['headwater/cluster'] ?? '{}');
    await this.#store.order({ kind: 'resume', allowed: last?.fence ?? 0 });
  }

  get #clock(): Clock {
    return {
      wallMs: () => this.#world.nowMs,
      monotonicMs: () => this.#world.nowMs * this.#speed,
      after: (delayMs, task) => {
        let isOn = true;
        this.#world.after(delayMs / this.#speed, () => this.#run(() => isOn && task()));
        return () => {
          isOn = false;
        };
      },
    };
  }

  #run(task: () => void): void {
    if (this.#backlog) this.#backlog.push(task);
    else {
      task();
      this.#world.turns();
    }
  }

  #api(): Pick<LeaseApi, 'get' | 'create' | 'update'> {
    const ask = <T>(method: 'get' | 'create' | 'update', given: LeaseObject | undefined, deadlineMs: number) =>
      new Promise<T>((resolve, reject) => {
        const world = this.#world;
        const { dice } = world;
        const fail = () => this.#run(() => reject(new Error('no answer')));
        world.after(Math.max(0, deadlineMs / this.#speed - world.nowMs), fail);
        if (this.isCut || dice.chance(0.02)) return;
        world.after(world.latencyMs(), () => {
          if (dice.chance(0.02)) return fail();
          const answer = this.#lease.ask(method, given) as T;
          if (dice.chance(0.03)) return;
          world.after(world.latencyMs(), () => this.#run(() => resolve(answer)));
        });
      });
    return {
      get: (deadlineMs) => ask('get', undefined, deadlineMs),
      create: (lease, deadlineMs) => ask('create', lease, deadlineMs),
      update: (lease, deadlineMs) => ask('update', lease, deadlineMs),
    };
  }

  #handle(event: Event): void {
    for (const action of this.#machine.handle(event, this.#clock.monotonicMs())) this.#do(action);
  }

  #do(action: Action): void {
    const soon = (event: Event) => this.#world.after(1, () => this.#run(() => this.#handle(event)));
    if (action.kind === 'call') this.#store.begin(action.call);
    if (action.kind === 'lead') this.#onLead(this, action.fence);
    if (action.kind === 'lead' || action.kind === 'renew') this.untilMs = action.untilMs;
    if (action.kind === 'lead') soon({ kind: 'opened' });
    if (action.kind === 'hold') soon({ kind: 'held' });
    if (action.kind !== 'stop_leading') return;
    this.untilMs = 0;
    soon({ kind: 'stopped' });
  }
}

/** One run. @returns the number of leaderships. */
async function run(seed: number): Promise<number> {
  const world = new World(seed);
  const { dice } = world;
  const lease = new MemoryLease();
  let lastFence = 0;
  let leaderships = 0;
  const nodes: Node[] = [];
  const onLead = (node: Node, fence: number) => {
    assert(fence > lastFence, `seed ${seed}: ${node.id} leads under ${fence}, behind ${lastFence}`);
    lastFence = fence;
    leaderships++;
  };
  for (const id of ['a', 'b', 'c']) nodes.push(new Node(id, world, lease, onLead));
  const look = () => {
    const may = nodes.filter(({ mayAnswer }) => mayAnswer);
    if (may.length > 1)
      world.fail(new Error(`seed ${seed}, ${world.nowMs} ms: ${nodes.map(({ state }) => state).join('; ')}`));
    world.after(5, look);
  };
  look();
  const fault = () => {
    const node = dice.pick(nodes);
    if (world.nowMs < RUN_MS) {
      if (dice.chance(0.4)) node.stand(world.between(500, 20_000));
      else {
        node.isCut = true;
        world.after(world.between(500, 15_000), () => {
          node.isCut = false;
        });
      }
      if (dice.chance(0.5))
        void dice
          .pick(nodes)
          .resume()
          .catch(() => {});
    }
    world.after(world.between(2_000, 12_000), fault);
  };
  world.after(5_000, fault);
  await world.pass(RUN_MS + 20_000);
  for (let round = 0; round < 4; round++) {
    void dice
      .pick(nodes)
      .resume()
      .catch(() => {});
    await world.pass(CALM_MS / 4);
  }
  assert.equal(
    nodes.filter(({ leads }) => leads).length,
    1,
    `seed ${seed}: ${nodes.map(({ state }) => state).join('; ')}`,
  );
  return leaderships;
}

describe('simulated nodes over a Lease of Kubernetes', function () {
  this.timeout(0);

  it('never answer two at one time, and have a leader when all is well', async () => {
    const seeds = new Seeds(10);
    let leaderships = 0;
    await seeds.each(async (seed) => {
      leaderships += await run(seed);
    });
    assert(leaderships > 2 * seeds.count, `${leaderships} leaderships`);
  });
});
