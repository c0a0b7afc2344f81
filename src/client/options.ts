/**
 * What a client can be told, each with its default and the reason for it.
 */
import { HeadwaterError } from '../errors.js';

export interface ClientOptions {
  /** How long a command waits for its answer unless the call says otherwise; more than a full server queue takes to be refused. */
  readonly timeoutMs?: number;
  /** How long one attempt to reach an address may take. */
  readonly connectTimeoutMs?: number;
  /** Commands that may wait while there is no connection, in bytes. */
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
  timeoutMs: 15_000,
  connectTimeoutMs: 5_000,
  offlineQueueBytesMax: 64 * 1024 * 1024,
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

/**
 * Commands put into one message before the next begins: the server works on
 * the first while the second is made. Measured at 1,000 SETs of 100 B in
 * flight: 16 to 32 KiB give a fifth more than one message for all.
 */
export const BATCH_BYTES_TARGET = 256 * 1024;

/** A command that is sent from one follower to the next is told so in the end. */
export const REDIRECTS_MAX = 5;

/** Connections on which a read may be lost before it is given up. */
export const ATTEMPTS_MAX = 5;

/** Waits between rounds over all addresses: doubling, with jitter. */
export const RECONNECT_MS_MIN = 25;
export const RECONNECT_MS_MAX = 2_000;

/** What is in hand at a close gets this long to finish. */
export const CLOSE_MS_MAX = 5_000;
