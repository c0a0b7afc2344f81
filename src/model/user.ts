/** Users of a cluster, and the requests that change them. access/ decides, the client and the command line ask. */

/** The roles of users, in the order in which they are shown. */
export const USER_ROLES = ['read', 'write', 'publish', 'replicate', 'admin'] as const;

/**
 * A role. `read` reads keys and subscribes, `write` writes keys, `publish` publishes messages, `replicate` is for
 * followers, and `admin` may do everything.
 */
export type UserRole = (typeof USER_ROLES)[number];

/** A user, without its secret. */
export interface User {
  /** The name. A name that begins with `cert:` stands for client certificates. */
  readonly name: string;
  /** The roles. A role of a newer node that this version does not know is `unknown`. */
  readonly roles: ReadonlyArray<UserRole | 'unknown'>;
  /** The beginnings of the keys that the user may touch. Empty for all keys. */
  readonly keyPrefixes: readonly Buffer[];
  /** The beginnings of the channels that the user may use. Empty for all channels. */
  readonly channelPrefixes: readonly Buffer[];
  /** When the user was made, in milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** When the user got its present secret, in milliseconds since the epoch. */
  readonly rotatedAtMs: number;
  /** The limits of the user itself. Undefined if it has none. The options of the node have the defaults. */
  readonly limits: UserLimits | undefined;
}

/**
 * How much a user may do on each node. A limit that is undefined is that of the options of the node. A user with the
 * role `replicate` or `admin` has no limits.
 */
export interface UserLimits {
  /** Operations in a second: each command, each call, and each operation of a transaction. */
  readonly operationsPerSecond: number | undefined;
  /** Bytes in a second, of requests and of what the node sends. */
  readonly bytesPerSecond: number | undefined;
  /** Connections that are open at a time. */
  readonly maxConnections: number | undefined;
}

/** The request of a new user. */
export interface NewUser extends Pick<User, 'name' | 'roles' | 'keyPrefixes' | 'channelPrefixes' | 'limits'> {
  /** The secret. Without it, the node draws one. */
  readonly secret: string | undefined;
}

/** A user that was made. */
export interface CreatedUser extends RotatedUser {
  /** Whether users are in force: one of them has the role `admin`. */
  readonly inForce: boolean;
}

/** A user that got another secret. */
export interface RotatedUser {
  /** The user. */
  readonly user: User;
  /** The secret that the node drew. Empty if the caller gave one. No call shows the secret again. */
  readonly secret: string;
}

/** The request of other limits for a user. */
export interface LimitUser {
  /** The name of the user. */
  readonly name: string;
  /** The limits to change. A limit that is undefined stays as it is, and 0 takes it away. */
  readonly limits: UserLimits | undefined;
}

/** The users of a cluster. */
export interface UserList {
  /** The users, in the order of their names. */
  readonly users: readonly User[];
  /** Whether users are in force: one of them has the role `admin`. */
  readonly inForce: boolean;
}

/** The user of a call. */
export interface Myself {
  /** The user. Undefined if the call names none. */
  readonly user: User | undefined;
  /** Whether users are in force: one of them has the role `admin`. */
  readonly inForce: boolean;
}

/** The beginning of the name of a user of client certificates. */
export const CERTIFICATE_USER = 'cert:';
