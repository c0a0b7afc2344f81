/**
 * Requests as monitors and the slow log show them, without secrets. A monitor leaves the commands of operators out, as in
 * Redis. The slow log shows their names alone.
 */
import { AskedWords } from '../../pipeline/monitors.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandEntry, CommandFacts, CommandTable } from '../table/command-table.js';

/** Commands of which the first two words alone are shown. */
const HIDDEN_BEHIND_SECOND: ReadonlySet<string> = new Set(['hello', 'command|getkeys', 'command|getkeysandflags']);

const REDACTED = Buffer.from('(redacted)');

/** A request as the slow log shows it. Undefined for one that names no command. */
export function requestWithoutSecrets(request: Request, { commands }: CommandTable): AskedWords | undefined {
  const entry = entryOf(request, commands);
  if (!entry) return undefined;
  if (!isHidden(entry)) return new AskedWords(withoutSecrets(entry.name, request), []);
  const names = entry.name.split('|').length;
  return new AskedWords(
    request.map((word, i) => (i < names ? word : REDACTED)),
    [],
  );
}

function entryOf(request: Request, commands: CommandTable['commands']): CommandEntry | undefined {
  const outer = commands.get(textOf(request[0]));
  return outer?.subcommands.get(textOf(request[1])) ?? outer;
}

function isHidden({ facts: { flags } }: CommandEntry): boolean {
  return flags.includes('admin') || flags.includes('skip_monitor');
}

/** Requests as monitors show them. */
export function shownWords(requests: readonly Request[], { commands }: CommandTable): AskedWords[] {
  const shown: AskedWords[] = [];
  for (const request of requests) {
    const entry = entryOf(request, commands);
    if (!entry || isHidden(entry)) continue;
    shown.push(new AskedWords(withoutSecrets(entry.name, request), keysOf(entry.facts, request.length)));
  }
  return shown;
}

function withoutSecrets(name: string, request: Request): Request {
  if (name === 'auth') return request.map((word, i) => (i === 0 ? word : REDACTED));
  // A client may write the options of HELLO in any order, and wrongly. Any command may follow COMMAND GETKEYS.
  return HIDDEN_BEHIND_SECOND.has(name) ? request.map((word, i) => (i < 2 ? word : REDACTED)) : request;
}

/** The indexes of the words that are keys. */
function keysOf({ keyStart, keyStop, step }: CommandFacts, length: number): number[] {
  if (keyStart === 0 || step === 0) return [];
  const stop = keyStop < 0 ? length + keyStop : keyStop;
  const keys: number[] = [];
  for (let at = keyStart; at <= Math.min(stop, length - 1); at += step) keys.push(at);
  return keys;
}

function textOf(word: Buffer | undefined): string {
  return word?.toString('latin1').toLowerCase() ?? '';
}
