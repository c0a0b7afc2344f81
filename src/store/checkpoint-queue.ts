/**
 * The callers that wait for a checkpointer: for a snapshot, or for a visit of the keyspace on disk.
 */
import { invariant } from '../base/invariant.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';

interface Request {
  /** The offset up to which the keyspace on disk must be complete. */
  readonly offset: number;
  /** Whether requests that come soon afterwards may take the same snapshot. */
  readonly share: boolean;
  resolve(snapshot: KeyspaceSnapshot): void;
  reject(error: Error): void;
}

/** A visit: work that has the keyspace on disk for itself. */
interface Visit {
  /** The offset at which the keyspace on disk must be exactly. */
  readonly offset: number;
  run(): Promise<void>;
  reject(error: Error): void;
}

export class CheckpointQueue {
  readonly #requests: Request[] = [];
  /** Visits by their offsets, each of which ends a layer. */
  readonly #visits: Visit[] = [];

  get hasRequests(): boolean {
    return this.#requests.length > 0;
  }

  /** Whether anybody waits for a snapshot or a visit. */
  get isEmpty(): boolean {
    return this.#requests.length === 0 && this.#visits.length === 0;
  }

  request(request: Request): void {
    this.#requests.push(request);
  }

  visit(visit: Visit): void {
    this.#visits.push(visit);
  }

  /** Takes out the requests that a keyspace at `offset` can answer. */
  takeRequests(offset: number): Request[] {
    const ready = this.#requests.filter((request) => request.offset <= offset);
    if (ready.length > 0)
      this.#requests.splice(0, this.#requests.length, ...this.#requests.filter((request) => request.offset > offset));
    return ready;
  }

  /** Takes out the next visit, if the keyspace on disk has reached its offset. */
  takeVisit(offset: number): Visit | undefined {
    const [next] = this.#visits;
    if (!next || next.offset > offset) return undefined;
    invariant(next.offset === offset, `a visit at ${next.offset} while the keyspace on disk is at ${offset}`);
    return this.#visits.shift();
  }

  /** Refuses everybody who waits for a snapshot or a visit. */
  refuse(reason: Error): void {
    for (const request of this.#requests.splice(0)) request.reject(reason);
    for (const visit of this.#visits.splice(0)) visit.reject(reason);
  }
}
