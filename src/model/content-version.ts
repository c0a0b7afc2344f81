/**
 * The content version: a number for all that the log may carry and that a node has to act upon. Each version of Headwater
 * knows all content up to its own number. A node that does not know some content could keep it, and act as if it were
 * not there. So a node that is too old does not get a log with such content, and no such content begins while a node
 * that is too old is in the tree.
 *
 *   0   strings, expiry, transactions, messages
 *   1   users: a node without them would let everybody read and write
 */

/** The content that this version knows. A new kind of record or command adds 1. */
export const CONTENT_VERSION = 1;

/** The content version from which on a node knows users. */
export const CONTENT_OF_USERS = 1;

/** The content version that a node needs for a log with so many users. */
export function contentNeeded(users: number): number {
  return users > 0 ? CONTENT_OF_USERS : 0;
}
