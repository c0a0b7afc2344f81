/**
 * The memory of requests that are being received. gRPC shows a request when it
 * is whole, and keeps its bytes until then: a thousand calls of one connection
 * could hold a thousand half messages. So a request says its size first, in the
 * first bytes of its frame, and its bytes are read only once that much is free.
 *
 * What must stay true: the admitted requests never hold more than `bytesMax`,
 * and whatever is admitted can become whole. A request waits for room in the
 * order of arrival. No connection takes more than half, and small requests have
 * a part of their own: so others are answered while one client sends much.
 *
 * While a request waits, one that has room and does not move is refused, and so
 * is one that has waited for too long. Nobody is refused while there is room.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  QUEUE_WAIT_MS_MAX,
  RECEIVING_LOOK_MS,
  RECEIVING_PROGRESS_BYTES,
  RECEIVING_SMALL_BYTES,
  RECEIVING_SMALL_PART,
  RECEIVING_STALL_MS_MAX,
  RECEIVING_WAITING_MAX,
} from '../base/limits.js';

/** The call whose request it is. */
export interface Claimant {
  /** The same object for all calls of one connection. */
  readonly connection: object;
  /** The request may be read on. Not called if `claim` has said so itself. */
  admitted(): void;
  /** The call ends with `reason`, and releases the claim when its bytes are gone. */
  refused(reason: HeadwaterError): void;
}

/** Room that one request takes, or waits for. */
export class Claim {
  readonly claimant: Claimant;
  readonly bytes: number;
  /** Of these, those that have arrived. */
  receivedBytes = 0;
  /** It is whole and its handler works on it: from then on the handler sees to its end. */
  isServed = false;
  isRefused = false;
  /** Among those that have room; -1 for any other. */
  place = -1;
  /** When its wait began. */
  waitsSinceMs = 0;
  /** The progress it had made when it last moved, and when that was seen. */
  seen: { readonly bytes: number; readonly ms: number } | undefined;

  constructor(claimant: Claimant, bytes: number) {
    this.claimant = claimant;
    this.bytes = bytes;
  }

  get isSmall(): boolean {
    return this.bytes <= RECEIVING_SMALL_BYTES;
  }
}

export class Receiving {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** In no order. Each message comes and goes here: a Set would be built again and again, which costs more than the rest. */
  readonly #admitted: Claim[] = [];
  #admittedBytes = 0;
  /** Of those, by connection. */
  readonly #connections = new WeakMap<object, { bytes: number }>();
  /** In the order of arrival. */
  readonly #waiting = new Set<Claim>();
  #cancelLook: (() => void) | undefined;

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get admittedBytes(): number {
    return this.#admittedBytes;
  }

  /** @returns whether the request may be read on at once; if not, its claimant learns what becomes of it. */
  claim(claim: Claim): boolean {
    if (this.#hasRoom(claim) && !this.#isBehind(claim)) {
      this.#admit(claim);
      return true;
    }
    if (this.#waiting.size >= RECEIVING_WAITING_MAX)
      this.#refuse(claim, `${this.#waiting.size} requests wait for memory already`);
    else this.#wait(claim);
    return false;
  }

  /** The bytes of the request are gone, or are counted elsewhere. */
  release(claim: Claim): void {
    if (this.#waiting.size > 0 && this.#waiting.delete(claim)) return this.#admitWaiting();
    if (claim.place < 0) return;
    this.#leave(claim);
    this.#admittedBytes -= claim.bytes;
    this.#ofConnection(claim).bytes -= claim.bytes;
    if (this.#waiting.size > 0) this.#admitWaiting();
  }

  /** A request that is alone in its connection, or in all, is never too large: it could not become whole otherwise. */
  #hasRoom(claim: Claim): boolean {
    if (!this.#connectionHasRoom(claim)) return false;
    return this.#admittedBytes === 0 || this.#admittedBytes + claim.bytes <= this.#mostFor(claim);
  }

  #connectionHasRoom(claim: Claim): boolean {
    const { bytes } = this.#ofConnection(claim);
    return bytes === 0 || bytes + claim.bytes <= this.#mostFor(claim) / 2;
  }

  #ofConnection({ claimant: { connection } }: Claim): { bytes: number } {
    let held = this.#connections.get(connection);
    if (!held) {
      held = { bytes: 0 };
      this.#connections.set(connection, held);
    }
    return held;
  }

  #mostFor({ isSmall }: Claim): number {
    return isSmall ? this.#bytesMax : this.#bytesMax * (1 - RECEIVING_SMALL_PART);
  }

  /** A small request passes large ones that wait. A large one passes those that wait for their own connection. */
  #isBehind(claim: Claim): boolean {
    if (claim.isSmall) return false;
    const { connection } = claim.claimant;
    for (const other of this.#waiting) {
      if (other.isSmall) continue;
      if (other.claimant.connection === connection || this.#connectionHasRoom(other)) return true;
    }
    return false;
  }

  #admit(claim: Claim): void {
    claim.place = this.#admitted.push(claim) - 1;
    this.#admittedBytes += claim.bytes;
    this.#ofConnection(claim).bytes += claim.bytes;
    if (this.#waiting.size > 0) this.#see(claim);
  }

  /** The last one takes its place. */
  #leave(claim: Claim): void {
    const last = this.#admitted.pop() as Claim;
    if (last !== claim) {
      this.#admitted[claim.place] = last;
      last.place = claim.place;
    }
    claim.place = -1;
  }

  #wait(claim: Claim): void {
    claim.waitsSinceMs = this.#clock.monotonicMs();
    this.#waiting.add(claim);
    if (this.#waiting.size > 1) return;
    // A client that was slow while nobody waited did no harm.
    for (const admitted of this.#admitted) this.#see(admitted);
    this.#cancelLook?.();
    this.#cancelLook = this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
  }

  /** In order; a request that waits for its own connection holds up nobody else, one that waits for all does. */
  #admitWaiting(): void {
    let isFull = false;
    for (const claim of this.#waiting) {
      if (isFull && !claim.isSmall) continue;
      if (this.#hasRoom(claim)) {
        this.#waiting.delete(claim);
        this.#admit(claim);
        claim.claimant.admitted();
      } else if (!claim.isSmall && this.#admittedBytes + claim.bytes > this.#mostFor(claim)) isFull = true;
    }
  }

  #see(claim: Claim): void {
    claim.seen = { bytes: claim.receivedBytes, ms: this.#clock.monotonicMs() };
  }

  #look(): void {
    this.#cancelLook = undefined;
    if (this.#waiting.size === 0) return;
    const nowMs = this.#clock.monotonicMs();
    // A refusal may release some at once.
    for (const claim of this.#admitted.slice()) {
      if (claim.place < 0 || claim.isServed || claim.isRefused) continue;
      const { seen } = claim;
      if (!seen || claim.receivedBytes - seen.bytes >= RECEIVING_PROGRESS_BYTES) this.#see(claim);
      else if (nowMs - seen.ms >= RECEIVING_STALL_MS_MAX)
        this.#refuse(
          claim,
          `others wait for memory, and this request made no progress for ${RECEIVING_STALL_MS_MAX} ms (${claim.receivedBytes} of ${claim.bytes} bytes have arrived)`,
        );
    }
    for (const claim of this.#waiting) {
      if (nowMs - claim.waitsSinceMs < QUEUE_WAIT_MS_MAX) break;
      this.#waiting.delete(claim);
      this.#refuse(
        claim,
        `expected memory for its ${claim.bytes} bytes within ${QUEUE_WAIT_MS_MAX} ms, there was none`,
      );
    }
    if (this.#waiting.size > 0) this.#cancelLook = this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
  }

  #refuse(claim: Claim, why: string): void {
    claim.isRefused = true;
    claim.claimant.refused(new HeadwaterError('overloaded', `the request was not taken: ${why}; try again later`));
  }
}
