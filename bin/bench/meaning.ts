/** The meaning of an answer during a benchmark: where a write was when it was answered, and what could still take it. */

import { lookup } from 'node:dns/promises';
import os from 'node:os';
import { hostOf, isLoopbackIp } from '../../src/base/address.js';
import { plural } from '../figures.js';
import type { Status } from '../status.js';
import type { Plan } from './plan.js';

const SYNCED: Readonly<Record<string, string>> = {
  always: 'The log was synced to the disk before each answer (--fsync always).',
  everysec: 'The log is synced once a second (--fsync everysec): a power cut of the machine can take the last second.',
  never:
    'The node never syncs the log (--fsync never): a power cut of the machine can take what the system had not written.',
};

/** Sentences about the writes of a plan, at a node of this status. */
export function meaningOf({ write }: Plan, status: Status): string[] {
  const { fsync, followers } = status;
  const asked = typeof write.durability === 'string' ? { level: write.durability } : write.durability;
  const { level = 'appended', followers: count = 0 } = (asked ?? {}) as { level?: string; followers?: number };
  const lines = [`An OK to a write meant ${level}: ${WHERE[level] ?? 'the durability that was asked for'}.`];
  if (count > 0) lines[0] = `${lines[0]?.slice(0, -1)} (here: ${plural(count, 'follower')}).`;
  if (level !== 'synced' && SYNCED[fsync]) lines.push(SYNCED[fsync]);
  const streaming = followers.filter(({ state, via }) => via === '' && state === 'streaming').length;
  lines.push(
    level.startsWith('followers')
      ? `${plural(streaming, 'follower')} followed the node at the end.`
      : `No answer waited for a follower; ${plural(streaming, 'follower')} followed the node.`,
  );
  return lines;
}

const WHERE: Readonly<Record<string, string>> = {
  appended: 'the write was in the log of the node, and a kill of its process takes nothing',
  synced: 'the write was synced to the disk of the node',
  followers: 'the write was in the log of the node, and in the logs of its followers',
  followers_synced: 'the write was on the disks of its followers, and on the disk of the node unless it never syncs',
};

/** Whether the address is one of this machine. Unknown names count as others. */
export async function isThisMachine(address: string): Promise<boolean> {
  // A resolver takes an IPv6 address without its brackets.
  const host = hostOf(address).replace(/^\[|\]$/g, '');
  const found = await lookup(host, { all: true }).catch(() => []);
  const own = Object.values(os.networkInterfaces()).flatMap((all) => (all ?? []).map((one) => one.address));
  return found.some((one) => own.includes(one.address) || isLoopbackIp(one.address));
}
