/** The conditions of a node that need somebody, in the words of the node. */
import { plural } from './figures.js';
import type { Status } from './status.js';

export function troubles(status: Status): string[] {
  const { unavailable, damage, diskFull, superseded, askingFollowers, writeWait, clock, lostWrites, upstream } = status;
  const refused = superseded || askingFollowers;
  return [
    unavailable && `serves nothing: ${unavailable}`,
    damage && `damage: ${damage}`,
    diskFull && `disk full: ${diskFull}`,
    refused && `writes refused: ${refused}`,
    writeWait && `writes wait: ${writeWait}`,
    clock && `clock: ${clock}`,
    lostWrites > 0 && `${plural(lostWrites, 'lost write')} in lost-writes/`,
    upstream?.error && `upstream: ${upstream.error}`,
    status.digestDifferences > 0 && `${plural(status.digestDifferences, 'difference')} found by compare`,
  ].filter((text): text is string => typeof text === 'string' && text !== '');
}
