/** The replies of a pipeline whose turn it is to be sent, in the form of a protocol. */
import type { Batch } from './batch.js';

export interface Output {
  /** Replies that are added and not sent. */
  readonly length: number;
  /** True while replies wait for the client to read. */
  readonly isWaiting: boolean;
  /** Adds the replies of a batch. @returns false if they cannot leave together with those that are here. */
  add(batch: Batch): boolean;
  /** Sends until the client has to read first. @returns true if everything was sent. */
  send(): boolean;
  /** Drops the replies, since nobody receives them. */
  clear(): void;
}
