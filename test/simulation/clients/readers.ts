/**
 * Clients that read: by a token, within a bound of staleness, or a stream for a
 * while. The history and the accounts say whether the answer may be given.
 */
import type { Clock } from '../../../src/base/clock.js';
import { HeadwaterError } from '../../../src/base/errors.js';
import type { Position } from '../../../src/model/position.js';
import type { Accounts } from '../checks/accounts.js';
import { type History, leadsTo, type Place, Violation } from '../checks/history.js';
import type { Dice } from '../dice.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import { stateOf } from '../report.js';
import type { Work } from '../work.js';
import type { Subscriber, Watcher } from './stream-readers.js';

/** How long a client reads a stream at one node. */
const READ_MS_MAX = 8_000;
/** A client reads by one of so many latest tokens. */
const RECENT_TOKENS = 8;

interface Surroundings {
  readonly clock: Clock;
  readonly dice: Dice;
  readonly journal: Journal;
  readonly history: History;
  readonly nodes: readonly SimulatedNode[];
  readonly work: Work;
  readonly accounts: Accounts;
  readonly watcher: Watcher;
  readonly subscriber: Subscriber;
  /** Positions of acknowledged writes. */
  readonly tokens: readonly Position[];
}

export class Readers {
  readonly #simulation: Surroundings;

  constructor(simulation: Surroundings) {
    this.#simulation = simulation;
  }

  /** One client continues its stream at that node, for a while. @returns false if it reads elsewhere. */
  readOn(node: SimulatedNode, stream: 'watch' | 'subscribe'): boolean {
    const { dice, subscriber, watcher, work } = this.#simulation;
    const client = stream === 'watch' ? watcher : subscriber;
    if (!client.isFree) return false;
    const stop = new AbortController();
    const cancel = work.afterOrNever(dice.random() * READ_MS_MAX, () =>
      stop.abort(new HeadwaterError('cancelled', 'the client has gone')),
    );
    const read = () =>
      stream === 'watch' ? watcher.watch(node, stop.signal) : subscriber.subscribe(node, stop.signal);
    work.begin(stream, node, () => read().finally(cancel));
    return true;
  }

  /** A recent token, which may not be everywhere yet, or be lost. */
  recentToken(): Position | undefined {
    const { dice, tokens } = this.#simulation;
    return dice.pick(tokens.slice(-RECENT_TOKENS));
  }

  /** A token of a history that the node has left before the token's offset. */
  lostToken({ store }: SimulatedNode): Position | undefined {
    const { dice, history, tokens } = this.#simulation;
    const end = history.at(store.data.position);
    const known = new Set(store.data.log.history.lineage.rows.map(({ replicationId }) => replicationId));
    const isLost = (token: Position) =>
      known.has(token.replicationId) && token.offset <= end.offset && !leadsTo(history.at(token), end);
    return dice.pick(tokens.filter(isLost));
  }

  /** Reads by a token: if the node answers, the write of the token is there. */
  readByToken(node: SimulatedNode, atLeast = this.recentToken()): boolean {
    if (!atLeast) return false;
    const { accounts, history, journal, work } = this.#simulation;
    const place = history.at(atLeast);
    const { store, freshness } = node;
    const isThere = () => store.data.isServing && leadsTo(place, history.at(store.data.position));
    work.begin(`read at least ${place.key}`, node, async () => {
      try {
        const wanted = { atLeast, maxStalenessMs: 0, withinMs: 3_000 };
        await freshness.whenFresh(wanted, { writes: false, signal: new AbortController().signal });
      } catch (error) {
        if (!HeadwaterError.is(error, 'lost_branch')) throw error;
        if (isThere() && !accounts.isTwofold(place))
          throw new Violation(
            `a token is good as long as what it stands for is there: ${place.key} at ${node.address}`,
          );
        journal.count('token of a lost branch');
        return;
      }
      if (!isThere() && !accounts.isTwofold(place))
        throw new Violation(`who reads by a token reads what it stands for: ${place.key} at ${stateOf(node)}`);
      journal.count('answered by token');
    });
    return true;
  }

  /** Reads within a bound of staleness: if the node answers, it has the writes that its leader had so long ago. */
  async readWithin(node: SimulatedNode, maxStalenessMs: number): Promise<void> {
    const { accounts, clock, history, journal, nodes } = this.#simulation;
    const { store, freshness } = node;
    const wanted = { atLeast: undefined, maxStalenessMs, withinMs: 300 };
    await freshness.whenFresh(wanted, { writes: false, signal: new AbortController().signal });
    journal.count('answered within a bound');
    const leader = nodes.find(({ address }) => address === store.roles.upstream);
    if (!leader?.leads || leader.store.writes.refusal) return;
    const [here, there] = [node, leader].map((one) => history.at(one.store.data.position)) as [Place, Place];
    const sinceMs = clock.monotonicMs() - maxStalenessMs;
    for (const { value, place, node: of, atMs } of accounts.acknowledged) {
      if (of !== leader || atMs > sinceMs || leadsTo(place, here) || !leadsTo(place, there)) continue;
      if (accounts.isTwofold(place)) continue;
      throw new Violation(
        `who answers within a bound has what its leader had then: ${value} of ${leader.address} is ${Math.round(clock.monotonicMs() - atMs)} ms old, and not at ${stateOf(node)}, which answered within ${maxStalenessMs} ms`,
      );
    }
  }
}
