/** The messages about key ranges (proto/headwater/v1/disk.proto) as plain objects with checked numbers. */

import { HeadwaterError } from '../base/errors.js';
import { RANGES_IN_CALL_MAX } from '../base/limits.js';
import type {
  FetchRangesRequest,
  FetchRangesResponse,
  KeyRange,
  RangeDigest,
  RangeDigestsRequest,
  RepairRangesResponse,
} from '../model/key-range.js';
import { positionOf, toPosition } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage, optionalBytesOf } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

export function encodeRangeDigestsRequest({ markId, ranges, cuts }: RangeDigestsRequest): Buffer {
  return v1.RangeDigestsRequest.encode({ markId, ranges: ranges.map(rangeOf), cuts: [...cuts] }).finish() as Buffer;
}

/** @throws HeadwaterError `invalid_argument`. */
export function decodeRangeDigestsRequest(bytes: Buffer): RangeDigestsRequest {
  const { markId, ranges, cuts } = decodeMessage('RangeDigestsRequest', bytes, v1.RangeDigestsRequest);
  return { markId, ranges: toRanges(ranges), cuts: cuts.map((keys) => toNumber(keys, 'cuts')) };
}

export function encodeRangeDigestsResponse(digests: readonly RangeDigest[]): Buffer {
  return v1.RangeDigestsResponse.encode({ digests: [...digests] }).finish() as Buffer;
}

export function decodeRangeDigestsResponse(bytes: Buffer): readonly RangeDigest[] {
  const { digests } = decodeMessage('RangeDigestsResponse', bytes, v1.RangeDigestsResponse);
  return digests.map((message) => ({
    range: message.range ?? 0,
    lastKey: bytesOf(message.lastKey),
    end: message.end ?? false,
    keys: toNumber(message.keys, 'keys'),
    digest: bytesOf(message.digest),
    damaged: toNumber(message.damaged, 'damaged'),
    unreadable: message.unreadable ?? '',
  }));
}

export function encodeFetchRangesRequest({ markId, ranges }: FetchRangesRequest): Buffer {
  return v1.FetchRangesRequest.encode({ markId, ranges: ranges.map(rangeOf) }).finish() as Buffer;
}

/** @throws HeadwaterError `invalid_argument`. */
export function decodeFetchRangesRequest(bytes: Buffer): FetchRangesRequest {
  const { markId, ranges } = decodeMessage('FetchRangesRequest', bytes, v1.FetchRangesRequest);
  return { markId, ranges: toRanges(ranges) };
}

export function encodeFetchRangesResponse({ position, ...response }: FetchRangesResponse): Buffer {
  const message = position ? { ...response, position: positionOf(position) } : response;
  return v1.FetchRangesResponse.encode(message).finish() as Buffer;
}

/** Decodes without a copy: the bytes are views of the message. */
export function decodeFetchRangesResponse(bytes: Buffer): FetchRangesResponse {
  const message = decodeMessage('FetchRangesResponse', bytes, v1.FetchRangesResponse);
  return {
    position: message.position ? toPosition(message.position) : undefined,
    entries: bytesOf(message.entries),
    end: message.end,
    nextRange: message.nextRange,
    nextKey: bytesOf(message.nextKey),
  };
}

export function encodeRepairRangesRequest(ranges: readonly KeyRange[]): Buffer {
  return v1.RepairRangesRequest.encode({ ranges: ranges.map(rangeOf) }).finish() as Buffer;
}

/** @throws HeadwaterError `invalid_argument`. */
export function decodeRepairRangesRequest(bytes: Buffer): readonly KeyRange[] {
  return toRanges(decodeMessage('RepairRangesRequest', bytes, v1.RepairRangesRequest).ranges);
}

export function encodeRepairRangesResponse(response: RepairRangesResponse): Buffer {
  return v1.RepairRangesResponse.encode(response).finish() as Buffer;
}

export function decodeRepairRangesResponse(bytes: Buffer): RepairRangesResponse {
  const { offset, written, deleted } = decodeMessage('RepairRangesResponse', bytes, v1.RepairRangesResponse);
  return {
    offset: toNumber(offset, 'offset'),
    written: toNumber(written, 'written'),
    deleted: toNumber(deleted, 'deleted'),
  };
}

function rangeOf({ from, to }: KeyRange): headwater.v1.KeyRange.$Properties {
  return to === undefined ? { from } : { from, to };
}

/** Copies the keys, since a kept range must not keep its message in memory. */
function toRanges(messages: readonly headwater.v1.KeyRange.$Properties[]): KeyRange[] {
  if (messages.length > RANGES_IN_CALL_MAX)
    throw new HeadwaterError(
      'invalid_argument',
      `ranges: expected at most ${RANGES_IN_CALL_MAX}, received ${messages.length}`,
    );
  return messages.map((message, i) => {
    const from = Buffer.from(bytesOf(message.from));
    const end = optionalBytesOf(message.to);
    const to = end && Buffer.from(end);
    if (to && Buffer.compare(from, to) > 0)
      throw new HeadwaterError(
        'invalid_argument',
        `ranges[${i}]: expected an end that is not before the beginning, received another`,
      );
    return { from, to };
  });
}
