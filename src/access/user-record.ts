/**
 * A user as it stands in the log: JSON in a record of the node itself, under the name `user/NAME`. Field names are for
 * ever, as those of the other formats. A higher format is refused, so that an older node never takes a user for one with
 * more rights than it has.
 *
 *   {"format":1,"roles":["read"],"keys":["YXBwOg=="],"channels":[],"created":0,"rotated":0,"secret":{…}}
 *
 * Prefixes are base64. A user of certificates has no secret. A user with limits has them in `limits`:
 *
 *   "limits":{"operations":100,"bytes":1048576,"connections":10}
 *
 * A later version may add fields, to the user and to its limits, and keep the format if an older node may overlook them.
 * A node that changes a user keeps the fields that it does not know.
 */
import { HeadwaterError } from '../base/errors.js';
import {
  SECRET_CHARACTERS_MAX,
  SECRET_CHARACTERS_MIN,
  USER_NAME_CHARACTERS_MAX,
  USER_PREFIX_BYTES_MAX,
  USER_PREFIXES_MAX,
} from '../base/limits.js';
import { unknownFormat } from '../base/unknown-format.js';
import {
  CERTIFICATE_USER,
  type NewUser,
  USER_ROLES,
  type User,
  type UserLimits,
  type UserRole,
} from '../model/user.js';
import type { SecretHash } from './secret.js';

const FORMAT = 1;
const PREFIX = 'user/';

/** A user with the hash of its secret. */
export interface UserRecord extends User {
  readonly roles: readonly UserRole[];
  readonly secret: SecretHash | undefined;
  /** The fields of a later version. Undefined for a user that has none. */
  readonly later?: LaterFields | undefined;
}

interface LaterFields {
  readonly ofUser: object;
  readonly ofLimits: object;
}

export function recordName(name: string): string {
  return PREFIX + name;
}

/** The name of the user that has the record. Undefined for other records of the node. */
export function userNameOf(recordName: string): string | undefined {
  return recordName.startsWith(PREFIX) ? recordName.slice(PREFIX.length) : undefined;
}

export function encodeUser(user: UserRecord): Buffer {
  const { roles, keyPrefixes, channelPrefixes, createdAtMs, rotatedAtMs, secret, later } = user;
  const texts = (prefixes: readonly Buffer[]) => prefixes.map((prefix) => prefix.toString('base64'));
  const fields = { format: FORMAT, roles, keys: texts(keyPrefixes), channels: texts(channelPrefixes) };
  return Buffer.from(
    JSON.stringify({
      ...fields,
      created: createdAtMs,
      rotated: rotatedAtMs,
      secret,
      limits: limitFields(user),
      ...later?.ofUser,
    }),
  );
}

/** JSON leaves out what is undefined. */
function limitFields({ limits, later }: UserRecord): Fields['limits'] {
  if (!limits && isEmpty(later?.ofLimits ?? {})) return undefined;
  const { operationsPerSecond, bytesPerSecond, maxConnections }: Partial<UserLimits> = limits ?? {};
  return {
    operations: operationsPerSecond,
    bytes: bytesPerSecond,
    connections: maxConnections,
    ...later?.ofLimits,
  };
}

/** True if the two differ in their limits at most. */
export function haveSameRights(one: UserRecord, other: UserRecord): boolean {
  const [bytes, otherBytes] = [one, other].map((user) =>
    encodeUser({ ...user, limits: undefined, later: user.later && { ...user.later, ofLimits: {} } }),
  ) as [Buffer, Buffer];
  return bytes.equals(otherBytes);
}

/** @throws HeadwaterError `unknown_format` or `corrupt`. */
export function decodeUser(name: string, bytes: Buffer): UserRecord {
  const fields = parse(name, bytes);
  if (fields.format !== FORMAT)
    throw unknownFormat({
      subject: `the user ${name}`,
      name: 'format',
      found: fields.format,
      read: [FORMAT],
      remedy: 'Update this node',
    });
  const buffers = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, 'base64'));
  const { format: _, roles, keys, channels, created, rotated, secret, limits = {}, ...ofUser } = fields;
  const { operations, bytes: bytesPerSecond, connections, ...ofLimits } = limits;
  const known = { operationsPerSecond: operations, bytesPerSecond, maxConnections: connections };
  const hasLimits = Object.values(known).some((most) => most !== undefined);
  return {
    name,
    roles,
    keyPrefixes: buffers(keys),
    channelPrefixes: buffers(channels),
    createdAtMs: created,
    rotatedAtMs: rotated,
    secret,
    limits: hasLimits ? known : undefined,
    later: isEmpty(ofUser) && isEmpty(ofLimits) ? undefined : { ofUser, ofLimits },
  };
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}

interface Fields {
  readonly format: number;
  readonly roles: UserRole[];
  readonly keys: string[];
  readonly channels: string[];
  readonly created: number;
  readonly rotated: number;
  readonly secret?: SecretHash;
  readonly limits?:
    | {
        readonly operations?: number | undefined;
        readonly bytes?: number | undefined;
        readonly connections?: number | undefined;
      }
    | undefined;
}

function parse(name: string, bytes: Buffer): Fields {
  try {
    return JSON.parse(bytes.toString()) as Fields;
  } catch (error) {
    throw new HeadwaterError('corrupt', `the record of the user ${name} is no user`, { cause: error });
  }
}

/** The user as it is shown. */
export function shownUser(record: UserRecord): User {
  const { name, roles, keyPrefixes, channelPrefixes, createdAtMs, rotatedAtMs, limits } = record;
  return { name, roles, keyPrefixes, channelPrefixes, createdAtMs, rotatedAtMs, limits };
}

// ---- requests -------------------------------------------------------------------

/** Printable ASCII without spaces and colons: the name stands in addresses, in files and in log lines. */
const NAME = /^[!-9;-~]+$/;

/** @throws HeadwaterError `invalid_argument` with the expected and the received value. */
export function checkNewUser(wanted: NewUser): asserts wanted is NewUser & { readonly roles: readonly UserRole[] } {
  const { name, roles, keyPrefixes, channelPrefixes, secret, limits } = wanted;
  checkUserName(name);
  const known = roles.every((role) => (USER_ROLES as readonly string[]).includes(role));
  if (roles.length === 0 || !known)
    throw invalid('roles', `some of ${USER_ROLES.join(', ')}`, roles.length === 0 ? 'none' : roles.join(', '));
  checkPrefixes('key prefixes', keyPrefixes);
  checkPrefixes('channel prefixes', channelPrefixes);
  const unscoped = roles.find((role) => role === 'admin' || role === 'replicate');
  if (unscoped && keyPrefixes.length + channelPrefixes.length > 0)
    throw invalid('prefixes', `none for the role ${unscoped}, which sees all keys and channels`, 'some');
  if (unscoped && limits)
    throw invalid(
      'limits',
      `none for the role ${unscoped}, so that no limit holds up replication and administration`,
      'some. 0 takes a limit away',
    );
  checkLimits(limits);
  if (isCertificateUser(name)) {
    if (secret !== undefined) throw invalid('secret', 'none for a user of certificates', 'one');
  } else if (secret !== undefined) checkSecret(secret);
}

export function isCertificateUser(name: string): boolean {
  return name.startsWith(CERTIFICATE_USER);
}

function checkUserName(name: string): void {
  const own = isCertificateUser(name) ? name.slice(CERTIFICATE_USER.length).replaceAll(':', '.') : name;
  if (NAME.test(own) && name.length <= USER_NAME_CHARACTERS_MAX) return;
  throw invalid(
    'user',
    `a name of 1 to ${USER_NAME_CHARACTERS_MAX} printable characters without spaces and colons`,
    JSON.stringify(name.slice(0, USER_NAME_CHARACTERS_MAX)),
  );
}

/** Names no part of the secret: the message may stand in a log. */
export function checkSecret(secret: string): void {
  if (secret.length >= SECRET_CHARACTERS_MIN && secret.length <= SECRET_CHARACTERS_MAX) return;
  throw invalid(
    'secret',
    `${SECRET_CHARACTERS_MIN} to ${SECRET_CHARACTERS_MAX} characters`,
    `${secret.length}. Without a secret, the node draws one`,
  );
}

function checkLimits(limits: UserLimits | undefined): void {
  for (const [name, most] of Object.entries(limits ?? {}))
    if (most !== undefined && (!Number.isSafeInteger(most) || most < 1))
      throw invalid(name, 'a whole number from 1 on', most);
}

function checkPrefixes(what: string, prefixes: readonly Buffer[]): void {
  if (prefixes.length > USER_PREFIXES_MAX) throw invalid(what, `at most ${USER_PREFIXES_MAX}`, prefixes.length);
  for (const { length } of prefixes)
    if (length === 0 || length > USER_PREFIX_BYTES_MAX)
      throw invalid(what, `1 to ${USER_PREFIX_BYTES_MAX} bytes each`, `${length} bytes`);
}

function invalid(field: string, expected: string, received: string | number): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${field}: expected ${expected}, received ${received}`);
}
