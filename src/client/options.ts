/**
 * What a client can be told, and what it does where it is told nothing.
 */
import { HeadwaterError } from '../errors.js';
import { CALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS, OFFLINE_QUEUE_BYTES_MAX, TIMER_MS_MAX } from '../limits.js';

export interface ClientOptions {
  /** Milliseconds that a command waits for its answer unless the call says otherwise; 15,000 by default. */
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
}

export interface CallOptions {
  /**
   * Gives the command up. One that has not been sent is never sent; a write
   * that has been is rejected with `outcome_unknown`.
   */
  readonly signal?: AbortSignal | undefined;
  /** Gives the command up likewise, after so many milliseconds. */
  readonly timeoutMs?: number | undefined;
}

export type Settings = Required<ClientOptions>;

const DEFAULTS: Settings = {
  timeoutMs: CALL_TIMEOUT_MS,
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  offlineQueueBytesMax: OFFLINE_QUEUE_BYTES_MAX,
  redirect: true,
};

/** @throws HeadwaterError `invalid_argument` where an option is not of its kind or out of its range. */
export function settingsOf(options: ClientOptions): Settings {
  const { redirect = DEFAULTS.redirect } = options;
  if (typeof redirect !== 'boolean')
    throw new HeadwaterError('invalid_argument', `redirect: expected true or false, received ${redirect}`);
  const { timeoutMs = DEFAULTS.timeoutMs, connectTimeoutMs = DEFAULTS.connectTimeoutMs } = options;
  const { offlineQueueBytesMax = DEFAULTS.offlineQueueBytesMax } = options;
  checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
  checkWhole('connectTimeoutMs', connectTimeoutMs, TIMER_MS_MAX);
  checkWhole('offlineQueueBytesMax', offlineQueueBytesMax, Number.MAX_SAFE_INTEGER);
  return { timeoutMs, connectTimeoutMs, offlineQueueBytesMax, redirect };
}

/** @throws HeadwaterError `invalid_argument` likewise. */
export function checkCall({ timeoutMs }: CallOptions): void {
  if (timeoutMs !== undefined) checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
}

function checkWhole(name: keyof ClientOptions, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= max) return;
  throw new HeadwaterError('invalid_argument', `${name}: expected a whole number from 1 to ${max}, received ${value}`);
}
