/**
 * Requests of HTTP. A web page can make a browser send them to a port of its own machine, with commands of Redis in the
 * body. So the node closes such a connection before the body is carried out, as Redis does.
 */

import type { Request } from '../codec/request-parser.js';
import type { SessionCommand } from '../command.js';

/** The words that Redis looks for: the method with a body, and the header that every request of a browser has. */
const WORDS: ReadonlySet<string> = new Set(['post', 'host:']);

const CLOSE: SessionCommand = {
  run: (session) => {
    session.door.log.warn(
      { client: session.peer },
      'a connection for Redis clients received a request of HTTP and was closed: a web page may have tried to send commands. Look for the program at the address of the client',
    );
    session.close();
  },
};

/** The end of the connection, undefined for a request that is none of HTTP. */
export function foreignProtocol(request: Request): SessionCommand | undefined {
  const name = request[0] as Buffer;
  return name.length <= 5 && WORDS.has(name.toString('latin1').toLowerCase()) ? CLOSE : undefined;
}
