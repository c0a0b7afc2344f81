/** Commands of the whole table with odd arguments. */
import { TABLE } from '../../../src/resp/table/table.js';
import type { Dice } from '../../support/dice.js';

/**
 * Commands that wait, that answer nothing or more than once, that end connections or the node, or that change its place
 * in the tree.
 */
const LEFT_OUT =
  /^(?:quit|shutdown|debug|monitor|replicaof|slaveof|failover|wait|waitaof|headwater|p?s?subscribe|p?s?unsubscribe|p?sync|replconf|client\|(?:reply|kill|pause))\b/;

const NUMBERS =
  '0|1|-1|2|10|01|+1| 1|1.5|-0|nan|inf|1e400|4096|65535|4294967295|9223372036854775807|-9223372036854775808|9223372036854775808|18446744073709551616|0x10|#1';
const OPTIONS = [
  'NX XX GT LT EX PX EXAT PXAT KEEPTTL GET PERSIST REPLACE DB TYPE string MATCH COUNT BIT BYTE AND NOT DIFF SET INCRBY',
  'OVERFLOW SAT u8 i64 u64 LEN IDX WITHMATCHLEN MINMATCHLEN SETNAME AUTH default ASYNC SAMPLES FILTERBY HELP',
].flatMap((line) => line.split(' '));
const ODD = ['', '\0', '\xff\xfe', 'a b', '*', '?[a-', '\r\n', '$3\r\n', '__proto__', 'constructor'];
const ARGUMENTS = ['a', 'b', 'c', 'd', 'e', ...ODD, ...NUMBERS.split('|'), ...OPTIONS].map((text) =>
  Buffer.from(text, 'latin1'),
);

const LARGE = Buffer.alloc(100_000, 'v');

const NAMES = [...TABLE.commands.values()]
  .flatMap(({ name, subcommands }) => [name, ...[...subcommands.values()].map((inner) => inner.name)])
  .filter((name) => !LEFT_OUT.test(name))
  .map((name) => name.split('|'));

/** The words of one random command. */
export function commandLine(dice: Dice): Buffer[] {
  const words: Buffer[] = dice.pick(NAMES).map((word) => Buffer.from(word));
  for (let left = dice.below(dice.below(4) > 0 ? 5 : 12); left > 0; left--)
    words.push(dice.below(200) === 0 ? LARGE : dice.pick(ARGUMENTS));
  return words;
}
