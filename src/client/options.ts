/** The options of a client, with their defaults. */
import type { Destination } from '../access/addresses.js';
import { authorizationOf, type Credentials } from '../access/credentials.js';
import { type DialSettings, PLAIN } from '../access/dial.js';
import { clientTls, type TlsOptions } from '../access/tls/client-tls.js';
import { joinedTls } from '../access/tls/node-url.js';
import { HeadwaterError } from '../base/errors.js';
import {
  CALL_TIMEOUT_MS,
  CLIENT_ATTEMPTS,
  CLIENT_RECONNECT_MS_MAX,
  CLIENT_RECONNECT_MS_MIN,
  CONNECT_TIMEOUT_MS,
  OFFLINE_QUEUE_BYTES_MAX,
  TIMER_MS_MAX,
} from '../base/limits.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import { shownValue } from '../base/shown-value.js';
import type { Tracing } from '../base/tracing.js';
import type { CodecOption } from './codec.js';
import type { EtcdAccess } from './etcd-directory.js';
import type { GuaranteeOptions } from './guarantees.js';
import { checkSwitch } from './switch.js';

/** The options of `Client.connect`. */
export interface ClientOptions {
  /**
   * Milliseconds that a command waits for its answer unless the call has its own time. 15,000 by default. A command
   * that moves more than 64 KiB has 4 s more for each MiB, and so has the one whose reply arrives. A node that sends
   * nothing at all for `timeoutMs` counts as dead all the same.
   */
  readonly timeoutMs?: number;
  /** Milliseconds that one attempt to reach an address may take. 5,000 by default. */
  readonly connectTimeoutMs?: number;
  /**
   * Bytes of commands that may wait while there is no connection. 64 MiB by default. The next command is refused with
   * `overloaded`.
   */
  readonly offlineQueueBytesMax?: number;
  /**
   * Sends a write that a follower refuses to the leader, and moves the client there. True by default. With false, the
   * write is rejected with `read_only_follower`, whose `details.leader` is the address. The client stays: for callers
   * that mean one node and no other.
   */
  readonly redirect?: boolean;
  /**
   * The nodes that reads go to. `leader`, the default, asks the leader alone: a node that does not lead refuses such
   * reads, and the client looks for the leader. With `redirect: false` the client means its node, and reads there,
   * whatever the node's role. `nearest` sends them to
   * the node with the least round-trip time, found from the addresses given and the nodes known there. `followers` does
   * the same, but not to the leader while a follower can be reached. `keys`, `scan`, `randomKey` and `dbsize` go to the
   * same node as writes.
   */
  readonly readFrom?: ReadFrom;
  /**
   * Lets a follower answer reads while no leader can be found, with `readFrom: 'leader'`. The data may be old then, and
   * `connection.isStale` says so. False by default: such reads wait for a leader, and are rejected with `no_leader`.
   */
  readonly staleReads?: boolean;
  /**
   * The consistency of reads. With `eventual`, the default, a read answers with the data of its node. With `session`, a
   * read sees every write that this client sent before it, at any node. The read sees nothing older than the answers
   * that the client had when it sent the read, over failovers too. If the cluster has lost data that the client saw,
   * commands are rejected, once, with `lost_branch`, and not done.
   */
  readonly consistency?: Consistency;
  /**
   * Keeps trying until a node is reached, with the waits of `retry`: for a program that starts beside its store. A
   * number is the most milliseconds, `true` has no end but `signal`. False by default: one round over the addresses.
   */
  readonly wait?: boolean | number;
  /** Ends the attempt to connect, which is rejected with an AbortError. Without effect on a client that is connected. */
  readonly signal?: AbortSignal | undefined;
  /** How often a command is tried that may be repeated, and the waits between two attempts. */
  readonly retry?: RetryOptions;
  /**
   * Connects with TLS. `true` trusts the CAs of the system. An object names the CA of the nodes, and the certificate of
   * the client for nodes that want one. False by default, and true for an address that begins with `headwaters://`.
   */
  readonly tls?: boolean | TlsOptions | undefined;
  /**
   * The user that the client is, and its secret. The address may have both instead: `headwater://user:secret@host:port`.
   * No user by default, which is enough for nodes without users.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * The way to the etcd that the address of a cluster names: `headwater+etcd://USER@HOST:PORT,…/NAME`. The address may
   * have all of it too. No user and no TLS by default.
   */
  readonly etcd?: EtcdAccess | undefined;
  /**
   * Makes a span of OpenTelemetry for each command, within the span that is active where the command is called, and
   * sends its name along, so that nodes with `--tracing` go on from there. Needs the package `@opentelemetry/api`. False
   * by default.
   */
  readonly tracing?: boolean | undefined;
}

/**
 * How often a command is tried that may be repeated: a read, or a write that was certainly not done. A write whose
 * outcome is unknown is never repeated. A command is not tried again after its own time.
 */
export interface RetryOptions {
  /** The most attempts of a command, from 1, which means no other, on. 20 by default. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, and between two attempts to connect. Doubles each time. 25 by default. */
  readonly minMs?: number;
  /** The longest of these waits in milliseconds. Up to half of each wait is left out at random. 2,000 by default. */
  readonly maxMs?: number;
}

export type RetrySettings = Required<RetryOptions>;

/** The nodes that reads go to. */
export type ReadFrom = 'leader' | 'nearest' | 'followers';
/** The consistency of reads. */
export type Consistency = 'eventual' | 'session';

/** The time that a call may take. */
export interface CallTime {
  /**
   * Gives the command up. A command that has not been sent is never sent. A write that has been sent is rejected with
   * `outcome_unknown`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Gives the command up in the same way, so many milliseconds after the call. For calls that yield or gather items
   * (`scan`, `keys`, `verify`, …), the longest time without a sign of life of the node. By default the `timeoutMs` of
   * the client.
   */
  readonly timeoutMs?: number | undefined;
}

/** The options of every command. */
export interface CallOptions extends CallTime, GuaranteeOptions {}

/** The names of `CallTime` and `CallOptions`, for the lists of the calls that have more. */
export const TIME_NAMES = { signal: true, timeoutMs: true } as const;
export const CALL_NAMES = { ...TIME_NAMES, durability: true, atLeast: true, maxStalenessMs: true } as const;

/** The options of the calls that have no others. */
export const TIME = optionNames<CallTime>(TIME_NAMES);
export const CALL = optionNames<CallOptions>(CALL_NAMES);

/** The options of a client that is connected. */
export type ClientSettings = Required<
  Omit<ClientOptions, 'wait' | 'signal' | 'retry' | 'tls' | 'credentials' | 'etcd' | 'tracing'>
> & {
  readonly retry: RetrySettings;
  /** Undefined for a client that makes no spans. */
  readonly tracing?: Tracing | undefined;
  /** The things that every connection needs. */
  readonly dial: DialSettings;
};

const DEFAULTS: ClientSettings = {
  timeoutMs: CALL_TIMEOUT_MS,
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  offlineQueueBytesMax: OFFLINE_QUEUE_BYTES_MAX,
  redirect: true,
  readFrom: 'leader',
  staleReads: false,
  consistency: 'eventual',
  retry: { attempts: CLIENT_ATTEMPTS, minMs: CLIENT_RECONNECT_MS_MIN, maxMs: CLIENT_RECONNECT_MS_MAX },
  dial: PLAIN,
};

const CLIENT = optionNames<ClientOptions & CodecOption<unknown>>({
  timeoutMs: true,
  connectTimeoutMs: true,
  offlineQueueBytesMax: true,
  redirect: true,
  readFrom: true,
  staleReads: true,
  consistency: true,
  codec: true,
  wait: true,
  signal: true,
  retry: true,
  tls: true,
  credentials: true,
  etcd: true,
  tracing: true,
});

const ETCD = optionNames<EtcdAccess>({ user: true, password: true, tls: true });

const RETRY = optionNames<RetryOptions>({ attempts: true, minMs: true, maxMs: true });

/**
 * @param destination the addresses, with the user and the TLS in them.
 * @throws HeadwaterError `invalid_argument` if an option is unknown, has the wrong type or is out of range.
 */
export function settingsOf(
  options: ClientOptions,
  { urls = [], credentials, cluster }: Partial<Destination> = {},
): ClientSettings {
  checkOptionNames(options, CLIENT);
  checkEtcd(options.etcd, cluster !== undefined);
  const { redirect = DEFAULTS.redirect, staleReads = DEFAULTS.staleReads } = options;
  checkSwitch('redirect', redirect);
  checkSwitch('staleReads', staleReads);
  if (options.tracing !== undefined) checkSwitch('tracing', options.tracing);
  const readFrom = oneOf('readFrom', ['leader', 'nearest', 'followers'], options.readFrom ?? DEFAULTS.readFrom);
  if (readFrom !== 'leader' && !redirect) {
    throw new HeadwaterError(
      'invalid_argument',
      `redirect: expected true with readFrom: '${readFrom}', received false`,
    );
  }
  if (staleReads && (readFrom !== 'leader' || !redirect))
    throw new HeadwaterError(
      'invalid_argument',
      `staleReads: expected false with readFrom: '${readFrom}' and redirect: ${redirect}, received true. Such reads go to any node already`,
    );
  const consistency = oneOf('consistency', ['eventual', 'session'], options.consistency ?? DEFAULTS.consistency);
  const { timeoutMs = DEFAULTS.timeoutMs, connectTimeoutMs = DEFAULTS.connectTimeoutMs } = options;
  const { offlineQueueBytesMax = DEFAULTS.offlineQueueBytesMax } = options;
  checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
  checkWhole('connectTimeoutMs', connectTimeoutMs, TIMER_MS_MAX);
  checkWhole('offlineQueueBytesMax', offlineQueueBytesMax, Number.MAX_SAFE_INTEGER);
  checkWait(options);
  const retry = retryOf(options.retry);
  const dial = {
    tls: clientTls(joinedTls(urls, options.tls)),
    authorization: authorization(options.credentials ?? credentials),
  };
  return {
    readFrom,
    staleReads,
    consistency,
    timeoutMs,
    connectTimeoutMs,
    offlineQueueBytesMax,
    redirect,
    retry,
    dial,
  };
}

/** @throws HeadwaterError `invalid_argument` if they are none. The message has no secret. */
function authorization(credentials: Credentials | undefined): (() => string) | undefined {
  if (credentials === undefined) return undefined;
  const { user, secret } = Object(credentials) as Partial<Credentials>;
  if (typeof user !== 'string' || typeof secret !== 'string')
    throw new HeadwaterError(
      'invalid_argument',
      'credentials: expected an object of two texts, user and secret, received another value',
    );
  const text = authorizationOf({ user, secret });
  return () => text;
}

function checkEtcd(etcd: EtcdAccess | undefined, isUsed: boolean): void {
  if (etcd === undefined) return;
  if (!isUsed)
    throw new HeadwaterError(
      'invalid_argument',
      'etcd: expected the address of a cluster with this option, headwater+etcd://HOST:PORT/NAME, received addresses of nodes',
    );
  checkOptionNames(etcd, ETCD, 'etcd.');
  for (const name of ['user', 'password'] as const)
    if (etcd[name] !== undefined && typeof etcd[name] !== 'string')
      throw new HeadwaterError('invalid_argument', `etcd.${name}: expected text, received another value`);
}

function checkWait({ wait, signal }: ClientOptions): void {
  if (typeof wait === 'number') checkWhole('wait', wait, TIMER_MS_MAX);
  else if (wait !== undefined && typeof wait !== 'boolean')
    throw new HeadwaterError(
      'invalid_argument',
      `wait: expected true, false or milliseconds, received ${shownValue(wait)}`,
    );
  checkSignal(signal);
}

function retryOf(retry: RetryOptions = {}): RetrySettings {
  checkOptionNames(retry, RETRY, 'retry.');
  const { attempts = DEFAULTS.retry.attempts } = retry;
  if (attempts !== Number.POSITIVE_INFINITY) checkWhole('retry.attempts', attempts, Number.MAX_SAFE_INTEGER);
  const { maxMs = Math.max(DEFAULTS.retry.maxMs, retry.minMs ?? 0) } = retry;
  checkWhole('retry.maxMs', maxMs, TIMER_MS_MAX);
  const { minMs = Math.min(DEFAULTS.retry.minMs, maxMs) } = retry;
  checkWhole('retry.minMs', minMs, maxMs);
  return { attempts, minMs, maxMs };
}

/** @throws HeadwaterError `invalid_argument` if the timeout is no valid time, or the signal is none. */
export function checkCall({ timeoutMs, signal }: CallTime): void {
  if (timeoutMs !== undefined) checkWhole('timeoutMs', timeoutMs, TIMER_MS_MAX);
  if (signal !== undefined) checkSignal(signal);
}

/** @throws HeadwaterError `invalid_argument`. An AbortController in its place is a common mistake. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined || signal === null) return;
  // A signal of another realm is no instance of this one's class.
  if (typeof (signal as AbortSignal).aborted === 'boolean') return;
  const received = signal instanceof AbortController ? 'an AbortController. Pass its signal' : shownValue(signal);
  throw new HeadwaterError('invalid_argument', `signal: expected an AbortSignal, received ${received}`);
}

function checkWhole(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value > 0 && value <= max) return;
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected a whole number from 1 to ${max}, received ${shownValue(value)}`,
  );
}

function oneOf<T extends string>(name: string, choices: readonly T[], value: T): T {
  if (choices.includes(value)) return value;
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected one of ${choices.join(', ')}, received ${shownValue(value)}`,
  );
}
