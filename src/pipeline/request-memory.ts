/**
 * The memory of requests that are being received. gRPC delivers a request when it is complete, and keeps its bytes
 * until then. A thousand calls of one connection could hold a thousand half messages. So the size of a request is read
 * first, from the first bytes of its frame. The rest is read only once that much memory is free.
 *
 * Invariants: the requests that are admitted, and those in hand, never hold more than the share allows when one is
 * admitted, and every admitted request can become complete.
 * Requests wait for room in the order of arrival. No connection takes more than half, and small requests have a part of
 * their own. So others are answered while one client sends much.
 *
 * While a request waits, an admitted one that makes no progress is refused. A request that has waited for too long is
 * refused too. No request is refused while there is room.
 */
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  QUEUE_WAIT_MS_MAX,
  RECEIVING_LOOK_MS,
  RECEIVING_PROGRESS_BYTES,
  RECEIVING_SMALL_BYTES,
  RECEIVING_STALL_MS_MAX,
  RECEIVING_WAITING_MAX,
} from '../base/limits.js';
import { ConnectionAccounts, type ConnectionBytes } from './connection-bytes.js';
import type { RequestShare } from './request-budget.js';

/** The call that receives the request. */
export interface Claimant {
  /** The account of the call's connection: see `RequestMemory.connection`. */
  readonly connection: ConnectionBytes;
  /** Called when the request may be read on, unless `claim` has returned true. */
  admitted(): void;
  /** Ends the call with `reason`. The call releases the claim when its bytes are gone. */
  refused(reason: HeadwaterError): void;
}

/** Room that one request takes, or waits for. */
export class Claim {
  readonly claimant: Claimant;
  readonly bytes: number;
  /** Bytes of the request that have arrived. */
  receivedBytes = 0;
  /** True once the request is complete and its handler works on it. From then on the handler ends it. */
  isServed = false;
  isRefused = false;
  /** The index among the admitted claims, or -1 if the claim is not admitted. */
  place = -1;
  /** The time at which its wait began. */
  waitsSinceMs = 0;
  /** The bytes that had arrived when the request last made progress, and the time at which that was seen. */
  seen: { readonly bytes: number; readonly ms: number } | undefined;

  constructor(claimant: Claimant, bytes: number) {
    this.claimant = claimant;
    this.bytes = bytes;
  }

  get isSmall(): boolean {
    return this.bytes <= RECEIVING_SMALL_BYTES;
  }
}

export class RequestMemory {
  readonly #clock: Clock;
  readonly #share: RequestShare;
  /**
   * The admitted claims, in no order. Every message adds and removes one. A Set would be rebuilt again and again, which
   * costs more than the rest.
   */
  readonly #admitted: Claim[] = [];
  #admittedBytes = 0;
  /** Admitted bytes by connection. */
  readonly #connections = new ConnectionAccounts();
  /** Waiting claims in the order of arrival. */
  readonly #waiting = new Set<Claim>();
  #cancelLook: (() => void) | undefined;

  constructor(clock: Clock, share: RequestShare) {
    this.#clock = clock;
    this.#share = share;
    share.onRoom(() => {
      if (this.#waiting.size > 0) this.#admitWaiting();
    });
  }

  /** @param connection the same object for all calls of one connection. */
  connection(connection: object): ConnectionBytes {
    return this.#connections.of(connection);
  }

  /** Bytes of requests that are being received or are in hand. */
  get bytes(): number {
    return this.#admittedBytes;
  }

  /**
   * Counts bytes of requests that are received and not answered, or bytes less. Their claims are released. A pipeline has
   * more of them in hand than it receives.
   */
  inHand(connection: ConnectionBytes, bytes: number): void {
    this.#count(connection, bytes);
    if (bytes < 0 && this.#waiting.size > 0) this.#admitWaiting();
  }

  #count(connection: ConnectionBytes, bytes: number): void {
    this.#admittedBytes += bytes;
    connection.bytes += bytes;
    this.#share.note(this.#admittedBytes);
  }

  /** @returns true if the request may be read on at once. If not, the claimant learns the outcome later. */
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

  /** Releases a claim whose bytes are gone, or are counted elsewhere. */
  release(claim: Claim): void {
    if (this.#waiting.size > 0 && this.#waiting.delete(claim)) return this.#admitWaiting();
    if (claim.place < 0) return;
    this.#leave(claim);
    this.#count(claim.claimant.connection, -claim.bytes);
    if (this.#waiting.size > 0) this.#admitWaiting();
  }

  /**
   * A request that is alone in its connection, or in all, is never too large. Otherwise it could never become complete.
   */
  #hasRoom(claim: Claim): boolean {
    if (!this.#connectionHasRoom(claim)) return false;
    return this.#admittedBytes === 0 || this.#admittedBytes + claim.bytes <= this.#mostFor(claim);
  }

  #connectionHasRoom(claim: Claim): boolean {
    const { bytes } = claim.claimant.connection;
    return bytes === 0 || bytes + claim.bytes <= this.#mostFor(claim) / 2;
  }

  #mostFor({ isSmall }: Claim): number {
    return isSmall ? this.#share.most : this.#share.mostLarge;
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
    this.#count(claim.claimant.connection, claim.bytes);
    if (this.#waiting.size > 0) this.#see(claim);
  }

  /** Removes a claim. The last claim takes its place. */
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

  /**
   * Admits waiting claims in order. A request that waits for its own connection holds up no other. A request that waits
   * for all connections does.
   */
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
    // The list is copied, since a refusal may release some claims at once.
    for (const claim of this.#admitted.slice()) {
      if (claim.place < 0 || claim.isServed || claim.isRefused) continue;
      const { seen } = claim;
      if (!seen || claim.receivedBytes - seen.bytes >= RECEIVING_PROGRESS_BYTES) this.#see(claim);
      else if (nowMs - seen.ms >= RECEIVING_STALL_MS_MAX)
        this.#refuse(
          claim,
          `other requests wait for memory, and this request made no progress for ${RECEIVING_STALL_MS_MAX} ms (received ${claim.receivedBytes} of ${claim.bytes} bytes)`,
        );
    }
    for (const claim of this.#waiting) {
      if (nowMs - claim.waitsSinceMs < QUEUE_WAIT_MS_MAX) break;
      this.#waiting.delete(claim);
      this.#refuse(claim, `no memory was free for its ${claim.bytes} bytes within ${QUEUE_WAIT_MS_MAX} ms`);
    }
    if (this.#waiting.size > 0) this.#cancelLook = this.#clock.after(RECEIVING_LOOK_MS, () => this.#look());
  }

  #refuse(claim: Claim, why: string): void {
    claim.isRefused = true;
    const { option } = this.#share;
    const advice = option === '' ? 'Try again later' : `Try again later, or raise the memory for requests (${option})`;
    claim.claimant.refused(new HeadwaterError('overloaded', `the request was refused: ${why}. ${advice}`));
  }
}
