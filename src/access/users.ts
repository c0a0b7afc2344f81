/**
 * The changes of the users, for both protocols: each is decided in the writer of the leader, behind all changes before
 * it, and takes effect on every node with the block that it stands in.
 */
import { HeadwaterError } from '../base/errors.js';
import { USERS_MAX } from '../base/limits.js';
import {
  CERTIFICATE_USER,
  type CreatedUser,
  type NewUser,
  type RotatedUser,
  type User,
  type UserLimits,
  type UserRole,
} from '../model/user.js';
import type { Access, Records } from './access.js';
import { drawSecret } from './secret.js';
import {
  checkNewUser,
  checkSecret,
  decodeUser,
  encodeUser,
  isCertificateUser,
  recordName,
  shownUser,
  type UserRecord,
  userNameOf,
} from './user-record.js';

/** New values of records by name. Undefined deletes a record. */
type Changes = ReadonlyMap<string, Buffer | undefined>;

/** The part of the store that writes records of the node itself. */
export interface RecordWriter {
  /** Resolves with the offset of the change. @throws the refusal of `decide`, or of the node. */
  change(decide: (records: Records) => Changes, bytes: number): Promise<number>;
}

/** The nodes of the tree that are connected. */
export interface Tree {
  /** The addresses of the followers that do not know users, or have such a node below them. */
  readonly withoutUsers: readonly string[];
}

/** New values of a user. A value that is undefined stays as it is. */
export interface UserChange extends Partial<Pick<NewUser, 'keyPrefixes' | 'channelPrefixes' | 'secret'>> {
  /** Limits to change. A limit that is undefined stays as it is, and 0 takes it away. */
  readonly limits?: Partial<UserLimits>;
  readonly roles?: readonly UserRole[] | undefined;
}

/** The memory of a change that waits in the writer, about. */
const CHANGE_BYTES = 1_024;

export class Users {
  readonly #access: Access;
  readonly #writer: RecordWriter;
  readonly #tree: Tree;
  readonly #nowMs: () => number;

  constructor(access: Access, writer: RecordWriter, tree: Tree, nowMs: () => number) {
    this.#access = access;
    this.#writer = writer;
    this.#tree = tree;
    this.#nowMs = nowMs;
  }

  /**
   * @param caller the names in the certificate of the caller.
   * @throws HeadwaterError `invalid_argument` if there is such a user, or a part of the request is wrong.
   */
  async create(wanted: NewUser, caller: readonly string[] = []): Promise<CreatedUser> {
    const limits = withLimits(undefined, wanted.limits ?? {});
    const checked = { ...wanted, limits };
    checkNewUser(checked);
    const { name, roles, keyPrefixes, channelPrefixes } = checked;
    const drawn = wanted.secret === undefined && !isCertificateUser(name) ? drawSecret() : '';
    const secret = wanted.secret ?? drawn;
    const hash = secret === '' ? undefined : await this.#access.hasher.hash(secret);
    const nowMs = this.#nowMs();
    const copies = { keyPrefixes: keyPrefixes.map(copy), channelPrefixes: channelPrefixes.map(copy) };
    const sorted = [...new Set(roles)];
    const times = { createdAtMs: nowMs, rotatedAtMs: nowMs };
    const record: UserRecord = { name, roles: sorted, ...copies, ...times, secret: hash, limits };
    await this.#change((records) => {
      if (records.has(recordName(name))) throw invalid('another name, or "rotate" for a new secret', `${name} again`);
      if (records.size === 0) this.#refuseWithoutUsers();
      if (records.size >= USERS_MAX) throw invalid(`at most ${USERS_MAX} users`, 'one more');
      const changes = new Map([[recordName(name), encodeUser(record)]]);
      if (sorted.includes('admin')) keepAnAdministrator(records, changes, caller);
      return changes;
    });
    return { user: shownUser(record), secret: drawn, inForce: this.#access.inForce };
  }

  /**
   * @param caller the names in the certificate of the caller.
   * @throws HeadwaterError `invalid_argument` if there is no such user, or if it is the last administrator.
   */
  async revoke(name: string, caller: readonly string[] = []): Promise<void> {
    await this.#change((records) => {
      if (!records.has(recordName(name))) throw unknown(name);
      const changes = new Map([[recordName(name), undefined]]);
      keepAnAdministrator(records, changes, caller);
      return changes;
    });
  }

  /** Gives a user another secret. @param given the secret. Undefined to draw one. */
  async rotate(name: string, given: string | undefined): Promise<RotatedUser> {
    const secret = given ?? drawSecret();
    const user = await this.change(name, { secret });
    return { user, secret: given === undefined ? secret : '' };
  }

  /**
   * Changes limits of a user. Nothing that the user has open ends.
   * @throws HeadwaterError `invalid_argument` if there is no such user, or a limit is wrong.
   */
  limit(name: string, limits: Partial<UserLimits>): Promise<User> {
    return this.change(name, { limits });
  }

  /** Changes a user. */
  async change(name: string, { secret, limits = {}, ...change }: UserChange): Promise<User> {
    if (secret !== undefined) checkSecret(secret);
    const hash = secret === undefined ? undefined : await this.#access.hasher.hash(secret);
    const nowMs = this.#nowMs();
    let changed: UserRecord | undefined;
    await this.#change((records) => {
      const before = knownIn(records, name);
      if (hash && isCertificateUser(name)) throw invalid('a user with a secret', `${name}, a user of certificates`);
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const others = { limits: withLimits(before.limits, limits), ...(hash && { secret: hash, rotatedAtMs: nowMs }) };
      changed = { ...before, ...given, ...others };
      checkNewUser({ ...changed, secret: undefined });
      const changes = new Map([[recordName(name), encodeUser(changed)]]);
      keepAnAdministrator(records, changes, []);
      return changes;
    });
    return shownUser(changed as unknown as UserRecord);
  }

  /** Deletes all users, so that everybody may do everything. @returns their number. */
  async forgetAll(): Promise<number> {
    let forgotten: string[] = [];
    await this.#change((records) => {
      forgotten = [...records.keys()].filter((name) => userNameOf(name) !== undefined);
      return new Map(forgotten.map((name) => [name, undefined]));
    });
    return forgotten.length;
  }

  /** A node that does not know users would still let everybody read and write. */
  #refuseWithoutUsers(): void {
    const { withoutUsers } = this.#tree;
    if (withoutUsers.length === 0) return;
    throw invalid(
      'every node of the tree to run a version that knows users before the first user is made',
      `an older version at ${withoutUsers.join(', ')}, or below. Update these nodes first`,
    );
  }

  #change(decide: (records: Records) => Changes): Promise<number> {
    return this.#writer.change(decide, CHANGE_BYTES);
  }
}

/** The limits with some of them changed: 0 takes one away. Undefined if none is left. */
function withLimits(before: UserLimits | undefined, changes: Partial<UserLimits>): UserLimits | undefined {
  const of = (name: keyof UserLimits) => {
    const most = changes[name] ?? before?.[name];
    return most === 0 ? undefined : most;
  };
  const limits = {
    operationsPerSecond: of('operationsPerSecond'),
    bytesPerSecond: of('bytesPerSecond'),
    maxConnections: of('maxConnections'),
  };
  return Object.values(limits).some((most) => most !== undefined) ? limits : undefined;
}

/** @throws HeadwaterError `invalid_argument` if there is none. */
function knownIn(records: Records, name: string): UserRecord {
  const bytes = records.get(recordName(name));
  if (bytes) return decodeUser(name, bytes);
  throw unknown(name);
}

function unknown(name: string): HeadwaterError {
  return invalid('a user that exists', JSON.stringify(name.slice(0, 64)));
}

/**
 * Users that are in force need an administrator that can sign in: one with a secret, or the caller itself, whose
 * certificate the node has just seen. Another certificate may not be there, or the node may ask nobody for one.
 * @param caller the names in the certificate of the caller.
 * @throws HeadwaterError `invalid_argument` if the changes would leave none.
 */
function keepAnAdministrator(records: Records, changes: Changes, caller: readonly string[]): void {
  const before = administratorsIn(records);
  const after = administratorsIn(new Map([...records, ...changes]));
  const isCaller = (name: string) => caller.some((own) => name === `${CERTIFICATE_USER}${own}`);
  if (after.some((name) => !isCertificateUser(name) || isCaller(name))) return;
  const [name = ''] = [...changes.keys()].map((record) => userNameOf(record) ?? '');
  if (after.length === 0) {
    if (before.length === 0) return;
    throw invalid('another user with the role admin to be made first', `${name}, the last one with it`);
  }
  // A change that touches no administrator makes nothing worse.
  if (before.length === after.length && !after.includes(name)) return;
  throw invalid(
    'a user with the role admin and a secret, so that somebody can sign in whatever the certificates are',
    `${name} as the change, which leaves ${after.join(', ')}. Make one with a secret first`,
  );
}

/** The names of the users with the role admin. */
function administratorsIn(records: ReadonlyMap<string, Buffer | undefined>): string[] {
  return [...records].flatMap(([record, bytes]) => {
    const user = userNameOf(record);
    return user !== undefined && bytes && isAdministrator(user, bytes) ? [user] : [];
  });
}

/** A user that this version cannot read cannot sign in here, so it administers nothing. */
function isAdministrator(name: string, bytes: Buffer): boolean {
  try {
    return decodeUser(name, bytes).roles.includes('admin');
  } catch {
    return false;
  }
}

function invalid(expected: string, received: string): HeadwaterError {
  return new HeadwaterError('invalid_argument', `user: expected ${expected}, received ${received}`);
}

function copy(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}
