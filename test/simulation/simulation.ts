/**
 * The world of one run: its time, chance, network and nodes, the clients that use
 * them, and the checks that judge them. Everything in it comes from the seed, so a
 * seed repeats a run exactly. Events (events/) act on it; run.ts leads it to its end.
 *
 * Time moves in small steps. Between two steps the checks look at every node, so
 * that an invariant is checked at many moments and not only at the end.
 */
import { TestClock } from '../support/clock.js';
import { Accounts } from './checks/accounts.js';
import { History, Violation } from './checks/history.js';
import { KeptPlaces } from './checks/kept-places.js';
import { Leadership } from './checks/leadership.js';
import { LiveMessages } from './checks/live-messages.js';
import { lookAt } from './checks/looks.js';
import { observeMemory } from './checks/memory.js';
import { Resyncs } from './checks/resyncs.js';
import { Readers } from './clients/readers.js';
import { Subscriber, Watcher } from './clients/stream-readers.js';
import { Writers } from './clients/writers.js';
import { Dice } from './dice.js';
import { Journal } from './journal.js';
import { SimulatedNetwork, sendInSmallFrames } from './nodes/network.js';
import { SimulatedNode } from './nodes/node.js';
import { statesOf } from './report.js';
import { Work } from './work.js';

const NODES_MIN = 2;
const NODES_MAX = 5;
/** The time between two looks at the nodes. */
const STEP_MS = 4;
/** Steps without a due timer until the work of the last timer needs no turn of the event loop any more. */
const QUIET_STEPS = 4;
/** The time within which a condition comes true once nothing fails any more. */
const HEALED_MS_MAX = 120_000;

export class Simulation {
  readonly seed: number;
  readonly dice: Dice;
  readonly clock = new TestClock();
  readonly journal = new Journal(this.clock);
  readonly network: SimulatedNetwork;
  readonly nodes: readonly SimulatedNode[];
  /** All blocks that any node has ever put into a log. */
  readonly history = new History();
  readonly work = new Work(this.clock, this.journal);
  readonly accounts: Accounts;
  readonly writers: Writers;
  readonly readers: Readers;
  readonly #live = new LiveMessages();
  readonly #leadership: Leadership;
  readonly #places: KeptPlaces;

  constructor(seed: number) {
    this.seed = seed;
    this.dice = new Dice(seed);
    const { clock, dice, history, journal, work } = this;
    this.network = new SimulatedNetwork(clock, dice);
    const nodes: SimulatedNode[] = [];
    this.nodes = nodes;
    this.accounts = new Accounts(this);
    this.#leadership = new Leadership(this);
    this.#places = new KeptPlaces(journal, this.accounts);
    const resyncs = new Resyncs({ history, journal, nodes, leadership: this.#leadership });
    this.network.onLine = (line) => {
      sendInSmallFrames(line, clock);
      resyncs.watch(line);
    };
    const watcher = new Watcher(history, journal.count);
    const subscriber = new Subscriber(history, journal.count, this.#live);
    const clients = { clock, dice, history, journal, nodes, work, accounts: this.accounts, watcher, subscriber };
    this.writers = new Writers(clients);
    this.readers = new Readers({ ...clients, tokens: this.writers.tokens });
    const count = NODES_MIN + Math.floor(dice.random() * (NODES_MAX - NODES_MIN + 1));
    for (let i = 0; i < count; i++) nodes.push(this.#node(`n${i}`));
  }

  #node(name: string): SimulatedNode {
    const { clock, dice, history, journal, network } = this;
    return new SimulatedNode({ clock, dice, history, journal, network }, name);
  }

  /** A random node among those for which the condition holds. */
  any(condition: (node: SimulatedNode) => boolean): SimulatedNode | undefined {
    const fit = this.nodes.filter(condition);
    return fit.length > 0 ? this.dice.pick(fit) : undefined;
  }

  /** Watches the product's own memory and live messages. @returns ends that. */
  observe(): () => void {
    const ends = [this.#live.observe(), observeMemory(this.seed, this.journal.failed)];
    return () => {
      for (const end of ends) end();
    };
  }

  /** Lets time pass, and looks at every node after each step. @throws the first failure. */
  async pass(ms: number): Promise<void> {
    /** The steps in a row without a due timer. */
    let quietSteps = 0;
    for (let left = ms; left > 0; left -= STEP_MS) {
      quietSteps = this.clock.untilNextMs > STEP_MS ? quietSteps + 1 : 0;
      if (quietSteps > QUIET_STEPS) left -= this.#skip(left);
      await this.clock.advance(Math.min(left, STEP_MS));
      for (const node of this.nodes) this.journal.checked(() => this.#look(node));
      const [error] = this.network.errors;
      if (error) this.journal.failed(error);
      if (this.journal.failure) throw this.journal.failure;
    }
  }

  /** Skips to the step in which the next timer is due. @returns the time skipped. */
  #skip(msMax: number): number {
    const steps = Math.ceil(Math.min(msMax, this.clock.untilNextMs) / STEP_MS) - 1;
    this.clock.stall(steps * STEP_MS);
    return steps * STEP_MS;
  }

  #look(node: SimulatedNode): void {
    const { accounts, history } = this;
    lookAt(node, { accounts, history, leadership: this.#leadership, places: this.#places });
  }

  /** Lets time pass until a condition holds that must come true without faults. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const endMs = this.clock.monotonicMs() + HEALED_MS_MAX;
    while (!condition()) {
      if (this.clock.monotonicMs() > endMs)
        throw new Violation(`without faults, ${what} within ${HEALED_MS_MAX / 1_000} s\n${statesOf(this)}`);
      await this.pass(50);
    }
  }
}
