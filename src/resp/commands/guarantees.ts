/**
 * HEADWATER: the guarantees that Redis does not have, for any client. A token is the position of all that a connection
 * has seen. Given to another connection, at this node or at a follower, the token makes its reads see the same.
 */

import { DURABILITY_TIMEOUT_MS } from '../../base/limits.js';
import {
  checkDurability,
  countsFollowers,
  type DurabilityLevel,
  type DurabilityWanted,
} from '../../model/durability.js';
import { type FreshnessWanted, guaranteesOf } from '../../model/guarantees.js';
import { formatToken, parseToken } from '../../model/position.js';
import { integerBetween, textOf, wordOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { type HelpEntry, writeHelp } from '../replies/help.js';
import { Refusal, wrongArity } from '../replies/refusal.js';
import { positionSeen } from '../session/position-seen.js';
import type { SessionState } from '../session/session-state.js';

const HELP: readonly HelpEntry[] = [
  ['TOKEN', 'Returns the position of all that this connection has seen, as a token.'],
  [
    'ATLEAST <token> [<timeout>]',
    'The commands that follow wait until the node has all that the token stands for.',
    'After the timeout (milliseconds, 10000 by default and at most) the reply is an error.',
  ],
  [
    'MAXSTALENESS <milliseconds> [<timeout>]',
    'The reads that follow see all that the leader had so long ago, or wait as above.',
    '0 ends the bound.',
  ],
  [
    'DURABILITY APPENDED|SYNCED [<timeout>]',
    "The writes that follow are answered when they are in the leader's log, or on its disk.",
  ],
  [
    'DURABILITY FOLLOWERS|FOLLOWERS_SYNCED <count> [<timeout>]',
    'The writes that follow are answered when so many followers have them, in the log or on disk.',
    'After the timeout (milliseconds, 5000 by default) the reply is an error that begins with',
    'NOREPLICAS. The write stays.',
  ],
  ['RESET', 'Ends all of these for the commands that follow.'],
];

export const guaranteeCommands: CommandFamily = {
  'headwater|token': { run: async (session) => session.out.bulk(formatToken(await positionSeen(session))) },

  'headwater|atleast': {
    run: ({ out, state }, request) => {
      const atLeast = parseToken(textOf(request[2] as Buffer));
      setFreshness(state, { atLeast, withinMs: timeoutIn(request) });
      out.simple('OK');
    },
  },

  'headwater|maxstaleness': {
    run: ({ out, state }, request) => {
      setFreshness(state, { maxStalenessMs: natural(request[2]), withinMs: timeoutIn(request) });
      out.simple('OK');
    },
  },

  'headwater|durability': { run: setDurability },

  'headwater|reset': {
    run: ({ out, state }) => {
      state.guarantees = undefined;
      out.simple('OK');
    },
  },

  'headwater|help': { run: ({ out }) => writeHelp(out, 'HEADWATER', HELP) },
};

const NO_FRESHNESS: FreshnessWanted = { atLeast: undefined, maxStalenessMs: 0, withinMs: 0 };

/** @returns milliseconds. 0 for the longest wait of the node. */
function timeoutIn(request: Request): number {
  if (request.length > 4) throw new Refusal(wrongArity(`headwater|${wordOf(request[1])}`));
  return request[3] ? natural(request[3]) : 0;
}

function setFreshness(state: SessionState, wanted: Partial<FreshnessWanted>): void {
  const { durability, freshness = NO_FRESHNESS } = state.guarantees ?? {};
  state.guarantees = guaranteesOf(durability, { ...freshness, ...wanted });
}

function setDurability({ out, state }: CommandSession, request: Request): void {
  state.guarantees = guaranteesOf(durabilityIn(request), state.guarantees?.freshness ?? NO_FRESHNESS);
  out.simple('OK');
}

/** @throws Refusal, or HeadwaterError that names the expected and the received value. */
function durabilityIn(request: Request): DurabilityWanted {
  const level = wordOf(request[2]) as DurabilityLevel;
  const rest = request.slice(3);
  const followers = countsFollowers(level) ? rest.shift() : undefined;
  const timeout = rest.shift();
  if (rest.length > 0 || (countsFollowers(level) && !followers)) throw new Refusal(wrongArity('headwater|durability'));
  return checkDurability({
    level,
    followers: followers ? natural(followers) : 0,
    timeoutMs: timeout ? natural(timeout) : DURABILITY_TIMEOUT_MS,
  });
}

function natural(argument: Buffer | undefined): number {
  return integerBetween(argument, 0, Number.MAX_SAFE_INTEGER);
}
