/**
 * The limits of the user of a Redis connection: its place among the connections of the user, and the commands that are
 * refused while the user has used up a limit. The session asks `look` once for all commands that it sends together, so
 * that a user without limits costs nothing for each command.
 */
import { ADMIN, DATA, PUBLISH } from '../../access/roles.js';
import type { Usage } from '../../access/usage.js';
import type { HeadwaterError } from '../../base/errors.js';
import type { CommandEntry } from '../table/command-table.js';
import type { Intake } from './intake.js';

export class SessionLimits {
  /** Undefined for nobody, who has no limits. */
  #usage: Usage | undefined;
  /** True if the connection has a place among those of the user. */
  #hasPlace = false;
  /** The refusal of a user of a certificate that has too many connections, until another user signs in. */
  #withoutPlace: string | undefined;
  /** The sentence for commands that a limit refuses now. Undefined if none does. */
  #sentence: string | undefined;

  /**
   * Takes another user, and gives up the place of the one before.
   * @param hasPlace whether the connection has a place with the new user already.
   */
  take(usage: Usage | undefined, hasPlace: boolean): void {
    this.leave();
    this.#usage = usage;
    const refusal = hasPlace ? undefined : usage?.connect();
    this.#hasPlace = refusal === undefined;
    this.#withoutPlace = refusal && sentenceOfLimit(refusal);
  }

  /** Gives up the place, at the end of the connection. */
  leave(): void {
    if (this.#hasPlace) this.#usage?.disconnect();
    this.#hasPlace = false;
    this.#withoutPlace = undefined;
    this.#usage = undefined;
  }

  /** Looks at the limits, for the commands that are sent or run together next. */
  look(): void {
    const refusal = this.#usage?.isMetered ? this.#usage.refusal() : undefined;
    this.#sentence = this.#withoutPlace ?? (refusal && sentenceOfLimit(refusal));
  }

  /** Counts the commands from a place on, which are sent or run, unless a limit refuses them. */
  count(intake: Pick<Intake, 'place' | 'bytesSince'>, from: number): void {
    if (this.#usage?.isMetered && this.#sentence === undefined)
      this.#usage.spend(intake.place - from, intake.bytesSince(from));
  }

  /** @returns the sentence of the refusal if a limit does not allow the command now. */
  refusalOf({ rule }: CommandEntry): string | undefined {
    if (this.#sentence === undefined || !rule?.rule) return undefined;
    const { all } = rule.rule;
    // EXEC is not counted, so that a transaction that has begun is carried out. Administration has no limit.
    const isCounted = (all & ADMIN) === 0 && (all & (DATA | PUBLISH)) !== 0;
    return isCounted || this.#withoutPlace !== undefined ? this.#sentence : undefined;
  }
}

/** OOM, the word for a node without memory, would make clients give up. Redis has no word for limits of users. */
function sentenceOfLimit({ message }: HeadwaterError): string {
  return `ERR ${message}`;
}
