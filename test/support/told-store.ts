/** A store of a cluster, asked call by call, and all that it has told. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import type { ClusterStore } from '../../src/cluster/cluster.js';
import type { Call, Event } from '../../src/cluster/messages.js';
import type { View } from '../../src/cluster/view.js';
import { RecordingLogger } from './store.js';

const ENDS = new Set([
  'granted',
  'kept',
  'lease_unknown',
  'published',
  'campaigned',
  'moved',
  'resigned',
  'sync_set',
  'known_set',
  'request_forgotten',
  'failed',
]);

export abstract class ToldStore {
  readonly events: Event[] = [];
  readonly logger = new RecordingLogger();
  abstract readonly store: ClusterStore;

  get views(): View[] {
    return this.events.flatMap((event) => (event.kind === 'view' ? [event.view] : []));
  }

  /** Carries out a call. @returns its event, and those that came with it. */
  async call(call: Call): Promise<readonly Event[]> {
    const from = this.events.length;
    const isEnd = ({ kind }: Event) => ENDS.has(kind) || (kind === 'view' && call.kind === 'read');
    this.store.begin(call);
    await eventually(`the end of ${call.kind}`, async () => this.events.slice(from).some(isEnd));
    return this.events.slice(from);
  }

  /** Carries out a call that ends as `kind`. */
  async answer<K extends Event['kind']>(call: Call, kind: K): Promise<Extract<Event, { readonly kind: K }>> {
    const found = (await this.call(call)).find((event) => event.kind === kind);
    assert.ok(found, `${call.kind} told ${JSON.stringify(this.events.at(-1))}`);
    return found as Extract<Event, { readonly kind: K }>;
  }

  async grant(ttlMs: number): Promise<string> {
    return (await this.answer({ kind: 'grant', ttlMs }, 'granted')).lease;
  }
}

export function record(nodeId: string, lease: string, round = 0) {
  const standing = { historyFence: 0, offset: 7, durableOffset: 5, cannotLead: '' };
  return { nodeId, address: `${nodeId}:1`, lease, round, ...standing };
}

export function campaign(
  nodeId: string,
  lease: string,
  expected = { lastFence: 0, syncRevision: 0 },
  sync?: string[],
  ttlMs = 3_000,
) {
  const key = { nodeId, address: `${nodeId}:1`, lease, ttlMs, reason: 'first' } as const;
  return { kind: 'campaign', clusterId: `c-${nodeId}`, fenceBase: 0, key, expected, sync } as const;
}
