/**
 * The user of a Redis connection: who it is, what it may do, and the end of that. A connection begins as the user of its
 * certificate, or as nobody, and AUTH or HELLO sign another user in.
 */
import { authorizationOf, type Credentials } from '../../access/credentials.js';
import type { Grant } from '../../access/grant.js';
import { ADMIN, ANY_USER, EVERYTHING } from '../../access/roles.js';
import type { Usage } from '../../access/usage.js';
import { HeadwaterError } from '../../base/errors.js';
import { REVOKED_MS_MAX } from '../../base/limits.js';
import { textOf } from '../arguments/arguments.js';
import type { Request } from '../codec/request-parser.js';
import type { DoorAccess } from '../redis-node.js';
import { Refusal, sentenceOf } from '../replies/refusal.js';
import type { CommandEntry } from '../table/command-table.js';
import { SessionLimits } from './session-limits.js';

/** The name that a connection without a user has, as in Redis. */
export const DEFAULT_USER = 'default';

/** The beginning of a name that the audit shows. */
const COMMAND_BYTES_MAX = 64;

/** The sentence of Redis. */
const NO_AUTH = 'NOAUTH Authentication required.';

const SET_USER = 'acl|setuser';
/** The commands whose lines of the audit name users. */
const CHANGES_OF_USERS: ReadonlySet<string> = new Set([SET_USER, 'acl|deluser']);

/** The connection, as its user ends it. */
export interface SignedConnection {
  readonly peer: string;
  /** The names in the certificate of the client. */
  readonly names: readonly string[];
  /** True while the node sends messages that answer no request. */
  isListening(): boolean;
  /** Ends the subscriptions and the monitor. */
  stopListening(): void;
  /** Answers the requests that have begun, and closes. */
  close(): void;
  drop(): void;
  /** Counts what the node sends for the limits of this user. Undefined for nobody. */
  countFor(usage: Usage | undefined): void;
  /** Notes that the connection need not sign in any more. */
  signedIn(): void;
}

export class SessionUser {
  readonly limits = new SessionLimits();
  readonly #access: DoorAccess;
  readonly #connection: SignedConnection;
  #grant: Grant;
  #forget = () => {};
  /** True once the connection is closed. */
  #hasLeft = false;
  /** The credentials as gRPC carries them, for writes that go to the leader. */
  #authorization: string | undefined;

  constructor(access: DoorAccess, connection: SignedConnection) {
    this.#access = access;
    this.#connection = connection;
    this.#grant = this.#first;
    this.limits.take(this.#grant.usage, false);
    this.#watch();
  }

  get name(): string {
    return this.#grant.user?.name ?? DEFAULT_USER;
  }

  get grant(): Grant {
    return this.#grant;
  }

  /** True while the connection has to sign in first. */
  get isNobody(): boolean {
    return this.#access.isNobody(this.#grant);
  }

  /** True if commands have to be looked at. */
  get isLimited(): boolean {
    return this.#grant.bits !== EVERYTHING;
  }

  /** The everyday answer, which costs next to nothing: true if the user may use the command, whatever its arguments are. */
  mayUse({ rule }: CommandEntry): boolean {
    const { bits } = this.#grant;
    const enough = rule?.enough;
    return enough !== undefined && bits !== 0 && (bits & enough) === enough;
  }

  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** Returns to the user of a new connection. */
  reset(): void {
    this.#authorization = undefined;
    this.#take(this.#first);
  }

  /** @throws HeadwaterError `unauthenticated` or `overloaded`. The connection keeps its user then. */
  async signIn(credentials: Credentials): Promise<void> {
    const grant = await this.#access
      .authenticate(credentials, this.#connection.peer)
      .catch((failure: HeadwaterError) => {
        this.refused(failure.message, 'auth');
        throw failure;
      });
    if (this.#hasLeft) return;
    const refusal = grant === this.#grant ? undefined : grant.usage?.connect();
    if (refusal) {
      this.refused(refusal.message, 'auth');
      throw refusal;
    }
    this.#authorization = authorizationOf(credentials);
    if (grant === this.#grant) return;
    this.#take(grant, true);
  }

  /** @returns the sentence of the refusal, if the user may not use the command. */
  refusalOf({ name, rule }: CommandEntry, request: Request): string | undefined {
    if (rule && rule.rule === undefined) return undefined;
    // A node that waits for its users gets them, or none, at some time.
    if (this.isNobody && this.#grant !== this.#access.anonymous) this.reset();
    const refusal = rule
      ? this.#access.refusalOf(this.#grant, rule.rule ?? ANY_USER, name)
      : this.#grant.denied(`${name}: no role allows this command`);
    if (this.isNobody) return NO_AUTH;
    if (refusal) return sentenceOf(refusal);
    try {
      const denied = rule?.refusalOf?.(this.#grant, request);
      return denied && sentenceOf(denied);
    } catch (failure) {
      // The arguments are wrong for every user.
      if (failure instanceof Refusal) return failure.message;
      if (HeadwaterError.is(failure)) return sentenceOf(failure);
      throw failure;
    }
  }

  /** Notes the refusal of a request for the audit, if the user is the reason. @param sentence of the refusal. */
  refusedBy(sentence: string, request: Request): void {
    if (!/^NO(AUTH|PERM) /.test(sentence)) return;
    this.refused(sentence, (request[0] as Buffer).toString('latin1', 0, COMMAND_BYTES_MAX).toLowerCase());
  }

  /** Notes a command that was refused, for the audit. */
  refused(why: string, command: string): void {
    const { peer } = this.#connection;
    this.#access.audit.refused({ user: this.#grant.name, peer, call: command }, why);
  }

  /** Notes that a command is carried out, for the audit if it administers the node. */
  runs(entry: CommandEntry | undefined, request: Request | undefined): void {
    if (!entry || ((entry.rule?.rule?.all ?? 0) & ADMIN) === 0) return;
    const names = CHANGES_OF_USERS.has(entry.name)
      ? request?.slice(2, entry.name === SET_USER ? 3 : undefined)
      : undefined;
    if (!names && !this.#access.inForce) return;
    const call = { user: this.#grant.name, peer: this.#connection.peer, call: entry.name };
    this.#access.audit.administers(call, names?.map((name) => JSON.stringify(textOf(name))).join(' '));
  }

  /** Ends the watch over the user, with the connection. */
  leave(): void {
    this.#hasLeft = true;
    this.#forget();
    this.limits.leave();
  }

  /** The user of a new connection. */
  get #first(): Grant {
    return this.#access.identify(this.#connection.names) ?? this.#access.anonymous;
  }

  /** @param hasPlace whether a place among the connections of the user is taken already. */
  #take(grant: Grant, hasPlace = false): void {
    // Messages that answer no request were allowed to the user before.
    if (grant !== this.#grant) this.#connection.stopListening();
    this.#forget();
    this.#grant = grant;
    this.limits.take(grant.usage, hasPlace);
    this.#watch();
  }

  #watch(): void {
    this.#forget = this.#grant.onEnd(() => this.#ended());
    this.#connection.countFor(this.#grant.usage);
    if (!this.isNobody) this.#connection.signedIn();
  }

  #ended(): void {
    const connection = this.#connection;
    if (this.#grant.user === undefined) {
      // The connection was nobody's, and goes on as one that has to sign in, or that need not any more.
      this.reset();
      if (this.isNobody && connection.isListening()) connection.drop();
      return;
    }
    connection.close();
    setTimeout(() => connection.drop(), REVOKED_MS_MAX).unref();
  }
}
