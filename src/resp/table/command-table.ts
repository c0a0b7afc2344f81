/**
 * The table of commands, as commands see it that look other commands up: COMMAND, CLIENT LIST, CLIENT PAUSE. table.ts
 * makes the table out of the families, so that no family imports the table.
 */

import type { CommandRule } from './command-rules.js';

/** The facts of a command. */
export interface CommandFacts {
  /** The number of arguments with the name, or as a negative number the least number. */
  readonly arity: number;
  readonly flags: readonly string[];
  /** The first key, the last one (counted from the end if it is negative), and the step between keys. 0 for none. */
  readonly keyStart: number;
  readonly keyStop: number;
  readonly step: number;
  readonly requestPolicy?: string;
  readonly responsePolicy?: string;
  readonly subcommands?: Readonly<Record<string, CommandFacts>>;
}

/** Tells whether a request of so many arguments, with the name, may be this command. */
export function hasArity({ arity }: CommandFacts, length: number): boolean {
  return arity < 0 ? length >= -arity : length === arity;
}

export interface CommandEntry {
  /** The name in lower case, of a subcommand with its command: `client|id`. */
  readonly name: string;
  readonly facts: CommandFacts;
  /** The users who may use the command. Nobody may if it is undefined. */
  readonly rule: CommandRule | undefined;
  /** Subcommands by their own names. Empty for a command without any. */
  readonly subcommands: ReadonlyMap<string, CommandEntry>;
}

/** A request, as the counts of its command see it. */
export interface CommandCall {
  /** Undefined if there is no such command. */
  readonly entry: CommandEntry | undefined;
  /** False for a request that is refused before its command runs, and for one that is queued between MULTI and EXEC. */
  readonly isCalled: boolean;
}

export interface CommandTable {
  /** All commands by name in lower case, without the subcommands. */
  readonly commands: ReadonlyMap<string, CommandEntry>;
  /** The entry of a command. Undefined for one that is made as an answer to a request, and has no name. */
  entryOf(command: object): CommandEntry | undefined;
  /** The command that a request calls, or asks for in vain. @param command that the session found for it, or a refusal. */
  callOf(command: object | string, request: readonly Buffer[]): CommandCall;
}
