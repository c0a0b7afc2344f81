/**
 * The acknowledgements of a session to its upstream: how far this node and the
 * nodes below it are. An acknowledgement is sent at once if the upstream asked
 * for it, or when this node begins to stream. Otherwise it is sent soon after
 * blocks were appended. Every heartbeat interval brings one in any case, as a
 * sign of life.
 *
 * Requests of the upstream go on to the nodes below, and their answers go up as
 * soon as they arrive. Answers that arrive in one turn of the event loop share
 * a frame.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { ACKNOWLEDGE_INTERVAL_MS } from '../../base/limits.js';
import { ORIGIN } from '../../model/position.js';
import type { StoreData } from '../../store/data.js';
import type { UpChannel } from '../channel.js';
import type { Acknowledgement } from '../frames.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';

/** The parts of the store that this file needs. */
export interface AcknowledgerStore {
  readonly data: Pick<StoreData, 'durablePoint' | 'isServing' | 'log' | 'position'>;
}

export interface AcknowledgerOptions {
  readonly store: AcknowledgerStore;
  readonly clock: Clock;
  readonly channel: UpChannel;
  readonly heartbeatIntervalMs: number;
  /** The reports of the nodes below. */
  readonly acknowledgements: Acknowledgements;
  isStreaming(): boolean;
}

export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #store: AcknowledgerStore;
  readonly #clock: Clock;
  readonly #channel: UpChannel;
  #receivedOffset = 0;
  /** Whether the upstream wants to know as soon as its blocks are appended, or durable. */
  #wanted = false;
  #syncWanted = false;
  /** Whether a durable point is being made for the upstream. */
  #syncing = false;
  #sentMs = 0;
  /** Whether the upstream takes frames; if it takes none for now, whether an acknowledgement is due when it does. */
  #outlet: 'open' | 'congested' | 'due' = 'open';
  /** Whether reports from below that the upstream waits for have not gone up yet. */
  #hasNews = false;
  #cancel = () => {};
  #stopListening = () => {};

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#channel = options.channel;
  }

  /** Acknowledges once a heartbeat from now on. */
  start(): void {
    this.#stopListening = this.#options.acknowledgements.onNews(() => this.#news());
    this.#in(this.#options.heartbeatIntervalMs);
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#stopListening();
    this.#hasNews = false;
    this.#cancel();
  }

  /** Notes blocks that have arrived and are not in the log yet. */
  received(offset: number): void {
    this.#receivedOffset = offset;
    this.#askBelow(offset);
  }

  wanted({ acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    this.#wanted ||= acknowledge;
    this.#syncWanted ||= sync;
  }

  /**
   * Acknowledges blocks that are in the log now: at once if the upstream asked
   * for it, else at most once in a few milliseconds.
   */
  appended(): void {
    if (this.#syncWanted) void this.#sync();
    this.#in(this.#wanted ? 0 : this.#sentMs + ACKNOWLEDGE_INTERVAL_MS - this.#clock.monotonicMs());
  }

  /** Answers a question of the upstream about blocks that it has sent before. */
  askedAgain(): void {
    // Before the session streams, none of those blocks is here. The upstream learns when that changes.
    if (!this.#options.isStreaming()) return;
    this.#askBelow(this.#store.data.position.offset);
    this.appended();
  }

  /** Acknowledges a sign of life of the leader at once, whatever the state of the session. */
  answerSign(): void {
    this.#in(0);
  }

  now(): void {
    this.#wanted = true;
    this.appended();
  }

  #askBelow(offset: number): void {
    if (!this.#wanted && !this.#syncWanted) return;
    this.#options.acknowledgements.awaited.raiseFromAbove(offset, {
      acknowledge: this.#wanted,
      sync: this.#syncWanted,
    });
  }

  /** Makes durable points while more blocks come in. Requests that arrive meanwhile share the next point. */
  async #sync(): Promise<void> {
    if (this.#syncing) return;
    this.#syncing = true;
    try {
      while (this.#syncWanted && !this.#channel.ended.aborted) {
        this.#syncWanted = false;
        await this.#store.data.durablePoint.reach();
        this.#in(0);
      }
    } catch (error) {
      this.#channel.close(HeadwaterError.from(error));
    } finally {
      this.#syncing = false;
    }
  }

  #news(): void {
    if (this.#hasNews) return;
    this.#hasNews = true;
    // The reports go up at the end of this turn, unless another acknowledgement has taken them along by then.
    setImmediate(() => {
      if (this.#hasNews) this.#in(0);
    });
  }

  #in(delayMs: number): void {
    this.#cancel();
    if (this.#channel.ended.aborted) return;
    if (delayMs <= 0) this.#send();
    else this.#cancel = this.#clock.after(delayMs, () => this.#send());
  }

  #send(): void {
    if (this.#channel.ended.aborted) return;
    if (this.#outlet !== 'open') {
      this.#outlet = 'due';
      return;
    }
    this.#wanted = this.#hasNews = false;
    this.#sentMs = this.#clock.monotonicMs();
    const drained = this.#channel.send(this.#acknowledgement());
    this.#in(this.#options.heartbeatIntervalMs);
    if (drained) void this.#pause(drained);
  }

  /**
   * Sends no frame to an upstream that does not read. The acknowledgement sent
   * afterwards reports the state of that moment.
   */
  async #pause(drained: Promise<void>): Promise<void> {
    this.#outlet = 'congested';
    await drained;
    const isDue = this.#isDue;
    this.#outlet = 'open';
    if (isDue) this.#in(0);
  }

  get #isDue(): boolean {
    return this.#outlet === 'due';
  }

  #acknowledgement(): Acknowledgement {
    // Until the session streams, this node's position says nothing about the upstream's history.
    const streaming = this.#options.isStreaming() && this.#store.data.isServing;
    const position = streaming ? this.#store.data.position : ORIGIN;
    return {
      kind: 'acknowledgement',
      receivedOffset: Math.max(this.#receivedOffset, position.offset),
      appendedOffset: position.offset,
      durableOffset: streaming ? Math.min(this.#store.data.log.durable.offset, position.offset) : 0,
      replicationId: position.replicationId,
      checksum: position.checksum,
      below: streaming ? this.#options.acknowledgements.below : [],
      epochWaiting: this.#options.acknowledgements.epochWaiting,
      contentVersion: this.#options.acknowledgements.contentVersion,
      signHeard: this.#options.acknowledgements.signs.heardSign,
    };
  }
}
