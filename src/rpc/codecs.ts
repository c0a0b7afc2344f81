/**
 * The codecs of nouns that have other fields than their messages, and checks of requests that the generic codec cannot
 * make. definitions.ts has the nouns that are plain objects of their messages.
 */
import { HeadwaterError } from '../base/errors.js';
import { RANGES_IN_CALL_MAX } from '../base/limits.js';
import type { CheckProgress, Damage, FetchBlocksResponse, RepairEvent, VerifyEvent } from '../model/check.js';
import type { Codec } from '../model/codec.js';
import type { Asking } from '../model/guarantees.js';
import type { FetchRangesRequest, KeyRange, RangeDigest, RangeDigestsRequest } from '../model/key-range.js';
import type { NodeOption, OptionValue, SetOptionsRequest } from '../model/node-option.js';
import { formatChecksum, parseChecksum } from '../model/position.js';
import type { KeysRequest, ScanRequest } from '../model/scan.js';
import type { NodeStatus } from '../model/status.js';
import type { SubscribeRequest, SubscriptionEvent, Told, WatchEvent, WatchRequest } from '../model/streams.js';
import { codecOf, converted, type Plain } from '../protobuf/codec.js';
import { guaranteesMessage, guaranteesOfMessage } from '../protobuf/guarantees.js';

/** The messages without a field. */
type EmptyMessage =
  | 'ClusterPauseRequest'
  | 'ClusterPauseResponse'
  | 'ClusterResumeRequest'
  | 'ClusterResumeResponse'
  | 'ClusterStatusRequest'
  | 'StatusRequest'
  | 'DigestRequest'
  | 'DrainResponse'
  | 'FollowResponse'
  | 'ListUsersRequest'
  | 'MachineRequest'
  | 'PromoteRequest'
  | 'RevokeUserResponse'
  | 'WhoAmIRequest';

/** The codec of messages without fields. */
export function nothing(name: EmptyMessage): Codec<void> {
  return converted(
    codecOf(name),
    () => undefined,
    () => ({}),
  );
}

// ---- the whole keyspace ---------------------------------------------------------

export const DATABASE_SIZE_REQUEST: Codec<Asking> = converted(codecOf('DatabaseSizeRequest'), fromMessage, toMessage);

export const RANDOM_KEY_REQUEST: Codec<Asking> = converted(codecOf('RandomKeyRequest'), fromMessage, toMessage);

export const KEYS_REQUEST: Codec<KeysRequest & Asking> = converted(codecOf('KeysRequest'), fromMessage, toMessage);

export const SCAN_REQUEST: Codec<ScanRequest & Asking> = converted(codecOf('ScanRequest'), fromMessage, toMessage);

function fromMessage<M extends Plain<'DatabaseSizeRequest'>>({ guarantees, ...request }: M) {
  return guarantees ? { ...request, guarantees: guaranteesOfMessage(guarantees) } : request;
}

function toMessage<R extends Asking>({ guarantees, ...request }: R) {
  return guarantees ? { ...request, guarantees: guaranteesMessage(guarantees) } : request;
}

// ---- the node -------------------------------------------------------------------

/** People and programs see a checksum as text. */
export const NODE_STATUS: Codec<NodeStatus> = converted(
  codecOf('StatusResponse'),
  (status) => ({
    ...status,
    checksum: formatChecksum(status.checksum),
    lineage: status.lineage.map((row) => ({ ...row, checksum: formatChecksum(row.checksum) })),
  }),
  (status) => ({
    ...status,
    checksum: parseChecksum(status.checksum),
    lineage: status.lineage.map((row) => ({ ...row, checksum: parseChecksum(row.checksum) })),
  }),
);

/** A value is one of three fields on the wire. */
type ValueFields = Pick<Plain<'OptionChange'>, 'number' | 'text' | 'state'>;

function valueOfFields({ number, text, state }: ValueFields): OptionValue | undefined {
  return number ?? text ?? (state && state === 'on');
}

function valueFields(value: OptionValue | undefined): ValueFields {
  return {
    number: typeof value === 'number' ? value : undefined,
    text: typeof value === 'string' ? value : undefined,
    state: typeof value === 'boolean' ? (value ? 'on' : 'off') : undefined,
  };
}

/** The names of the options. */
export const GET_OPTIONS_REQUEST: Codec<readonly string[]> = converted(
  codecOf('GetOptionsRequest'),
  ({ names }) => names,
  (names: readonly string[]) => ({ names }),
);

export const SET_OPTIONS_REQUEST: Codec<SetOptionsRequest> = converted(
  codecOf('SetOptionsRequest'),
  ({ changes, keep }) => ({
    changes: changes.map(({ name, ...fields }) => ({ name, value: valueOfFields(fields) })),
    keep,
  }),
  ({ changes, keep }: SetOptionsRequest) => ({
    changes: changes.map(({ name, value }) => ({ name, ...valueFields(value) })),
    keep,
  }),
);

export function nodeOptions(name: 'GetOptionsResponse' | 'SetOptionsResponse'): Codec<readonly NodeOption[]> {
  return converted(
    codecOf(name),
    ({ options }) =>
      options.map(({ number, text, state, ...option }) => ({
        ...option,
        value: valueOfFields({ number, text, state }),
      })),
    (options: readonly NodeOption[]) => ({
      options: options.map(({ value, ...option }) => ({ ...option, ...valueFields(value) })),
    }),
  );
}

// ---- streams --------------------------------------------------------------------

export const SUBSCRIBE_REQUEST: Codec<SubscribeRequest> = converted(
  codecOf('SubscribeRequest'),
  ({ after, ...names }) => ({ ...names, from: after }),
  ({ from, ...names }) => ({ ...names, after: from }),
);

export const SUBSCRIPTION_EVENTS: Codec<Told<SubscriptionEvent>> = converted(
  codecOf('SubscribeResponse'),
  ({ events, ...told }) => ({ ...told, events: events.map(subscriptionEvent) }),
  ({ events, ...told }) => ({ ...told, events: events.map(subscriptionMessage) }),
);

function subscriptionEvent(event: Plain<'SubscriptionEvent'>): SubscriptionEvent {
  return event.kind === 'gap' ? { kind: 'gap', from: event.firstOffset, to: event.lastOffset } : event;
}

function subscriptionMessage(event: SubscriptionEvent): Plain<'SubscriptionEvent'> {
  return event.kind === 'gap' ? { kind: 'gap', firstOffset: event.from, lastOffset: event.to } : event;
}

export const WATCH_REQUEST: Codec<WatchRequest> = converted(
  codecOf('WatchRequest'),
  ({ prefix, after, afterOffset }) => ({ prefix, from: afterOffset ?? after }),
  ({ prefix, from }) => (typeof from === 'number' ? { prefix, afterOffset: from } : { prefix, after: from }),
);

export const WATCH_EVENTS: Codec<Told<WatchEvent>> = converted(
  codecOf('WatchResponse'),
  ({ events, ...told }) => ({ ...told, events: events.map(watchEvent) }),
  // Only changes have an offset of their own. The codec leaves out absent fields.
  (told) => told as Plain<'WatchResponse'>,
);

function watchEvent(event: Plain<'WatchEvent'>): WatchEvent {
  if (event.kind !== 'entry' && event.kind !== 'snapshotBegin' && event.kind !== 'snapshotEnd') return event;
  const { offset: _, continues: __, ...fields } = event;
  return fields;
}

// ---- checks and repairs ---------------------------------------------------------

export const VERIFY_EVENT: Codec<VerifyEvent> = converted(
  codecOf('VerifyResponse'),
  ({ damage, progress, summary }) => {
    if (damage) return { kind: 'damage', damage: damageOf(damage) };
    if (progress) return { kind: 'progress', progress };
    if (!summary) throw unknownEvent('verification');
    const { offset, ...rest } = summary;
    return { kind: 'summary', summary: { ...rest, lastOffset: offset } };
  },
  (event) => {
    if (event.kind !== 'summary') return damageOrProgress(event);
    const { lastOffset, ...rest } = event.summary;
    return { summary: { ...rest, offset: lastOffset } };
  },
);

export const REPAIR_EVENT: Codec<RepairEvent> = converted(
  codecOf('RepairResponse'),
  ({ damage, progress, step, summary }) => {
    if (damage) return { kind: 'damage', damage: damageOf(damage) };
    if (progress) return { kind: 'progress', progress };
    if (step) return { kind: 'step', step };
    if (summary) return { kind: 'summary', summary };
    throw unknownEvent('repair');
  },
  (event) => {
    if (event.kind === 'step') return { step: event.step };
    return event.kind === 'summary' ? { summary: event.summary } : damageOrProgress(event);
  },
);

type DamageOrProgress =
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'progress'; readonly progress: CheckProgress };

function damageOrProgress(event: DamageOrProgress) {
  return event.kind === 'damage' ? { damage: damageMessage(event.damage) } : { progress: event.progress };
}

function damageMessage(damage: Damage): Plain<'Damage'> {
  const { why } = damage;
  switch (damage.part) {
    case 'file':
      return { kind: 'file', why, path: damage.file, byte: damage.byte };
    case 'log':
      return { kind: 'log', why, firstOffset: damage.from, lastOffset: damage.to };
    case 'keyspace':
      return { kind: 'keyspace', why, firstKey: damage.from, lastKey: damage.to };
    case 'database':
      return { kind: 'database', why };
  }
}

function damageOf(damage: Plain<'Damage'>): Damage {
  const { why } = damage;
  switch (damage.kind) {
    case 'file':
      return { part: 'file', why, file: damage.path, byte: damage.byte };
    case 'log':
      return { part: 'log', why, from: damage.firstOffset, to: damage.lastOffset };
    case 'keyspace':
      return { part: 'keyspace', why, from: damage.firstKey, to: damage.lastKey };
    case 'database':
      return { part: 'database', why };
  }
}

function unknownEvent(what: string): HeadwaterError {
  return new HeadwaterError('protocol_violation', `received an event of a ${what} that this version does not know`);
}

export const FETCHED_BLOCKS: Codec<FetchBlocksResponse> = converted(
  codecOf('FetchBlocksResponse'),
  ({ after, timeMs, blocks, more }) => ({ start: after && { after, timeMs }, blocks, more }),
  ({ start, blocks, more }) => ({ after: start?.after, timeMs: start?.timeMs ?? 0, blocks, more }),
);

// ---- key ranges -----------------------------------------------------------------

export const RANGE_DIGESTS_REQUEST: Codec<RangeDigestsRequest> = converted(
  codecOf('RangeDigestsRequest'),
  ({ ranges, ...request }) => ({ ...request, ranges: kept(ranges) }),
  (request) => request,
);

export const RANGE_DIGESTS_RESPONSE: Codec<readonly RangeDigest[]> = converted(
  codecOf('RangeDigestsResponse'),
  ({ digests }) => digests,
  (digests) => ({ digests }),
);

export const FETCH_RANGES_REQUEST: Codec<FetchRangesRequest> = converted(
  codecOf('FetchRangesRequest'),
  ({ ranges, ...request }) => ({ ...request, ranges: kept(ranges) }),
  (request) => request,
);

export const RANGES_TO_REPAIR: Codec<readonly KeyRange[]> = converted(
  codecOf('RepairRangesRequest'),
  ({ ranges }) => kept(ranges),
  (ranges) => ({ ranges }),
);

/** Copies the keys, since a kept range must not keep its message in memory. */
function kept(ranges: readonly KeyRange[]): KeyRange[] {
  if (ranges.length > RANGES_IN_CALL_MAX)
    throw new HeadwaterError(
      'invalid_argument',
      `ranges: expected at most ${RANGES_IN_CALL_MAX}, received ${ranges.length}`,
    );
  return ranges.map(({ from, to }, i) => {
    if (to && Buffer.compare(from, to) > 0)
      throw new HeadwaterError(
        'invalid_argument',
        `ranges[${i}]: expected an end that is not before the beginning, received another`,
      );
    return { from: Buffer.from(from), to: to && Buffer.from(to) };
  });
}
