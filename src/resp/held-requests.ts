/**
 * The memory of requests of Redis clients that are not complete, over all connections. The commands between MULTI and
 * EXEC count too. The announcement of a request does not say how large the request becomes, since each argument says its
 * own size. So no room can be claimed in advance, as requests of gRPC do.
 *
 * Instead all connections are read until the bytes reach the bound. Then one connection alone is read, the one that
 * holds most. The request there becomes complete, or too large, and frees its bytes. If the client stands still while others
 * wait, the connection is closed.
 *
 * Invariant: the held bytes are at most the bound, one request of the largest size, and one chunk for each connection.
 */
import type { Clock } from '../base/clock.js';
import { RECEIVING_LOOK_MS, RECEIVING_PROGRESS_BYTES, RECEIVING_STALL_MS_MAX } from '../base/limits.js';

/** A connection whose request is not complete. */
export interface Holder {
  /** Stops reading, or reads on. */
  setHeldBack(isHeldBack: boolean): void;
  /** Closes the connection. */
  drop(): void;
}

interface Held {
  bytes: number;
}

/** The connection that is read alone, with its progress. */
interface Alone {
  readonly holder: Holder;
  seenBytes: number;
  seenMs: number;
}

export class HeldRequests {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #holders = new Map<Holder, Held>();
  #bytes = 0;
  /** Undefined while all connections are read. */
  #alone: Alone | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Notes the bytes that a connection holds now. 0 if it holds none, or is closed. */
  note(holder: Holder, bytes: number): void {
    const held = this.#holders.get(holder);
    if (bytes === (held?.bytes ?? 0)) return;
    this.#bytes += bytes - (held?.bytes ?? 0);
    if (bytes === 0) this.#holders.delete(holder);
    else if (held) held.bytes = bytes;
    else this.#holders.set(holder, { bytes });
    this.#settle(holder);
  }

  #settle(changed: Holder): void {
    if (this.#bytes <= this.#bytesMax) return this.#readAll();
    if (!this.#alone) {
      for (const holder of this.#holders.keys()) holder.setHeldBack(true);
      this.#readNext();
    } else if (!this.#holders.has(this.#alone.holder)) this.#readNext();
    else if (changed !== this.#alone.holder) changed.setHeldBack(this.#holders.has(changed));
  }

  #readAll(): void {
    if (!this.#alone) return;
    this.#alone = undefined;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    for (const holder of this.#holders.keys()) holder.setHeldBack(false);
  }

  /** Reads the connection that holds most. */
  #readNext(): void {
    let most: Holder | undefined;
    let mostBytes = 0;
    for (const [holder, { bytes }] of this.#holders) {
      if (bytes <= mostBytes) continue;
      most = holder;
      mostBytes = bytes;
    }
    // The bytes are over the bound, so some connection holds them.
    const holder = most as Holder;
    this.#alone = { holder, seenBytes: mostBytes, seenMs: this.#clock.monotonicMs() };
    this.#cancelLook ??= this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
    holder.setHeldBack(false);
  }

  #look(): void {
    this.#cancelLook = undefined;
    const alone = this.#alone;
    if (!alone) return;
    this.#cancelLook = this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
    const bytes = this.#holders.get(alone.holder)?.bytes ?? 0;
    const nowMs = this.#clock.monotonicMs();
    if (bytes - alone.seenBytes >= RECEIVING_PROGRESS_BYTES) {
      alone.seenBytes = bytes;
      alone.seenMs = nowMs;
    } else if (nowMs - alone.seenMs >= RECEIVING_STALL_MS_MAX) {
      alone.holder.drop();
      this.note(alone.holder, 0);
    }
  }
}
