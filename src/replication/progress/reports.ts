/**
 * What each node below has said last about how far it has got, by whichever
 * session it was heard. A node may be heard of by more than one for a moment,
 * as when it has moved and its former upstream has not noticed; then the latest
 * word counts, whether it is more or less. What a session has told goes with it.
 *
 * A node ID counts once: a process that took the place of another under the
 * same ID, with a nonce of its own, has the same disk.
 */
export interface Report {
  readonly nodeId: string;
  readonly nonce: string;
  /** The ID of the follower that reports it; empty of a follower itself. */
  readonly via: string;
  /** As it said. */
  readonly appendedOffset: number;
  readonly durableOffset: number;
  readonly replicationId: string;
  readonly checksum: number;
  /** When it said so, by the monotonic clock. */
  readonly heardMs: number;
  /** What it has is of this node's history. */
  readonly counts: boolean;
}

export class Reports {
  /** Of each node, by whom it is heard: a key stands for a session. */
  readonly #nodes = new Map<string, Map<object, Report>>();
  readonly #latest = new Map<string, Report>();
  readonly #told = new Map<object, ReadonlySet<string>>();

  /** The latest of each node, in no order. */
  get latest(): Iterable<Report> {
    return this.#latest.values();
  }

  of(nodeId: string): Report | undefined {
    return this.#latest.get(nodeId);
  }

  /** All that a session tells now; what it told before and does not tell any more is forgotten. */
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
