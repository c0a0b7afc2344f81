/** The facts that INFO shows, gathered once for a reply. */
import type { NodeStatus } from '../../model/status.js';
import type { Clients } from '../clients.js';
import type { CommandSession } from '../command.js';
import type { NodeControl } from '../node-control.js';
import type { DoorCounts } from './door-counts.js';

/** Fields of a section, in the order in which they are shown. */
export type Fields = Readonly<Record<string, string | number>>;

export interface InfoFacts {
  readonly status: NodeStatus;
  /** The number of keys, or about that number if many were changed since the checkpoint. */
  readonly keys: number;
  readonly control: NodeControl;
  readonly counts: DoorCounts;
  /** The channels and patterns that clients subscribe to. */
  readonly topics: Record<'channels' | 'patterns' | 'shardChannels', { readonly size: number }>;
  readonly clients: Pick<Clients, 'blocked'>;
  readonly wallMs: number;
}

export async function infoFacts({ node, door }: Pick<CommandSession, 'node' | 'door'>): Promise<InfoFacts> {
  const { control, counts, clock } = node;
  const { topics } = node.channels;
  const status = await control.status();
  const keys = status.keys ?? (await control.keysEstimate());
  return { status, keys, control, counts, topics, clients: door.clients, wallMs: clock.wallMs() };
}
