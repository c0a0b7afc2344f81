/**
 * The stop of a leader. The leader takes no more writes, and waits for a
 * bounded time until all its followers have everything. Then any of them can be
 * promoted and nothing is lost, even if this node never comes back. Writes that
 * wait for followers are answered meanwhile. A follower that stops waits for
 * nobody: the nodes below it find everything at its upstream.
 */
import { unlessAborted } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Position } from '../../model/position.js';
import type { StoreData } from '../../store/data.js';
import type { Roles } from '../../store/roles.js';
import type { Writes } from '../../store/writes.js';
import type { Feed } from '../downstream/feed.js';
import type { Durability } from '../progress/durability.js';

/** The parts of the store that this file needs. */
export interface DrainStore {
  readonly data: Pick<StoreData, 'isServing'>;
  readonly roles: Pick<Roles, 'role'>;
  readonly writes: Pick<Writes, 'end' | 'refusal'>;
}

export interface DrainOptions {
  readonly store: DrainStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Feeds of the followers at the start. A follower that comes later finds this node after its restart, or another. */
  readonly followers: readonly Feed[];
  readonly durability: Durability;
}

/** Resolves when all followers have everything, or after `timeoutMs`; 0 waits for nobody. Never throws. */
export async function drain(options: DrainOptions, timeoutMs: number): Promise<void> {
  const { store, clock, logger, followers, durability } = options;
  const leads = store.roles.role === 'leader' && store.data.isServing && !store.writes.refusal;
  if (!leads || followers.length === 0 || timeoutMs === 0) return;
  const over = new AbortController();
  const late = () =>
    over.abort(new HeadwaterError('deadline_exceeded', `the followers did not catch up within ${timeoutMs} ms`));
  const cancel = clock.after(timeoutMs, late);
  try {
    const end = await unlessAborted(store.writes.end(), over.signal);
    const outcomes = await Promise.allSettled(followers.map((feed) => feed.whenAppended(end, over.signal)));
    const missing = followers.filter((_, i) => outcomes[i]?.status === 'rejected');
    // Writes may still wait for durable points, or for nodes further down.
    await durability.whenNobodyWaits(over.signal);
    tell(logger, end, followers, missing, timeoutMs);
  } catch (error) {
    logger.warn({}, `the node stops before its followers have caught up: ${(error as Error).message}`);
  } finally {
    cancel();
  }
}

function tell(
  logger: Logger,
  { offset }: Position,
  followers: readonly Feed[],
  missing: readonly Feed[],
  timeoutMs: number,
): void {
  const all = followers.length;
  if (missing.length === 0) {
    const who = all === 1 ? '1 follower' : `${all} followers`;
    logger.info({ offset, followers: all }, `before this stop, ${who} appended all writes, up to offset ${offset}`);
    return;
  }
  const where = missing.map(({ status }) => `${status.address} reported ${status.appendedOffset}`).join(', ');
  logger.warn(
    { offset, followers: all, missing: missing.length },
    `${missing.length} of ${all} followers may lack the last writes after ${timeoutMs} ms: expected offset ${offset}, ${where}`,
  );
}
