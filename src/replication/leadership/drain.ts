/**
 * How a leader goes: it takes no more writes, and waits for a bounded time until
 * everybody who follows it has all that it has. Any of them can be promoted then
 * and nothing is lost, though this node may never come back; who waits for a
 * write to be as safe as that is answered meanwhile. A follower that
 * stops waits for nobody: those below it find everything at its upstream.
 */
import { unlessAborted } from '../../base/abort.js';
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { Position } from '../../model/position.js';
import type { Store } from '../../store/store.js';
import type { Feed } from '../downstream/feed.js';
import type { Durability } from '../progress/durability.js';

export interface DrainOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Those who follow when it begins; who comes later finds this node again, or another. */
  readonly followers: readonly Feed[];
  readonly durability: Durability;
}

/** Resolves when all have what there is, or after `timeoutMs`; 0 waits for nobody. Never throws. */
export async function drain(options: DrainOptions, timeoutMs: number): Promise<void> {
  const { store, clock, logger, followers, durability } = options;
  const leads = store.role === 'leader' && store.isServing && !store.whyNoWrites;
  if (!leads || followers.length === 0 || timeoutMs === 0) return;
  const over = new AbortController();
  const late = () => over.abort(new HeadwaterError('deadline_exceeded', `not within ${timeoutMs} ms`));
  const cancel = clock.after(timeoutMs, late);
  try {
    const end = await unlessAborted(store.endWrites(), over.signal);
    const outcomes = await Promise.allSettled(followers.map((feed) => feed.whenAppended(end, over.signal)));
    const missing = followers.filter((_, i) => outcomes[i]?.status === 'rejected');
    // They have asked for durable points, or for nodes further down.
    await durability.whenNobodyWaits(over.signal);
    tell(logger, end, followers, missing, timeoutMs);
  } catch (error) {
    logger.warn({}, `stops without waiting for its followers any longer: ${(error as Error).message}`);
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
    logger.info({ offset, followers: all }, `all ${all} followers have everything, up to offset ${offset}`);
    return;
  }
  const where = missing.map(({ status }) => `${status.address} is known to have ${status.appendedOffset}`).join(', ');
  logger.warn(
    { offset, followers: all, missing: missing.length },
    `${missing.length} of ${all} followers may lack the last writes, after ${timeoutMs} ms at most: expected offset ${offset}, ${where}`,
  );
}
