/**
 * The use that a user makes of this node, and its limits: operations and bytes in a second, and connections. Both doors
 * count here, once for each message and not for each command. The figures belong to the user, and not to a connection
 * or a secret: they outlive a rotation, and a change of the limits ends nothing.
 *
 * A request over a limit is refused, and not held back. The refusal names the limit and the time of the next attempt,
 * so that the client knows that it is slow by a decision, and not by a fault. A request that was held would hold up all
 * behind it in its connection, and memory too. A stream that the node sends is the exception (`whenPaid`): nothing of it
 * can be refused in the middle, so it is slowed down.
 */
import { type Clock, sleep } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import type { UserLimits } from '../model/user.js';
import { TokenBucket } from './token-bucket.js';

/** The limits that a person can set, with the words for each. */
const LIMITS = {
  operationsPerSecond: { flag: 'ops-per-second', option: 'user-ops-per-second', word: 'operations a second' },
  bytesPerSecond: { flag: 'bytes-per-second', option: 'user-bytes-per-second', word: 'bytes a second' },
  maxConnections: { flag: 'max-connections', option: 'connections-per-user', word: 'connections' },
} as const satisfies Record<keyof UserLimits, object>;

type LimitName = keyof UserLimits;

/** Counts of refusals by the limit, over all users of a node. */
export class LimitCounts {
  readonly operationsPerSecond = { count: 0 };
  readonly bytesPerSecond = { count: 0 };
  readonly maxConnections = { count: 0 };
}

export const NO_LIMITS: UserLimits = {
  operationsPerSecond: undefined,
  bytesPerSecond: undefined,
  maxConnections: undefined,
};

export class Usage {
  readonly #user: string;
  readonly #clock: Clock;
  readonly #counts: LimitCounts;
  readonly #operations = new TokenBucket();
  readonly #bytes = new TokenBucket();
  #maxConnections = Number.POSITIVE_INFINITY;
  #connections = 0;
  /** The limits of the user itself. The options of the node have the others. */
  #own = NO_LIMITS;
  /** Whether operations or bytes are counted. Callers ask this first, so that no limit costs nothing. */
  isMetered = false;

  constructor(user: string, clock: Clock, counts: LimitCounts) {
    this.#user = user;
    this.#clock = clock;
    this.#counts = counts;
  }

  /** @param own the limits of the user itself. @param defaults the limits that hold for those that it does not have. */
  bound(own: UserLimits, defaults: UserLimits): void {
    const nowMs = this.#clock.monotonicMs();
    const { operationsPerSecond, bytesPerSecond, maxConnections } = effective(own, defaults);
    this.#own = own;
    this.#operations.setRate(operationsPerSecond, nowMs);
    this.#bytes.setRate(bytesPerSecond, nowMs);
    this.#maxConnections = maxConnections;
    this.isMetered = Number.isFinite(operationsPerSecond) || Number.isFinite(bytesPerSecond);
  }

  /** @returns why the user may do nothing more for a while. Undefined if it may. */
  refusal(): HeadwaterError | undefined {
    if (!this.isMetered) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const operationsMs = this.#operations.waitMs(nowMs);
    const bytesMs = this.#bytes.waitMs(nowMs);
    if (operationsMs === 0 && bytesMs === 0) return undefined;
    return operationsMs >= bytesMs
      ? this.#refused('operationsPerSecond', this.#operations.rate, operationsMs)
      : this.#refused('bytesPerSecond', this.#bytes.rate, bytesMs);
  }

  /** Counts what the user has had done, or is about to. */
  spend(operations: number, bytes: number): void {
    if (!this.isMetered) return;
    this.#operations.take(operations);
    this.#bytes.take(bytes);
  }

  /** Counts a request, unless it is refused. @returns the refusal. */
  take(operations: number, bytes: number): HeadwaterError | undefined {
    if (!this.isMetered) return undefined;
    const refusal = this.refusal();
    if (!refusal) this.spend(operations, bytes);
    return refusal;
  }

  /** Resolves when the user owes nothing, or when `signal` aborts: for the next message of a stream to the user. */
  async whenPaid(signal: AbortSignal): Promise<void> {
    while (this.isMetered && !signal.aborted) {
      const nowMs = this.#clock.monotonicMs();
      const waitMs = Math.max(this.#operations.waitMs(nowMs), this.#bytes.waitMs(nowMs));
      if (waitMs === 0) return;
      await sleep(this.#clock, waitMs, signal);
    }
  }

  /** Takes a place for a connection. @returns the refusal if there is none. `disconnect` frees the place. */
  connect(): HeadwaterError | undefined {
    if (this.#connections >= this.#maxConnections) return this.#refused('maxConnections', this.#maxConnections, 0);
    this.#connections++;
    return undefined;
  }

  disconnect(): void {
    this.#connections--;
  }

  #refused(limit: LimitName, most: number, retryAfterMs: number): HeadwaterError {
    const { flag, option, word } = LIMITS[limit];
    this.#counts[limit].count++;
    const isOwn = this.#own[limit] !== undefined;
    const where = isOwn ? `headwater user limit ${this.#user} --${flag}` : `--${option}`;
    const when = retryAfterMs > 0 ? `Try again in ${retryAfterMs} ms` : 'Close connections of this user';
    return new HeadwaterError(
      'overloaded',
      `the user ${this.#user} has reached its limit of ${most} ${word}: expected no more, received another request. ${when}, or raise the limit (${where})`,
      { details: { limit: flag, user: this.#user, ...(retryAfterMs > 0 && { retryAfterMs }) } },
    );
  }
}

function effective(own: UserLimits, defaults: UserLimits): Record<LimitName, number> {
  const of = (name: LimitName) => own[name] ?? defaults[name] ?? Number.POSITIVE_INFINITY;
  return {
    operationsPerSecond: of('operationsPerSecond'),
    bytesPerSecond: of('bytesPerSecond'),
    maxConnections: of('maxConnections'),
  };
}
