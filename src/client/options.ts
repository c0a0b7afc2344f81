/**
 * What a client can be told, and what it does where it is told nothing.
 */
import { HeadwaterError } from '../errors.js';
import { CALL_TIMEOUT_MS, CONNECT_TIMEOUT_MS, OFFLINE_QUEUE_BYTES_MAX } from '../limits.js';

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
  return {
    timeoutMs: above0('timeoutMs', options.timeoutMs),
    connectTimeoutMs: above0('connectTimeoutMs', options.connectTimeoutMs),
    offlineQueueBytesMax: above0('offlineQueueBytesMax', options.offlineQueueBytesMax),
    redirect,
  };
}

function above0(
  name: 'timeoutMs' | 'connectTimeoutMs' | 'offlineQueueBytesMax',
  value: number = DEFAULTS[name],
): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new HeadwaterError('invalid_argument', `${name}: expected a whole number above 0, received ${value}`);
}
