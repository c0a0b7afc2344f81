/**
 * The rules that the .proto files cannot state: fields with a narrower meaning than their type, and messages whose plain
 * form is another object. The generic codec checks and converts by these tables, for every message that it decodes.
 */
import { HeadwaterError } from '../base/errors.js';
import { NAME_CHARACTERS_MAX } from '../base/limits.js';
import type { KeyRange } from '../model/key-range.js';
import type { LivePlace } from '../model/live-place.js';
import { fromErrorFields, toErrorFields } from './error.js';

/**
 * - `id`: 20 bytes, in the plain form 40 hexadecimal characters.
 * - `name`: the name of a node, an address or a mark. Names are kept, logged and shown to people.
 * - `present name`: a name that is not empty.
 * - `required`: a message that has to be present.
 * - `hex`: bytes, in the plain form hexadecimal characters.
 * - `word or empty`: an enum whose number 0 stands for none, in the plain form the empty text.
 */
export type Rule = 'id' | 'hex' | 'name' | 'present name' | 'required' | 'word or empty';

export const FIELDS = {
  StatusResponse: { replicationId: 'id', failoverState: 'word or empty' },
  PromoteResponse: { replicationId: 'id' },
  ClusterStatusResponse: { cluster: 'required' },
  DigestResponse: { digest: 'hex' },
  CompareResponse: { replicationId: 'id', digest: 'hex' },
  ComparedNode: { digest: 'hex' },
  Assurance: { position: 'required' },
  Position: { replicationId: 'id' },
  LineageRow: { replicationId: 'id' },
  BackupHead: { position: 'required' },
  ArchiveHead: { base: 'required' },
  ArchiveEnd: { position: 'required' },
  FetchBlocksRequest: { after: 'required', through: 'required' },
  SubscribeResponse: { position: 'required' },
  WatchResponse: { position: 'required' },
  SnapshotBegin: { position: 'required' },
  SnapshotEnded: { position: 'required' },
  Handshake: {
    clusterId: 'name',
    // Without a node ID, a node could neither be told from others nor be counted.
    nodeId: 'present name',
    nonce: 'name',
    address: 'name',
    position: 'required',
    handsOverTo: 'name',
    grant: 'name',
  },
  KeptLoad: { clusterId: 'name', logEnd: 'required' },
  Acknowledgement: { replicationId: 'id' },
  NodeReport: { nodeId: 'name', nonce: 'name', replicationId: 'id', address: 'name', via: 'name' },
  DigestReport: { markId: 'name', nodeId: 'name', address: 'name' },
  NodeName: { nodeId: 'name', address: 'name' },
  Upstream: { clusterId: 'name', nodeId: 'name', address: 'name', follows: 'name' },
  Continue: { upstream: 'required' },
  FullResync: { upstream: 'required', position: 'required' },
  NewHistory: { row: 'required' },
  Heartbeat: { path: 'name' },
  Mark: { markId: 'name' },
  Moved: { address: 'name', nodeId: 'name' },
  CreateUserRequest: { name: 'name' },
  CreateUserResponse: { user: 'required' },
  RevokeUserRequest: { name: 'name' },
  RotateUserRequest: { name: 'name' },
  RotateUserResponse: { user: 'required' },
  LimitUserRequest: { name: 'name' },
  LimitUserResponse: { user: 'required' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Rule>>>>;

/** The plain forms of messages that are no plain object of their fields. */
export interface Forms {
  ErrorReply: HeadwaterError;
  KeyRange: KeyRange;
  LivePlace: LivePlace;
}

interface Form<Plain> {
  /** Returns undefined if the message is left out. */
  readonly toFields: (plain: Plain) => object | undefined;
  readonly fromFields: (fields: never) => Plain;
}

export const FORMS: { readonly [Name in keyof Forms]: Form<Forms[Name]> } = {
  ErrorReply: { toFields: toErrorFields, fromFields: fromErrorFields },
  KeyRange: { toFields: ({ from, to }) => ({ start: from, end: to }), fromFields: toKeyRange },
  LivePlace: { toFields: fromPlace, fromFields: toPlace },
};

function toKeyRange({ start, end }: { readonly start: Buffer; readonly end: Buffer | undefined }): KeyRange {
  return { from: start, to: end };
}

interface PlaceFields {
  readonly source: Buffer;
  readonly count: number;
  readonly followsSource: Buffer;
  readonly followsCount: number;
}

/** A sender that does not count has no place. */
function fromPlace({ source, count, follows }: LivePlace): Partial<PlaceFields> | undefined {
  if (source === '') return undefined;
  const before = follows && { followsSource: Buffer.from(follows.source, 'hex'), followsCount: follows.count };
  return { source: Buffer.from(source, 'hex'), count, ...before };
}

function toPlace({ source, count, followsSource, followsCount }: PlaceFields): LivePlace {
  const place = { source: checkId(source, 'LivePlace.source'), count };
  if (followsSource.length === 0) return place;
  return { ...place, follows: { source: checkId(followsSource, 'LivePlace.follows_source'), count: followsCount } };
}

const ID_BYTES = 20;

/** @throws HeadwaterError `invalid_argument`, as the other checks here do. */
export function checkId(bytes: Buffer, field: string): string {
  if (bytes.length === ID_BYTES) return bytes.toString('hex');
  throw refusal(field, `a replication ID of ${ID_BYTES} bytes`, bytes.length);
}

export function toHex(bytes: Buffer): string {
  return bytes.toString('hex');
}

const CONTROL = /\p{Cc}/u;

export function checkName(name: string, field: string): string {
  if (name.length <= NAME_CHARACTERS_MAX && !CONTROL.test(name)) return name;
  const received = `${name.length}: ${JSON.stringify(name.slice(0, 40))}`;
  throw refusal(field, `a name of at most ${NAME_CHARACTERS_MAX} printable characters`, received);
}

export function checkPresent<T>(value: T | undefined | '', field: string): T {
  if (value !== undefined && value !== '') return value;
  throw refusal(field, 'a value', 'none');
}

function refusal(field: string, expected: string, received: string | number): HeadwaterError {
  return new HeadwaterError('invalid_argument', `${field}: expected ${expected}, received ${received}`);
}
