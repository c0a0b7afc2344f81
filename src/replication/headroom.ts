/**
 * How far followers are from losing their place in the log: what lies between
 * its start and them, and how long that lasts at the present rate of appends.
 * Those that are away are remembered for as long as the log still has their
 * place. A warning is logged once, before it is lost.
 */
import type { Clock } from '../clock.js';
import {
  ABSENT_FOLLOWERS_MAX,
  HEADROOM_WARNING_MS,
  HEADROOM_WARNING_PART,
  RATE_SAMPLE_MS,
  RATE_WINDOW_MS,
} from '../limits.js';
import type { Log } from '../log/log.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';

export interface HeadroomOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Those that are connected, and how far their logs reach. */
  followers(): ReadonlyArray<{ nodeId: string; address: string; appendedOffset: number }>;
}

/** Of log, between its start and a place in it. */
export interface Room {
  readonly commands: number;
  readonly bytes: number;
  /** Until the place is given up, at the present rate; undefined while nothing is appended, or the log grows for ever. */
  readonly ms: number | undefined;
}

export interface FollowerRoom extends Room {
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

interface Place {
  readonly address: string;
  readonly offset: number;
  readonly connected: boolean;
}

export class Headroom {
  readonly #options: HeadroomOptions;
  #samples: Sample[] = [];
  /** By node ID, those seen last at the end. */
  readonly #places = new Map<string, Place>();
  /** Warned of, and not safe again since. */
  readonly #warned = new Set<string>();
  #cancel = () => {};

  constructor(options: HeadroomOptions) {
    this.#options = options;
  }

  /** Looks once a sample, until `stop`. */
  start(): void {
    const look = () => {
      this.#look();
      this.#cancel = this.#options.clock.after(RATE_SAMPLE_MS, look);
    };
    this.#cancel();
    look();
  }

  stop(): void {
    this.#cancel();
  }

  /** Appends a second, over the window or what there is of it. */
  get rate(): { commands: number; bytes: number } {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.atMs <= first.atMs) return { commands: 0, bytes: 0 };
    const seconds = (last.atMs - first.atMs) / 1_000;
    return { commands: (last.commands - first.commands) / seconds, bytes: (last.bytes - first.bytes) / seconds };
  }

  /** For who has everything up to `offset`. */
  of(offset: number): Room {
    const { log, logRetentionBytes } = this.#options.store;
    const { base, end } = log;
    const left = leftBytes(log, offset, logRetentionBytes);
    const { bytes: bytesPerSecond } = this.rate;
    return {
      commands: Math.max(0, offset - base.offset),
      bytes: log.bytesBetween(base.offset, Math.min(offset, end.offset)),
      ms: left === undefined || bytesPerSecond === 0 ? undefined : Math.round((left / bytesPerSecond) * 1_000),
    };
  }

  /** Of the follower that is the furthest behind, connected or not; undefined where none is known. */
  get least(): FollowerRoom | undefined {
    let least: [nodeId: string, place: Place] | undefined;
    for (const entry of this.#places) if (!least || entry[1].offset < least[1].offset) least = entry;
    if (!least) return undefined;
    const [nodeId, { address, offset, connected }] = least;
    return { nodeId, address, connected, ...this.of(offset) };
  }

  #look(): void {
    const { store, clock } = this.#options;
    if (!store.isServing) return;
    const { log } = store;
    const atMs = clock.monotonicMs();
    if (this.#samples[0]?.log !== log) this.#samples = [];
    this.#samples.push({ atMs, log, commands: log.end.offset, bytes: log.appendedBytes });
    while ((this.#samples[1]?.atMs ?? atMs) <= atMs - RATE_WINDOW_MS) this.#samples.shift();
    this.#findPlaces();
    for (const [nodeId, place] of this.#places) this.#judge(nodeId, place, log);
  }

  #findPlaces(): void {
    for (const [nodeId, place] of this.#places) this.#places.set(nodeId, { ...place, connected: false });
    for (const { nodeId, address, appendedOffset } of this.#options.followers()) {
      // Until it has acknowledged something its place is not known.
      if (appendedOffset === 0) continue;
      this.#places.delete(nodeId);
      this.#places.set(nodeId, { address, offset: appendedOffset, connected: true });
    }
    for (const [nodeId] of this.#places) {
      if (this.#places.size <= ABSENT_FOLLOWERS_MAX) return;
      this.#forget(nodeId);
    }
  }

  #judge(nodeId: string, { address, offset, connected }: Place, log: Log): void {
    const { logger, store } = this.#options;
    const name = `follower ${address || nodeId.slice(0, 8)}`;
    if (offset < log.base.offset) {
      // What it still has to be sent is pinned while it is connected: its snapshot is on the way.
      if (connected) return;
      this.#forget(nodeId);
      const held = log.firstOffset > log.end.offset ? 'nothing yet' : `${log.firstOffset} to ${log.end.offset}`;
      logger.warn(
        { node_id: nodeId, offset, first_offset: log.firstOffset },
        `${name} has fallen off the log: it stands at offset ${offset}, the log holds ${held}; it needs a full resync when it comes back`,
      );
      return;
    }
    const left = leftBytes(log, offset, store.logRetentionBytes);
    if (left === undefined || store.logRetentionBytes === undefined) return;
    const { ms } = this.of(offset);
    // Who is connected and level has all the time in the world, however fast the log moves on.
    const soon = !connected && ms !== undefined && ms < HEADROOM_WARNING_MS;
    if (!soon && left >= store.logRetentionBytes * HEADROOM_WARNING_PART) {
      this.#warned.delete(nodeId);
      return;
    }
    if (this.#warned.has(nodeId)) return;
    this.#warned.add(nodeId);
    const when = ms === undefined ? '' : `, ${Math.round(ms / 1_000)} s at the present rate of appends`;
    logger.warn(
      { node_id: nodeId, offset, headroom_bytes: left, headroom_ms: ms },
      `${name} is about to fall off the log: ${left} bytes are left${when}; then it needs a full resync (--log-retention-bytes ${store.logRetentionBytes})`,
    );
  }

  #forget(nodeId: string): void {
    this.#places.delete(nodeId);
    this.#warned.delete(nodeId);
  }
}

/** What may still be appended until the log is trimmed past `offset`; undefined where it never is. */
function leftBytes(log: Log, offset: number, retentionBytes: number | undefined): number | undefined {
  if (retentionBytes === undefined) return undefined;
  if (offset < log.base.offset) return 0;
  return Math.max(0, retentionBytes - log.bytesBetween(offset, log.end.offset));
}
