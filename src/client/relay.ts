/**
 * Passes the operations of other clients on to the leader: a follower that forwards writes has one. The relay is a
 * session like that of any client. The session follows the leader, keeps the order, and never sends a write again whose
 * outcome is unknown.
 */
import type { DialSettings } from '../access/dial.js';
import { Bell } from '../base/bell.js';
import { HeadwaterError } from '../base/errors.js';
import { RELAY_LINES_MAX, RELAY_TIMEOUT_MS } from '../base/limits.js';
import { countsFollowers, type DurabilityWanted } from '../model/durability.js';
import type { Operation, Reply } from '../model/operation.js';
import type { Position } from '../model/position.js';
import { isWrite } from '../model/write-kinds.js';
import { NewestPosition } from './newest-position.js';
import { type CallOptions, settingsOf } from './options.js';
import { GivenSeeds } from './seeds.js';
import { Session } from './session.js';

interface Line {
  /** The upstream of this node when the line was opened. */
  readonly upstream: string;
  readonly session: Session;
}

export class Relay {
  readonly #upstream: () => string;
  readonly #dial: DialSettings;
  /** By the user whose operations they are. The one that was used longest ago is the first. */
  readonly #lines = new Map<string, Line>();
  #bytes = 0;
  readonly #answered = new Bell();

  readonly #needsUser: () => boolean;

  /**
   * @param upstream the host:port of the upstream of this node, through which the leader is found.
   * @param needsUser whether operations without a user and its secret are refused. The leader would take them for those
   *   of this node, whose certificate it sees.
   */
  constructor(upstream: () => string, dial: DialSettings, needsUser: () => boolean) {
    this.#upstream = upstream;
    this.#needsUser = needsUser;
    this.#dial = dial;
  }

  /** Bytes of operations that are not answered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves when `bytes` are at most that many, or `signal` aborts. */
  async whenBelow(bytes: number, signal: AbortSignal): Promise<void> {
    while (this.#bytes > bytes && !signal.aborted) await this.#answered.rungAfter(this.#answered.rings, signal);
  }

  /**
   * Asks the leader, in the order of the calls of each user. A refusal is a reply.
   * @param durability that writes need before they are answered.
   * @param authorization the user and its secret. The leader decides about the operations by them.
   * @returns the replies in order, and a position at or after all that they have seen, if the leader has sent one.
   */
  async ask(
    operations: readonly Operation[],
    bytes: number,
    durability: DurabilityWanted | undefined,
    authorization: string | undefined,
  ): Promise<{ replies: Reply[]; position: Position | undefined }> {
    if (authorization === undefined && this.#needsUser()) {
      const error = withoutSecret(this.#upstream());
      return { replies: operations.map(() => ({ kind: 'error', error })), position: undefined };
    }
    const { session } = this.#open(authorization);
    this.#bytes += bytes;
    try {
      const replies = await Promise.all(operations.map((operation) => askOne(session, operation, durability)));
      return { replies, position: session.position };
    } finally {
      this.#bytes -= bytes;
      this.#answered.ring();
    }
  }

  /** Ends. Operations that are not answered then get an error as their reply. */
  async close(): Promise<void> {
    await Promise.all([...this.#lines.values()].map(({ session }) => session.close()));
  }

  #open(authorization: string | undefined): Line {
    const upstream = this.#upstream();
    const user = authorization ?? '';
    const before = this.#lines.get(user);
    this.#lines.delete(user);
    // Operations that are on their way are answered first.
    if (before?.upstream !== upstream) void before?.session.close();
    const line = before?.upstream === upstream ? before : this.#newLine(upstream, authorization);
    this.#lines.set(user, line);
    const [oldest] = this.#lines;
    if (this.#lines.size > RELAY_LINES_MAX && oldest) {
      this.#lines.delete(oldest[0]);
      void oldest[1].session.close();
    }
    return line;
  }

  #newLine(upstream: string, authorization: string | undefined): Line {
    const dial = { tls: this.#dial.tls, authorization: () => authorization };
    const settings = { ...settingsOf({ timeoutMs: RELAY_TIMEOUT_MS }), dial };
    return { upstream, session: new Session(new GivenSeeds([upstream]), settings, { seen: new NewestPosition() }) };
  }
}

function withoutSecret(upstream: string): HeadwaterError {
  return new HeadwaterError(
    'permission_denied',
    `this follower forwards writes for users with a secret alone: expected a client that has signed in with one, received one without. Sign in with a secret, or write at the leader, which is above ${upstream}`,
  );
}

async function askOne(
  session: Session,
  operation: Operation,
  durability: DurabilityWanted | undefined,
): Promise<Reply> {
  const writes = isWrite(operation);
  const options = writes && durability ? optionsOf(durability) : undefined;
  try {
    return await session.ask(operation, writes, (reply: Reply) => reply, options);
  } catch (failure) {
    return { kind: 'error', error: HeadwaterError.from(failure) };
  }
}

/** The time of the call is that of the durability, and the time of any write. */
function optionsOf({ level, followers, timeoutMs }: DurabilityWanted): CallOptions {
  const durability = { level, timeoutMs, ...(countsFollowers(level) && { followers }) };
  return { durability, timeoutMs: timeoutMs + RELAY_TIMEOUT_MS };
}
