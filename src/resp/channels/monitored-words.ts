/** The requests of clients on their way to monitors. */
import type { Request } from '../codec/request-parser.js';
import type { CommandSession } from '../command.js';
import { commandOf } from '../table/table.js';
import { shownWords } from './shown-words.js';

/** Shows monitors the requests of a client that are not refused at once. */
export function showRequests(
  { node, state, door, peer }: Pick<CommandSession, 'node' | 'state' | 'door' | 'peer'>,
  requests: readonly Request[],
): void {
  const allowed = requests.filter((request) => typeof commandOf(request, state) === 'object');
  node.tap.saw({ peer }, shownWords(allowed, door.table));
}
