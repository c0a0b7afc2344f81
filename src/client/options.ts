/**
 * What a client can be told, and what it does where it is told nothing.
 */
import { HeadwaterError } from '../base/errors.js';
import { CALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS, OFFLINE_QUEUE_BYTES_MAX, TIMER_MS_MAX } from '../base/limits.js';
import type { GuaranteeOptions } from './guarantees.js';

export interface ClientOptions {
  /**
   * Milliseconds that a command waits for its answer unless the call says
   * otherwise; 15,000 by default. One that moves more than 64 KiB, and the one
   * whose reply arrives, have 4 s more for each MiB of that. A node that sends
   * nothing at all for `timeoutMs` is taken for dead all the same.
   */
  readonly timeoutMs?: number;
  /** Milliseconds that one attempt to reach an address may take; 5,000 by default. */
  readonly connectTimeoutMs?: number;
  /** Bytes of commands that may wait while there is no connection, 64 MiB by default; the next is refused with `overloaded`. */
  readonly offlineQueueBytesMax?: number;
  /**
   * Whether a write that a follower refuses goes on to the leader, with the
   * client; by default it does. With false it is rejected with
   * `read_only_follower`, whose `details.leader` is the address, and the client
   * stays: for those who mean one node and no other.
   */
  readonly redirect?: boolean;
  /**
   * Where reads go. `leader`, the default: where writes go. `nearest`: to the
   * node with the least round-trip time, found from the addresses given and
   * what those nodes know of others. `followers`: likewise, but not to the
   * leader while a follower can be reached. `keys`, `scan` and `dbsize` go
   * where writes go.
   */
  readonly readFrom?: ReadFrom;
  /**
   * `eventual`, the default: a read answers with what its node has. `session`:
   * on whichever node, a read sees every write that this client asked for
   * before it, and nothing older than what the client had been answered when it
   * asked; over failovers too. Where the cluster has lost what the client saw,
   * commands are rejected, once, with `lost_branch`, and not done.
   */
  readonly consistency?: Consistency;
}

export type ReadFrom = 'leader' | 'nearest' | 'followers';
export type Consistency = 'eventual' | 'session';

export interface CallOptions extends GuaranteeOptions {
  /**
   * Gives the command up. One that has not been sent is never sent; a write
   * that has been is rejected with `outcome_unknown`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gives the command up likewise, after so many milliseconds from when it was
   * asked. For what yields or gathers items (`scan`, `keys`, `verify`, …): if
   * the node gives no sign of life for so long.
   */
  readonly timeoutMs?: number | undefined;
}

export type Settings = Required<ClientOptions>;

const DEFAULTS: Settings = {
  timeoutMs: CALL_TIMEOUT_MS,
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  offlineQueueBytesMax: OFFLINE_QUEUE_BYTES_MAX,
  redirect: true,
  readFrom: 'leader',
  consistency: 'eventual',
};

/** @throws HeadwaterError `invalid_argument` where an option is not of its kind or out of its range. */
export function settingsOf(options: ClientOptions): Settings {
  if (typeof options !== 'object' || options === null)
    throw new HeadwaterError('invalid_argument', `options: expected an object, received ${options}`);
  const { redirect = DEFAULTS.redirect } = options;
  if (typeof redirect !== 'boolean')
    throw new HeadwaterError('invalid_argument', `redirect: expected true or false, received ${redirect}`);
  const readFrom = oneOf('readFrom', ['leader', 'nearest', 'followers'], options.readFrom ?? DEFAULTS.readFrom);
  if (readFrom !== 'leader' && !redirect) {
    throw new HeadwaterError(
      'invalid_argument',
      `redirect: expected true with readFrom: '${readFrom}', received false: it is for those who mean one node`,
    );
  }
  const consistency = oneOf('consistency', ['eventual', 'session'], options.consistency ?? DEFAULTS.consistency);
  const { timeoutMs = DEFAULTS.timeoutMs, connectTimeoutMs = DEFAULTS.connectTimeoutMs } = options;
  const { offlineQueueBytesMax = DEFAULTS.offlineQueueBytesMax } = options;
  checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
  checkWhole('connectTimeoutMs', connectTimeoutMs, TIMER_MS_MAX);
  checkWhole('offlineQueueBytesMax', offlineQueueBytesMax, Number.MAX_SAFE_INTEGER);
  return { readFrom, consistency, timeoutMs, connectTimeoutMs, offlineQueueBytesMax, redirect };
}

/** @throws HeadwaterError `invalid_argument` likewise. */
export function checkCall({ timeoutMs }: CallOptions): void {
  if (timeoutMs !== undefined) checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
}

function checkWhole(name: keyof ClientOptions, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= max) return;
  throw new HeadwaterError('invalid_argument', `${name}: expected a whole number from 1 to ${max}, received ${value}`);
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: T): T {
  if (choices.includes(value)) return value;
  throw new HeadwaterError('invalid_argument', `${name}: expected one of ${choices.join(', ')}, received ${value}`);
}
