/** The users of a cluster, as an administrator sees and changes them through a client. */
import { inspect } from 'node:util';
import { HeadwaterError } from '../base/errors.js';
import { checkOptionNames, optionNames } from '../base/option-names.js';
import {
  type CreatedUser,
  type Myself,
  type RotatedUser,
  USER_ROLES,
  type User,
  type UserLimits,
  type UserList,
  type UserRole,
} from '../model/user.js';
import {
  CREATE_USER,
  LIMIT_USER,
  LIST_USERS,
  type Method,
  REVOKE_USER,
  ROTATE_USER,
  WHO_AM_I,
} from '../rpc/definitions.js';
import type { Caller } from './caller.js';
import { checkCount, checkText, toBuffer } from './measure.js';
import type { Data } from './operations.js';
import { type CallTime, TIME, TIME_NAMES } from './options.js';
import { SideCall } from './side-call.js';

/** The options of `users.create`. */
export interface CreateUserOptions extends RotateUserOptions, LimitUserOptions {
  /** The roles of the user, at least one. */
  readonly roles: readonly UserRole[];
  /** The beginnings of the keys that the user may touch. All keys by default. */
  readonly keyPrefixes?: readonly Data[] | undefined;
  /** The beginnings of the channels that the user may use. All channels by default. */
  readonly channelPrefixes?: readonly Data[] | undefined;
}

/** The options of `users.limit`. Each node counts for itself. */
export interface LimitUserOptions extends CallTime {
  /** The operations in a second. 0 takes the limit away, so that the default of the node holds. */
  readonly operationsPerSecond?: number | undefined;
  /** The bytes in a second, of requests and of what the node sends. 0 takes the limit away. */
  readonly bytesPerSecond?: number | undefined;
  /** The connections that are open at a time. 0 takes the limit away. */
  readonly maxConnections?: number | undefined;
}

/** The options of `users.rotate`. */
export interface RotateUserOptions extends CallTime {
  /** The secret. By default the node draws one, and returns it. */
  readonly secret?: string | undefined;
}

const CREATE = optionNames<CreateUserOptions>({
  ...TIME_NAMES,
  roles: true,
  keyPrefixes: true,
  channelPrefixes: true,
  secret: true,
  operationsPerSecond: true,
  bytesPerSecond: true,
  maxConnections: true,
});
const LIMIT = optionNames<LimitUserOptions>({
  ...TIME_NAMES,
  operationsPerSecond: true,
  bytesPerSecond: true,
  maxConnections: true,
});
const ROTATE = optionNames<RotateUserOptions>({ ...TIME_NAMES, secret: true });

/** @throws HeadwaterError `invalid_argument` for a role that none has, also from a program without types. */
function checkRoles(roles: readonly UserRole[]): void {
  if (Array.isArray(roles) && roles.every((role) => USER_ROLES.includes(role))) return;
  throw new HeadwaterError(
    'invalid_argument',
    `roles: expected a list of ${USER_ROLES.join(', ')}, received ${inspect(roles)}`,
  );
}

/** The users of the cluster. All calls but `whoAmI` need a user with the role `admin`. */
export class Users {
  readonly #session: Caller;

  /** @internal */
  constructor(session: Caller) {
    this.#session = session;
  }

  /**
   * Makes a user. The first one with the role `admin` puts users in force: from then on every call needs one.
   * @throws HeadwaterError `invalid_argument` if there is a user of that name, or a part of the user is wrong.
   */
  async create(name: string, options: CreateUserOptions): Promise<CreatedUser> {
    checkOptionNames(options, CREATE);
    checkText('name', name);
    checkRoles(options.roles);
    const { roles, keyPrefixes = [], channelPrefixes = [], secret, ...others } = options;
    const { limits, time } = limitsIn(others);
    const prefixes = {
      keyPrefixes: keyPrefixes.map((prefix) => toBuffer('keyPrefixes', prefix)),
      channelPrefixes: channelPrefixes.map((prefix) => toBuffer('channelPrefixes', prefix)),
    };
    return this.#ask(CREATE_USER, { name, roles: [...roles], ...prefixes, secret, limits }, time);
  }

  /** The users, in the order of their names. */
  async list(time: CallTime = {}): Promise<UserList> {
    checkOptionNames(time, TIME);
    return this.#ask(LIST_USERS, undefined, time);
  }

  /**
   * Revokes a user. The open streams and connections of the user end within a second, on every node that keeps up.
   * @throws HeadwaterError `invalid_argument` if there is no such user, or if it is the last one with the role `admin`.
   */
  async revoke(name: string, time: CallTime = {}): Promise<void> {
    checkOptionNames(time, TIME);
    checkText('name', name);
    return this.#ask(REVOKE_USER, name, time);
  }

  /** Gives a user another secret. The connections under the old one end. */
  async rotate(name: string, options: RotateUserOptions = {}): Promise<RotatedUser> {
    checkOptionNames(options, ROTATE);
    checkText('name', name);
    const { secret, ...time } = options;
    return this.#ask(ROTATE_USER, { name, secret }, time);
  }

  /**
   * Changes the limits of a user, and leaves the others as they are. They hold at once, and nothing that the user has
   * open ends.
   * @throws HeadwaterError `invalid_argument` if there is no such user, or if it has the role `admin` or `replicate`.
   */
  async limit(name: string, options: LimitUserOptions): Promise<User> {
    checkOptionNames(options, LIMIT);
    checkText('name', name);
    const { limits, time } = limitsIn(options);
    const { user } = await this.#ask(LIMIT_USER, { name, limits }, time);
    return user;
  }

  /** The user of this client. */
  async whoAmI(time: CallTime = {}): Promise<Myself> {
    checkOptionNames(time, TIME);
    return this.#ask(WHO_AM_I, undefined, time);
  }

  /** A follower refuses a change, and then nothing was done: the client goes to the leader. */
  #ask<Request, Response>(method: Method<Request, Response>, request: Request, time: CallTime): Promise<Response> {
    return new SideCall(this.#session, time).read(method, request, time);
  }
}

const LIMITS = ['operationsPerSecond', 'bytesPerSecond', 'maxConnections'] as const;

/** @throws HeadwaterError `invalid_argument` if a limit is no whole number. */
function limitsIn({ operationsPerSecond, bytesPerSecond, maxConnections, ...time }: LimitUserOptions): {
  readonly limits: UserLimits | undefined;
  readonly time: CallTime;
} {
  const limits = { operationsPerSecond, bytesPerSecond, maxConnections };
  for (const name of LIMITS) if (limits[name] !== undefined) checkCount(name, limits[name]);
  return { limits: LIMITS.some((name) => limits[name] !== undefined) ? limits : undefined, time };
}
