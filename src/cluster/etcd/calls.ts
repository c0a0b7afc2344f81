/** The calls of etcd's API, and how the nouns of model.ts become messages and back. */
import { type EtcdMessageName, type EtcdPlain, etcdCodec } from '../../protobuf/etcd.js';
import {
  type EtcdCompare,
  type EtcdEntry,
  type EtcdEvent,
  type EtcdHeader,
  type EtcdKeys,
  type EtcdOperation,
  type EtcdResult,
  type EtcdTransaction,
  endOfPrefix,
} from './model.js';

export interface EtcdCall<Request, Response> {
  readonly path: string;
  /** Whether the call is a stream, of which one message each way is wanted. */
  readonly isStream: boolean;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (bytes: Buffer) => Response;
}

type Encoded<Name extends EtcdMessageName> = Parameters<ReturnType<typeof etcdCodec<Name>>['encode']>[0];

function call<Request extends EtcdMessageName, Response extends EtcdMessageName>(
  method: string,
  request: Request,
  response: Response,
  isStream = false,
): EtcdCall<Encoded<Request>, EtcdPlain<Response>> {
  const { encode } = etcdCodec(request);
  const { decode } = etcdCodec(response);
  return { path: `/etcdserverpb.${method}`, isStream, encode, decode };
}

export const AUTHENTICATE = call('Auth/Authenticate', 'AuthenticateRequest', 'AuthenticateResponse');
export const GRANT = call('Lease/LeaseGrant', 'LeaseGrantRequest', 'LeaseGrantResponse');
export const REVOKE = call('Lease/LeaseRevoke', 'LeaseRevokeRequest', 'LeaseRevokeResponse');
export const KEEP_ALIVE = call('Lease/LeaseKeepAlive', 'LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', true);
export const TIME_TO_LIVE = call('Lease/LeaseTimeToLive', 'LeaseTimeToLiveRequest', 'LeaseTimeToLiveResponse');
export const RANGE = call('KV/Range', 'RangeRequest', 'RangeResponse');
export const TRANSACTION = call('KV/Txn', 'TxnRequest', 'TxnResponse');
export const WATCH = call('Watch/Watch', 'WatchRequest', 'WatchResponse', true);

// ---- requests -------------------------------------------------------------------

/** The bytes of a key, and of the end of the range if there is more than one key. */
export function rangeOf(keys: EtcdKeys): { readonly key: Buffer; readonly rangeEnd: Buffer } {
  if ('key' in keys) return { key: Buffer.from(keys.key), rangeEnd: Buffer.alloc(0) };
  // An empty key has no bytes to begin at: a zero byte is the first key.
  const key = keys.prefix === '' ? Buffer.alloc(1) : Buffer.from(keys.prefix);
  return { key, rangeEnd: endOfPrefix(keys.prefix) };
}

export function transactionRequest({ compares, success, failure = [] }: EtcdTransaction): Encoded<'TxnRequest'> {
  return {
    compare: compares.map(compareRequest),
    success: success.map(operationRequest),
    failure: failure.map(operationRequest),
  };
}

/** Whether the transaction changes nothing, whatever its compares say. */
export function isRead({ success, failure = [] }: EtcdTransaction): boolean {
  return [...success, ...failure].every(({ kind }) => kind === 'range');
}

function compareRequest(compare: EtcdCompare): EtcdPlain<'Compare'> {
  const { key, result, target } = compare;
  const none = {
    version: undefined,
    createRevision: undefined,
    modRevision: undefined,
    value: undefined,
    lease: undefined,
  };
  const operand = { create: 'createRevision', mod: 'modRevision', version: 'version', lease: 'lease', value: 'value' };
  const than = target === 'value' ? bytesOf(compare.than) : compare.than;
  return { ...none, key: Buffer.from(key), result, target, [operand[target]]: than };
}

function operationRequest(operation: EtcdOperation): EtcdPlain<'RequestOp'> {
  if (operation.kind === 'put') {
    const { key, value, lease = 0n } = operation;
    return { kind: 'requestPut', key: Buffer.from(key), value: bytesOf(value), lease };
  }
  return { kind: operation.kind === 'range' ? 'requestRange' : 'requestDeleteRange', ...rangeOf(operation) };
}

function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
}

// ---- answers --------------------------------------------------------------------

export function headerOf(header: EtcdPlain<'ResponseHeader'>): EtcdHeader {
  const { clusterId, memberId, revision, raftTerm } = header;
  return { clusterId: clusterId.toString(16), memberId: memberId.toString(16), revision, raftTerm };
}

export function entryOf(entry: EtcdPlain<'KeyValue'>): EtcdEntry {
  const { key, value, createRevision, modRevision, version, lease } = entry;
  // The bytes are a view of the whole message. A caller may keep the value for long.
  return { key: key.toString(), value: Buffer.from(value), createRevision, modRevision, version, lease };
}

export function resultOf(response: EtcdPlain<'ResponseOp'>): EtcdResult {
  if (response.kind === 'responseRange') return { kind: 'range', entries: response.kvs.map(entryOf) };
  if (response.kind === 'responsePut') return { kind: 'put' };
  return { kind: 'delete', deleted: Number(response.deleted) };
}

export function eventOf({ type, kv }: EtcdPlain<'Event'>): EtcdEvent[] {
  if (kv === undefined) return [];
  if (type === 'put') return [{ kind: 'put', entry: entryOf(kv) }];
  return [{ kind: 'delete', key: kv.key.toString(), modRevision: kv.modRevision }];
}
