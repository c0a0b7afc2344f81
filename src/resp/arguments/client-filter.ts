/** The filters of CLIENT KILL and CLIENT LIST, out of the arguments. */

import { type ClientType, typeOf } from '../client-line.js';
import type { Client } from '../clients.js';
import type { Request } from '../codec/request-parser.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { integerIn, textOf, wordOf } from './arguments.js';

const MS_PER_SECOND = 1_000;

const TYPES: Readonly<Record<string, ClientType>> = {
  normal: 'normal',
  pubsub: 'pubsub',
  master: 'master',
  replica: 'replica',
  slave: 'replica',
};

/** Whether a client is meant. */
type Filter = (client: Client, nowMs: number) => boolean;

export interface KillFilter {
  readonly matches: Filter;
  /** True if the client that asks is spared. */
  readonly skipsAsker: boolean;
}

/** @throws Refusal if there is no such type. */
export function clientType(argument: Buffer): ClientType {
  const type = TYPES[wordOf(argument)];
  if (type === undefined) throw new Refusal(`ERR Unknown client type '${textOf(argument)}'`);
  return type;
}

/** Pairs of options and values, as CLIENT KILL has them from argument 2 on. A client is meant if all filters match. */
export function killFilter(request: Request, isUser: (name: string) => boolean): KillFilter {
  const filters: Filter[] = [];
  let skipsAsker = true;
  for (let at = 2; at < request.length; at += 2) {
    const [option, value] = [wordOf(request[at]), request[at + 1]];
    if (value === undefined) throw new Refusal(SYNTAX_ERROR);
    if (option === 'skipme') skipsAsker = yesOrNo(value);
    else filters.push(filterOf(option, value, isUser));
  }
  return { matches: (client, nowMs) => filters.every((matches) => matches(client, nowMs)), skipsAsker };
}

function filterOf(option: string, value: Buffer, isUser: (name: string) => boolean): Filter {
  switch (option) {
    case 'id': {
      const id = positive(value, 'client-id');
      return ({ state }) => BigInt(state.id) === id;
    }
    case 'addr':
      return ({ peer }) => peer === textOf(value);
    case 'laddr':
      return ({ figures }) => figures.local === textOf(value);
    case 'type': {
      const type = clientType(value);
      return (client) => typeOf(client) === type;
    }
    case 'user':
      if (!isUser(textOf(value))) throw new Refusal(`ERR No such user '${textOf(value)}'`);
      return ({ state }) => state.user.name === textOf(value);
    case 'maxage': {
      const seconds = positive(value, 'maxage', 'ERR maxage is not an integer or out of range');
      return ({ state }, nowMs) => nowMs - state.activity.createdMs >= Number(seconds) * MS_PER_SECOND;
    }
    default:
      throw new Refusal(SYNTAX_ERROR);
  }
}

function positive(value: Buffer, name: string, notAnInteger?: string): bigint {
  const number = integerIn(value);
  if (number === undefined && notAnInteger !== undefined) throw new Refusal(notAnInteger);
  if (number === undefined || number < 1n) throw new Refusal(`ERR ${name} should be greater than 0`);
  return number;
}

function yesOrNo(value: Buffer): boolean {
  const word = wordOf(value);
  if (word !== 'yes' && word !== 'no') throw new Refusal(SYNTAX_ERROR);
  return word === 'yes';
}
