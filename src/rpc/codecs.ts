/**
 * The codecs of nouns that have other fields than their messages, and checks of requests that the generic codec cannot
 * make. definitions.ts has the nouns that are plain objects of their messages.
 */
import { HeadwaterError } from '../base/errors.js';
import { RANGES_IN_CALL_MAX } from '../base/limits.js';
import type { CheckProgress, Damage, FetchBlocksResponse, RepairEvent, VerifyEvent } from '../model/check.js';
import type { Codec } from '../model/codec.js';
import type { FetchRangesRequest, KeyRange, RangeDigest, RangeDigestsRequest } from '../model/key-range.js';
import type { SubscriptionEvent, Told, WatchEvent, WatchRequest } from '../model/streams.js';
import { codecOf, converted, type Plain } from '../protobuf/codec.js';

/** The codec of messages without fields. */
export function nothing(
  name: 'StatusRequest' | 'DigestRequest' | 'FollowResponse' | 'PromoteRequest' | 'DatabaseSizeRequest',
): Codec<void> {
  return converted(
    codecOf(name),
    () => undefined,
    () => ({}),
  );
}

// ---- streams --------------------------------------------------------------------

export const SUBSCRIPTION_EVENTS: Codec<Told<SubscriptionEvent>> = converted(
  codecOf('SubscribeResponse'),
  ({ events, ...told }) => ({ ...told, events: events.map(subscriptionEvent) }),
  ({ events, ...told }) => ({ ...told, events: events.map(subscriptionMessage) }),
);

function subscriptionEvent(event: Plain<'SubscriptionEvent'>): SubscriptionEvent {
  if (event.kind !== 'missed') return event;
  return { kind: 'missed', count: event.unknown ? undefined : event.count };
}

function subscriptionMessage(event: SubscriptionEvent) {
  if (event.kind !== 'missed') return event;
  const { kind, count } = event;
  return { kind, count: count ?? 0, unknown: count === undefined };
}

export const WATCH_REQUEST: Codec<WatchRequest> = converted(
  codecOf('WatchRequest'),
  ({ prefix, from, fromOffset }) => ({ prefix, from: fromOffset ?? from }),
  ({ prefix, from }) => (typeof from === 'number' ? { prefix, fromOffset: from } : { prefix, from }),
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

const NO_DAMAGE = { file: '', byte: 0, fromOffset: 0, toOffset: 0 };

function damageMessage(damage: Damage) {
  const { part, why } = damage;
  switch (part) {
    case 'file':
      return { ...NO_DAMAGE, part, why, file: damage.file, byte: damage.byte };
    case 'log':
      return { ...NO_DAMAGE, part, why, fromOffset: damage.from, toOffset: damage.to };
    case 'keyspace':
      return { ...NO_DAMAGE, part, why, fromKey: damage.from, toKey: damage.to };
    case 'database':
      return { ...NO_DAMAGE, part, why };
  }
}

function damageOf({ part, why, file, byte, fromOffset, toOffset, fromKey, toKey }: Plain<'Damage'>): Damage {
  switch (part) {
    case 'file':
      return { part, why, file, byte };
    case 'log':
      return { part, why, from: fromOffset, to: toOffset };
    case 'keyspace':
      return { part, why, from: fromKey, to: toKey };
    default:
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
