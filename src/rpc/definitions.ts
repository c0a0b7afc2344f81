/**
 * The methods of the services, as data: path, shape and codecs. The server's handlers and the client's calls are both
 * made from them, so there is no server code here. On both sides gRPC itself receives bytes. So Headwater's own code
 * refuses bytes that cannot be decoded, with a reason.
 */

import type { BackupRequest, BackupResponse } from '../model/backup.js';
import type {
  CheckRequest,
  FetchBlocksRequest,
  FetchBlocksResponse,
  RepairEvent,
  VerifyEvent,
} from '../model/check.js';
import type { ClusterSwitchReply, StatusCluster } from '../model/cluster.js';
import type { Codec } from '../model/codec.js';
import type { CompareReply, CompareRequest, KeyspaceDigestReply } from '../model/comparison.js';
import type { Asking, Assured } from '../model/guarantees.js';
import type {
  FetchRangesRequest,
  FetchRangesResponse,
  KeyRange,
  RangeDigest,
  RangeDigestsRequest,
  RepairRangesResponse,
} from '../model/key-range.js';
import type { FailoverReply, FailoverRequest, FollowRequest, ForgetReply, PromoteReply } from '../model/leadership.js';
import type { MachineReport } from '../model/machine.js';
import type { MonitorRequest, MonitorResponse } from '../model/monitor.js';
import type { NodeOption, SetOptionsRequest } from '../model/node-option.js';
import type { Operation, OperationKind, Reply } from '../model/operation.js';
import type { KeysRequest, ScanRequest, ScanResponse } from '../model/scan.js';
import type { SlowLogReply, SlowLogRequest } from '../model/slow-log.js';
import type { NodeStatus } from '../model/status.js';
import type {
  PublishRequest,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchRequest,
} from '../model/streams.js';
import type { CreatedUser, LimitUser, Myself, NewUser, RotatedUser, User, UserList } from '../model/user.js';
import { codecOf, converted } from '../protobuf/codec.js';
import { asking, assured } from '../protobuf/guarantees.js';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, OPERATION_KINDS } from '../protobuf/kv.js';
import {
  DATABASE_SIZE_REQUEST,
  FETCH_RANGES_REQUEST,
  FETCHED_BLOCKS,
  GET_OPTIONS_REQUEST,
  KEYS_REQUEST,
  NODE_STATUS,
  nodeOptions,
  nothing,
  RANDOM_KEY_REQUEST,
  RANGE_DIGESTS_REQUEST,
  RANGE_DIGESTS_RESPONSE,
  RANGES_TO_REPAIR,
  REPAIR_EVENT,
  SCAN_REQUEST,
  SET_OPTIONS_REQUEST,
  SUBSCRIBE_REQUEST,
  SUBSCRIPTION_EVENTS,
  VERIFY_EVENT,
  WATCH_EVENTS,
  WATCH_REQUEST,
} from './codecs.js';

export interface Method<Request, Response> {
  /** The path `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

/** The name of a method: the last word of its path. */
export function methodName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export const KEY_VALUE_SERVICE = 'headwater.v1.KeyValueService';
export const STREAM_SERVICE = 'headwater.v1.StreamService';
export const ADMIN_SERVICE = 'headwater.v1.AdminService';
export const DISK_SERVICE = 'headwater.v1.DiskService';
export const REPLICATION_SERVICE = 'headwater.v1.ReplicationService';
export const USER_SERVICE = 'headwater.v1.UserService';

/** The codec for streams whose users encode and decode the messages themselves. */
export const BYTES: Codec<Buffer> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

function unary<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
): Method<Request, Response> {
  return { path, requestStream: false, responseStream: false, request, response };
}

function streaming<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
): Method<Request, Response> {
  return { path, requestStream: false, responseStream: true, request, response };
}

/** The unary method of each kind of operation. The method has the name of the kind. */
export const OPERATION_METHODS: ReadonlyMap<OperationKind, Method<Operation & Asking, Reply & Assured>> = new Map(
  OPERATION_KINDS.map((kind) => [kind, operationMethod(kind)]),
);

function operationMethod(kind: OperationKind): Method<Operation & Asking, Reply & Assured> {
  return unary(
    `/${KEY_VALUE_SERVICE}/${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    asking<Operation>({ encode: encodeRequest, decode: (bytes) => decodeRequest(kind, bytes) }),
    // A refusal ends the call with a status, so no handler answers with an error reply.
    assured<Reply>({
      encode: encodeResponse as (reply: Reply) => Buffer,
      decode: (bytes) => decodeResponse(kind, bytes),
    }),
  );
}

export const PIPELINE: Method<Buffer, Buffer> = {
  path: `/${KEY_VALUE_SERVICE}/Pipeline`,
  requestStream: true,
  responseStream: true,
  request: BYTES,
  response: BYTES,
};

export const DATABASE_SIZE: Method<Asking, number> = unary(
  `/${KEY_VALUE_SERVICE}/DatabaseSize`,
  DATABASE_SIZE_REQUEST,
  converted(
    codecOf('DatabaseSizeResponse'),
    ({ keys }) => keys,
    (keys: number) => ({ keys }),
  ),
);

export const RANDOM_KEY: Method<Asking, Buffer | undefined> = unary(
  `/${KEY_VALUE_SERVICE}/RandomKey`,
  RANDOM_KEY_REQUEST,
  converted(
    codecOf('RandomKeyResponse'),
    ({ key }) => key,
    (key: Buffer | undefined) => ({ key }),
  ),
);

export const KEYS: Method<KeysRequest & Asking, readonly Buffer[]> = streaming(
  `/${KEY_VALUE_SERVICE}/Keys`,
  KEYS_REQUEST,
  converted(
    codecOf('KeysResponse'),
    ({ keys }) => keys,
    (keys: readonly Buffer[]) => ({ keys }),
  ),
);

export const SCAN: Method<ScanRequest & Asking, ScanResponse> = streaming(
  `/${KEY_VALUE_SERVICE}/Scan`,
  SCAN_REQUEST,
  codecOf('ScanResponse'),
);

export const PUBLISH: Method<PublishRequest, number> = unary(
  `/${STREAM_SERVICE}/Publish`,
  codecOf('PublishRequest'),
  converted(
    codecOf('PublishResponse'),
    ({ offset }) => offset,
    (offset: number) => ({ offset }),
  ),
);

export const SUBSCRIBE: Method<SubscribeRequest, Told<SubscriptionEvent>> = streaming(
  `/${STREAM_SERVICE}/Subscribe`,
  SUBSCRIBE_REQUEST,
  SUBSCRIPTION_EVENTS,
);

export const WATCH: Method<WatchRequest, Told<WatchEvent>> = streaming(
  `/${STREAM_SERVICE}/Watch`,
  WATCH_REQUEST,
  WATCH_EVENTS,
);

export const STATUS: Method<void, NodeStatus> = unary(
  `/${ADMIN_SERVICE}/Status`,
  nothing('StatusRequest'),
  NODE_STATUS,
);

export const DIGEST: Method<void, KeyspaceDigestReply> = unary(
  `/${ADMIN_SERVICE}/Digest`,
  nothing('DigestRequest'),
  codecOf('DigestResponse'),
);

export const FOLLOW: Method<FollowRequest, void> = unary(
  `/${ADMIN_SERVICE}/Follow`,
  codecOf('FollowRequest'),
  nothing('FollowResponse'),
);

export const FAILOVER: Method<FailoverRequest, FailoverReply> = unary(
  `/${ADMIN_SERVICE}/Failover`,
  codecOf('FailoverRequest'),
  codecOf('FailoverResponse'),
);

export const COMPARE: Method<CompareRequest, CompareReply> = unary(
  `/${ADMIN_SERVICE}/Compare`,
  codecOf('CompareRequest'),
  codecOf('CompareResponse'),
);

export const MONITOR: Method<MonitorRequest, MonitorResponse> = streaming(
  `/${ADMIN_SERVICE}/Monitor`,
  codecOf('MonitorRequest'),
  codecOf('MonitorResponse'),
);

export const SLOW_LOG: Method<SlowLogRequest, SlowLogReply> = unary(
  `/${ADMIN_SERVICE}/SlowLog`,
  codecOf('SlowLogRequest'),
  codecOf('SlowLogResponse'),
);

export const CLUSTER_STATUS: Method<void, StatusCluster> = unary(
  `/${ADMIN_SERVICE}/ClusterStatus`,
  nothing('ClusterStatusRequest'),
  converted(
    codecOf('ClusterStatusResponse'),
    ({ cluster }) => cluster,
    (cluster: StatusCluster) => ({ cluster }),
  ),
);

export const CLUSTER_PAUSE: Method<void, void> = unary(
  `/${ADMIN_SERVICE}/ClusterPause`,
  nothing('ClusterPauseRequest'),
  nothing('ClusterPauseResponse'),
);

export const CLUSTER_RESUME: Method<void, void> = unary(
  `/${ADMIN_SERVICE}/ClusterResume`,
  nothing('ClusterResumeRequest'),
  nothing('ClusterResumeResponse'),
);

/** The request is a node ID, the beginning of one, or host:port. */
export const CLUSTER_SWITCH: Method<string, ClusterSwitchReply> = unary(
  `/${ADMIN_SERVICE}/ClusterSwitch`,
  converted(
    codecOf('ClusterSwitchRequest'),
    ({ to }) => to,
    (to: string) => ({ to }),
  ),
  codecOf('ClusterSwitchResponse'),
);

/** The request is a node ID, the beginning of one, or host:port. */
export const FORGET: Method<string, ForgetReply> = unary(
  `/${ADMIN_SERVICE}/Forget`,
  converted(
    codecOf('ForgetRequest'),
    ({ node }) => node,
    (node: string) => ({ node }),
  ),
  codecOf('ForgetResponse'),
);

export const PROMOTE: Method<void, PromoteReply> = unary(
  `/${ADMIN_SERVICE}/Promote`,
  nothing('PromoteRequest'),
  codecOf('PromoteResponse'),
);

/** The request is the names of the options. */
export const GET_OPTIONS: Method<readonly string[], readonly NodeOption[]> = unary(
  `/${ADMIN_SERVICE}/GetOptions`,
  GET_OPTIONS_REQUEST,
  nodeOptions('GetOptionsResponse'),
);

export const SET_OPTIONS: Method<SetOptionsRequest, readonly NodeOption[]> = unary(
  `/${ADMIN_SERVICE}/SetOptions`,
  SET_OPTIONS_REQUEST,
  nodeOptions('SetOptionsResponse'),
);

export const CREATE_USER: Method<NewUser, CreatedUser> = unary(
  `/${USER_SERVICE}/CreateUser`,
  codecOf('CreateUserRequest'),
  codecOf('CreateUserResponse'),
);

export const LIST_USERS: Method<void, UserList> = unary(
  `/${USER_SERVICE}/ListUsers`,
  nothing('ListUsersRequest'),
  codecOf('ListUsersResponse'),
);

/** The request is the name of the user. */
export const REVOKE_USER: Method<string, void> = unary(
  `/${USER_SERVICE}/RevokeUser`,
  converted(
    codecOf('RevokeUserRequest'),
    ({ name }) => name,
    (name: string) => ({ name }),
  ),
  nothing('RevokeUserResponse'),
);

export const ROTATE_USER: Method<{ readonly name: string; readonly secret: string | undefined }, RotatedUser> = unary(
  `/${USER_SERVICE}/RotateUser`,
  codecOf('RotateUserRequest'),
  codecOf('RotateUserResponse'),
);

export const LIMIT_USER: Method<LimitUser, { readonly user: User }> = unary(
  `/${USER_SERVICE}/LimitUser`,
  codecOf('LimitUserRequest'),
  codecOf('LimitUserResponse'),
);

export const WHO_AM_I: Method<void, Myself> = unary(
  `/${USER_SERVICE}/WhoAmI`,
  nothing('WhoAmIRequest'),
  codecOf('WhoAmIResponse'),
);

export const MACHINE: Method<void, MachineReport> = unary(
  `/${ADMIN_SERVICE}/Machine`,
  nothing('MachineRequest'),
  codecOf('MachineResponse'),
);

/** The request is true if the node is to be marked, false if the mark is taken back. */
export const DRAIN: Method<boolean, void> = unary(
  `/${ADMIN_SERVICE}/Drain`,
  converted(
    codecOf('DrainRequest'),
    ({ undo }) => !undo,
    (isDraining: boolean) => ({ undo: !isDraining }),
  ),
  nothing('DrainResponse'),
);

export const BACKUP: Method<BackupRequest, BackupResponse> = streaming(
  `/${DISK_SERVICE}/Backup`,
  codecOf('BackupRequest'),
  codecOf('BackupResponse'),
);

export const RANGE_DIGESTS: Method<RangeDigestsRequest, readonly RangeDigest[]> = streaming(
  `/${DISK_SERVICE}/RangeDigests`,
  RANGE_DIGESTS_REQUEST,
  RANGE_DIGESTS_RESPONSE,
);

export const FETCH_RANGES: Method<FetchRangesRequest, FetchRangesResponse> = streaming(
  `/${REPLICATION_SERVICE}/FetchRanges`,
  FETCH_RANGES_REQUEST,
  codecOf('FetchRangesResponse'),
);

export const REPAIR_RANGES: Method<readonly KeyRange[], RepairRangesResponse> = streaming(
  `/${DISK_SERVICE}/RepairRanges`,
  RANGES_TO_REPAIR,
  codecOf('RepairRangesResponse'),
);

export const VERIFY: Method<CheckRequest, VerifyEvent> = streaming(
  `/${DISK_SERVICE}/Verify`,
  codecOf('VerifyRequest'),
  VERIFY_EVENT,
);

export const REPAIR: Method<CheckRequest, RepairEvent> = streaming(
  `/${DISK_SERVICE}/Repair`,
  codecOf('RepairRequest'),
  REPAIR_EVENT,
);

export const FETCH_BLOCKS: Method<FetchBlocksRequest, FetchBlocksResponse> = streaming(
  `/${REPLICATION_SERVICE}/FetchBlocks`,
  codecOf('FetchBlocksRequest'),
  FETCHED_BLOCKS,
);
