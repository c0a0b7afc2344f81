/**
 * The guarantees that a message asks for beside its operations, and the durability reached. A PipelineRequest has the
 * guarantees behind its operations. A PipelineResponse has the durability behind its position. These fields are written
 * and read only if they are present. Unary calls carry the same as gRPC metadata.
 */

import { HeadwaterError } from '../base/errors.js';
import {
  checkDurability,
  type DurabilityReached,
  type DurabilityWanted,
  formatDurability,
  parseDurability,
} from '../model/durability.js';
import type { FreshnessWanted, Guarantees } from '../model/guarantees.js';
import { formatToken, type Position, parseToken } from '../model/position.js';
import { positionOf } from './frame.js';
import { headwater } from './generated.js';
import { bytesOf } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

/** The index of a level is its number in the protocol. */
const LEVELS = [undefined, 'appended', 'synced', 'followers', 'followers_synced'] as const;

/** Encodes the fields of a PipelineRequest beside its operations. They stand behind the operations. */
export function encodeGuarantees({ durability, freshness }: Guarantees): Uint8Array {
  return v1.PipelineRequest.encode({
    durability: durability
      ? {
          level: LEVELS.indexOf(durability.level) as headwater.v1.DurabilityLevel,
          followers: durability.followers,
          timeoutMs: durability.timeoutMs,
        }
      : null,
    atLeast: freshness?.atLeast ? positionOf(freshness.atLeast) : null,
    alsoAtLeast: freshness?.alsoAtLeast ? positionOf(freshness.alsoAtLeast) : null,
    maxStalenessMs: freshness?.maxStalenessMs ?? 0,
    freshWithinMs: freshness?.withinMs ?? 0,
  }).finish();
}

/**
 * @param message a PipelineRequest without its operations.
 * @throws HeadwaterError `invalid_argument` that names the expected and the received value.
 */
export function toGuarantees(message: headwater.v1.PipelineRequest.$Properties): Guarantees | undefined {
  const { durability, atLeast, alsoAtLeast } = message;
  return guarantees(
    durability
      ? checkDurability({
          level: toLevel(durability.level),
          followers: durability.followers ?? 0,
          timeoutMs: toNumber(durability.timeoutMs, 'durability.timeout_ms'),
        })
      : undefined,
    {
      atLeast: atLeast ? toAskedPosition('at_least', atLeast) : undefined,
      alsoAtLeast: alsoAtLeast ? toAskedPosition('also_at_least', alsoAtLeast) : undefined,
      maxStalenessMs: toNumber(message.maxStalenessMs, 'max_staleness_ms'),
      withinMs: toNumber(message.freshWithinMs, 'fresh_within_ms'),
    },
  );
}

function guarantees(
  durability: DurabilityWanted | undefined,
  { alsoAtLeast, ...wanted }: FreshnessWanted,
): Guarantees | undefined {
  const isAsked = wanted.atLeast || alsoAtLeast || wanted.maxStalenessMs > 0;
  const freshness = isAsked ? { ...wanted, ...(alsoAtLeast && { alsoAtLeast }) } : undefined;
  return durability || freshness ? { durability, freshness } : undefined;
}

function toLevel(level: number | null | undefined): DurabilityWanted['level'] {
  const known = LEVELS[level ?? 0];
  if (known) return known;
  throw new HeadwaterError(
    'invalid_argument',
    `durability.level: expected a number from 1 to ${LEVELS.length - 1}, received ${level ?? 0}`,
  );
}

function toAskedPosition(name: string, message: headwater.v1.Position.$Properties): Position {
  const id = bytesOf(message.replicationId);
  if (id.length !== 20) {
    throw new HeadwaterError('invalid_argument', `${name}.replication_id: expected 20 bytes, received ${id.length}`);
  }
  return {
    replicationId: id.toString('hex'),
    offset: toNumber(message.offset, `${name}.offset`),
    checksum: message.checksum ?? 0,
  };
}

export function encodeReached(reached: DurabilityReached): Uint8Array {
  return v1.DurabilityReached.encode(reached).finish();
}

export function toReached(message: headwater.v1.DurabilityReached.$Properties): DurabilityReached {
  return {
    reached: message.reached ?? false,
    synced: message.synced ?? false,
    followersAppended: message.followersAppended ?? 0,
    followersSynced: message.followersSynced ?? 0,
    unsyncedHere: message.unsyncedHere ?? false,
  };
}

// ---- metadata of unary calls ----------------------------------------------------

export const METADATA = {
  durability: 'headwater-durability',
  atLeast: 'headwater-at-least',
  alsoAtLeast: 'headwater-also-at-least',
  maxStalenessMs: 'headwater-max-staleness-ms',
  freshWithinMs: 'headwater-fresh-within-ms',
  position: 'headwater-position',
  reached: 'headwater-reached',
} as const;

/** Names and values for the metadata of a call. */
export function guaranteesMetadata({ durability, freshness }: Guarantees): Array<[name: string, value: string]> {
  const entries: Array<[string, string]> = [];
  if (durability) entries.push([METADATA.durability, formatDurability(durability)]);
  if (freshness?.atLeast) entries.push([METADATA.atLeast, formatToken(freshness.atLeast)]);
  if (freshness?.alsoAtLeast) entries.push([METADATA.alsoAtLeast, formatToken(freshness.alsoAtLeast)]);
  if (freshness?.maxStalenessMs) entries.push([METADATA.maxStalenessMs, String(freshness.maxStalenessMs)]);
  if (freshness?.withinMs) entries.push([METADATA.freshWithinMs, String(freshness.withinMs)]);
  return entries;
}

/** @throws HeadwaterError `invalid_argument` that names the entry, the expected and the received value. */
export function guaranteesOfMetadata(read: (name: string) => string | undefined): Guarantees | undefined {
  const durability = read(METADATA.durability);
  const token = (name: string) => {
    const text = read(name);
    return text === undefined ? undefined : parseToken(text);
  };
  return guarantees(durability === undefined ? undefined : parseDurability(durability), {
    atLeast: token(METADATA.atLeast),
    alsoAtLeast: token(METADATA.alsoAtLeast),
    maxStalenessMs: milliseconds(METADATA.maxStalenessMs, read),
    withinMs: milliseconds(METADATA.freshWithinMs, read),
  });
}

function milliseconds(name: string, read: (name: string) => string | undefined): number {
  const text = read(name);
  if (text === undefined) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected milliseconds in decimal, received ${JSON.stringify(text.slice(0, 100))}`,
  );
}
