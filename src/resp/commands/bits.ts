/** Commands on the bits of a string: SETBIT, GETBIT, BITCOUNT, BITPOS, BITOP. */
import type { Bit, BitOperator, BitPositionOperation, BitUnit, ReplyTo } from '../../model/operation.js';
import { int64, wordOf } from '../arguments/arguments.js';
import { bitOffset } from '../arguments/bit-offset.js';
import { positionOf, rangeOf } from '../arguments/ranges.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily } from '../command.js';
import { writeLength } from '../replies/answers.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { tooLongResult } from '../replies/too-long-result.js';

const NOT_A_BIT = 'ERR bit is not an integer or out of range';
const NOT_A_BIT_TO_FIND = 'ERR The bit argument must be 1 or 0.';
const NOT_WITH_MANY = 'ERR BITOP NOT must be called with a single source key.';

const OPERATORS: readonly BitOperator[] = ['and', 'or', 'xor', 'not'];

export const bitCommands: CommandFamily = {
  setbit: { ask: setBit },

  getbit: {
    ask: ([, key, offset]) => asked({ kind: 'getBit', key: key as Buffer, offset: bitOffset(offset) }, writeBit),
  },

  bitcount: { ask: bitCount },
  bitpos: { ask: bitPosition },
  bitop: { ask: bitOperation },
};

function writeBit(out: ReplyWriter, { bit }: ReplyTo<'getBit' | 'setBit'>): void {
  out.integer(bit);
}

function setBit([, key, place, value]: Request): Asked {
  const offset = bitOffset(place);
  const bit = int64(value, NOT_A_BIT);
  if (bit !== 0n && bit !== 1n) throw new Refusal(NOT_A_BIT);
  return asked({ kind: 'setBit', key: key as Buffer, offset, bit: Number(bit) as Bit }, writeBit, tooLongResult);
}

function bitCount(request: Request): Asked {
  const key = request[1] as Buffer;
  const write = (out: ReplyWriter, { bits }: ReplyTo<'bitCount'>) => out.integer(bits);
  if (request.length === 2) return asked({ kind: 'bitCount', key }, write);
  if (request.length !== 4 && request.length !== 5) throw new Refusal(SYNTAX_ERROR);
  const range = { ...rangeOf(request[2], request[3]), unit: unitOf(request[4]) };
  return asked({ kind: 'bitCount', key, range }, write);
}

/** @throws Refusal if the argument is there and no unit. */
function unitOf(argument: Buffer | undefined): BitUnit | undefined {
  if (argument === undefined) return undefined;
  const unit = wordOf(argument);
  if (unit === 'bit' || unit === 'byte') return unit;
  throw new Refusal(SYNTAX_ERROR);
}

function bitPosition(request: Request): Asked {
  return asked(bitPositionIn(request), (out, { position }) => out.integer(position ?? -1));
}

/** The order of the checks is Redis's. */
function bitPositionIn(request: Request): BitPositionOperation {
  const key = request[1] as Buffer;
  const bit = int64(request[2]);
  if (bit !== 0n && bit !== 1n) throw new Refusal(NOT_A_BIT_TO_FIND);
  if (request.length > 6) throw new Refusal(SYNTAX_ERROR);
  const start = request[3] && positionOf(int64(request[3]));
  const unit = unitOf(request[5]);
  const end = request[4] && positionOf(int64(request[4]));
  return { kind: 'bitPosition', key, bit: Number(bit) as Bit, start, end, unit };
}

function bitOperation(request: Request): Asked {
  const word = wordOf(request[1]);
  const operator = OPERATORS.find((one) => one === word);
  if (operator === undefined) throw new Refusal(SYNTAX_ERROR);
  const keys = request.slice(3);
  if (operator === 'not' && keys.length !== 1) throw new Refusal(NOT_WITH_MANY);
  return asked({ kind: 'bitOperation', operator, key: request[2] as Buffer, keys }, writeLength);
}
