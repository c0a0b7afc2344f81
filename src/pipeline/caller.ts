/** A client of a node, as long as the client may wait for something: a call of gRPC, or a connection of a Redis client. */
import type { HeadwaterError } from '../base/errors.js';

export interface Caller {
  /** The address:port of the other side. */
  readonly peer: string;
  /** The reason why nobody waits for the answer any more, undefined while somebody does. */
  readonly cancelled: HeadwaterError | undefined;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  onCancelled(task: () => void): void;
  /** Runs `task` when the server stops, or at once if it already does. */
  onStopping(task: () => void): void;
  /** Logs an unforeseen failure for the operator. */
  report(failure: unknown): void;
}
