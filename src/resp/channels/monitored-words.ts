/** Requests as monitors show them: without commands of operators, as in Redis, and without secrets. */
import { AskedWords } from '../../pipeline/monitors.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandSession } from '../command.js';
import type { CommandFacts, CommandTable } from '../table/command-table.js';
import { commandOf } from '../table/table.js';

const REDACTED = Buffer.from('(redacted)');

/** Shows monitors the requests of a client that are not refused at once. */
export function showRequests(
  { node, state, door, peer }: Pick<CommandSession, 'node' | 'state' | 'door' | 'peer'>,
  requests: readonly Request[],
): void {
  const allowed = requests.filter((request) => typeof commandOf(request, state) === 'object');
  node.tap.saw({ peer }, shownWords(allowed, door.table));
}

function shownWords(requests: readonly Request[], { commands }: CommandTable): AskedWords[] {
  const shown: AskedWords[] = [];
  for (const request of requests) {
    const outer = commands.get(textOf(request[0]));
    const entry = outer?.subcommands.get(textOf(request[1])) ?? outer;
    if (!entry || entry.facts.flags.includes('admin') || entry.facts.flags.includes('skip_monitor')) continue;
    shown.push(new AskedWords(withoutSecrets(entry.name, request), keysOf(entry.facts, request.length)));
  }
  return shown;
}

function withoutSecrets(name: string, request: Request): Request {
  if (name === 'auth') return request.map((word, i) => (i === 0 ? word : REDACTED));
  // A client may write the options of HELLO in any order, and wrongly.
  return name === 'hello' ? request.map((word, i) => (i < 2 ? word : REDACTED)) : request;
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
