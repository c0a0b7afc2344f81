/** Commands about the connection itself: its protocol, its user, its database and its end. */
import { checkDatabase, int64, wordOf } from '../arguments/arguments.js';
import { clientName } from '../arguments/client-attribute.js';
import type { RespVersion } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { REDIS_VERSION } from '../redis-version.js';
import { Refusal, SYNTAX_ERROR, wrongArity } from '../replies/refusal.js';

/** The one user that exists. No password is asked for, so every password is right. */
const USER = 'default';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
const NO_PASSWORD =
  'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?';

export const connectionCommands: CommandFamily = {
  ping: {
    run: ({ out, state }, request) => {
      if (request.length > 2) throw new Refusal(wrongArity('ping'));
      const message = request[1];
      if (state.listener?.isSubscribed && out.version === 2) {
        out.begin('array', 2);
        out.bulk('pong');
        out.bulk(message ?? '');
      } else if (message) out.bulk(message);
      else out.simple('PONG');
    },
  },

  echo: { run: ({ out }, request) => out.bulk(request[1] as Buffer) },

  quit: {
    run: (session) => {
      session.out.simple('OK');
      session.close();
    },
  },

  reset: {
    run: (session) => {
      session.state.reset();
      session.speak(2);
      session.out.simple('RESET');
    },
  },

  hello: { run: hello },

  auth: {
    run: ({ out }, request) => {
      if (request.length > 3) throw new Refusal(SYNTAX_ERROR);
      if (request.length === 2) throw new Refusal(NO_PASSWORD);
      checkUser(request[1] as Buffer);
      out.simple('OK');
    },
  },

  select: {
    run: ({ out }, request) => {
      checkDatabase(request[1]);
      out.simple('OK');
    },
  },
};

function checkUser(name: Buffer): void {
  if (name.toString('latin1') !== USER) throw new Refusal(WRONG_PASSWORD);
}

function hello(session: CommandSession, request: Request): void {
  const version = request[1] && versionOf(request[1]);
  const name = helloOptions(request);
  if (name !== undefined) session.state.names.client = name;
  if (version) session.speak(version);
  welcome(session);
}

function versionOf(argument: Buffer): RespVersion {
  const version = int64(argument, 'ERR Protocol version is not an integer or out of range');
  if (version === 2n || version === 3n) return Number(version) as RespVersion;
  throw new Refusal('NOPROTO unsupported protocol version');
}

/** @returns the name in SETNAME. */
function helloOptions(request: Request): string | undefined {
  let name: string | undefined;
  let user: Buffer | undefined;
  for (let at = 2; at < request.length; ) {
    const option = wordOf(request[at]);
    const [first, second] = request.slice(at + 1);
    if (option === 'auth' && first && second) {
      user = first;
      at += 3;
    } else if (option === 'setname' && first) {
      name = clientName(first);
      at += 2;
    } else {
      throw new Refusal(`ERR Syntax error in HELLO option '${(request[at] as Buffer).toString('latin1')}'`);
    }
  }
  if (user) checkUser(user);
  return name;
}

function welcome({ out, state, node }: CommandSession): void {
  const isLeader = node.roles.role === 'leader';
  out.begin('map', 7);
  const facts = { server: 'redis', version: REDIS_VERSION, proto: out.version, id: state.id, mode: 'standalone' };
  for (const [name, value] of Object.entries({ ...facts, role: isLeader ? 'master' : 'replica' })) {
    out.bulk(name);
    if (typeof value === 'number') out.integer(value);
    else out.bulk(value);
  }
  out.bulk('modules');
  out.begin('array', 0);
}
