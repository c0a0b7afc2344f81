/** Advice to people about data that cannot be opened or served. */
import { HeadwaterError } from '../base/errors.js';
import type { NodeRecord } from './directory.js';

/** Adds advice to data that cannot be opened and that the store does not repair itself. */
export function withRemedy(error: HeadwaterError, { role, upstream }: NodeRecord): HeadwaterError {
  const remedy =
    role === 'follower'
      ? `this follower can get everything anew from ${upstream}: start it with --auto-repair, or, where it is running, say "repair"`
      : 'this node leads, and nobody else can say what stood there: let a node that is whole lead ("promote") and start this one with --follow HOST:PORT --auto-repair, or restore a backup into an empty directory';
  return new HeadwaterError('corrupt', `${error.message}. ${remedy}`, { cause: error.cause ?? error });
}

/** Adds advice to a keyspace that is ahead of its log: the missing commands have to come from elsewhere. */
export function withAdvice(incomplete: HeadwaterError, { role }: NodeRecord, asking: boolean): string {
  if (role === 'follower') return `${incomplete.message}; nothing is served until a full resync`;
  if (asking) return `${incomplete.message}; this leader asks its known followers for what is missing`;
  return `${incomplete.message}; this node neither serves nor leads until it has followed a node that has the data: "follow HOST:PORT", or "serve --follow HOST:PORT" to start it; add --accept-data-loss if no node has all of them`;
}
