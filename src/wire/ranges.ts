/** The messages about key ranges (proto/headwater/v1/disk.proto) as plain objects with checked numbers. */
import { HeadwaterError } from '../base/errors.js';
import { RANGES_IN_CALL_MAX } from '../base/limits.js';
import type { Position } from '../model/position.js';
import { positionOf, toPosition } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf, decodeMessage, optionalBytesOf } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

/** All keys from `from` on and before `to`. */
export interface KeyRange {
  /** The first key. Empty to begin at the first key of all. */
  readonly from: Buffer;
  /** The key before which the range ends. Undefined to end at the last key of all. */
  readonly to: Buffer | undefined;
}

export interface RangeDigestsRequest {
  readonly markId: string;
  readonly ranges: readonly KeyRange[];
  /** For each range, the number of keys behind which it is cut. 0 or absent for no cuts. */
  readonly cuts: readonly number[];
}

/** The digest of a piece of a range. */
export interface RangeDigest {
  /** The index of the range. */
  readonly range: number;
  /** The last key of a piece behind which the range was cut. Empty at the end of the range. */
  readonly lastKey: Buffer;
  /** True if the piece goes to the end of the range. */
  readonly end: boolean;
  readonly keys: number;
  /** The digest over the sound records, 32 bytes. */
  readonly digest: Buffer;
  /** Keys with damaged records. */
  readonly damaged: number;
  /** The reason why the range could not be read to its end, or empty. */
  readonly unreadable: string;
}

export interface FetchRangesRequest {
  readonly markId: string;
  /** Ranges in key order that do not overlap. */
  readonly ranges: readonly KeyRange[];
}

export interface FetchRangesResponse {
  /** The position of the records, in the first response only. */
  readonly position: Position | undefined;
  /** The next bytes of all entries, in the form of `packEntry`. */
  readonly entries: Buffer;
  readonly end: boolean;
  /**
   * The index of the range that the next request begins in. All ranges before it have come, and the keys before
   * `nextKey` of this one. Valid at the end.
   */
  readonly nextRange: number;
  readonly nextKey: Buffer;
}

export interface RepairRangesResponse {
  readonly offset: number;
  readonly written: number;
  readonly deleted: number;
}

/** The first key behind `key`, in the order of keys. */
export function keyBehind(key: Buffer): Buffer {
  const behind = Buffer.allocUnsafe(key.length + 1);
  behind.set(key);
  behind[key.length] = 0;
  return behind;
}

export function isInRange(key: Buffer, { from, to }: KeyRange): boolean {
  return Buffer.compare(from, key) <= 0 && (to === undefined || Buffer.compare(key, to) < 0);
}

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

const ENTRY_HEADER_BYTES = 8;

/** Packs an entry: key length u32 ‖ record length u32 ‖ key ‖ record. */
export function packEntry(key: Buffer, record: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(ENTRY_HEADER_BYTES + key.length + record.length);
  bytes.writeUInt32BE(key.length, 0);
  bytes.writeUInt32BE(record.length, 4);
  bytes.set(key, ENTRY_HEADER_BYTES);
  bytes.set(record, ENTRY_HEADER_BYTES + key.length);
  return bytes;
}

/**
 * Returns keys and records as views of `bytes`.
 * @throws HeadwaterError `protocol_violation` if the bytes end inside an entry.
 */
export function unpackEntries(bytes: Buffer): Array<[key: Buffer, record: Buffer]> {
  const entries: Array<[Buffer, Buffer]> = [];
  for (let at = 0; at < bytes.length; ) {
    const keyAt = at + ENTRY_HEADER_BYTES;
    const whole = keyAt <= bytes.length;
    const recordAt = whole ? keyAt + bytes.readUInt32BE(at) : 0;
    const end = whole ? recordAt + bytes.readUInt32BE(at + 4) : 0;
    if (!whole || end > bytes.length)
      throw new HeadwaterError('protocol_violation', `the records of a key range end in the middle of one, at ${at}`);
    entries.push([bytes.subarray(keyAt, recordAt), bytes.subarray(recordAt, end)]);
    at = end;
  }
  return entries;
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
      throw new HeadwaterError('invalid_argument', `ranges[${i}]: expected its end not before its beginning`);
    return { from, to };
  });
}
