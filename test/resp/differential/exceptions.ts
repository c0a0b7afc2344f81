/**
 * The differences between Headwater and Redis 7.0 that are meant. All other replies must be the same bytes.
 *
 * Three more differences never come up, since the commands leave them out:
 * - A value has at most 16 MiB here, and 512 MiB in Redis.
 * - A moment beyond 2^53 ms is refused here. Redis goes on to 2^63.
 * - A place `#n` of a field whose bit has a number beyond 2^63 is refused here. In Redis the number overflows.
 */

export interface Exception {
  readonly reason: string;
  readonly allows: (command: readonly string[], ours: string, theirs: string) => boolean;
}

const CLOCK_TOLERANCE_MS = 60_000;

export const EXCEPTIONS: readonly Exception[] = [
  {
    reason: 'KEYS and SCAN give the keys in their order, which Redis does not keep',
    allows: ([name = ''], ours, theirs) => {
      const [left, right] = [textsIn(ours), textsIn(theirs)];
      return ['KEYS', 'SCAN'].includes(name.toUpperCase()) && left.length > 0 && left.join('\n') === right.join('\n');
    },
  },
  {
    reason: 'a cursor that no SCAN has given stands for another place in Redis',
    allows: ([name = '', cursor = ''], ours, theirs) =>
      name.toUpperCase() === 'SCAN' &&
      /^[+-]?\d*[1-9]\d*$/.test(cursor) &&
      ours.startsWith('*2\r\n') &&
      theirs.startsWith('*2\r\n'),
  },
  {
    reason: 'TTL and PTTL count from now, which is not the same moment for both servers',
    allows: ([name = ''], ours, theirs) => {
      const tolerance = { TTL: CLOCK_TOLERANCE_MS / 1_000, PTTL: CLOCK_TOLERANCE_MS }[name.toUpperCase()];
      const [left, right] = [integerIn(ours), integerIn(theirs)];
      return tolerance !== undefined && left > 0 && right > 0 && Math.abs(left - right) <= tolerance;
    },
  },
  {
    reason: 'BITCOUNT and BITPOS refuse wrong arguments always, as Redis does from version 7.2 on',
    allows: ([name = ''], ours, theirs) =>
      ['BITCOUNT', 'BITPOS'].includes(name.toUpperCase()) &&
      (ours === '-ERR syntax error\r\n' || ours === '-ERR value is not an integer or out of range\r\n') &&
      (theirs === ':0\r\n' || theirs === ':-1\r\n'),
  },
  {
    reason: 'LCS does not compare values that would hold up the node',
    allows: ([name = ''], ours) =>
      name.toUpperCase() === 'LCS' && ours.startsWith('-ERR longestCommonSubsequence: expected a product'),
  },
];

/** The bulk strings of a reply, in order. */
function textsIn(reply: string): string[] {
  const texts: string[] = [];
  for (let at = 0; at < reply.length; ) {
    const end = reply.indexOf('\r\n', at);
    const type = reply[at];
    const length = Number(reply.slice(at + 1, end));
    at = end + 2;
    if (type !== '$') continue;
    texts.push(reply.slice(at, at + length));
    at += length + 2;
  }
  return texts.sort();
}

function integerIn(reply: string): number {
  return reply.startsWith(':') ? Number(reply.slice(1, -2)) : Number.NaN;
}

/** Tells whether the difference is meant. */
export function isMeant(command: readonly string[], ours: string, theirs: string): boolean {
  return EXCEPTIONS.some(({ allows }) => allows(command, ours, theirs));
}
