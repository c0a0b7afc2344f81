/**
 * The demands of a client on a message beside its operations. They say how safe its writes have to be before they are
 * answered, and how fresh the node that answers has to be.
 */
import type { DurabilityReached } from '../base/error-details.js';
import { HeadwaterError } from '../base/errors.js';
import { type DurabilityWanted, formatDurability, parseDurability } from './durability.js';
import { formatToken, type Position, parseToken } from './position.js';

export interface FreshnessWanted {
  /** The position up to which the node must have applied everything. */
  readonly atLeast: Position | undefined;
  /** A second such position in another history, if neither position shows which is further. */
  readonly alsoAtLeast?: Position | undefined;
  /** The bound on staleness: the node has applied everything that the leader had that long ago. 0 = no bound. */
  readonly maxStalenessMs: number;
  /** The longest wait for the freshness; 0 = as long as the node will wait. */
  readonly withinMs: number;
}

export interface Guarantees {
  readonly durability: DurabilityWanted | undefined;
  readonly freshness: FreshnessWanted | undefined;
  /** True if only a leader may answer what reads. */
  readonly leaderOnly?: boolean;
}

/** The demand that only a leader may answer, and no other. */
export const LEADER_ONLY: Guarantees = Object.freeze({ durability: undefined, freshness: undefined, leaderOnly: true });

/** The part of a request that asks for guarantees. Undefined if its message has none. */
export interface Asking {
  readonly guarantees?: Guarantees | undefined;
}

/** The answer to guarantees. */
export interface Assurance {
  /** A position at or after everything that the call has seen. */
  readonly position: Position;
  /** The durability reached, if one was asked for and the call can write. */
  readonly reached: DurabilityReached | undefined;
}

/** The part of a reply that answers guarantees. Undefined if its message has none. */
export interface Assured {
  readonly assurance?: Assurance | undefined;
}

/** Undefined if nothing is asked for, which is nearly always. */
export function guaranteesOf(
  durability: DurabilityWanted | undefined,
  { alsoAtLeast, ...wanted }: FreshnessWanted,
  leaderOnly = false,
): Guarantees | undefined {
  const isAsked = wanted.atLeast || alsoAtLeast || wanted.maxStalenessMs > 0;
  const freshness = isAsked ? { ...wanted, ...(alsoAtLeast && { alsoAtLeast }) } : undefined;
  if (!durability && !freshness) return leaderOnly ? LEADER_ONLY : undefined;
  return { durability, freshness, ...(leaderOnly && { leaderOnly }) };
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
  leaderOnly: 'headwater-leader-only',
} as const;

/** Names and values for the metadata of a call. */
export function guaranteesMetadata({
  durability,
  freshness,
  leaderOnly,
}: Guarantees): Array<[name: string, value: string]> {
  const entries: Array<[string, string]> = [];
  if (durability) entries.push([METADATA.durability, formatDurability(durability)]);
  if (freshness?.atLeast) entries.push([METADATA.atLeast, formatToken(freshness.atLeast)]);
  if (freshness?.alsoAtLeast) entries.push([METADATA.alsoAtLeast, formatToken(freshness.alsoAtLeast)]);
  if (freshness?.maxStalenessMs) entries.push([METADATA.maxStalenessMs, String(freshness.maxStalenessMs)]);
  if (freshness?.withinMs) entries.push([METADATA.freshWithinMs, String(freshness.withinMs)]);
  if (leaderOnly) entries.push([METADATA.leaderOnly, 'true']);
  return entries;
}

/** @throws HeadwaterError `invalid_argument` that names the entry, the expected and the received value. */
export function guaranteesOfMetadata(read: (name: string) => string | undefined): Guarantees | undefined {
  const durability = read(METADATA.durability);
  const token = (name: string) => {
    const text = read(name);
    return text === undefined ? undefined : parseToken(text);
  };
  return guaranteesOf(
    durability === undefined ? undefined : parseDurability(durability),
    {
      atLeast: token(METADATA.atLeast),
      alsoAtLeast: token(METADATA.alsoAtLeast),
      maxStalenessMs: milliseconds(METADATA.maxStalenessMs, read),
      withinMs: milliseconds(METADATA.freshWithinMs, read),
    },
    isTrue(METADATA.leaderOnly, read),
  );
}

/**
 * The guarantees that a call asks for in its message and in its metadata.
 * @throws HeadwaterError `invalid_argument` if both name one guarantee with different values.
 */
export function bothGuarantees(
  inMessage: Guarantees | undefined,
  inMetadata: Guarantees | undefined,
): Guarantees | undefined {
  if (!inMessage || !inMetadata) return inMessage ?? inMetadata;
  const both = new Map(guaranteesMetadata(inMessage));
  for (const [name, value] of guaranteesMetadata(inMetadata)) {
    const other = both.get(name) ?? value;
    if (other !== value)
      throw new HeadwaterError(
        'invalid_argument',
        `${name}: expected one value, received ${other} in the message and ${value} in the metadata. Set it in one place`,
      );
    both.set(name, value);
  }
  return guaranteesOfMetadata((name) => both.get(name));
}

function isTrue(name: string, read: (name: string) => string | undefined): boolean {
  const text = read(name) ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new HeadwaterError(
    'invalid_argument',
    `${name}: expected true or false, received ${JSON.stringify(text.slice(0, 100))}`,
  );
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
