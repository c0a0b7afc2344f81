/**
 * The nodes that a leader in safe mode waits for, before it answers a write. A node that is not waited for may not lead
 * any more, so it leaves the set in the store first. A node that comes back is waited for first, and then enters the set
 * in the store.
 *
 * Invariant: the required nodes are at least those that the store may name. A change whose answer was lost counts as
 * made and as not made, until the store shows a later revision.
 */
import type { Member, SyncKey } from './view.js';

export class SyncSet {
  #stored: SyncKey | undefined;
  /** The nodes of all sets that the store may have taken instead, since the same revision. */
  readonly #attempted = new Set<string>();

  /** All nodes that must have a write durably; undefined while the set is not in the store: no write is answered. */
  get required(): ReadonlySet<string> | undefined {
    if (!this.#stored) return undefined;
    return new Set([...this.#stored.nodes, ...this.#attempted]);
  }

  get revision(): number {
    return this.#stored?.revision ?? 0;
  }

  /** The store shows this set. */
  saw(stored: SyncKey | undefined): void {
    if ((stored?.revision ?? 0) <= this.revision && this.#stored) return;
    this.#stored = stored;
    this.#attempted.clear();
  }

  /** Begins a leadership: nothing of the one before counts. */
  begin(stored: SyncKey | undefined): void {
    this.#stored = stored;
    this.#attempted.clear();
  }

  /**
   * The set to ask the store for; undefined if it is as it should be. A follower that is no member of the cluster never
   * leads. A slow node has all answered writes as long as nothing is answered without it, so it may be level too: it
   * leaves the set all the same.
   */
  wanted(
    nodeId: string,
    followers: { readonly level: readonly string[]; readonly slow: readonly string[] },
    members: readonly Pick<Member, 'nodeId'>[],
  ): readonly string[] | undefined {
    const { slow } = followers;
    const isMember = (node: string) => members.some((member) => member.nodeId === node);
    const level = followers.level.filter((node) => isMember(node) && !slow.includes(node));
    const stored = this.#stored?.nodes;
    const kept = (stored ?? []).filter((node) => node === nodeId || !slow.includes(node));
    const nodes = [...new Set([nodeId, ...kept, ...level])].sort();
    return stored && nodes.length === stored.length && nodes.every((node) => stored.includes(node)) ? undefined : nodes;
  }

  /** The store is about to be asked for this set. */
  attempt(nodes: readonly string[]): void {
    for (const node of nodes) this.#attempted.add(node);
  }
}
