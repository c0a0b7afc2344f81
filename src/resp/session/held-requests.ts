/**
 * The memory of requests of Redis clients, over all connections: of those that are not complete, and of large ones that
 * are complete and not answered. The commands between MULTI and EXEC count too. The announcement of a request
 * does not say how large the request becomes, since each argument says its own size. So no room can be claimed in
 * advance, as requests of gRPC do.
 *
 * Instead all connections are read until the bytes reach the bound. Then the large ones are held back, except one, the
 * one that holds most. The request there becomes complete, or too large, and frees its bytes. If the client stands still
 * while others wait, the connection is closed. A connection that holds no more than a chunk is always read, so a large
 * request of one client does not hold up the small ones of others.
 *
 * Complete requests free their bytes when the node has answered them. If they hold more than half of the bound, no large
 * connection is read until they are fewer. A client that leaves replies unread meanwhile, or waits by its own wish, is
 * closed.
 *
 * Invariant: the held bytes, and those of gRPC, are within the budget of both, apart from two chunks for each connection
 * (pipeline/request-budget.ts).
 */
import type { Clock } from '../../base/clock.js';
import {
  RECEIVING_LOOK_MS,
  RECEIVING_PROGRESS_BYTES,
  RECEIVING_SMALL_BYTES,
  RECEIVING_STALL_MS_MAX,
} from '../../base/limits.js';
import type { RequestShare } from '../../pipeline/request-budget.js';

/** A connection that holds requests. */
export interface Holder {
  /** Stops reading, or reads on. */
  setHeldBack(isHeldBack: boolean): void;
  /** True if replies wait for the client to read, or the client waits by its own wish, as with WAIT. */
  isIdle(): boolean;
  /** Closes the connection. */
  drop(): void;
}

interface Held {
  bytes: number;
  /** False while nothing is gained if the connection is read, since its requests wait for their turn or for answers. */
  isReading: boolean;
}

/** The connection that is read alone, with its progress. */
interface Alone {
  readonly holder: Holder;
  seenBytes: number;
  seenMs: number;
}

export class HeldRequests {
  readonly #clock: Clock;
  readonly #share: RequestShare;
  readonly #holders = new Map<Holder, Held>();
  #bytes = 0;
  /** The bytes of connections whose requests wait for their turn or for answers. */
  #waitingBytes = 0;
  /** The time since which these bytes have not become fewer, while they hold up all others. */
  #stuckSinceMs: number | undefined;
  /** True while the bytes are above the bound. */
  #isFull = false;
  /** Undefined if no large connection can be read. */
  #alone: Alone | undefined;
  #cancelLook: (() => void) | undefined;

  readonly #onDropped: () => void;

  /** @param onDropped called for each connection that is closed. */
  constructor(clock: Clock, share: RequestShare, onDropped: () => void = () => {}) {
    this.#clock = clock;
    this.#share = share;
    this.#onDropped = onDropped;
    share.onRoom(() => this.#moreRoom());
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Notes the bytes that a connection holds now. 0 if it holds none, or is closed.
   * @param isReading false if the connection is not read now, since its requests wait for their turn or for answers.
   */
  note(holder: Holder, bytes: number, isReading: boolean): void {
    const held = this.#holders.get(holder);
    if (bytes === (held?.bytes ?? 0) && isReading === (held?.isReading ?? isReading)) return;
    this.#bytes += bytes - (held?.bytes ?? 0);
    this.#noteWaiting((isReading ? 0 : bytes) - (held && !held.isReading ? held.bytes : 0));
    if (bytes === 0) {
      this.#holders.delete(holder);
      // The bytes may fall below the bound now, and then only the holders that are left are told.
      holder.setHeldBack(false);
    } else if (held) Object.assign(held, { bytes, isReading });
    else this.#holders.set(holder, { bytes, isReading });
    this.#settle(holder);
    this.#noteShare();
  }

  /** The request that is read alone may become as large as the largest. */
  #noteShare(): void {
    const held = this.#alone && this.#holders.get(this.#alone.holder);
    this.#share.note(this.#bytes, this.#bytes + (held ? Math.max(0, this.#share.largestBytes - held.bytes) : 0));
  }

  #noteWaiting(change: number): void {
    this.#waitingBytes += change;
    if (change < 0) this.#stuckSinceMs = undefined;
  }

  /** True while so many requests wait for the node that no other may become complete. */
  get #awaitsNode(): boolean {
    return this.#waitingBytes > this.#share.most / 2;
  }

  #settle(changed: Holder): void {
    if (this.#bytes <= this.#share.most) return this.#readAll();
    if (this.#isFull) this.#readOrHold(changed);
    else {
      this.#isFull = true;
      for (const holder of this.#holders.keys()) this.#readOrHold(holder);
    }
    if (!this.#alone || this.#awaitsNode || !this.#canBeAlone(this.#holders.get(this.#alone.holder))) this.#readNext();
  }

  /** The requests of the other protocol hold less. */
  #moreRoom(): void {
    if (!this.#isFull) return;
    if (this.#bytes <= this.#share.most) this.#readAll();
    else if (!this.#alone) this.#readNext();
    else return;
    this.#noteShare();
  }

  /** True if the request of the holder may become as large as the largest, beside all others. */
  #hasRoomFor(held: Held): boolean {
    const { largestBytes, mostLarge } = this.#share;
    // A share of its own has no bound for one request.
    return largestBytes === 0 || this.#bytes - held.bytes + largestBytes <= mostLarge;
  }

  #readOrHold(holder: Holder): void {
    const bytes = this.#holders.get(holder)?.bytes ?? 0;
    holder.setHeldBack(bytes > RECEIVING_SMALL_BYTES && holder !== this.#alone?.holder);
  }

  #canBeAlone(held: Held | undefined): boolean {
    return held?.isReading === true && held.bytes > RECEIVING_SMALL_BYTES;
  }

  #readAll(): void {
    if (!this.#isFull) return;
    this.#isFull = false;
    this.#alone = undefined;
    this.#stuckSinceMs = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const holder of this.#holders.keys()) holder.setHeldBack(false);
  }

  /** Reads the connection that holds most. */
  #readNext(): void {
    const last = this.#alone?.holder;
    this.#alone = undefined;
    if (last) this.#readOrHold(last);
    this.#cancelLook ??= this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
    if (this.#awaitsNode) return;
    let seenBytes = 0;
    for (const [holder, held] of this.#holders) {
      if (held.bytes <= seenBytes || !this.#canBeAlone(held) || !this.#hasRoomFor(held)) continue;
      seenBytes = held.bytes;
      this.#alone = { holder, seenBytes, seenMs: this.#clock.monotonicMs() };
    }
    this.#alone?.holder.setHeldBack(false);
  }

  #look(): void {
    this.#cancelLook = this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
    const nowMs = this.#clock.monotonicMs();
    if (this.#alone) this.#lookAt(this.#alone, nowMs);
    else if (this.#awaitsNode) this.#lookAtWaiting(nowMs);
  }

  #lookAt(alone: Alone, nowMs: number): void {
    const bytes = this.#holders.get(alone.holder)?.bytes ?? 0;
    // The bytes become fewer if requests before are answered.
    if (bytes < alone.seenBytes || bytes - alone.seenBytes >= RECEIVING_PROGRESS_BYTES) {
      alone.seenBytes = bytes;
      alone.seenMs = nowMs;
    } else if (nowMs - alone.seenMs >= RECEIVING_STALL_MS_MAX) {
      this.#drop(alone.holder);
    }
  }

  /** Closes the one that holds most of those for which the node can do nothing, if that holds up all others. */
  #lookAtWaiting(nowMs: number): void {
    this.#stuckSinceMs ??= nowMs;
    if (nowMs - this.#stuckSinceMs < RECEIVING_STALL_MS_MAX) return;
    const [most] = [...this.#holders]
      .filter(([holder, held]) => !held.isReading && holder.isIdle())
      .sort(([, one], [, other]) => other.bytes - one.bytes);
    if (most) this.#drop(most[0]);
  }

  #drop(holder: Holder): void {
    this.#onDropped();
    holder.drop();
    this.note(holder, 0, true);
  }
}
