/**
 * WAIT and WAITAOF: the followers that have the writes of this client, in their logs or on their disks. Every follower
 * counts whose history is this node's, those of followers too.
 */
import { eitherAborts } from '../../base/abort.js';
import type { DurabilityReached } from '../../base/error-details.js';
import { HeadwaterError } from '../../base/errors.js';
import { DURABILITY_TIMEOUT_MS_MAX } from '../../base/limits.js';
import type { DurabilityWanted } from '../../model/durability.js';
import type { Position } from '../../model/position.js';
import { int64, integerBetween } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { CommandFamily, CommandSession } from '../command.js';
import { Refusal } from '../replies/refusal.js';
import { positionSeen } from '../session/position-seen.js';

const WAIT_ON_FOLLOWER =
  'ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.';
const WAITAOF_ON_FOLLOWER =
  'ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.';
const UNBLOCKED = 'UNBLOCKED client unblocked via CLIENT UNBLOCK';
const ROLE_CHANGED = 'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)';

type Goal = Pick<DurabilityWanted, 'level' | 'followers'>;

/** A wish that is met at once, to learn how safe a write is. */
const NOW: DurabilityWanted = { level: 'appended', followers: 0, timeoutMs: 1 };

export const waitCommands: CommandFamily = {
  wait: { run: wait },
  waitaof: { run: waitForDisks },
};

async function wait(session: CommandSession, request: Request): Promise<void> {
  if (session.node.roles.role === 'follower') throw new Refusal(WAIT_ON_FOLLOWER);
  const followers = Number(int64(request[1]));
  const timeoutMs = timeoutIn(request[2]);
  const { followersAppended } = await reach(session, [{ level: 'followers', followers }], timeoutMs);
  session.out.integer(followersAppended);
}

async function waitForDisks(session: CommandSession, request: Request): Promise<void> {
  const local = integerBetween(request[1], 0, 1);
  const followers = int64(request[2]);
  if (followers < 0n) throw new Refusal('ERR value is out of range, must be positive');
  const timeoutMs = timeoutIn(request[3]);
  if (session.node.roles.role === 'follower') throw new Refusal(WAITAOF_ON_FOLLOWER);
  const goals: Goal[] = [{ level: 'followers_synced', followers: Number(followers) }];
  if (local === 1) goals.unshift({ level: 'synced', followers: 0 });
  const { synced, followersSynced } = await reach(session, goals, timeoutMs);
  session.out.begin('array', 2);
  session.out.integer(synced ? 1 : 0);
  session.out.integer(followersSynced);
}

/** @returns milliseconds. Undefined for 0, which has no end. */
function timeoutIn(argument: Buffer | undefined): number | undefined {
  const timeoutMs = int64(argument, 'ERR timeout is not an integer or out of range');
  if (timeoutMs < 0n) throw new Refusal('ERR timeout is negative');
  return timeoutMs === 0n ? undefined : Number(timeoutMs);
}

/** Resolves with the safety of the client's newest write, when all goals are reached or the time is over. */
async function reach(
  session: CommandSession,
  goals: readonly Goal[],
  timeoutMs: number | undefined,
): Promise<DurabilityReached> {
  const { node, state, signal } = session;
  const { durability } = node.guarantees;
  const isEnough = (reached: DurabilityReached) =>
    state.transaction.isExecuting || goals.every((goal) => isReached(goal, reached));
  const nothing = ofNothing(durability.followers);
  if (!state.written && isEnough(nothing)) return nothing;
  const position = state.written ?? (await positionSeen(session));
  const now = await durability.reach(position, NOW, signal);
  if (isEnough(now)) return now;
  await block(session, position, goals, timeoutMs);
  return durability.reach(position, NOW, signal);
}

/** The safety of a client that has written nothing: every follower has that. */
function ofNothing(followers: number): DurabilityReached {
  return { reached: true, synced: true, followersAppended: followers, followersSynced: followers, unsyncedHere: false };
}

function isReached({ level, followers }: Goal, reached: DurabilityReached): boolean {
  if (level === 'synced') return reached.synced;
  return (level === 'followers' ? reached.followersAppended : reached.followersSynced) >= followers;
}

/** Waits for the goals, until CLIENT UNBLOCK or the time ends the wait. */
async function block(
  session: CommandSession,
  position: Position,
  goals: readonly Goal[],
  timeoutMs: number | undefined,
): Promise<void> {
  const { node, state } = session;
  const unblocking = new AbortController();
  let unblocked: 'timeout' | 'error' | undefined;
  state.blocking.begin((reason) => {
    unblocked = reason;
    unblocking.abort();
  });
  const endMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : node.clock.monotonicMs() + timeoutMs;
  const signal = eitherAborts(session.signal, unblocking.signal);
  try {
    for (const goal of goals) await reachBefore(endMs, session, { position, goal, signal });
  } catch (failure) {
    if (unblocked === undefined) throw lostLead(session, failure);
    if (unblocked === 'error') throw new Refusal(UNBLOCKED);
  } finally {
    state.blocking.end();
    // Removes the listener on the signal of the session.
    unblocking.abort();
  }
}

interface Wait {
  readonly position: Position;
  readonly goal: Goal;
  readonly signal: AbortSignal;
}

/** Repeats waits, since one of them has a bound. */
async function reachBefore(endMs: number, { node }: CommandSession, { position, goal, signal }: Wait): Promise<void> {
  const { clock, guarantees } = node;
  for (;;) {
    const beginMs = clock.monotonicMs();
    if (endMs <= beginMs) return;
    const timeoutMs = Math.ceil(Math.min(endMs - beginMs, DURABILITY_TIMEOUT_MS_MAX));
    const { reached } = await guarantees.durability.reach(position, { ...goal, timeoutMs }, signal);
    // A node that stops waits for no more followers than it knows, so it answers early.
    if (reached || clock.monotonicMs() - beginMs < timeoutMs / 2) return;
  }
}

/** As in Redis, the connection of a client that waits is closed if the node stops leading. */
function lostLead(session: CommandSession, failure: unknown): unknown {
  if (!HeadwaterError.is(failure, 'outcome_unknown')) return failure;
  session.close();
  return new Refusal(ROLE_CHANGED);
}
