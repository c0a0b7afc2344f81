/**
 * Commands of Redis that Headwater does not have, with the way to the same end. The refusal begins with Redis's own
 * sentence, because clients look for it when they choose another command.
 */
import { unknownCommand } from '../replies/refusal.js';

interface Group {
  /** Matches names of Redis alone: the table has the commands that exist, so no pattern meets those. */
  readonly names: RegExp;
  readonly advice: string;
}

const GROUPS: readonly Group[] = [
  { names: /^h(?!ot)/, advice: 'Headwater has no hashes yet. Use a key for each field, such as user:1:name' },
  {
    names: /^(?:bl(?!ess)|br|l(?!olwut)|rp)/,
    advice: 'Headwater has no lists yet. Use a number from INCR and a key for each item, such as queue:17',
  },
  {
    names: /^s(?:add|card|diff|inter|ismem|mem|mismem|move|pop|rand|rem|scan|union)/,
    advice: 'Headwater has no sets yet. Use a key for each member, such as tags:1:red, and SCAN with MATCH',
  },
  { names: /^(?:b?z|geo)/, advice: 'Headwater has no sorted sets yet' },
  {
    names: /^x/,
    advice:
      'Headwater has no streams of Redis yet. Subscribers can read its durable messages later: "headwater publish --durable"',
  },
  { names: /^pf/, advice: 'Headwater has no HyperLogLog yet' },
  { names: /^(?:eval|fcall)/, advice: 'Headwater runs no scripts. Use WATCH, MULTI and EXEC instead' },
  { names: /^sort/, advice: 'Headwater has no lists or sets to sort yet' },
  {
    names: /^(?:dump|restore|migrate)/,
    advice: 'Use "headwater backup", or "headwater export" and "headwater import"',
  },
  { names: /^(?:move|swapdb)$/, advice: 'Headwater has one database. Begin the keys with a word of their own instead' },
  {
    names: /^(?:sync|psync|replconf)$/,
    advice: 'Nodes of Headwater replicate over gRPC. Send REPLICAOF to a node of Headwater instead',
  },
];

/**
 * The refusal of a command that does not exist.
 * @param name of a command of Redis, in lower case. Undefined if Redis has none of this name.
 */
export function absentCommand(request: readonly Buffer[], name: string | undefined): string {
  const group = name === undefined ? undefined : GROUPS.find(({ names }) => names.test(name));
  return unknownCommand(request) + (group?.advice ?? '');
}
