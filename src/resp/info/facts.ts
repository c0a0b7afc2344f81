/** The facts that INFO shows, gathered once for a reply. */
import type { NodeStatus } from '../../model/status.js';
import type { DoorCounts } from '../door-counts.js';
import type { NodeControl } from '../node-control.js';
import type { RedisNode } from '../redis-node.js';

/** Fields of a section, in the order in which they are shown. */
export type Fields = Readonly<Record<string, string | number>>;

export interface InfoFacts {
  readonly status: NodeStatus;
  readonly control: NodeControl;
  readonly counts: DoorCounts;
  readonly wallMs: number;
}

export async function infoFacts({ control, counts, clock }: RedisNode): Promise<InfoFacts> {
  return { status: await control.status(), control, counts, wallMs: clock.wallMs() };
}
