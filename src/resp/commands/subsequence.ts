/** LCS: the longest common subsequence of two strings. */
import type { ReplyTo, SubsequenceMatch } from '../../model/operation.js';
import { int64, wordOf } from '../arguments/arguments.js';
import { positionOf } from '../arguments/ranges.js';
import type { ReplyWriter } from '../codec/reply-writer.js';
import type { Request } from '../codec/request-parser.js';
import { type Asked, asked, type CommandFamily } from '../command.js';
import { writeLength, writeValue } from '../replies/answers.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';

const NOT_STRINGS = 'ERR The specified keys must contain string values';
const BOTH_FORMS = 'ERR If you want both the length and indexes, please just use IDX.';

interface Options {
  readonly form: 'text' | 'length' | 'matches';
  readonly minMatchLength: number;
  readonly hasLengths: boolean;
}

export const subsequenceCommands: CommandFamily = { lcs: { ask: longestCommonSubsequence } };

function longestCommonSubsequence(request: Request): Asked {
  const { form, minMatchLength, hasLengths } = optionsIn(request);
  const [, key, otherKey] = request as [Buffer, Buffer, Buffer];
  const write = (out: ReplyWriter, reply: ReplyTo<'longestCommonSubsequence'>) => {
    if (form === 'text') writeValue(out, reply);
    else if (form === 'length') writeLength(out, reply);
    else writeMatches(out, reply, hasLengths);
  };
  const operation = { kind: 'longestCommonSubsequence', key, otherKey, result: form, minMatchLength } as const;
  return asked(operation, write, ({ code }) => (code === 'wrong_type' ? NOT_STRINGS : undefined));
}

function optionsIn(request: Request): Options {
  const found = new Set<string>();
  let minMatchLength = 0n;
  for (let i = 3; i < request.length; i++) {
    const option = wordOf(request[i]);
    if (option === 'minmatchlen' && i + 1 < request.length) minMatchLength = int64(request[++i]);
    else if (option === 'idx' || option === 'len' || option === 'withmatchlen') found.add(option);
    else throw new Refusal(SYNTAX_ERROR);
  }
  if (found.has('idx') && found.has('len')) throw new Refusal(BOTH_FORMS);
  return {
    form: found.has('idx') ? 'matches' : found.has('len') ? 'length' : 'text',
    minMatchLength: Math.max(0, positionOf(minMatchLength)),
    hasLengths: found.has('withmatchlen'),
  };
}

function writeMatches(
  out: ReplyWriter,
  { length, matches }: ReplyTo<'longestCommonSubsequence'>,
  hasLengths: boolean,
): void {
  out.begin('map', 2);
  out.bulk('matches');
  out.begin('array', matches.length);
  for (const match of matches) writeMatch(out, match, hasLengths);
  out.bulk('len');
  out.integer(length);
}

function writeMatch(out: ReplyWriter, { range, otherRange }: SubsequenceMatch, hasLengths: boolean): void {
  out.begin('array', hasLengths ? 3 : 2);
  for (const { start, end } of [range, otherRange]) {
    out.begin('array', 2);
    out.integer(start);
    out.integer(end);
  }
  if (hasLengths) out.integer(range.end - range.start + 1);
}
