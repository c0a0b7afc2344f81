/**
 * A watch on the keys of a prefix, which outlives its stream. A member serves the stream over a connection of its own. If
 * the stream breaks or falls silent, the watch resumes at the next member, at the revision behind the last event.
 *
 * A stream without events is silent whether its member lives or not, so the client asks for a sign of life all the time.
 * Such a sign says nothing about revisions: some versions of etcd send it before the events that belong to its revision.
 * Only the notices that etcd sends by itself tell how far the watch is.
 */
import { doubledMs } from '../../base/back-off.js';
import { sleep } from '../../base/clock.js';
import { ETCD_WATCH_RETRY_MS_MAX, ETCD_WATCH_RETRY_MS_MIN } from '../../base/limits.js';
import type { EtcdPlain } from '../../protobuf/etcd.js';
import { eventOf, headerOf, rangeOf, WATCH } from './calls.js';
import { EtcdConnection, type RunningStream } from './connection.js';
import type { Continuity } from './continuity.js';
import { EtcdUnreachable } from './errors.js';
import type { MembersSettings } from './members.js';
import type { EtcdHeader, EtcdWatch, EtcdWatchListener } from './model.js';
import { CallFailure, isOfToken, refusalOf } from './status.js';

export interface WatchSettings extends MembersSettings {
  readonly continuity: Continuity;
  /** The longest silence of a member that was asked for a sign of life. */
  readonly requestTimeoutMs: number;
  /** @param refused the token that etcd has not accepted. */
  readonly token: (refused: { readonly token: string | undefined } | undefined) => Promise<string | undefined>;
  readonly userName: string | undefined;
  /** Called when the watch has ended. */
  readonly ended: () => void;
}

export interface WatchOrder {
  readonly prefix: string;
  readonly fromRevision: bigint | undefined;
  readonly listener: EtcdWatchListener;
}

type Response = EtcdPlain<'WatchResponse'>;
type WatchRequest = Parameters<typeof WATCH.encode>[0];

/** The subject of the log. */
const SUBJECT = 'etcd watch';

export class Watching implements EtcdWatch {
  readonly #order: WatchOrder;
  readonly #settings: WatchSettings;
  readonly #over = new AbortController();
  #nextRevision: bigint | undefined;
  /** Streams in a row that have not served. */
  #failures = 0;
  #member = 0;
  #refusedToken: { readonly token: string | undefined } | undefined;

  constructor(order: WatchOrder, settings: WatchSettings) {
    this.#order = order;
    this.#settings = settings;
    this.#nextRevision = order.fromRevision;
  }

  get nextRevision(): bigint | undefined {
    return this.#nextRevision;
  }

  begin(): void {
    void this.#run();
  }

  close(): void {
    this.#over.abort();
    this.#settings.ended();
  }

  async #run(): Promise<void> {
    const { signal } = this.#over;
    const { clock, log, addresses } = this.#settings;
    while (!signal.aborted) {
      const address = addresses[this.#member % addresses.length] as string;
      const reason = await this.#serve(address).catch((error) => error as Error);
      if (signal.aborted) return;
      this.#member++;
      log.warn({ address }, `the watch on etcd resumes at the next member: ${reason.message}`, SUBJECT);
      this.#tell(({ interrupted }) => interrupted?.call(this.#order.listener, reason));
      const round = Math.floor(this.#failures++ / addresses.length);
      if (round > 0) await sleep(clock, doubledMs(ETCD_WATCH_RETRY_MS_MIN, round - 1, ETCD_WATCH_RETRY_MS_MAX), signal);
    }
  }

  /** Watches at one member. @returns why the stream has ended. */
  async #serve(address: string): Promise<Error> {
    const { signal } = this.#over;
    const refused = this.#refusedToken;
    this.#refusedToken = undefined;
    const token = await this.#settings.token(refused);
    if (signal.aborted) return new Error('closed');
    const connection = new EtcdConnection(address, this.#settings.dial);
    try {
      const stream = new WatchStream(connection, token, this.#settings);
      const failure = await stream.run(this.#request(), signal, (response) => this.#received(response, address));
      if (isOfToken(failure) || isPermission(failure)) this.#refusedToken = { token };
      return failure instanceof CallFailure ? this.#explained(failure, address) : failure;
    } finally {
      connection.close();
    }
  }

  #explained(failure: CallFailure, address: string): Error {
    if (failure.isRefusal) return refusalOf(failure, this.#settings.userName);
    return new EtcdUnreachable(`${address}: ${failure.reason}`, { mayBeDone: false, cause: failure });
  }

  #request(): WatchRequest {
    const startRevision = this.#nextRevision ?? 0n;
    return { kind: 'createRequest', ...rangeOf(this.#order), startRevision, progressNotify: true };
  }

  /** @throws CallFailure, EtcdDiscontinuity */
  #received(response: Response, address: string): void {
    if (response.header === undefined) return;
    const header = headerOf(response.header);
    this.#settings.continuity.check(header, undefined, address);
    const isSign = response.watchId < 0n;
    if (response.canceled) return this.#cancelled(response);
    if (response.created) return this.#created(header);
    this.#failures = 0;
    if (response.events.length > 0) this.#events(response, header);
    else if (!isSign) {
      this.#nextRevision = header.revision + 1n;
      this.#tell(({ progress }) => progress?.call(this.#order.listener, header.revision));
    }
  }

  /** A member that is behind the others waits for the revision, if the watch begins later. */
  #created(header: EtcdHeader): void {
    this.#nextRevision ??= header.revision + 1n;
    this.#settings.log.ends(SUBJECT);
    this.#tell(({ watching }) => watching?.call(this.#order.listener, header));
  }

  #events({ events }: Response, header: EtcdHeader): void {
    const revision = events.reduce((most, { kv }) => (kv && kv.modRevision > most ? kv.modRevision : most), 0n);
    this.#nextRevision = revision + 1n;
    this.#tell((listener) => listener.events(events.flatMap(eventOf), header));
  }

  #cancelled({ compactRevision, cancelReason }: Response): void {
    if (compactRevision === 0n) throw CallFailure.ofWatch(cancelReason);
    this.close();
    this.#tell((listener) => listener.compacted(compactRevision));
  }

  /** Calls the listener. */
  #tell(call: (listener: EtcdWatchListener) => void): void {
    try {
      call(this.#order.listener);
    } catch (error) {
      this.#settings.log.error({ err: error }, 'a listener of a watch on etcd failed');
    }
  }
}

/** Some versions of etcd say that a watch with an invalid token is not permitted. */
function isPermission({ message }: Error): boolean {
  return message.includes('permission denied');
}

/** A stream, from its begin to its end. */
class WatchStream {
  readonly #settings: WatchSettings;
  readonly #open: (receiver: {
    received(response: Response): void;
    ended(failure: CallFailure): void;
  }) => RunningStream<WatchRequest>;
  #cancelTimer: () => void = () => {};

  constructor(connection: EtcdConnection, token: string | undefined, settings: WatchSettings) {
    this.#settings = settings;
    this.#open = (receiver) => connection.stream(WATCH, token, receiver);
  }

  /**
   * Resolves with the reason when the stream has ended.
   * @param received an error that it throws ends the stream.
   */
  run(request: WatchRequest, signal: AbortSignal, received: (response: Response) => void): Promise<Error> {
    return new Promise((resolve) => {
      let isOver = false;
      const end = (reason: Error) => {
        isOver = true;
        this.#cancelTimer();
        signal.removeEventListener('abort', close);
        stream.cancel();
        resolve(reason);
      };
      const close = () => end(new Error('closed'));
      const stream = this.#open({
        ended: end,
        received: (response) => {
          // gRPC may still have messages of a stream that was given up. The next member sends them again.
          if (isOver) return;
          try {
            received(response);
          } catch (error) {
            return end(error as Error);
          }
          if (!isOver) this.#expectLife(stream, end);
        },
      });
      signal.addEventListener('abort', close, { once: true });
      this.#expectAnswer(end);
      stream.send(request);
    });
  }

  /** Asks for a sign of life after a while. */
  #expectLife(stream: RunningStream<WatchRequest>, end: (reason: Error) => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#settings.clock.after(this.#settings.requestTimeoutMs, () => {
      this.#expectAnswer(end);
      stream.send({ kind: 'progressRequest' });
    });
  }

  #expectAnswer(end: (reason: Error) => void): void {
    const { clock, requestTimeoutMs } = this.#settings;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(requestTimeoutMs, () => end(CallFailure.silence(requestTimeoutMs)));
  }
}
