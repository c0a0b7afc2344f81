/**
 * The lines of the log for an auditor: one for every call that is refused, and for every call that administers the node.
 * A line names the user, the peer and the call, and never a secret or a value. A flood of refused calls must not fill the
 * disk, so the calls beyond a number of lines in a second are counted in one line.
 */
import type { Clock } from '../base/clock.js';
import { AUDIT_LINES_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';

/** A call, as an auditor knows it. */
export interface AuditedCall {
  readonly user: string;
  /** The address:port of the other side. */
  readonly peer: string;
  /** The path of the method, or the name of the command. */
  readonly call: string;
}

const SECOND_MS = 1_000;

export class Audit {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #lines = 0;
  #uncounted = 0;
  #isCounting = false;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = clock;
    this.#logger = logger;
  }

  refused({ user, peer, call }: AuditedCall, why: string): void {
    if (!this.#hasRoom()) return;
    this.#logger.warn({ audit: 'refused', user, peer, call }, `${call} of ${peer} was refused: ${why}`);
  }

  /** @param to the object of the call, if it has one worth a word. */
  administers({ user, peer, call }: AuditedCall, to = ''): void {
    if (!this.#hasRoom()) return;
    this.#logger.info({ audit: 'administers', user, peer, call }, `${user} at ${peer} calls ${call}${to && `: ${to}`}`);
  }

  #hasRoom(): boolean {
    if (!this.#isCounting) {
      this.#isCounting = true;
      this.#clock.after(SECOND_MS, () => this.#count());
    }
    if (this.#lines++ < AUDIT_LINES_MAX) return true;
    this.#uncounted++;
    return false;
  }

  #count(): void {
    this.#isCounting = false;
    this.#lines = 0;
    const calls = this.#uncounted;
    this.#uncounted = 0;
    if (calls > 0)
      this.#logger.warn({ audit: 'more', calls }, `${calls} more calls were refused or administered this node in 1 s`);
  }
}
