/**
 * The check of a table. LevelDB does not verify the checksums of blocks that it reads. So a flipped bit is
 * served silently, or ends the process if it makes no sense.
 */
import { KEY_TRAILER_BYTES } from './key.js';
import { blockIn, damageOfBlock, endsAsTable, FOOTER_BYTES, type IndexEntry, indexSteps, placesIn } from './table.js';

export interface TableDamage {
  readonly byte: number;
  readonly why: string;
  /** The damaged block holds only keys after this one. Undefined: from the first of the table. */
  readonly after: Buffer | undefined;
  /** The damaged block holds no key after this one. Undefined: to the last of the table. */
  readonly through: Buffer | undefined;
}

/** Bytes checked in one step. */
const STEP_BYTES = 256 * 1024;

/**
 * Checks a table in steps. Each step yields the bytes that it has checked, so that a serving process can do
 * other work in between.
 * @param bytes a whole table.
 */
export function* tableSteps(bytes: Buffer): Generator<number, TableDamage[]> {
  const whole = (byte: number, why: string): TableDamage[] => [{ byte, why, after: undefined, through: undefined }];
  const footer = bytes.length - FOOTER_BYTES;
  if (!endsAsTable(bytes)) return whole(Math.max(0, footer), 'the end of the file is not the end of a table');
  let entries: IndexEntry[];
  try {
    const { metaindex, index } = placesIn(bytes.subarray(footer));
    for (const place of [metaindex, index]) {
      const why = damageOfBlock(bytes, place);
      if (why !== undefined) return whole(place.offset, `the index: ${why}`);
    }
    entries = yield* indexSteps(blockIn(bytes, index));
  } catch (error) {
    return whole(footer, `the index cannot be read: ${(error as Error).message}`);
  }
  const damages: TableDamage[] = [];
  let after: Buffer | undefined;
  let looked = 0;
  for (const { key, place } of entries) {
    looked += place.size;
    if (looked >= STEP_BYTES) {
      yield looked;
      looked = 0;
    }
    const through = key.subarray(0, -KEY_TRAILER_BYTES);
    const why = damageOfBlock(bytes, place);
    if (why !== undefined) damages.push({ byte: place.offset, why, after, through });
    after = through;
  }
  return damages;
}
