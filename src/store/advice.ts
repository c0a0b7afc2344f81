/** Advice to people about data that cannot be opened or served. */
import { HeadwaterError } from '../base/errors.js';
import type { NodeRecord } from './node-record.js';

/** Adds advice to data that cannot be opened and that the store does not repair itself. */
export function withRemedy(error: HeadwaterError, { role, upstream }: NodeRecord): HeadwaterError {
  const remedy =
    role === 'follower'
      ? `Start this follower with --auto-repair, or run "repair" on it, to copy all data from ${upstream}`
      : 'This node leads, so it has no upstream to copy from. Promote an undamaged node, and start this node with --follow HOST:PORT --auto-repair. Or restore a backup into an empty directory';
  return new HeadwaterError('corrupt', `${error.message}. ${remedy}`, { cause: error.cause ?? error });
}

/** Adds advice to a keyspace that is ahead of its log: the missing commands have to come from elsewhere. */
export function withAdvice(incomplete: HeadwaterError, { role }: NodeRecord, asking: boolean): string {
  if (role === 'follower') return `${incomplete.message}. This node serves nothing until it has made a full resync`;
  if (asking) return `${incomplete.message}. This leader asks its known followers for the missing commands`;
  return `${incomplete.message}. This node neither serves nor leads until it has copied the data of another node. Send it "follow HOST:PORT", or start it with --follow HOST:PORT. Add --accept-data-loss if no node has all data`;
}
