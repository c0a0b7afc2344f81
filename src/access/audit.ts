/**
 * The lines of the log for an auditor: one for every call that is refused, and for every call that administers the node.
 * A line names the user, the peer and the call, and never a secret or a value. A flood of calls must not fill the disk,
 * so the calls beyond a number of lines in a second are counted in one line. Refusals and administration are counted
 * apart: strangers can cause refusals, and must not drown the rest.
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
/** The beginning of a list of names that a line shows. */
const OBJECT_CHARACTERS_MAX = 512;

export class Audit {
  readonly #logger: Logger;
  readonly #refusals: Lines;
  readonly #administration: Lines;

  constructor({ clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    const more = (text: string) => (calls: number) =>
      logger.warn({ audit: 'more', calls }, `${calls} more calls ${text} in 1 s`);
    this.#logger = logger;
    this.#refusals = new Lines(clock, more('were refused'));
    this.#administration = new Lines(clock, more('administered this node'));
  }

  refused({ user, peer, call }: AuditedCall, why: string): void {
    if (!this.#refusals.hasRoom()) return;
    this.#logger.warn({ audit: 'refused', user, peer, call }, `${call} of ${peer} was refused: ${why}`);
  }

  /** @param object the users that the call changes, if it changes any. */
  administers({ user, peer, call }: AuditedCall, object = ''): void {
    if (!this.#administration.hasRoom()) return;
    const shown = object.slice(0, OBJECT_CHARACTERS_MAX);
    const fields = { audit: 'administers', user, peer, call, ...(shown && { object: shown }) };
    this.#logger.info(fields, `${user} at ${peer} calls ${call}${shown && ` ${shown}`}`);
  }
}

/** The lines of one kind within a second. */
class Lines {
  readonly #clock: Clock;
  readonly #more: (calls: number) => void;
  #count = 0;
  #isCounting = false;

  /** @param more runs at the end of a second with the number of calls that have no line. */
  constructor(clock: Clock, more: (calls: number) => void) {
    this.#clock = clock;
    this.#more = more;
  }

  hasRoom(): boolean {
    if (!this.#isCounting) {
      this.#isCounting = true;
      this.#clock.after(SECOND_MS, () => this.#end());
    }
    return this.#count++ < AUDIT_LINES_MAX;
  }

  #end(): void {
    const more = this.#count - AUDIT_LINES_MAX;
    this.#isCounting = false;
    this.#count = 0;
    if (more > 0) this.#more(more);
  }
}
