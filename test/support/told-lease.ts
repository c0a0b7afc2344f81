/** A Lease of Kubernetes as the store of a cluster, asked call by call. */
import { systemClock } from '../../src/base/clock.js';
import { LeaseApi, type LeaseApiOptions } from '../../src/cluster/kubernetes/api.js';
import { LeaseStore } from '../../src/cluster/lease-store.js';
import type { Event } from '../../src/cluster/messages.js';
import { timingOf } from '../../src/cluster/timing.js';
import { record, ToldStore } from './told-store.js';

const TIMING = timingOf(3_000);
const NAMESPACE = 'shop';

export interface ToldLeaseOptions extends Partial<LeaseApiOptions> {
  readonly onEvent?: (event: Event) => void;
  readonly seenRevision?: number;
  readonly requestMs?: number;
  readonly ttlMs?: number;
}

export class ToldLease extends ToldStore implements AsyncDisposable {
  readonly store: LeaseStore;
  readonly #api: LeaseApi;

  constructor(server: string, name: string, options: ToldLeaseOptions = {}) {
    super();
    const { onEvent, seenRevision = 0, requestMs = TIMING.requestMs, ttlMs = TIMING.ttlMs, ...api } = options;
    const shared = { namespace: NAMESPACE, name, clock: systemClock };
    this.#api = new LeaseApi({ ...shared, server, tokenFile: undefined, caFile: undefined, ...api });
    this.store = new LeaseStore({
      ...shared,
      seenRevision,
      requestMs,
      ttlMs,
      pollMs: 25,
      random: Math.random,
      logger: this.logger,
      api: this.#api,
      onEvent: (event) => {
        this.events.push(event);
        onEvent?.(event);
      },
    });
  }

  /** As after a grant and the first record. */
  async join(nodeId: string): Promise<string> {
    const lease = await this.grant(TIMING.ttlMs);
    await this.answer({ kind: 'publish', record: record(nodeId, lease), provesMs: 1 }, 'published');
    return lease;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.store.close();
    this.#api.close();
    return Promise.resolve();
  }
}
