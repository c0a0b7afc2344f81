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
import type { CompareReply, CompareRequest, KeyspaceDigestReply } from '../model/comparison.js';
import type {
  FetchRangesRequest,
  FetchRangesResponse,
  KeyRange,
  RangeDigest,
  RangeDigestsRequest,
  RepairRangesResponse,
} from '../model/key-range.js';
import type { FailoverReply, FailoverRequest, FollowRequest, ForgetReply, PromoteReply } from '../model/leadership.js';
import type { Operation, OperationKind, Reply } from '../model/operation.js';
import type { ScanRequest, ScanResponse } from '../model/scan.js';
import type { NodeStatus } from '../model/status.js';
import type {
  PublishRequest,
  SubscribeRequest,
  SubscriptionEvent,
  Told,
  WatchEvent,
  WatchRequest,
} from '../model/streams.js';
import * as admin from '../protobuf/admin.js';
import * as backup from '../protobuf/backup.js';
import * as check from '../protobuf/check.js';
import * as compare from '../protobuf/compare.js';
import * as forget from '../protobuf/forget.js';
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, OPERATION_KINDS } from '../protobuf/kv.js';
import * as ranges from '../protobuf/ranges.js';
import * as scan from '../protobuf/scan.js';
import * as streams from '../protobuf/streams.js';

export interface Codec<Message> {
  encode(message: Message): Buffer;
  decode(bytes: Buffer): Message;
}

export interface Method<Request, Response> {
  /** The path `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: Codec<Request>;
  readonly response: Codec<Response>;
}

export const KEY_VALUE_SERVICE = 'headwater.v1.KeyValueService';
export const STREAM_SERVICE = 'headwater.v1.StreamService';
export const ADMIN_SERVICE = 'headwater.v1.AdminService';
export const DISK_SERVICE = 'headwater.v1.DiskService';

/** The codec for streams whose users encode and decode the messages themselves. */
export const BYTES: Codec<Buffer> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

function unary<Request, Response>(
  path: string,
  request: Codec<Request>,
  response: Codec<Response>,
): Method<Request, Response> {
  return { path, requestStream: false, responseStream: false, request, response };
}

/** The unary method of each kind of operation. The method has the name of the kind. */
export const OPERATION_METHODS: ReadonlyMap<OperationKind, Method<Operation, Reply>> = new Map(
  OPERATION_KINDS.map((kind) => [kind, operationMethod(kind)]),
);

function operationMethod(kind: OperationKind): Method<Operation, Reply> {
  return unary<Operation, Reply>(
    `/${KEY_VALUE_SERVICE}/${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
    { encode: encodeRequest, decode: (bytes) => decodeRequest(kind, bytes) },
    { encode: encodeResponse, decode: (bytes) => decodeResponse(kind, bytes) },
  );
}

export const PIPELINE: Method<Buffer, Buffer> = {
  path: `/${KEY_VALUE_SERVICE}/Pipeline`,
  requestStream: true,
  responseStream: true,
  request: BYTES,
  response: BYTES,
};

export const DATABASE_SIZE: Method<void, number> = unary(
  `/${KEY_VALUE_SERVICE}/DatabaseSize`,
  { encode: scan.encodeDatabaseSizeRequest, decode: scan.decodeDatabaseSizeRequest },
  { encode: scan.encodeDatabaseSizeResponse, decode: scan.decodeDatabaseSizeResponse },
);

export const KEYS: Method<Buffer, readonly Buffer[]> = {
  path: `/${KEY_VALUE_SERVICE}/Keys`,
  requestStream: false,
  responseStream: true,
  request: { encode: scan.encodeKeysRequest, decode: scan.decodeKeysRequest },
  response: { encode: scan.encodeKeysResponse, decode: scan.decodeKeysResponse },
};

export const SCAN: Method<ScanRequest, ScanResponse> = {
  path: `/${KEY_VALUE_SERVICE}/Scan`,
  requestStream: false,
  responseStream: true,
  request: { encode: scan.encodeScanRequest, decode: scan.decodeScanRequest },
  response: { encode: scan.encodeScanResponse, decode: scan.decodeScanResponse },
};

export const PUBLISH: Method<PublishRequest, number> = unary(
  `/${STREAM_SERVICE}/Publish`,
  { encode: streams.encodePublishRequest, decode: streams.decodePublishRequest },
  { encode: streams.encodePublishResponse, decode: streams.decodePublishResponse },
);

export const SUBSCRIBE: Method<SubscribeRequest, Told<SubscriptionEvent>> = {
  path: `/${STREAM_SERVICE}/Subscribe`,
  requestStream: false,
  responseStream: true,
  request: { encode: streams.encodeSubscribeRequest, decode: streams.decodeSubscribeRequest },
  response: { encode: streams.encodeSubscribeResponse, decode: streams.decodeSubscribeResponse },
};

export const WATCH: Method<WatchRequest, Told<WatchEvent>> = {
  path: `/${STREAM_SERVICE}/Watch`,
  requestStream: false,
  responseStream: true,
  request: { encode: streams.encodeWatchRequest, decode: streams.decodeWatchRequest },
  response: { encode: streams.encodeWatchResponse, decode: streams.decodeWatchResponse },
};

export const STATUS: Method<void, NodeStatus> = unary(
  `/${ADMIN_SERVICE}/Status`,
  { encode: admin.encodeStatusRequest, decode: admin.decodeStatusRequest },
  { encode: admin.encodeNodeStatus, decode: admin.decodeNodeStatus },
);

export const DIGEST: Method<void, KeyspaceDigestReply> = unary(
  `/${ADMIN_SERVICE}/Digest`,
  { encode: admin.encodeDigestRequest, decode: admin.decodeDigestRequest },
  { encode: admin.encodeDigestResponse, decode: admin.decodeDigestResponse },
);

export const FOLLOW: Method<FollowRequest, void> = unary(
  `/${ADMIN_SERVICE}/Follow`,
  { encode: admin.encodeFollowRequest, decode: admin.decodeFollowRequest },
  { encode: admin.encodeFollowResponse, decode: admin.decodeFollowResponse },
);

export const FAILOVER: Method<FailoverRequest, FailoverReply> = unary(
  `/${ADMIN_SERVICE}/Failover`,
  { encode: admin.encodeFailoverRequest, decode: admin.decodeFailoverRequest },
  { encode: admin.encodeFailoverResponse, decode: admin.decodeFailoverResponse },
);

export const COMPARE: Method<CompareRequest, CompareReply> = unary(
  `/${ADMIN_SERVICE}/Compare`,
  { encode: compare.encodeCompareRequest, decode: compare.decodeCompareRequest },
  { encode: compare.encodeCompareResponse, decode: compare.decodeCompareResponse },
);

export const FORGET: Method<string, ForgetReply> = unary(
  `/${ADMIN_SERVICE}/Forget`,
  { encode: forget.encodeForgetRequest, decode: forget.decodeForgetRequest },
  { encode: forget.encodeForgetResponse, decode: forget.decodeForgetResponse },
);

export const PROMOTE: Method<void, PromoteReply> = unary(
  `/${ADMIN_SERVICE}/Promote`,
  { encode: admin.encodePromoteRequest, decode: admin.decodePromoteRequest },
  { encode: admin.encodePromoteResponse, decode: admin.decodePromoteResponse },
);

export const BACKUP: Method<BackupRequest, BackupResponse> = {
  path: `/${DISK_SERVICE}/Backup`,
  requestStream: false,
  responseStream: true,
  request: { encode: backup.encodeBackupRequest, decode: backup.decodeBackupRequest },
  response: { encode: backup.encodeBackupResponse, decode: backup.decodeBackupResponse },
};

export const RANGE_DIGESTS: Method<RangeDigestsRequest, readonly RangeDigest[]> = {
  path: `/${DISK_SERVICE}/RangeDigests`,
  requestStream: false,
  responseStream: true,
  request: { encode: ranges.encodeRangeDigestsRequest, decode: ranges.decodeRangeDigestsRequest },
  response: { encode: ranges.encodeRangeDigestsResponse, decode: ranges.decodeRangeDigestsResponse },
};

export const FETCH_RANGES: Method<FetchRangesRequest, FetchRangesResponse> = {
  path: `/${DISK_SERVICE}/FetchRanges`,
  requestStream: false,
  responseStream: true,
  request: { encode: ranges.encodeFetchRangesRequest, decode: ranges.decodeFetchRangesRequest },
  response: { encode: ranges.encodeFetchRangesResponse, decode: ranges.decodeFetchRangesResponse },
};

export const REPAIR_RANGES: Method<readonly KeyRange[], RepairRangesResponse> = {
  path: `/${DISK_SERVICE}/RepairRanges`,
  requestStream: false,
  responseStream: true,
  request: { encode: ranges.encodeRepairRangesRequest, decode: ranges.decodeRepairRangesRequest },
  response: { encode: ranges.encodeRepairRangesResponse, decode: ranges.decodeRepairRangesResponse },
};

export const VERIFY: Method<CheckRequest, VerifyEvent> = {
  path: `/${DISK_SERVICE}/Verify`,
  requestStream: false,
  responseStream: true,
  request: { encode: check.encodeVerifyRequest, decode: check.decodeVerifyRequest },
  response: { encode: check.encodeVerifyEvent, decode: check.decodeVerifyEvent },
};

export const REPAIR: Method<CheckRequest, RepairEvent> = {
  path: `/${DISK_SERVICE}/Repair`,
  requestStream: false,
  responseStream: true,
  request: { encode: check.encodeRepairRequest, decode: check.decodeRepairRequest },
  response: { encode: check.encodeRepairEvent, decode: check.decodeRepairEvent },
};

export const FETCH_BLOCKS: Method<FetchBlocksRequest, FetchBlocksResponse> = {
  path: `/${DISK_SERVICE}/FetchBlocks`,
  requestStream: false,
  responseStream: true,
  request: { encode: check.encodeFetchBlocksRequest, decode: check.decodeFetchBlocksRequest },
  response: { encode: check.encodeFetchBlocksResponse, decode: check.decodeFetchBlocksResponse },
};
