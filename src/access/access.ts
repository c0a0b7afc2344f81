/**
 * The one place that decides who may do what: both protocols and the HTTP port ask it. The users are records of the node itself
 * (store/reserved-records.ts), so every node of a tree decides alike. A decision is made when a connection, a stream or
 * a call begins. The decision is a grant, and the grant ends with the user.
 *
 * Users are in force once one of them has the role admin. Until then everybody may do everything. So users can be made,
 * and followers be given theirs, before anything is refused.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import { SECRET_CHARACTERS_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { CERTIFICATE_USER, type UserLimits, type UserList } from '../model/user.js';
import { Audit } from './audit.js';
import type { Credentials } from './credentials.js';
import { Grant } from './grant.js';
import { ADMIN, bitsOf, REPLICATE, type Rule } from './roles.js';
import { SecretHasher } from './secret.js';
import { sourceOf } from './source.js';
import { LimitCounts, NO_LIMITS, Usage } from './usage.js';
import { decodeUser, haveSameRights, shownUser, type UserRecord, userNameOf } from './user-record.js';

/** The values of the records of the node itself, by their names. */
export type Records = ReadonlyMap<string, Buffer>;

export interface AccessOptions {
  readonly records: {
    readonly all: Records;
    onChange(listener: () => void): void;
  };
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Whether the node is to get its users from another one and has none yet. Nobody may do anything then. Never if
   * undefined.
   */
  readonly awaitsUsers?: () => boolean;
}

interface Account {
  readonly record: UserRecord;
  readonly grant: Grant;
  readonly usage: Usage;
  /** The record as it stands in the log. */
  readonly bytes: Buffer;
  /** The keyed hash of the secret, once a caller has shown it. */
  proof: Buffer | undefined;
}

const WRONG = 'the user is not known, or the secret is wrong';

export class Access {
  readonly audit: Audit;
  readonly hasher = new SecretHasher();
  /** The requests and connections that the limits of users have refused. */
  readonly refusedByLimits = new LimitCounts();
  readonly #options: AccessOptions;
  #accounts = new Map<string, Account>();
  #defaults = NO_LIMITS;
  #inForce = false;
  #everybody = Grant.everything();
  #nobody = Grant.nothing();
  /** Hashes under it are worth nothing outside this process. */
  readonly #key = randomBytes(32);

  constructor(options: AccessOptions) {
    this.#options = options;
    this.audit = new Audit(options);
    this.#take();
    options.records.onChange(() => this.#take());
  }

  /** Whether one of the users has the role admin, so that callers without a user are refused. */
  get inForce(): boolean {
    return this.#inForce;
  }

  /** Whether a caller has to name a user first. */
  get needsUser(): boolean {
    return this.anonymous === this.#nobody;
  }

  /** The users, in the order of their names. */
  get list(): UserList {
    const users = [...this.#accounts.values()].map(({ record }) => shownUser(record));
    return { users: users.toSorted((a, b) => (a.name < b.name ? -1 : 1)), inForce: this.#inForce };
  }

  /** Takes the limits of users that have none of their own. They hold at once. */
  limit(defaults: UserLimits): void {
    this.#defaults = defaults;
    for (const account of this.#accounts.values()) this.#bound(account);
  }

  /** The rights of a user, as if it had signed in. */
  grantOf(name: string): Grant | undefined {
    return this.#accounts.get(name)?.grant;
  }

  // ---- callers ------------------------------------------------------------------

  /** The grant of a caller that has named no user. */
  get anonymous(): Grant {
    return this.#inForce || this.#options.awaitsUsers?.() ? this.#nobody : this.#everybody;
  }

  /** The grant of a caller whose certificate has these names. Undefined if none of them is a user. */
  identify(names: readonly string[]): Grant | undefined {
    for (const name of names) {
      const account = this.#accounts.get(`${CERTIFICATE_USER}${name}`);
      if (account) return account.grant;
    }
    return undefined;
  }

  /** The grant of a user that has shown its secret to this process before. Takes some microseconds. */
  recall({ user, secret }: Credentials): Grant | undefined {
    const account = this.#accounts.get(user);
    if (!account?.proof || !timingSafeEqual(account.proof, this.#proofOf(secret))) return undefined;
    return account.grant;
  }

  /**
   * @param peer the address:port of the caller.
   * @throws HeadwaterError `unauthenticated`, or `overloaded` if too many secrets wait to be checked.
   */
  async authenticate(credentials: Credentials, peer = ''): Promise<Grant> {
    const known = this.recall(credentials);
    if (known) return known;
    const { user, secret } = credentials;
    const account = this.#accounts.get(user);
    // Callers may be given their users before the users are there.
    if (!account && this.anonymous === this.#everybody) return this.#everybody;
    const isRight =
      secret.length <= SECRET_CHARACTERS_MAX &&
      (await this.hasher.matches(secret, account?.record.secret, { address: sourceOf(peer), user }));
    if (!account || !isRight) throw wrongSecret();
    account.proof = this.#proofOf(secret);
    if (account.grant.ended) throw account.grant.ended;
    return account.grant;
  }

  /** @returns why a caller may not call this. Undefined if it may. */
  refusalOf(grant: Grant, rule: Rule, what: string): HeadwaterError | undefined {
    if (grant.ended) return grant.ended;
    if (grant === this.#nobody) return this.unauthenticated(what);
    return grant.refusalOf(rule, what);
  }

  /** True for the grant of a caller that has to name a user first. */
  isNobody(grant: Grant): boolean {
    return grant === this.#nobody;
  }

  /** The refusal of a caller that has named no user. */
  unauthenticated(what: string): HeadwaterError {
    const why = this.#inForce
      ? 'expected a user and its secret, received none'
      : 'this node has not received the users from its upstream yet. Try again later';
    return new HeadwaterError('unauthenticated', `${what}: ${why}`);
  }

  #proofOf(secret: string): Buffer {
    return createHmac('sha256', this.#key).update(secret).digest();
  }

  // ---- the users ----------------------------------------------------------------

  /** Takes the users as they are now. The grant of a user that has changed ends. */
  #take(): void {
    const before = this.#accounts;
    const accounts = new Map<string, Account>();
    let unreadable = 0;
    for (const [recordName, bytes] of this.#options.records.all) {
      const name = userNameOf(recordName);
      if (name === undefined) continue;
      const known = before.get(name);
      const account = known?.bytes.equals(bytes) ? known : this.#accountOf(name, bytes, known);
      if (account) accounts.set(name, account);
      else unreadable++;
    }
    this.#accounts = accounts;
    // A user that this version cannot read may be an administrator.
    const inForce = unreadable > 0 || [...accounts.values()].some(({ grant }) => (grant.bits & ADMIN) !== 0);
    if (inForce !== this.#inForce) this.#force(inForce);
    for (const [name, account] of before)
      if (accounts.get(name)?.grant !== account.grant) account.grant.end(changed(name));
  }

  #accountOf(name: string, bytes: Buffer, known: Account | undefined): Account | undefined {
    try {
      const record = decodeUser(name, bytes);
      const usage = known?.usage ?? new Usage(name, this.#options.clock, this.refusedByLimits);
      const user = shownUser(record);
      const account =
        known && haveSameRights(known.record, record)
          ? { ...known, record, bytes }
          : {
              record,
              grant: new Grant(user, { ...record, bits: bitsOf(record.roles) }, this.audit, usage),
              usage,
              bytes,
              proof: undefined,
            };
      account.grant.user = user;
      this.#bound(account);
      return account;
    } catch (error) {
      const { message } = HeadwaterError.from(error);
      this.#options.logger.error({ user: name, error: message }, `a user cannot sign in: ${message}`);
      return undefined;
    }
  }

  /** Replication and administration have no limits. */
  #bound({ usage, record, grant }: Account): void {
    const isExempt = (grant.bits & (ADMIN | REPLICATE)) !== 0;
    usage.bound(record.limits ?? NO_LIMITS, isExempt ? NO_LIMITS : this.#defaults);
  }

  #force(inForce: boolean): void {
    this.#inForce = inForce;
    const [everybody, nobody] = [this.#everybody, this.#nobody];
    this.#everybody = Grant.everything();
    this.#nobody = Grant.nothing();
    const message = inForce
      ? 'users are in force from now on: call again with a user and its secret'
      : 'users are not in force any more: call again without one';
    for (const grant of [everybody, nobody]) grant.end(new HeadwaterError('unauthenticated', message));
  }
}

function wrongSecret(): HeadwaterError {
  return new HeadwaterError('unauthenticated', WRONG);
}

function changed(name: string): HeadwaterError {
  return new HeadwaterError('unauthenticated', `the user ${name} was changed or revoked: call again with a valid user`);
}
