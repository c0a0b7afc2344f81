/** The reply to HELP of a command with subcommands. */
import type { ReplyWriter } from '../codec/reply-writer.js';

/** A subcommand as it is typed, and the lines that explain it. */
export type HelpEntry = readonly [usage: string, ...lines: string[]];

/** Writes one line for each usage, and the explanation below it. @param name of the command in capitals. */
export function writeHelp(out: ReplyWriter, name: string, entries: readonly HelpEntry[]): void {
  const lines = [`${name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`];
  for (const [usage, ...explanation] of [...entries, ['HELP', 'Prints this help.'] as const]) {
    lines.push(usage, ...explanation.map((line) => `    ${line}`));
  }
  out.begin('array', lines.length);
  for (const line of lines) out.simple(line);
}
