/**
 * The details of errors as they travel: texts, under names with underscores. Here each known fact has the kind of its
 * value. A fact that is not known, such as one of a newer node, passes as text under the name that it came with.
 */
import type { AnyDetails, CommonDetails, DetailsByCode } from '../base/error-details.js';
import type { Details } from '../base/errors.js';
import { snakeCase } from '../base/snake-case.js';

type Kind = 'text' | 'number' | 'flag';

/** The facts that have names of their own. A resync is refused with the facts that `status` shows, which are texts. */
type NamesOf<D> = D extends unknown ? keyof D : never;
type Fact = NamesOf<CommonDetails | DetailsByCode[Exclude<keyof DetailsByCode, 'resync_refused'>]>;

const KINDS: Readonly<Record<Fact, Kind>> = {
  address: 'text',
  askedOffset: 'number',
  base64: 'text',
  cause: 'text',
  channel: 'text',
  directory: 'text',
  epoch: 'number',
  file: 'text',
  followers: 'number',
  followersAppended: 'number',
  followersSynced: 'number',
  freeBytes: 'number',
  key: 'text',
  leader: 'text',
  limit: 'text',
  maxLagMs: 'number',
  maxStalenessMs: 'number',
  minFollowers: 'number',
  neededBytes: 'number',
  nodeId: 'text',
  offset: 'number',
  operation: 'number',
  reached: 'flag',
  reason: 'text',
  replicationId: 'text',
  retryAfterMs: 'number',
  stalenessMs: 'number',
  synced: 'flag',
  unsyncedHere: 'flag',
  user: 'text',
};

/** The names of the facts by their names on the wire, and back. */
const FROM_WIRE = new Map(Object.keys(KINDS).map((name) => [snakeCase(name), name as Fact]));
const TO_WIRE = new Map(Array.from(FROM_WIRE, ([wire, name]): [string, string] => [name, wire]));

/** Converts details to texts. */
export function toDetailTexts(details: AnyDetails): Details {
  const given = Object.entries(details).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [TO_WIRE.get(name) ?? name, String(value)]));
}

/** Converts texts to details. Leaves a fact out whose text is no value of its kind. */
export function fromDetailTexts(texts: Details): AnyDetails {
  const facts = Object.entries(texts).map(([wire, text]): [string, AnyDetails[string]] => {
    const name = FROM_WIRE.get(wire);
    return name ? [name, factOf(KINDS[name], text)] : [wire, text];
  });
  return Object.fromEntries(facts.filter(([, value]) => value !== undefined));
}

function factOf(kind: Kind, text: string): string | number | boolean | undefined {
  if (kind === 'text') return text;
  if (kind === 'flag') return text === 'true' || text === 'false' ? text === 'true' : undefined;
  return /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
}
