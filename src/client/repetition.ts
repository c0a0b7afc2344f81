/**
 * The later attempts of commands that a node has refused. Such a command has certainly not been done. The queue holds it
 * through a wait, or until a node leads, and at most for its own time. The waits get longer, and a part is random.
 */
import { firstOf } from '../base/abort.js';
import { Bell } from '../base/bell.js';
import type { HeadwaterError } from '../base/errors.js';
import { LEADER_MISSED_MS_MAX, LEADER_SEARCH_MS_MIN } from '../base/limits.js';
import { backOff } from './back-off.js';
import { isMomentary, needsLeader } from './failures.js';
import type { RetrySettings } from './options.js';
import { type PendingCommand, retriesOf } from './pending-command.js';
import type { CommandQueue } from './queue.js';

export interface RepetitionOptions {
  readonly queue: CommandQueue;
  readonly retry: RetrySettings;
  /** True if another node may be asked. */
  readonly redirect: boolean;
  readonly ended: AbortSignal;
  /** Looks for the leader, and goes there. Resolves with true if the node in use leads. */
  readonly seek: (refusal?: HeadwaterError) => Promise<boolean>;
  /** Sends the commands of the queue. */
  readonly send: () => void;
}

export class Repetition {
  readonly #options: RepetitionOptions;
  /**
   * A search asks every node. So its waits reach LEADER_SEARCH_MS_MIN, however short those of the commands are. They get
   * no longer than LEADER_MISSED_MS_MAX, since all writes wait for the next search once a leader is there again.
   */
  readonly #searching: RetrySettings;
  /** Rings when another connection is in use, and the held commands are released. */
  readonly #released = new Bell();
  #isWaiting = false;
  /** The time of the last search, on the monotonic clock. */
  #soughtMs = 0;
  /** The searches in a row, for held commands, that found no leader. */
  #searches = 0;

  constructor(options: RepetitionOptions) {
    const { retry } = options;
    this.#options = options;
    const maxMs = Math.min(Math.max(retry.maxMs, LEADER_SEARCH_MS_MIN), LEADER_MISSED_MS_MAX);
    this.#searching = { ...retry, maxMs };
  }

  /** Puts the command into the queue for another attempt. Returns false if there will be none. */
  holds(pending: PendingCommand, refusal: HeadwaterError): boolean {
    const { queue, retry, ended } = this.#options;
    if (ended.aborted || pending.settled || !this.#mayPass(refusal)) return false;
    const retries = retriesOf(pending);
    retries.failures++;
    if (retries.failures >= retry.attempts) return false;
    retries.refusal = refusal;
    queue.hold(pending);
    if (!this.#isWaiting) void this.#wait();
    return true;
  }

  /** Releases the held commands, since another connection is in use. Ends the wait: a later command begins its own. */
  release(): void {
    this.#searches = 0;
    this.#options.queue.release();
    this.#released.ring();
  }

  /** Looks for the leader while none is known, though no command is held for it. */
  seekNowAndThen(nowMs: number): void {
    if (this.#isWaiting || nowMs - this.#soughtMs < this.#searching.maxMs) return;
    this.#soughtMs = nowMs;
    void this.#options.seek();
  }

  #mayPass(refusal: HeadwaterError): boolean {
    return isMomentary(refusal) || (this.#options.redirect && needsLeader(refusal));
  }

  /** Ends when no command is held any more: they were sent, or their time is over. */
  async #wait(): Promise<void> {
    const { queue, ended, send } = this.#options;
    this.#isWaiting = true;
    let waits = 0;
    for (let held = queue.held; held && !ended.aborted; held = queue.held) {
      const { rings } = this.#released;
      await this.#pause(held, waits++, rings);
      const isDue = !ended.aborted && this.#released.rings === rings;
      if (isDue && (await this.#mayGo())) {
        queue.release();
        send();
      }
      if (this.#released.rings > rings) waits = 0;
    }
    this.#isWaiting = false;
  }

  /** Waits for the next attempt of the held commands, or until they are released. */
  async #pause({ retries }: PendingCommand, waits: number, rings: number): Promise<void> {
    const isSearch = retries?.refusal !== undefined && needsLeader(retries.refusal);
    // A search of long ago says nothing about the next one.
    const isLongAgo = performance.now() - this.#soughtMs > this.#searching.maxMs;
    const searches = isSearch && !isLongAgo ? this.#searches : 0;
    const failures = Math.max(waits, searches, (retries?.failures ?? 0) - 1);
    await firstOf(this.#options.ended, (over) => [
      backOff(failures, over, isSearch ? this.#searching : this.#options.retry),
      this.#released.rungAfter(rings, over),
    ]);
  }

  /** True if the held commands may be sent to the node in use. Searches for the leader if they need one. */
  async #mayGo(): Promise<boolean> {
    const { queue, ended, seek } = this.#options;
    const refusal = queue.held?.retries?.refusal;
    if (!refusal || !needsLeader(refusal)) return true;
    const leads = await seek(refusal);
    this.#soughtMs = performance.now();
    this.#searches = leads ? 0 : this.#searches + 1;
    return leads && !ended.aborted;
  }
}
