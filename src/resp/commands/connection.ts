/** Commands about the connection itself: its protocol, its user, its database and its end. */
import { HeadwaterError } from '../../base/errors.js';
import { checkDatabase, int64, wordOf } from '../arguments/arguments.js';
import { clientName } from '../arguments/client-attribute.js';
import type { RespVersion } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { REDIS_VERSION } from '../redis-version.js';
import { orBusy, Refusal, SYNTAX_ERROR, wrongArity } from '../replies/refusal.js';
import { DEFAULT_USER } from '../session/session-user.js';

const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.';
/** The sentence of Redis. */
const HELLO_WITHOUT_AUTH = [
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass>',
  'option can be used to authenticate the client and select the RESP protocol version at the same time',
].join(' ');

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
    run: (session, request) => {
      if (request.length > 3) throw new Refusal(SYNTAX_ERROR);
      if (request.length === 2 && !session.node.access.inForce) throw new Refusal(NO_PASSWORD);
      const [user, secret] = request.length === 2 ? [DEFAULT_NAME, request[1]] : request.slice(1);
      return whenSignedIn(session, user as Buffer, secret as Buffer, () => session.out.simple('OK'));
    },
  },

  select: {
    run: ({ out }, request) => {
      checkDatabase(request[1]);
      out.simple('OK');
    },
  },
};

const DEFAULT_NAME = Buffer.from(DEFAULT_USER);

/**
 * Signs a user in. While no users are in force, everybody is the user `default`, whose every password is right.
 * @throws Refusal if the secret is wrong. The connection keeps its user then.
 */
function whenSignedIn(session: CommandSession, user: Buffer, secret: Buffer, done: () => void): void | Promise<void> {
  const { access } = session.node;
  const credentials = { user: user.toString(), secret: secret.toString() };
  const isKnown = access.grantOf(credentials.user) !== undefined;
  if (!access.inForce && !isKnown) {
    if (credentials.user !== DEFAULT_USER) throw new Refusal(WRONG_PASSWORD);
    return done();
  }
  return session.state.user.signIn(credentials).then(done, (failure: unknown) => {
    throw HeadwaterError.is(failure, 'unauthenticated') ? new Refusal(WRONG_PASSWORD) : orBusy(failure);
  });
}

function hello(session: CommandSession, request: Request): void | Promise<void> {
  const version = request[1] && versionOf(request[1]);
  const { name, user, secret } = helloOptions(request);
  const greet = () => {
    if (name !== undefined) session.state.names.client = name;
    if (version) session.speak(version);
    welcome(session);
  };
  if (user && secret) return whenSignedIn(session, user, secret, greet);
  if (session.state.user.isNobody) throw new Refusal(HELLO_WITHOUT_AUTH);
  greet();
}

function versionOf(argument: Buffer): RespVersion {
  const version = int64(argument, 'ERR Protocol version is not an integer or out of range');
  if (version === 2n || version === 3n) return Number(version) as RespVersion;
  throw new Refusal('NOPROTO unsupported protocol version');
}

interface HelloOptions {
  /** The name in SETNAME. */
  readonly name: string | undefined;
  readonly user: Buffer | undefined;
  readonly secret: Buffer | undefined;
}

function helloOptions(request: Request): HelloOptions {
  let name: string | undefined;
  let user: Buffer | undefined;
  let secret: Buffer | undefined;
  for (let at = 2; at < request.length; ) {
    const option = wordOf(request[at]);
    const [first, second] = request.slice(at + 1);
    if (option === 'auth' && first && second) {
      [user, secret] = [first, second];
      at += 3;
    } else if (option === 'setname' && first) {
      name = clientName(first);
      at += 2;
    } else {
      throw new Refusal(`ERR Syntax error in HELLO option '${(request[at] as Buffer).toString('latin1')}'`);
    }
  }
  return { name, user, secret };
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
