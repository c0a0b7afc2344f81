/**
 * Searches for the leader among a client's addresses, and among the nodes that are known there. The search passes over
 * a node that leads with an older history than another. A search that found no leader is not repeated at once.
 */
import type { DialSettings } from '../access/dial.js';
import { doubledMs } from '../base/back-off.js';
import { LEADER_LOOK_MS, LEADER_SEARCH_MS_MAX, LEADER_SEARCH_MS_MIN, NEAREST_REFRESH_MS } from '../base/limits.js';
import { discover, epochOf, leaderAmong, type Probed } from './discovery.js';
import type { Seeds } from './seeds.js';

export class LeaderSearch {
  readonly #seeds: Seeds;
  readonly #dial: DialSettings;
  #lookedMs = performance.now();
  #againMs = 0;
  /** The number of searches in a row that found no leader. */
  #failures = 0;

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

  /** True if a search may find a leader that the last search did not: that one is a while ago. */
  get mayFind(): boolean {
    return performance.now() >= this.#againMs;
  }

  /** True if the node in use takes writes, and no other node that was asked leads a later history. */
  leads(nodes: readonly Probed[], from: string): boolean {
    return leaderAmong(nodes)?.address === from;
  }

  /** @param hint an address that a refusal names. */
  async find(from: string, hint: string | undefined): Promise<Probed[]> {
    await this.#seeds.renew(LEADER_LOOK_MS);
    const known = [from, ...(hint ? [hint] : []), ...this.#seeds.addresses];
    const nodes = await discover([...new Set(known)], this.#dial);
    this.#failures = this.better(nodes, from) ? 0 : this.#failures + 1;
    const waitMs = doubledMs(LEADER_SEARCH_MS_MIN, this.#failures, LEADER_SEARCH_MS_MAX);
    this.#againMs = this.#failures === 0 ? 0 : performance.now() + waitMs;
    return nodes;
  }

  /**
   * The leader's address, unless the leader is the node in use. A node is left only for a history that is not older. A
   * node that leads is left only for a later history.
   * @param from the node in use. If it was not asked or has not answered, no other node is known to be better. The store of
   *   a cluster knows more: a node that leads there and says so itself is better.
   */
  better(nodes: readonly Probed[], from: string): string | undefined {
    const leader = leaderAmong(nodes);
    const here = nodes.find(({ address }) => address === from);
    if (!leader || leader.address === from) return undefined;
    if (!here) return leader.address === this.#seeds.leader ? leader.address : undefined;
    const isLater = epochOf(leader) > epochOf(here);
    const isSame = epochOf(leader) === epochOf(here);
    return isLater || (isSame && !leaderAmong([here])) ? leader.address : undefined;
  }
}
