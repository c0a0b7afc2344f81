/** The node as a whole, for the commands of Redis that show it, change its role or end it. node.ts implements it. */
import type { NodeStatus } from '../model/status.js';
import type { CheckpointFigures } from '../store/checkpoint.js';

/** The signs of life of the upstream. */
export interface LinkSilence {
  /** The time since the upstream was last heard. Undefined if it was not heard in this session. */
  readonly heardAgoMs: number | undefined;
  /** The time since the link went down. Undefined while the link is up, and if it never was. */
  readonly downMs: number | undefined;
}

export interface NodeControl {
  /** Has 40 hexadecimal characters, drawn at each start. */
  readonly runId: string;
  /** Never waits for the store. */
  status(): Promise<NodeStatus>;
  readonly link: LinkSilence;
  /** Undefined while no data are open. */
  readonly checkpoints: CheckpointFigures | undefined;
}
