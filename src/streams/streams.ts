/**
 * The subscribers and watchers of a node. Each reads the log in use at its own
 * pace. If that log is replaced or opened again, the stream ends with
 * `unavailable`, and a client that resumes finds its place in the new log.
 */

import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { SUBSCRIPTION_NAMES_MAX, SUBSCRIPTION_PATTERN_BYTES_MAX } from '../base/limits.js';
import { tooLarge } from '../commands/arguments.js';
import type { Limits } from '../commands/view.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { Log } from '../log/log.js';
import type { SubscribeRequest, SubscriptionEvent, Told, WatchEvent, WatchRequest } from '../model/streams.js';
import { Subscription } from './subscription.js';
import { Watch } from './watch.js';

/** The parts of the store that streams need. */
export interface StreamStore {
  readonly data: { readonly log: Log; readonly notServing: HeadwaterError | undefined };
  readonly roles: { readonly role: 'leader' | 'follower' };
  readonly snapshots: { at(options: { share: boolean; notBefore: number }): Promise<KeyspaceSnapshot> };
  readonly writes: { readonly limits: Limits };
}

export interface StreamStatus {
  /** Streams that are open now. */
  readonly subscribers: number;
  readonly watchers: number;
  /** Counted since the node started. */
  readonly missedMessages: number;
  readonly watchSnapshots: number;
}

export class Streams {
  readonly #store: StreamStore;
  readonly #clock: Clock;
  #subscribers = 0;
  #watchers = 0;
  #missedMessages = 0;
  #watchSnapshots = 0;

  constructor({ store, clock }: { store: StreamStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  get status(): StreamStatus {
    return {
      subscribers: this.#subscribers,
      watchers: this.#watchers,
      missedMessages: this.#missedMessages,
      watchSnapshots: this.#watchSnapshots,
    };
  }

  /**
   * Streams messages without an end. The stream ends when the caller leaves the
   * loop.
   * @throws HeadwaterError `invalid_argument`, `too_large`, `lost_branch`,
   *   `unavailable`, or the signal's reason.
   */
  async *subscribe(request: SubscribeRequest, signal: AbortSignal): AsyncGenerator<Told<SubscriptionEvent>> {
    checkNames(request, this.#store.writes.limits);
    const subscription = new Subscription(
      {
        ...this.#reading(signal),
        missed: (count) => {
          this.#missedMessages += count ?? 0;
        },
      },
      request,
    );
    this.#subscribers++;
    try {
      yield* subscription.run();
    } finally {
      this.#subscribers--;
    }
  }

  /**
   * Streams changes without an end. The stream ends when the caller leaves the
   * loop.
   * @throws HeadwaterError `unavailable`, or the signal's reason.
   */
  async *watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<Told<WatchEvent>> {
    const reading = this.#reading(signal);
    const watch = new Watch(
      {
        ...reading,
        snapshotAt: async (options) => {
          const snapshot = await this.#store.snapshots.at(options);
          if (this.#store.data.log === reading.log) return snapshot;
          await snapshot.release();
          throw new HeadwaterError('unavailable', 'a full resync has replaced the data. Begin the call again');
        },
        snapshotBegun: () => {
          this.#watchSnapshots++;
        },
      },
      request,
    );
    this.#watchers++;
    try {
      yield* watch.run();
    } finally {
      this.#watchers--;
    }
  }

  #reading(signal: AbortSignal) {
    // A client takes the first response for a stream that has begun, so a node that stops sends none.
    signal.throwIfAborted();
    const { notServing } = this.#store.data;
    if (notServing) throw notServing;
    const { log } = this.#store.data;
    return { log, clock: this.#clock, signal, learns: () => this.#store.roles.role === 'follower' };
  }
}

function checkNames({ channels, patterns }: SubscribeRequest, { keyBytesMax }: Limits): void {
  const count = channels.length + patterns.length;
  if (count === 0)
    throw new HeadwaterError('invalid_argument', 'subscribe: expected a channel or a pattern, received none');
  if (count > SUBSCRIPTION_NAMES_MAX) {
    throw new HeadwaterError(
      'too_large',
      `subscribe: expected at most ${SUBSCRIPTION_NAMES_MAX} channels and patterns, received ${count}`,
    );
  }
  const longest = Math.max(0, ...channels.map(({ length }) => length));
  if (longest > keyBytesMax) throw tooLarge('subscribe: a channel', keyBytesMax, longest);
  const patternBytes = patterns.reduce((sum, { length }) => sum + length, 0);
  if (patternBytes > SUBSCRIPTION_PATTERN_BYTES_MAX)
    throw tooLarge('subscribe: all patterns together', SUBSCRIPTION_PATTERN_BYTES_MAX, patternBytes);
}
