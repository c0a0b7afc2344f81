/**
 * Who leads, as far as a client can find out: of its addresses, and of those
 * that the nodes there know. A node that leads on from an older history than
 * another is passed over. A search that found nobody is not repeated at once.
 */
import { LEADER_SEARCH_MS_MAX, LEADER_SEARCH_MS_MIN, NEAREST_REFRESH_MS } from '../base/limits.js';
import { discover, epochOf, leaderAmong, type Probed } from './discovery.js';

export class LeaderSearch {
  readonly #seeds: readonly string[];
  #lookedMs = performance.now();
  #againMs = 0;
  /** Searches in a row that found nobody. */
  #failures = 0;

  constructor(seeds: readonly string[]) {
    this.#seeds = seeds;
  }

  /** More than one address. */
  get hasChoice(): boolean {
    return this.#seeds.length > 1;
  }

  isDue(nowMs: number): boolean {
    return nowMs - this.#lookedMs >= NEAREST_REFRESH_MS;
  }

  /**
   * A look at the addresses alone, now and then.
   * @param from the node in use.
   */
  look(from: string | undefined): Promise<Probed[]> {
    this.#lookedMs = performance.now();
    return discover([...new Set([...(from ? [from] : []), ...this.#seeds])], 1);
  }

  /** Whether a search may find somebody: there is somewhere else to look, and the last search in vain is a while ago. */
  mayFind(hint: string | undefined): boolean {
    return (this.hasChoice || Boolean(hint)) && performance.now() >= this.#againMs;
  }

  /** @param hint an address that a refusal names. */
  async find(from: string, hint: string | undefined): Promise<Probed[]> {
    const nodes = await discover([...new Set([from, ...(hint ? [hint] : []), ...this.#seeds])]);
    this.#failures = this.better(nodes, from) ? 0 : this.#failures + 1;
    const waitMs = Math.min(LEADER_SEARCH_MS_MAX, LEADER_SEARCH_MS_MIN * 2 ** Math.min(this.#failures, 10));
    this.#againMs = this.#failures === 0 ? 0 : performance.now() + waitMs;
    return nodes;
  }

  /**
   * The leader's address, unless that is the node in use. A node is left only
   * for a history that is not older, and one that leads only for a later one.
   * @param from the node in use; if it was not asked, nothing is known to be better.
   */
  better(nodes: readonly Probed[], from: string): string | undefined {
    const leader = leaderAmong(nodes);
    const here = nodes.find(({ address }) => address === from);
    if (!leader || !here || leader === here) return undefined;
    const isLater = epochOf(leader) > epochOf(here);
    const isSame = epochOf(leader) === epochOf(here);
    return isLater || (isSame && !leaderAmong([here])) ? leader.address : undefined;
  }
}
