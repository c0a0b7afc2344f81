/**
 * The last report of each node below, with the session that it came by. Two
 * sessions may report the same node for a moment, for example after it has
 * moved and before its former upstream notices. Then the latest report counts,
 * even if it says less. The reports of a session end with the session.
 *
 * A node ID counts once. A process that replaces another under the same ID,
 * with its own nonce, has the same disk.
 */
export interface Report {
  readonly nodeId: string;
  readonly nonce: string;
  /** The host:port of the node. Empty if it is not known. */
  readonly address: string;
  /** The ID of the node that it follows; empty for a follower of this node. */
  readonly via: string;
  /** Offsets and position as the node reported them. */
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly replicationId: string;
  readonly checksum: number;
  /** When the node reported, by the monotonic clock. */
  readonly heardMs: number;
  /** Whether the reported position is in this node's history. */
  readonly counts: boolean;
}

export class Reports {
  /** Reports by node ID and session. */
  readonly #nodes = new Map<string, Map<object, Report>>();
  readonly #latest = new Map<string, Report>();
  readonly #told = new Map<object, ReadonlySet<string>>();

  /** The latest report of each node, in no order. */
  get latest(): Iterable<Report> {
    return this.#latest.values();
  }

  of(nodeId: string): Report | undefined {
    return this.#latest.get(nodeId);
  }

  /** Takes all that a session reports now. Nodes that it reported before, and does not now, are forgotten. */
  tell(session: object, standings: readonly Report[]): void {
    const before = this.#told.get(session);
    const told = new Set<string>();
    for (const standing of standings) {
      const { nodeId } = standing;
      told.add(nodeId);
      const heard = this.#nodes.get(nodeId) ?? new Map<object, Report>();
      this.#nodes.set(nodeId, heard.set(session, standing));
      this.#choose(nodeId, heard);
    }
    this.#told.set(session, told);
    for (const nodeId of before ?? []) if (!told.has(nodeId)) this.#forget(session, nodeId);
  }

  end(session: object): void {
    const told = this.#told.get(session) ?? [];
    this.#told.delete(session);
    for (const nodeId of told) this.#forget(session, nodeId);
  }

  #forget(session: object, nodeId: string): void {
    const heard = this.#nodes.get(nodeId);
    if (!heard) return;
    heard.delete(session);
    this.#choose(nodeId, heard);
  }

  #choose(nodeId: string, heard: ReadonlyMap<object, Report>): void {
    let latest: Report | undefined;
    for (const standing of heard.values()) if (!latest || standing.heardMs >= latest.heardMs) latest = standing;
    if (latest) {
      this.#latest.set(nodeId, latest);
      return;
    }
    this.#latest.delete(nodeId);
    this.#nodes.delete(nodeId);
  }
}
