/**
 * The later attempts of commands that a node has refused. Such a command has certainly not been done. The queue holds it
 * through a wait, or until a node leads, and at most for its own time. The waits get longer, and a part is random.
 */
import type { HeadwaterError } from '../base/errors.js';
import { backOff } from './back-off.js';
import type { RetrySettings } from './options.js';
import { needsLeader, type PendingCommand, retriesOf } from './pending-command.js';
import type { CommandQueue } from './queue.js';

/** Refusals of a node that cannot serve for the moment. */
const MOMENTARY: ReadonlySet<string> = new Set(['unavailable', 'shutting_down', 'store_latched']);

/** True if the node that refused a command may do it soon. */
export function isMomentary(refusal: HeadwaterError): boolean {
  // A node that names a cause has waited already (`NOT_FRESH`), or will not be able to soon.
  if (refusal.code === 'unavailable') return refusal.details.cause === undefined;
  return MOMENTARY.has(refusal.code);
}

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
  #isWaiting = false;
  #soughtMs = 0;

  constructor(options: RepetitionOptions) {
    this.#options = options;
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

  /** Looks for the leader while none is known, though no command is held for it. */
  seekNowAndThen(nowMs: number): void {
    const { retry, seek } = this.#options;
    if (this.#isWaiting || nowMs - this.#soughtMs < retry.maxMs) return;
    this.#soughtMs = nowMs;
    void seek();
  }

  #mayPass(refusal: HeadwaterError): boolean {
    return isMomentary(refusal) || (this.#options.redirect && needsLeader(refusal));
  }

  /** Ends when no command is held any more: they were sent, or their time is over. */
  async #wait(): Promise<void> {
    const { queue, retry, ended, seek, send } = this.#options;
    this.#isWaiting = true;
    for (let waits = 0; queue.held && !ended.aborted; waits++) {
      await backOff(Math.max(waits, failuresOf(queue.held) - 1), ended, retry);
      const refusal = queue.held?.retries?.refusal;
      if (refusal && needsLeader(refusal) && !(await seek(refusal))) continue;
      if (ended.aborted) break;
      queue.release();
      send();
    }
    this.#isWaiting = false;
  }
}

function failuresOf(pending: PendingCommand): number {
  return pending.retries?.failures ?? 0;
}
