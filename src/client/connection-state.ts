/** The state of a client's connection, as a program sees it. */
import type { HeadwaterError } from '../base/errors.js';

/** The state of a client, by itself: the client asks no node. */
export interface ConnectionState {
  /**
   * `connected`: commands are sent. `moving`: the node does not lead, and the client looks for the leader. `connecting`:
   * there is no connection, and commands wait for one. `closed`: the client was closed.
   */
  readonly status: 'connected' | 'moving' | 'connecting' | 'closed';
  /** The node that writes go to, host:port. Undefined while there is none. */
  readonly address: string | undefined;
  /** The node that reads go to: another one with `readFrom` of `nearest` or `followers`. Undefined while there is none. */
  readonly readsFrom: string | undefined;
  /** True while a follower answers reads that are for the leader, since none was found (`staleReads`). */
  readonly isStale: boolean;
  /** Why the last connection was lost, while the client connects again. */
  readonly reason?: HeadwaterError;
}
