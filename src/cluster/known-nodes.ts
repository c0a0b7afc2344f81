/**
 * The nodes that may lead after a leader with `--failsafe`: the leader asks the store to know each member, and goes on
 * without the store only while all of them acknowledge its signs of life.
 */
import type { View } from './view.js';

export class KnownNodes {
  /** Nodes that this leader has asked the store to know: they count as known from then on. */
  readonly #introduced = new Set<string>();

  /** Begins a leadership. */
  begin(): void {
    this.#introduced.clear();
  }

  /** The nodes that the store is to know; undefined if it knows these. A leader without `--failsafe` knows none. */
  wantedIn({ members, known }: View, failsafe: boolean): readonly string[] | undefined {
    if (!failsafe) return known.length > 0 ? [] : undefined;
    const nodes = [...new Set([...known, ...members.map(({ nodeId }) => nodeId)])];
    return nodes.length === known.length ? undefined : nodes;
  }

  /** The store is about to be asked to know these. */
  introduce(nodes: readonly string[]): void {
    for (const node of nodes) this.#introduced.add(node);
  }

  /** Whether all known nodes but this one are among `nodes`. */
  areAllIn(nodes: readonly string[], { known }: View, own: string): boolean {
    if (known.length === 0) return false;
    return [...known, ...this.#introduced].every((node) => node === own || nodes.includes(node));
  }
}
