/** BITFIELD and BITFIELD_RO: numbers of 1 to 64 bits anywhere in a string. */
import type { BitFieldPlace, BitFieldStep, BitOverflow, ReplyTo } from '../../model/operation.js';
import { int64, integerIn, wordOf } from '../arguments/arguments.js';
import { fieldOffset } from '../arguments/bit-offset.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily } from '../command.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { tooLongResult } from '../replies/too-long-result.js';

const NOT_A_TYPE = 'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.';
const NOT_AN_OVERFLOW = 'ERR Invalid OVERFLOW type specified';
const ONLY_READS = 'ERR BITFIELD_RO only supports the GET subcommand';

const SIGNED_BITS_MAX = 64n;
const UNSIGNED_BITS_MAX = 63n;

const OVERFLOWS: ReadonlyMap<string, BitOverflow> = new Map([
  ['wrap', 'wrap'],
  ['sat', 'saturate'],
  ['fail', 'fail'],
]);

export const bitFieldCommands: CommandFamily = {
  bitfield: { ask: (request) => bitField(request, stepsIn(request)) },

  bitfield_ro: {
    ask: (request) => {
      const steps = stepsIn(request);
      if (steps.some(({ action }) => action !== 'get')) throw new Refusal(ONLY_READS);
      return bitField(request, steps);
    },
  },
};

function bitField([, key]: Request, steps: readonly BitFieldStep[]): Asked {
  return asked({ kind: 'bitField', key: key as Buffer, steps }, writeFields, tooLongResult);
}

function writeFields(out: ReplyWriter, { values }: ReplyTo<'bitField'>): void {
  out.begin('array', values.length);
  for (const value of values) {
    if (value === undefined) out.null();
    else out.integer(value);
  }
}

/** An OVERFLOW counts for the steps behind it. @throws Refusal */
function stepsIn(request: Request): BitFieldStep[] {
  const steps: BitFieldStep[] = [];
  let overflow: BitOverflow = 'wrap';
  for (let i = 2; i < request.length; ) {
    const argumentsLeft = request.length - i - 1;
    const action = wordOf(request[i]);
    if (action === 'overflow' && argumentsLeft >= 1) {
      overflow = overflowOf(request[i + 1] as Buffer);
      i += 2;
    } else if (action === 'get' && argumentsLeft >= 2) {
      steps.push({ action, ...placeOf(request, i + 1) });
      i += 3;
    } else if ((action === 'set' || action === 'incrby') && argumentsLeft >= 3) {
      const place = placeOf(request, i + 1);
      const number = int64(request[i + 3]);
      if (action === 'set') steps.push({ action, ...place, value: number, overflow });
      else steps.push({ action: 'increment', ...place, by: number, overflow });
      i += 4;
    } else throw new Refusal(SYNTAX_ERROR);
  }
  return steps;
}

function overflowOf(argument: Buffer): BitOverflow {
  const overflow = OVERFLOWS.get(wordOf(argument));
  if (overflow === undefined) throw new Refusal(NOT_AN_OVERFLOW);
  return overflow;
}

/** The type of a field, such as i8 or u16, and behind it the offset. */
function placeOf(request: Request, at: number): BitFieldPlace {
  const type = request[at] as Buffer;
  const letter = String.fromCharCode(type[0] ?? 0);
  const signed = letter === 'i';
  const zero = type.indexOf(0);
  const count = integerIn(type.subarray(1, zero < 0 ? type.length : zero));
  if (!signed && letter !== 'u') throw new Refusal(NOT_A_TYPE);
  if (count === undefined || count < 1n || count > (signed ? SIGNED_BITS_MAX : UNSIGNED_BITS_MAX))
    throw new Refusal(NOT_A_TYPE);
  const bits = Number(count);
  return { signed, bits, offset: fieldOffset(request[at + 1] as Buffer, bits) };
}
