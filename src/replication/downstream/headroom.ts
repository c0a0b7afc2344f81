/**
 * How far followers are from losing their place in the log. For a connected
 * follower, and for a known follower that is away, the log keeps the unread
 * part up to a size (store/retention.ts). The headroom is the rest of that
 * size, in bytes and in milliseconds at the present rate of appends.
 *
 * This file logs one warning before a follower that is away loses its place.
 * For a connected follower the retention warns, since it knows what its session
 * has still to read.
 */
import type { Clock } from '../../base/clock.js';
import { HEADROOM_WARNING_MS, HEADROOM_WARNING_PART, RATE_SAMPLE_MS, RATE_WINDOW_MS } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { Log } from '../../log/log.js';
import type { StoreData } from '../../store/data.js';
import type { KnownFollower, KnownFollowers } from '../../store/known-followers.js';
import type { Settings } from '../../store/settings.js';

/** The parts of the store that this file needs. */
export interface HeadroomStore {
  readonly data: Pick<StoreData, 'isServing' | 'log'>;
  readonly followers: Pick<KnownFollowers, 'all' | 'keepsPlaceOf'>;
  readonly settings: Pick<Settings, 'logPinBytesMax' | 'logRetentionBytes'>;
}

export interface HeadroomOptions {
  readonly store: HeadroomStore;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The connected nodes, and how far their logs reach. */
  readonly followers: { readonly status: ReadonlyArray<{ nodeId: string; address: string; appendedOffset: number }> };
  /** Sampled too, even if no follower is known. */
  readonly acknowledgements: { readonly times: { sample(): void } };
}

/** Room in the log, seen from a place in it. */
export interface LogRoom {
  /** Commands between the start of the log and the place. */
  readonly commands: number;
  readonly bytes: number;
  /** Bytes that may still be appended until the place is lost; undefined if the log grows without bound. */
  readonly leftBytes: number | undefined;
  /**
   * Milliseconds that the room lasts at the present rate; undefined while nothing
   * is appended, or if the log grows without bound.
   */
  readonly ms: number | undefined;
}

const UNKNOWN: LogRoom = { commands: 0, bytes: 0, leftBytes: undefined, ms: undefined };

export interface FollowerRoom extends LogRoom {
  readonly nodeId: string;
  readonly address: string;
  readonly connected: boolean;
}

interface Sample {
  readonly atMs: number;
  readonly log: Log;
  readonly commands: number;
  readonly bytes: number;
}

interface PlaceInLog {
  readonly nodeId: string;
  readonly address: string;
  readonly offset: number;
  readonly connected: boolean;
}

export class Headroom {
  readonly #options: HeadroomOptions;
  readonly #log: RepeatedLog;
  #samples: Sample[] = [];
  /** Node IDs of followers for which a warning was logged since they went away. */
  readonly #warned = new Set<string>();
  #cancel = () => {};

  constructor(options: HeadroomOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  /** Takes a sample at once and then at a fixed interval, until `stop`. */
  start(): void {
    const look = () => {
      this.#look();
      this.#options.acknowledgements.times.sample();
      this.#cancel = this.#options.clock.after(RATE_SAMPLE_MS, look);
    };
    this.#cancel();
    look();
  }

  stop(): void {
    this.#cancel();
  }

  /** Appends per second, over the rate window or as much of it as has passed. */
  get rate(): { commands: number; bytes: number } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.atMs <= first.atMs) return { commands: 0, bytes: 0 };
    const seconds = (last.atMs - first.atMs) / 1_000;
    return { commands: (last.commands - first.commands) / seconds, bytes: (last.bytes - first.bytes) / seconds };
  }

  /**
   * Room for a node that has everything up to `offset`.
   * @param pinned whether the log keeps the rest for that node, up to the pin
   *   limit. Without a pin, the log keeps no more than its own size.
   */
  of(offset: number, { pinned }: { pinned: boolean }): LogRoom {
    const { store } = this.#options;
    // The room is unknown while the store opens again.
    if (!store.data.isServing) return UNKNOWN;
    const { log } = store.data;
    const { logRetentionBytes, logPinBytesMax } = store.settings;
    const { base, end } = log;
    const leftBytes = left(log, offset, pinned ? logPinBytesMax : logRetentionBytes);
    const { bytes: bytesPerSecond } = this.rate;
    return {
      commands: Math.max(0, offset - base.offset),
      bytes: log.lookup.bytesBetween(base.offset, Math.min(offset, end.offset)),
      leftBytes,
      ms:
        leftBytes === undefined || bytesPerSecond === 0 ? undefined : Math.round((leftBytes / bytesPerSecond) * 1_000),
    };
  }

  /** Room for a known follower; undefined if the log keeps nothing for it, or the store is not serving. */
  ofKnown({ nodeId, appendedOffset }: KnownFollower): LogRoom | undefined {
    const { store } = this.#options;
    return store.data.isServing && store.followers.keepsPlaceOf(nodeId)
      ? this.of(appendedOffset, { pinned: true })
      : undefined;
  }

  /**
   * Room of the follower that is the furthest behind, connected or away with a
   * place in the log; undefined if there is none.
   */
  get least(): FollowerRoom | undefined {
    if (!this.#options.store.data.isServing) return undefined;
    const [first, ...others] = this.#places;
    if (!first) return undefined;
    const { offset, ...who } = others.reduce((least, place) => (place.offset < least.offset ? place : least), first);
    return { ...who, ...this.of(offset, { pinned: true }) };
  }

  #look(): void {
    const { store, clock } = this.#options;
    if (!store.data.isServing) return;
    const { log } = store.data;
    const atMs = clock.monotonicMs();
    if (this.#samples[0]?.log !== log) this.#samples = [];
    this.#samples.push({ atMs, log, commands: log.end.offset, bytes: log.lookup.appendedBytes });
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - RATE_WINDOW_MS) this.#samples.shift();
    const away = this.#places.filter(({ connected }) => !connected);
    for (const nodeId of this.#warned) if (away.every((place) => place.nodeId !== nodeId)) this.#warned.delete(nodeId);
    for (const place of away) this.#judge(place);
  }

  get #places(): PlaceInLog[] {
    const { store, followers } = this.#options;
    const { base } = store.data.log;
    const all = followers.status;
    const connected = all
      // At a lower offset the follower has not reported yet, or its snapshot is on the way.
      .filter(({ appendedOffset }) => appendedOffset > 0 && appendedOffset >= base.offset)
      .map(({ nodeId, address, appendedOffset }) => ({ nodeId, address, offset: appendedOffset, connected: true }));
    const away = store.followers.all
      .filter(({ nodeId }) => store.followers.keepsPlaceOf(nodeId) && all.every((one) => one.nodeId !== nodeId))
      .map(({ nodeId, address, appendedOffset }) => ({ nodeId, address, offset: appendedOffset, connected: false }));
    return [...connected, ...away];
  }

  #judge({ nodeId, address, offset }: PlaceInLog): void {
    const { store } = this.#options;
    const { logPinBytesMax } = store.settings;
    const { leftBytes, ms } = this.of(offset, { pinned: true });
    if (leftBytes === undefined || logPinBytesMax === undefined) return;
    const soon = ms !== undefined && ms < HEADROOM_WARNING_MS;
    if (this.#warned.has(nodeId) || (!soon && leftBytes >= logPinBytesMax * HEADROOM_WARNING_PART)) return;
    this.#warned.add(nodeId);
    const when = ms === undefined ? '' : `, ${Math.round(ms / 1_000)} s at this rate of writes`;
    this.#log.warn(
      { node_id: nodeId, offset, headroom_bytes: leftBytes, headroom_ms: ms },
      `follower ${address} is away and will soon need a full resync: it is at offset ${offset}, and ${leftBytes} bytes are left${when} (--log-retention-pin-bytes ${logPinBytesMax}). Start it, or run "forget ${address}"`,
      nodeId,
    );
  }
}

/** Bytes that may still be appended until more than `bytesMax` follow `offset`; undefined if `bytesMax` is. */
function left(log: Log, offset: number, bytesMax: number | undefined): number | undefined {
  if (bytesMax === undefined) return undefined;
  if (offset < log.base.offset) return 0;
  return Math.max(0, bytesMax - log.lookup.bytesBetween(offset, log.end.offset));
}
