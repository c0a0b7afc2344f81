/**
 * Which tables make up a database, as its MANIFEST tells it.
 *
 * Format (LevelDB's db/version_edit.cc): a log file (log-file.ts) whose records
 * are changes: tags, each followed by its fields. Applied in order, they give
 * the tables that there are.
 */
import { ByteReader } from './bytes.js';
import { logRecords } from './log-file.js';

const TAGS = {
  comparator: 1,
  logNumber: 2,
  nextFileNumber: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLogNumber: 9,
} as const;

const COMPARATOR = 'leveldb.BytewiseComparator';

export interface TableOfVersion {
  readonly number: number;
  /** 0: its keys may be those of others of the level too, and it is newer than those of lower numbers. Else no two of a level share keys. */
  readonly level: number;
  /** As they stand in the table, first and last. */
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

export interface Version {
  /** Log files from this number on hold what is in no table. */
  readonly logNumber: number;
  readonly tables: readonly TableOfVersion[];
}

/**
 * @param manifest all bytes of a `MANIFEST-*`.
 * @throws Error where it makes no sense, or is of a version of LevelDB that we do not know.
 */
export function readVersion(manifest: Buffer): Version {
  const tables = new Map<string, TableOfVersion>();
  let logNumber = 0;
  for (const record of logRecords(manifest)) {
    const reader = new ByteReader(record);
    while (!reader.done) {
      const tag = reader.varint();
      if (tag === TAGS.comparator) expectComparator(reader.string().toString());
      else if (tag === TAGS.logNumber) logNumber = reader.varint();
      else if (tag === TAGS.nextFileNumber || tag === TAGS.lastSequence || tag === TAGS.previousLogNumber)
        reader.varint();
      else if (tag === TAGS.compactPointer) {
        reader.varint();
        reader.string();
      } else if (tag === TAGS.deletedFile) tables.delete(`${reader.varint()} ${reader.varint()}`);
      else if (tag === TAGS.newFile) {
        const table = tableIn(reader);
        tables.set(`${table.level} ${table.number}`, table);
      } else throw new Error(`the manifest has the tag ${tag}, which is not known`);
    }
  }
  return { logNumber, tables: [...tables.values()] };
}

function tableIn(reader: ByteReader): TableOfVersion {
  const level = reader.varint();
  const number = reader.varint();
  reader.varint();
  return { level, number, smallest: reader.string(), largest: reader.string() };
}

function expectComparator(name: string): void {
  if (name !== COMPARATOR) throw new Error(`expected keys in the order ${COMPARATOR}, received ${name}`);
}
