/** The options of SCAN: for the command, and for the rule that says which keys a user may scan. */
import type { Request } from '../codec/request-parser.js';
import { Refusal, SYNTAX_ERROR } from '../replies/refusal.js';
import { int64, wordOf } from './arguments.js';

const ALL_KEYS: Buffer = Buffer.from('*');
const COUNT_DEFAULT = 10;

export interface ScanOptions {
  pattern: Buffer;
  count: number;
  type: string | undefined;
}

/** @throws Refusal. An option that is given twice counts the last time, as in Redis. */
export function scanOptions(request: Request): ScanOptions {
  const options: ScanOptions = { pattern: ALL_KEYS, count: COUNT_DEFAULT, type: undefined };
  for (let at = 2; at < request.length; at += 2) {
    const value = request[at + 1];
    const option = wordOf(request[at]);
    if (value === undefined) throw new Refusal(SYNTAX_ERROR);
    if (option === 'count') {
      const count = int64(value);
      if (count < 1n) throw new Refusal(SYNTAX_ERROR);
      options.count = Math.min(Number(count), Number.MAX_SAFE_INTEGER - 1);
    } else if (option === 'match') options.pattern = value;
    else if (option === 'type') options.type = wordOf(value);
    else throw new Refusal(SYNTAX_ERROR);
  }
  return options;
}
