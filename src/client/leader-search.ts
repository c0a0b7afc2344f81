/**
 * Searches for the leader among a client's addresses, and among the nodes that are known there. The search passes over
 * a node that leads with an older history than another. A search that found no leader is not repeated at once.
 */
import type { DialSettings } from '../access/dial.js';
import { doubledMs } from '../base/back-off.js';
import {
  LEADER_LOOK_MS,
  LEADER_SEARCH_MS_MAX,
  LEADER_SEARCH_MS_MIN,
  NEAREST_REFRESH_MS,
  SILENCE_LOOK_AGAIN_MS_MAX,
  SILENCE_LOOK_MS,
} from '../base/limits.js';
import { continues, discover, epochOf, leaderAmong, type Probed } from './discovery.js';
import type { Seeds } from './seeds.js';

/** The node in use. */
interface InUse {
  readonly address: string;
  /** The history that the node lived in at its last answer. */
  readonly history: string | undefined;
}

export class LeaderSearch {
  readonly #seeds: Seeds;
  readonly #dial: DialSettings;
  #lookedMs = performance.now();
  #againMs = 0;
  /** The number of searches in a row that found no leader. */
  #failures = 0;
  /** The looks in a row past a silent node, and the time before which there is no further one. */
  #looksPast = 0;
  #againPastMs = 0;

  constructor(seeds: Seeds, dial: DialSettings) {
    this.#seeds = seeds;
    this.#dial = dial;
  }

  /** True if there is more than one address. */
  get hasChoice(): boolean {
    return this.#seeds.hasChoice;
  }

  isDue(nowMs: number): boolean {
    return nowMs - this.#lookedMs >= NEAREST_REFRESH_MS;
  }

  /**
   * Asks the addresses alone, now and then.
   * @param from the node in use.
   */
  look(from: string | undefined): Promise<Probed[]> {
    this.#lookedMs = performance.now();
    return discover([...new Set([...(from ? [from] : []), ...this.#seeds.addresses])], this.#dial, 1);
  }

  /** True if a node has been silent for so long that it is time to ask the others for a leader. */
  isDuePast(silentMs: number): boolean {
    if (!this.hasChoice) return false;
    if (silentMs >= SILENCE_LOOK_MS) return performance.now() >= this.#againPastMs;
    this.#looksPast = 0;
    this.#againPastMs = 0;
    return false;
  }

  /** Asks all addresses, and their neighbours, but the silent node, which has enough to do if it lives. */
  async past(silent: string): Promise<Probed[]> {
    this.#againPastMs = Number.POSITIVE_INFINITY;
    const nodes = await discover(this.#seeds.addresses, this.#dial, 2, silent);
    const waitMs = doubledMs(SILENCE_LOOK_MS, this.#looksPast++, SILENCE_LOOK_AGAIN_MS_MAX);
    this.#againPastMs = performance.now() + waitMs;
    return nodes;
  }

  /** True if a search may find a leader that the last search did not: that one is a while ago. */
  get mayFind(): boolean {
    return performance.now() >= this.#againMs;
  }

  /** True if the node in use takes writes, and no other node that was asked leads a later history. */
  leads(nodes: readonly Probed[], from: string): boolean {
    return leaderAmong(nodes)?.address === from;
  }

  /** @param hint an address that a refusal names. */
  async find(inUse: InUse, hint: string | undefined): Promise<Probed[]> {
    await this.#seeds.renew(LEADER_LOOK_MS);
    const known = [inUse.address, ...(hint ? [hint] : []), ...this.#seeds.addresses];
    const nodes = await discover([...new Set(known)], this.#dial);
    this.#failures = this.better(nodes, inUse) ? 0 : this.#failures + 1;
    const waitMs = doubledMs(LEADER_SEARCH_MS_MIN, this.#failures, LEADER_SEARCH_MS_MAX);
    this.#againMs = this.#failures === 0 ? 0 : performance.now() + waitMs;
    return nodes;
  }

  /**
   * The leader's address, unless the leader is the node in use. A node is left only for a history that is not older. A
   * node that leads is left only for a later history.
   * @param inUse the node in use. If it was not asked or has not answered, a node is better if it continues the history of
   *   the last answer. The store of a cluster knows more: a node that leads there and says so itself is better.
   */
  better(nodes: readonly Probed[], { address: from, history }: InUse): string | undefined {
    const leader = leaderAmong(nodes);
    const here = nodes.find(({ address }) => address === from);
    if (!leader || leader.address === from) return undefined;
    if (!here) {
      const isBetter = leader.address === this.#seeds.leader || (history !== undefined && continues(leader, history));
      return isBetter ? leader.address : undefined;
    }
    const isLater = epochOf(leader) > epochOf(here);
    const isSame = epochOf(leader) === epochOf(here);
    return isLater || (isSame && !leaderAmong([here])) ? leader.address : undefined;
  }
}
