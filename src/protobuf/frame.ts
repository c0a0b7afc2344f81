/**
 * Shared code for replication frames of both directions: the refusal of bytes that are no frame, positions and lineage
 * rows. Pipeline requests carry positions too.
 */
import { type Details, HeadwaterError } from '../base/errors.js';
import { NAME_CHARACTERS_MAX } from '../base/limits.js';
import type { LineageRow } from '../model/lineage.js';
import type { LivePlace } from '../model/live-place.js';
import type { Position } from '../model/position.js';
import type { headwater } from './generated.js';
import { bytesOf } from './message.js';
import { toNumber } from './numbers.js';

/** @throws HeadwaterError `protocol_violation`, whatever `decode` threw. */
export function parseFrame<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (HeadwaterError.is(error, 'protocol_violation')) throw error;
    throw new HeadwaterError('protocol_violation', `a replication frame cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

export function unknownFrame(): HeadwaterError {
  return new HeadwaterError('protocol_violation', 'received a replication frame that this version does not know');
}

/** Converts a uint64 of a frame. */
export function frameNumber(value: Parameters<typeof toNumber>[0]): number {
  return toNumber(value, 'a replication frame');
}

const CONTROL = /\p{Cc}/u;

/** Checks the name that a peer gives a node, an address or a mark. Names are kept, logged and shown to people. */
export function frameName(value: string | null | undefined): string {
  const name = value ?? '';
  if (name.length <= NAME_CHARACTERS_MAX && !CONTROL.test(name)) return name;
  throw new HeadwaterError(
    'protocol_violation',
    `a replication frame: expected a name of at most ${NAME_CHARACTERS_MAX} printable characters, received ${name.length} characters: ${JSON.stringify(name.slice(0, 40))}`,
  );
}

export function rowOf(row: LineageRow): headwater.v1.LineageRow.$Properties {
  return { ...row, replicationId: idOf(row.replicationId) };
}

export function toRow(message: headwater.v1.LineageRow.$Properties): LineageRow {
  return {
    replicationId: toId(message.replicationId),
    firstOffset: frameNumber(message.firstOffset),
    checksum: message.checksum ?? 0,
    epoch: frameNumber(message.epoch),
  };
}

export function positionOf(position: Position): headwater.v1.Position.$Properties {
  return { ...position, replicationId: idOf(position.replicationId) };
}

export function toPosition(message: headwater.v1.Position.$Properties | null | undefined): Position {
  return {
    replicationId: toId(message?.replicationId),
    offset: frameNumber(message?.offset),
    checksum: message?.checksum ?? 0,
  };
}

/** Returns null for a sender that does not count, which has no place. */
export function placeOf(place: LivePlace | undefined): headwater.v1.LivePlace.$Properties | null {
  if (!place || place.source === '') return null;
  const { source, count, follows } = place;
  const before = follows && { followsSource: idOf(follows.source), followsCount: follows.count };
  return { source: idOf(source), count, ...before };
}

export function toPlace(message: headwater.v1.LivePlace.$Properties | null | undefined): LivePlace | undefined {
  if (!message) return undefined;
  const { source, count, followsSource, followsCount } = message;
  const place = { source: toId(source), count: frameNumber(count) };
  if (!followsSource?.length) return place;
  return { ...place, follows: { source: toId(followsSource), count: frameNumber(followsCount) } };
}

export function detailsOf(details: Details): headwater.v1.Detail.$Properties[] {
  return Object.entries(details).map(([name, value]) => ({ name, value }));
}

export function toDetails(details: readonly headwater.v1.Detail.$Properties[] | null | undefined): Details {
  return Object.fromEntries((details ?? []).map(({ name, value }) => [name ?? '', value ?? '']));
}

export function idOf(replicationId: string): Buffer {
  return Buffer.from(replicationId, 'hex');
}

export function toId(bytes: Uint8Array | null | undefined): string {
  if (bytes?.length === 20) return bytesOf(bytes).toString('hex');
  throw new HeadwaterError(
    'protocol_violation',
    `expected a replication ID of 20 bytes, received ${bytes?.length ?? 0}`,
  );
}
