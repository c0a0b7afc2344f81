/**
 * The rule of every method of gRPC, in one table. A method that is not in it is refused, and a test holds the table
 * against the .proto files.
 */
import type { OperationKind } from '../model/operation.js';
import { OPERATION_KINDS } from '../protobuf/kv.js';
import { leastOf } from './operations.js';
import { ADMIN, ANY_USER, allOf, anyOf, DATA, PUBLISH, READ, REPLICATE, type Rule } from './roles.js';

/** Everybody, without a user. */
export const OPEN = 'open';

const KEY_VALUE: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(OPERATION_KINDS.map((kind) => [methodOf(kind), allOf(leastOf(kind))])),
  // The operations in them have rules of their own. A client opens a pipeline before it does anything else.
  Pipeline: ANY_USER,
  Transact: anyOf(DATA),
  DatabaseSize: allOf(READ),
  RandomKey: allOf(READ),
  Keys: allOf(READ),
  Scan: allOf(READ),
};

const SERVICES: Readonly<Record<string, Readonly<Record<string, Rule | typeof OPEN>>>> = {
  'headwater.v1.StreamService': { Publish: allOf(PUBLISH), Subscribe: allOf(READ), Watch: allOf(READ) },
  'headwater.v1.AdminService': {
    // Clients find the leader by it.
    Status: ANY_USER,
    Digest: allOf(ADMIN),
    Follow: allOf(ADMIN),
    Promote: allOf(ADMIN),
    Failover: allOf(ADMIN),
    Forget: allOf(ADMIN),
    ClusterStatus: allOf(ADMIN),
    ClusterPause: allOf(ADMIN),
    ClusterResume: allOf(ADMIN),
    ClusterSwitch: allOf(ADMIN),
    Compare: allOf(ADMIN),
    Monitor: allOf(ADMIN),
    SlowLog: allOf(ADMIN),
    GetOptions: allOf(ADMIN),
    SetOptions: allOf(ADMIN),
    Machine: allOf(ADMIN),
    Drain: allOf(ADMIN),
  },
  'headwater.v1.DiskService': {
    Backup: allOf(ADMIN),
    RangeDigests: allOf(ADMIN),
    RepairRanges: allOf(ADMIN),
    Verify: allOf(ADMIN),
    Repair: allOf(ADMIN),
  },
  'headwater.v1.ReplicationService': {
    Replicate: allOf(REPLICATE),
    FetchRanges: allOf(REPLICATE),
    FetchBlocks: allOf(REPLICATE),
  },
  'headwater.v1.UserService': {
    CreateUser: allOf(ADMIN),
    ListUsers: allOf(ADMIN),
    RevokeUser: allOf(ADMIN),
    RotateUser: allOf(ADMIN),
    LimitUser: allOf(ADMIN),
    WhoAmI: ANY_USER,
  },
  // A probe has no user, and learns only whether the node serves.
  'grpc.health.v1.Health': { Check: OPEN, Watch: OPEN, List: OPEN },
  // The protocol is no secret. Nodes that listen beyond loopback have no reflection unless a person asks for it.
  'grpc.reflection.v1.ServerReflection': { ServerReflectionInfo: OPEN },
  'grpc.reflection.v1alpha.ServerReflection': { ServerReflectionInfo: OPEN },
};

/** The method of a kind of operation has its name. */
function methodOf(kind: OperationKind): string {
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
}

/** The rule of a method by its path. Undefined if there is none: nobody may call it then. */
export function ruleOfCall(path: string): Rule | typeof OPEN | undefined {
  const [, service = '', method = ''] = path.split('/');
  return RULES.get(`${service}/${method}`);
}

/** The methods that the table knows, as paths. */
export function ruledCalls(): string[] {
  return [...RULES.keys()].map((name) => `/${name}`);
}

/** The calls that change users: their services note them for the audit, with the names of the users. */
const CHANGES_OF_USERS: ReadonlySet<string> = new Set(
  ['CreateUser', 'RevokeUser', 'RotateUser', 'LimitUser'].map((method) => `/headwater.v1.UserService/${method}`),
);

/** True for a call that the audit gets to know before its request is read. */
export function isAdministrative(path: string, rule: Rule | typeof OPEN): boolean {
  return rule !== OPEN && (rule.all & ADMIN) !== 0 && !CHANGES_OF_USERS.has(path);
}

const RULES: ReadonlyMap<string, Rule | typeof OPEN> = new Map([
  ...Object.entries(KEY_VALUE).map(([method, rule]) => [`headwater.v1.KeyValueService/${method}`, rule] as const),
  ...Object.entries(SERVICES).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, rule]) => [`${service}/${method}`, rule] as const),
  ),
]);
