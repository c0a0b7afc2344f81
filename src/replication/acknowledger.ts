/**
 * What a session tells its upstream about how far this node has got, and when:
 * at once where that was asked for or has become true of another history, soon
 * after blocks were appended, and once a heartbeat in any case, which is also
 * this node's sign of life.
 */
import type { Clock } from '../clock.js';
import { ACKNOWLEDGE_INTERVAL_MS, HEARTBEAT_INTERVAL_MS } from '../limits.js';
import { ORIGIN } from '../position.js';
import type { Store } from '../store/store.js';
import type { Acknowledgement } from '../wire/up-frames.js';
import type { UpChannel } from './channel.js';

export class Acknowledger {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #channel: UpChannel;
  readonly #isStreaming: () => boolean;
  #receivedOffset = 0;
  /** The upstream wants to hear of what it has sent as soon as it is appended, or durable. */
  #wanted = false;
  #syncWanted = false;
  #sentMs = 0;
  #cancel = () => {};

  constructor(options: { store: Store; clock: Clock; channel: UpChannel; isStreaming(): boolean }) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#channel = options.channel;
    this.#isStreaming = options.isStreaming;
  }

  /** From now on, once a heartbeat. */
  start(): void {
    this.#in(HEARTBEAT_INTERVAL_MS);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#cancel();
  }

  /** Blocks are here, and not in the log yet. */
  received(offset: number): void {
    this.#receivedOffset = offset;
  }

  wanted({ acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    this.#wanted ||= acknowledge || sync;
    this.#syncWanted ||= sync;
  }

  /** Blocks are in the log: at once where that was asked for, else at most every few milliseconds. */
  async appended(): Promise<void> {
    if (this.#syncWanted) await this.#store.durable();
    this.#in(this.#wanted ? 0 : this.#sentMs + ACKNOWLEDGE_INTERVAL_MS - this.#clock.monotonicMs());
  }

  now(): void {
    this.#in(0);
  }

  #in(delayMs: number): void {
    this.#cancel();
    const send = () => {
      this.#wanted = this.#syncWanted = false;
      this.#sentMs = this.#clock.monotonicMs();
      if (this.#channel.ended.aborted) return;
      void this.#channel.send(this.#acknowledgement());
      this.#in(HEARTBEAT_INTERVAL_MS);
    };
    if (delayMs <= 0) send();
    else this.#cancel = this.#clock.after(delayMs, send);
  }

  #acknowledgement(): Acknowledgement {
    // Until the session streams, what this node holds says nothing about the upstream's history.
    const streaming = this.#isStreaming() && this.#store.isServing;
    const position = streaming ? this.#store.position : ORIGIN;
    return {
      kind: 'acknowledgement',
      receivedOffset: Math.max(this.#receivedOffset, position.offset),
      appendedOffset: position.offset,
      durableOffset: streaming ? Math.min(this.#store.log.durableOffset, position.offset) : 0,
      replicationId: position.replicationId,
      checksum: position.checksum,
      below: [],
    };
  }
}
