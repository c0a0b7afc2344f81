/**
 * The one reader of published messages for all Redis subscribers of a node. The stream of the node may end: a full
 * resync replaces the log, or the store opens again after a failure. The reader then begins again by itself, at the
 * present. Nobody can tell the subscribers which messages they missed meanwhile, so the breaks are counted.
 */
import { doubledMs } from '../../base/back-off.js';
import { type Clock, sleep } from '../../base/clock.js';
import { HeadwaterError } from '../../base/errors.js';
import { CHANNELS_RETRY_MS_MAX, CHANNELS_RETRY_MS_MIN } from '../../base/limits.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { SubscribeRequest, SubscriptionEvent, Told } from '../../model/streams.js';

/** The streams of the node. */
export interface ChannelStreams {
  subscribe(request: SubscribeRequest, signal: AbortSignal): AsyncIterable<Told<SubscriptionEvent>>;
}

export interface ChannelReaderOptions {
  readonly streams: ChannelStreams;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Delivers what was read, in order. The next is read when this is done. */
  deliver(events: readonly SubscriptionEvent[], signal: AbortSignal): Promise<void> | undefined;
  /** Called when the stream has ended before its time. */
  broken(): void;
}

/** A command that waits for the beginning of the stream. */
interface Waiter {
  resolve(): void;
  reject(reason: unknown): void;
}

const ALL_CHANNELS: SubscribeRequest = { channels: [], patterns: [Buffer.from('*')], from: undefined };

export class ChannelReader {
  readonly #options: ChannelReaderOptions;
  readonly #log: RepeatedLog;
  #run: AbortController | undefined;
  #isReading = false;
  #waiting: Waiter[] = [];
  #breaks = 0;

  constructor(options: ChannelReaderOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  /** True while every message that is published from now on is read. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** The times that the stream ended while somebody subscribed. */
  get breaks(): number {
    return this.#breaks;
  }

  /** Resolves when messages are read. @throws HeadwaterError the reason why the stream does not begin now. */
  begin(): Promise<void> {
    if (this.#isReading) return Promise.resolve();
    const begun = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    if (!this.#run) {
      this.#run = new AbortController();
      void this.#read(this.#run.signal);
    }
    return begun;
  }

  /** Reads no more. */
  end(): void {
    this.#run?.abort(new HeadwaterError('cancelled', 'no Redis client subscribes'));
    this.#run = undefined;
    this.#isReading = false;
    this.#settle((waiter) => waiter.resolve());
  }

  async #read(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#readOnce(signal, () => {
          failures = 0;
        });
      } catch (failure) {
        if (signal.aborted) return;
        this.#failed(failure);
      }
      const waitMs = doubledMs(CHANNELS_RETRY_MS_MIN, failures, CHANNELS_RETRY_MS_MAX);
      await sleep(this.#options.clock, waitMs, signal);
    }
  }

  async #readOnce(signal: AbortSignal, onBegun: () => void): Promise<void> {
    const { streams, deliver } = this.#options;
    for await (const { events } of streams.subscribe(ALL_CHANNELS, signal)) {
      if (signal.aborted) return;
      if (!this.#isReading) {
        onBegun();
        this.#isReading = true;
        this.#settle((waiter) => waiter.resolve());
      }
      if (events.length > 0) await deliver(events, signal);
    }
    if (!signal.aborted) throw new HeadwaterError('unavailable', 'the node has no more messages in this stream');
  }

  #failed(failure: unknown): void {
    if (this.#isReading) {
      this.#isReading = false;
      this.#breaks++;
      this.#options.broken();
    }
    this.#settle((waiter) => waiter.reject(failure));
    const message = failure instanceof Error ? failure.message : String(failure);
    const line = `the stream of messages for Redis subscribers ended and begins again: ${message}`;
    if (HeadwaterError.is(failure)) this.#log.info({}, line);
    else this.#log.error({ stack: failure instanceof Error ? failure.stack : undefined }, line);
  }

  #settle(settle: (waiter: Waiter) => void): void {
    for (const waiter of this.#waiting.splice(0)) settle(waiter);
  }
}
