/** Notes on commands for COMMAND DOCS, which redis-cli shows while a person types. */

/**
 * The version of Redis that had the command first, its arguments and one sentence. command-syntax.ts reads the arguments:
 * `[...]` may be left out, `a|b` is a choice, `...` may be repeated, words in capitals are typed as they are, and
 * `name:type` has a type.
 */
export type Note = readonly [since: string, syntax: string, summary: string];

export type Notes = Readonly<Record<string, Note>>;
