/** CLIENT: the connections of clients, looked at and changed. */
import { int64, textOf, wordOf } from '../arguments/arguments.js';
import { clientAttribute, clientName } from '../arguments/client-attribute.js';
import { clientType, killFilter } from '../arguments/client-filter.js';
import { clientLine, typeOf } from '../client-line.js';
import type { Client } from '../clients.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { refusing } from '../replies/answers.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { Refusal, SYNTAX_ERROR, wrongUse } from '../replies/refusal.js';
import { DEFAULT_USER } from '../session/session-user.js';

const NO_CACHING =
  'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
const NO_TRACKING =
  'ERR client-side caching over this protocol is not supported. To invalidate a cache, read the changes of a prefix with `headwater watch`, or with watch() of the TypeScript client';

export const clientCommands: CommandFamily = {
  'client|id': { run: ({ out, state }) => out.integer(state.id) },

  'client|getname': {
    run: ({ out, state }) => {
      if (state.names.client === '') out.null();
      else out.bulk(state.names.client);
    },
  },

  'client|setname': {
    run: ({ out, state }, request) => {
      state.names.client = clientName(request[2] as Buffer);
      out.simple('OK');
    },
  },

  'client|setinfo': { run: setInfo },

  'client|info': { run: (session) => session.out.verbatim(linesOf(session, [session])) },

  'client|list': { run: (session, request) => session.out.verbatim(linesOf(session, listed(session, request))) },

  'client|kill': { run: kill },

  'client|reply': { run: reply },

  'client|pause': { run: pause },

  'client|unpause': {
    run: ({ out, door }) => {
      door.clients.pause.end();
      out.simple('OK');
    },
  },

  'client|unblock': { run: unblock },

  'client|no-evict': {
    run: ({ out, state }, request) => {
      state.wishes.noEvict = onOrOff(request[2]);
      out.simple('OK');
    },
  },

  'client|no-touch': {
    run: ({ out, state }, request) => {
      state.wishes.noTouch = onOrOff(request[2]);
      out.simple('OK');
    },
  },

  'client|tracking': {
    run: ({ out }, request) => {
      if (onOrOff(request[2])) throw new Refusal(NO_TRACKING);
      if (request.length > 3) throw new Refusal(SYNTAX_ERROR);
      out.simple('OK');
    },
  },

  'client|caching': refusing(NO_CACHING),

  'client|getredir': { run: ({ out }) => out.integer(-1) },

  'client|trackinginfo': {
    run: ({ out }) => {
      out.begin('map', 3);
      out.bulk('flags');
      out.begin('set', 1);
      out.bulk('off');
      out.bulk('redirect');
      out.integer(-1);
      out.bulk('prefixes');
      out.begin('array', 0);
    },
  },

  'client|help': { run: ({ out }) => writeHelp(out, 'CLIENT', HELP) },
};

const HELP: readonly HelpEntry[] = [
  ['CACHING (YES|NO)', 'Refused: tracking is never on.'],
  ['GETNAME', 'Returns the name of this connection.'],
  ['GETREDIR', 'Returns -1, because tracking is never on.'],
  ['ID', 'Returns the number of this connection.'],
  ['INFO', 'Returns the line of CLIENT LIST for this connection.'],
  ['KILL <ip:port>', 'Closes the connection of the client with this address.'],
  [
    'KILL <option> <value> [<option> <value> [...]]',
    'Closes the connections that every option is true for. Returns their number.',
    '* ID <id>: the connection with this number.',
    '* ADDR <ip:port>, LADDR <ip:port>: connections from, or to, this address.',
    '* TYPE (NORMAL|MASTER|REPLICA|PUBSUB): connections of this type.',
    '* USER <name>: connections of this user.',
    '* MAXAGE <seconds>: connections that are at least this old.',
    '* SKIPME (YES|NO): spares this connection, or not (default: YES).',
  ],
  [
    'LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB)|ID <id> [<id> ...]]',
    'Returns one line for each connection of the Redis protocol.',
  ],
  ['NO-EVICT (ON|OFF)', 'Has no effect: no connection is closed to win memory for others.'],
  ['NO-TOUCH (ON|OFF)', 'Has no effect: reads never change a key.'],
  [
    'PAUSE <milliseconds> [WRITE|ALL]',
    'Holds back writes, or all commands (default), of all connections of the Redis protocol.',
  ],
  ['REPLY (ON|OFF|SKIP)', 'Turns replies on, off, or off for the next command.'],
  ['SETINFO <option> <value>', 'Notes the name (LIB-NAME) or the version (LIB-VER) of the client library.'],
  ['SETNAME <name>', 'Names this connection.'],
  ['TRACKING (ON|OFF)', 'OFF alone is accepted. Use `headwater watch` to invalidate a cache.'],
  ['TRACKINGINFO', 'Returns that tracking is off.'],
  ['UNBLOCK <id> [TIMEOUT|ERROR]', 'Ends the wait of the command that blocks a connection.'],
  ['UNPAUSE', 'Ends a pause.'],
];

function setInfo({ out, state }: CommandSession, request: Request): void {
  const [, , attribute, value] = request as [Buffer, Buffer, Buffer, Buffer];
  const shown = textOf(attribute);
  const field = ({ 'lib-name': 'library', 'lib-ver': 'libraryVersion' } as const)[wordOf(attribute)];
  if (field === undefined) throw new Refusal(`ERR Unrecognized option '${shown}'`);
  state.names[field] = clientAttribute(value, shown);
  out.simple('OK');
}

function linesOf({ door, node }: CommandSession, clients: readonly Client[]): string {
  const context = { ...door, nowMs: node.clock.wallMs() };
  return clients.map((client) => `${clientLine(client, context)}\n`).join('');
}

function listed({ door }: CommandSession, request: Request): Client[] {
  const { clients } = door;
  const [, , option, ...values] = request;
  if (option === undefined) return [...clients];
  const word = wordOf(option);
  if (word === 'type' && values.length === 1) {
    const type = clientType(values[0] as Buffer);
    return [...clients].filter((client) => typeOf(client) === type);
  }
  if (word !== 'id' || values.length === 0) throw new Refusal(SYNTAX_ERROR);
  const ids = values.map((value) => int64(value, 'ERR Invalid client ID'));
  return ids.flatMap((id) => clients.get(Number(id)) ?? []);
}

function kill(session: CommandSession, request: Request): void {
  const { clients } = session.door;
  const isUser = (name: string) => name === DEFAULT_USER || session.node.access.grantOf(name) !== undefined;
  const address = request.length === 3 ? textOf(request[2] as Buffer) : undefined;
  const { matches, skipsAsker } =
    address === undefined
      ? killFilter(request, isUser)
      : { matches: ({ peer }: Client) => peer === address, skipsAsker: false };
  const nowMs = session.node.clock.wallMs();
  const isAsker = ({ state }: Client) => state.id === session.state.id;
  const killed = [...clients].filter((client) => !(skipsAsker && isAsker(client)) && matches(client, nowMs));
  if (address === undefined) session.out.integer(killed.length);
  else if (killed.length === 0) throw new Refusal('ERR No such client');
  else session.out.simple('OK');
  for (const client of killed) {
    // The client that asks for its own end gets the reply first.
    if (isAsker(client)) session.close();
    else client.drop();
  }
}

function reply(session: CommandSession, request: Request): void {
  const { replies } = session.state;
  switch (wordOf(request[2])) {
    case 'on':
      replies.on();
      return session.out.simple('OK');
    case 'off':
      return replies.off();
    case 'skip':
      return replies.skip();
    default:
      throw new Refusal(SYNTAX_ERROR);
  }
}

function pause({ out, door }: CommandSession, request: Request): void {
  const kind = request[3] === undefined ? 'all' : wordOf(request[3]);
  if (request.length > 4) throw new Refusal(wrongUse('client', request[1] as Buffer));
  if (kind !== 'all' && kind !== 'write') throw new Refusal('ERR CLIENT PAUSE mode must be WRITE or ALL');
  const durationMs = int64(request[2], 'ERR timeout is not an integer or out of range');
  if (durationMs < 0n) throw new Refusal('ERR timeout is negative');
  door.clients.pause.begin(kind, Number(durationMs));
  out.simple('OK');
}

function unblock({ out, door }: CommandSession, request: Request): void {
  const reason = request[3] === undefined ? 'timeout' : wordOf(request[3]);
  if (request.length > 4) throw new Refusal(wrongUse('client', request[1] as Buffer));
  if (reason !== 'timeout' && reason !== 'error')
    throw new Refusal('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR');
  const client = door.clients.get(Number(int64(request[2])));
  out.integer(client?.state.blocking.unblock(reason) ? 1 : 0);
}

function onOrOff(argument: Buffer | undefined): boolean {
  const word = wordOf(argument);
  if (word !== 'on' && word !== 'off') throw new Refusal(SYNTAX_ERROR);
  return word === 'on';
}
