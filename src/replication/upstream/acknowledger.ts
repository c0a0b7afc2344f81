/**
 * What a session tells its upstream about how far this node and those below it
 * have got, and when: at once where that was asked for or has become true of
 * another history, soon after blocks were appended, and once a heartbeat in any
 * case, which is also this node's sign of life.
 *
 * What it is asked goes on to the nodes below, and what they answer goes up as
 * soon as it is here: what comes from several of them in one turn of the event
 * loop in one frame.
 */
import type { Clock } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { ACKNOWLEDGE_INTERVAL_MS } from '../../base/limits.js';
import { ORIGIN } from '../../model/position.js';
import type { Store } from '../../store/store.js';
import type { Acknowledgement } from '../../wire/up-frames.js';
import type { UpChannel } from '../channel.js';
import type { Acknowledgements } from '../progress/acknowledgements.js';

export interface AcknowledgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly channel: UpChannel;
  readonly heartbeatIntervalMs: number;
  /** What the nodes below have reported. */
  readonly acknowledgements: Acknowledgements;
  isStreaming(): boolean;
}

export class Acknowledger {
  readonly #options: AcknowledgerOptions;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #channel: UpChannel;
  #receivedOffset = 0;
  /** The upstream wants to hear of what it has sent as soon as it is appended, or durable. */
  #wanted = false;
  #syncWanted = false;
  /** A durable point is being made for the upstream. */
  #syncing = false;
  #sentMs = 0;
  /** The upstream takes no more frames for now; one waits to be made then. */
  #congested = false;
  #waits = false;
  /** Reports from below that the upstream waits for have not gone up yet. */
  #hasNews = false;
  #cancel = () => {};
  #stopListening = () => {};

  constructor(options: AcknowledgerOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#channel = options.channel;
  }

  /** From now on, once a heartbeat. */
  start(): void {
    this.#stopListening = this.#options.acknowledgements.onNews(() => this.#news());
    this.#in(this.#options.heartbeatIntervalMs);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#stopListening();
    this.#hasNews = false;
    this.#cancel();
  }

  /** Blocks are here, and not in the log yet. */
  received(offset: number): void {
    this.#receivedOffset = offset;
    this.#askBelow(offset);
  }

  wanted({ acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    this.#wanted ||= acknowledge;
    this.#syncWanted ||= sync;
  }

  /** Blocks are in the log: at once where that was asked for, else at most every few milliseconds. */
  appended(): void {
    if (this.#syncWanted) void this.#sync();
    this.#in(this.#wanted ? 0 : this.#sentMs + ACKNOWLEDGE_INTERVAL_MS - this.#clock.monotonicMs());
  }

  /** The upstream asks about what it has sent before. */
  askedAgain(): void {
    // Before it streams, nothing of what it asks about is here; it hears when that has changed.
    if (!this.#options.isStreaming()) return;
    this.#askBelow(this.#store.position.offset);
    this.appended();
  }

  now(): void {
    this.#wanted = true;
    this.appended();
  }

  #askBelow(offset: number): void {
    if (!this.#wanted && !this.#syncWanted) return;
    this.#options.acknowledgements.awaitedAbove(offset, { acknowledge: this.#wanted, sync: this.#syncWanted });
  }

  /** Beside the blocks that go on coming in; what comes meanwhile shares the next durable point. */
  async #sync(): Promise<void> {
    if (this.#syncing) return;
    this.#syncing = true;
    try {
      while (this.#syncWanted && !this.#channel.ended.aborted) {
        this.#syncWanted = false;
        await this.#store.durable();
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
    // At the end of this turn, unless they have gone with something else by then.
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
    if (this.#congested) {
      this.#waits = true;
      return;
    }
    this.#wanted = this.#hasNews = false;
    this.#sentMs = this.#clock.monotonicMs();
    const drained = this.#channel.send(this.#acknowledgement());
    this.#in(this.#options.heartbeatIntervalMs);
    if (drained) void this.#pause(drained);
  }

  /** An upstream that does not read is not sent one frame more: what it hears then is how things stand then. */
  async #pause(drained: Promise<void>): Promise<void> {
    this.#congested = true;
    await drained;
    this.#congested = false;
    if (!this.#waits) return;
    this.#waits = false;
    this.#in(0);
  }

  #acknowledgement(): Acknowledgement {
    // Until the session streams, what this node holds says nothing about the upstream's history.
    const streaming = this.#options.isStreaming() && this.#store.isServing;
    const position = streaming ? this.#store.position : ORIGIN;
    return {
      kind: 'acknowledgement',
      receivedOffset: Math.max(this.#receivedOffset, position.offset),
      appendedOffset: position.offset,
      durableOffset: streaming ? Math.min(this.#store.log.durableOffset, position.offset) : 0,
      replicationId: position.replicationId,
      checksum: position.checksum,
      below: streaming ? this.#options.acknowledgements.below : [],
      epochWaiting: this.#options.acknowledgements.epochWaiting,
    };
  }
}
