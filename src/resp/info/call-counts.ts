/** Counts by command, for the section commandstats of INFO. */
import type { CommandCall, CommandTable } from '../table/command-table.js';

interface CallCount {
  /** Calls that ran, with those that were answered with an error. */
  calls: number;
  microseconds: number;
  /** Requests that were refused before the command ran. */
  rejected: number;
  /** Calls that were answered with an error. */
  failed: number;
}

/** A command, or its refusal, with the place where it is counted. */
export interface CountedCall extends Omit<CommandCall, 'entry'> {
  /** Undefined for a command that does not exist. The count stays the same over resets. */
  readonly count: CallCount | undefined;
  readonly isExec: boolean;
}

export class CallCounts {
  readonly #counts = new Map<string, CallCount>();
  /** Calls by the commands of the table. */
  readonly #calls = new Map<unknown, CountedCall>();

  /** @param command as the table has it, or one that is made for a request, or a refusal. */
  of(command: object | string, request: readonly Buffer[], table: CommandTable): CountedCall {
    const known = this.#calls.get(command);
    if (known) return known;
    const { entry, isCalled } = table.callOf(command, request);
    const call = { count: entry && this.#countOf(entry.name), isCalled, isExec: entry?.name === 'exec' };
    if (typeof command === 'object' && table.entryOf(command)) this.#calls.set(command, call);
    return call;
  }

  #countOf(name: string): CallCount {
    const known = this.#counts.get(name);
    if (known) return known;
    const count = { calls: 0, microseconds: 0, rejected: 0, failed: 0 };
    this.#counts.set(name, count);
    return count;
  }

  /** The commands that were called or asked for, by their names. */
  get named(): ReadonlyArray<readonly [name: string, count: Readonly<CallCount>]> {
    return [...this.#counts].filter(([, { calls, rejected, failed }]) => calls + rejected + failed > 0);
  }

  reset(): void {
    for (const count of this.#counts.values())
      Object.assign(count, { calls: 0, microseconds: 0, rejected: 0, failed: 0 });
  }
}
