/** How many connections are open and how many were refused, by protocol. */
import type { StatusConnections } from '../model/status.js';
import type { Protocol } from './protocol.js';

/** `silent` until the first bytes show the protocol. */
export type Stage = Protocol | 'silent';

type Counts = Record<Stage, number>;

export class ConnectionCounts {
  readonly #open: Counts = { grpc: 0, redis: 0, silent: 0 };
  readonly #refused: Counts = { grpc: 0, redis: 0, silent: 0 };

  opened(): void {
    this.#open.silent++;
  }

  heard(protocol: Protocol): void {
    this.#open.silent--;
    this.#open[protocol]++;
  }

  closed(stage: Stage): void {
    this.#open[stage]--;
  }

  refused(stage: Stage): void {
    this.#refused[stage]++;
  }

  get all(): number {
    return this.#open.grpc + this.#open.redis + this.#open.silent;
  }

  get status(): Omit<StatusConnections, 'clientsMax' | 'reserved'> {
    const [open, refused] = [this.#open, this.#refused];
    return {
      grpc: open.grpc,
      redis: open.redis,
      silent: open.silent,
      refusedGrpc: refused.grpc,
      refusedRedis: refused.redis,
      refusedSilent: refused.silent,
    };
  }
}
