/**
 * Data on disk that background work could not read. To reopen the store would not mend the disk, and the rest of the
 * data is sound. So the work continues as far as it can. The damage is logged once, and status reports it until the
 * work can read the data again.
 */
import { Bell } from '../base/bell.js';
import type { HeadwaterError } from '../base/errors.js';
import type { RepeatedLog } from '../base/repeated-log.js';

export class DamageNotes {
  /** Rings when new damage is met. */
  readonly noticed = new Bell();
  readonly #log: RepeatedLog;
  /** The messages by the work that met the damage. */
  readonly #met = new Map<string, string>();
  #mayStandIn = false;

  constructor(log: RepeatedLog) {
    this.#log = log;
  }

  /**
   * Notes damage.
   * @param work the work that met the damage. @param so the consequence, in words for people.
   */
  met(work: string, so: string, { code, message }: HeadwaterError): void {
    const said = `${message}; ${so}`;
    if (this.#met.get(work) === said) return;
    this.#met.set(work, said);
    // The whole message is the key of the repeated line: two files or keys differ even if only their numbers do.
    this.#log.error({ code, work }, said, said);
    this.noticed.ring();
  }

  /** Notes that the work met no damage this time. */
  passed(work: string): void {
    this.#met.delete(work);
  }

  /** Whether a person has permitted a copy from the upstream in place of data that cannot be opened. */
  get mayStandIn(): boolean {
    return this.#mayStandIn;
  }

  /** Permits a copy from the upstream in place of data that cannot be opened, from the next attempt on. */
  permitStandIn(): void {
    this.#mayStandIn = true;
  }

  /** Forgets all damage: other data have taken the place of these. */
  forget(): void {
    this.#met.clear();
    this.#mayStandIn = false;
  }

  /** The damage in words, for status; empty if there is none. */
  get message(): string {
    return [...this.#met.values()].join('. ');
  }
}
