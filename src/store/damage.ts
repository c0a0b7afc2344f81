/**
 * What the disk could not give to whoever works in the background. Opening anew
 * would not mend it, and the rest of the data is sound: so the work goes on as
 * far as it can, it is said once, and status tells it until it is read again.
 */
import { Bell } from '../base/bell.js';
import type { HeadwaterError } from '../base/errors.js';
import type { RepeatedLog } from '../base/repeated-log.js';

export class Damage {
  /** Rings when something is met that is new. */
  readonly noticed = new Bell();
  readonly #log: RepeatedLog;
  /** By what was hindered. */
  readonly #met = new Map<string, string>();

  constructor(log: RepeatedLog) {
    this.#log = log;
  }

  /** @param work what meets it. @param so what becomes of that, as a person is told. */
  met(work: string, so: string, { code, message }: HeadwaterError): void {
    const said = `${message}; ${so}`;
    if (this.#met.get(work) === said) return;
    this.#met.set(work, said);
    // One file or key is not another, though only their numbers differ.
    this.#log.error({ code, work }, said, said);
    this.noticed.ring();
  }

  /** That work met none this time. */
  passed(work: string): void {
    this.#met.delete(work);
  }

  /** Other data have taken the place of these. */
  forget(): void {
    this.#met.clear();
  }

  /** For status; empty where none was met. */
  get message(): string {
    return [...this.#met.values()].join('. ');
  }
}
