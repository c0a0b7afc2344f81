/** Commands of the whole table with odd arguments. */
import { TABLE } from '../../../src/resp/table/table.js';

/**
 * Commands that wait, that answer nothing or more than once, that end connections or the node, or that change its place
 * in the tree.
 */
const LEFT_OUT =
  /^(?:quit|shutdown|debug|monitor|replicaof|slaveof|failover|wait|waitaof|headwater|p?s?subscribe|p?s?unsubscribe|p?sync|replconf|client\|(?:reply|kill|pause))\b/;

const ARGUMENTS = [
  'a',
  'b',
  'c',
  'd',
  'e',
  '',
  '\0',
  '\xff\xfe',
  'a b',
  '*',
  '?[a-',
  '\r\n',
  '$3\r\n',
  '__proto__',
  'constructor',
  '0',
  '1',
  '-1',
  '2',
  '10',
  '01',
  '+1',
  ' 1',
  '1.5',
  '-0',
  'nan',
  'inf',
  '1e400',
  '4096',
  '65535',
  '4294967295',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551616',
  '0x10',

  'NX',
  'XX',
  'GT',
  'LT',
  'EX',
  'PX',
  'EXAT',
  'PXAT',
  'KEEPTTL',
  'GET',
  'PERSIST',
  'REPLACE',
  'DB',
  'TYPE',
  'string',

  'MATCH',
  'COUNT',
  'BIT',
  'BYTE',
  'AND',
  'NOT',
  'DIFF',
  'SET',
  'INCRBY',
  'OVERFLOW',
  'SAT',
  'u8',
  'i64',
  'u64',
  '#1',

  'LEN',
  'IDX',
  'WITHMATCHLEN',
  'MINMATCHLEN',
  'SETNAME',
  'AUTH',
  'default',
  'ASYNC',
  'SAMPLES',
  'FILTERBY',
  'HELP',
].map((text) => Buffer.from(text, 'latin1'));

const LARGE = Buffer.alloc(100_000, 'v');

const NAMES = [...TABLE.commands.values()]
  .flatMap(({ name, subcommands }) => [name, ...[...subcommands.values()].map((inner) => inner.name)])
  .filter((name) => !LEFT_OUT.test(name))
  .map((name) => name.split('|'));

/** The words of one command, chosen by `random`. */
export function commandLine(random: () => number): Buffer[] {
  const below = (limit: number) => Math.floor(random() * limit);
  const words: Buffer[] = (NAMES[below(NAMES.length)] as string[]).map((word) => Buffer.from(word));
  for (let left = below(below(4) > 0 ? 5 : 12); left > 0; left--)
    words.push(below(200) === 0 ? LARGE : (ARGUMENTS[below(ARGUMENTS.length)] as Buffer));
  return words;
}
