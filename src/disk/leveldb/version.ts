/**
 * The tables of a database, from its MANIFEST.
 *
 * Format (LevelDB's db/version_edit.cc): a log file (log-file.ts) whose records are changes. A change is a
 * series of tags, each followed by its fields. Applied in order, the changes give the current tables.
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
  /** Bytes of the file. */
  readonly bytes: number;
  /**
   * At level 0, tables may share keys, and a table of a higher number is newer. At each other level, no two
   * tables share keys.
   */
  readonly level: number;
  /** The first and the last key, as they stand in the table. */
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

export interface Version {
  /** Log files from this number on hold the writes in no table. 0 as long as nothing was ever written. */
  readonly logNumber: number;
  /** The range, both ends included, of the sequence number of the first write in the file `logNumber`. */
  readonly sequences: { readonly from: bigint; readonly through: bigint };
  readonly tables: readonly TableOfVersion[];
}

/** Bytes read in one step. */
const STEP_BYTES = 64 * 1024;

/**
 * Reads a manifest.
 * @param manifest all bytes of a `MANIFEST-*`.
 * @throws Error if the manifest makes no sense, or is of an unknown version of LevelDB.
 */
export function readVersion(manifest: Buffer): Version {
  const steps = versionSteps(manifest);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does the same in steps. Each step yields the bytes that it has read, because a node that has run for weeks
 * has a large manifest.
 */
export function* versionSteps(manifest: Buffer): Generator<number, Version> {
  const tables = new Map<string, TableOfVersion>();
  let logNumber: number | undefined;
  let nextFileNumber: number | undefined;
  let lastSequence: number | undefined;
  let sequences = { from: 0n, through: 0n };
  let looked = 0;
  for (const record of logRecords(manifest)) {
    looked += record.length;
    if (looked >= STEP_BYTES) {
      yield looked;
      looked = 0;
    }
    const reader = new ByteReader(record);
    const before = logNumber;
    while (!reader.done) {
      const tag = reader.varint();
      if (tag === TAGS.comparator) expectComparator(reader.string().toString());
      else if (tag === TAGS.logNumber) logNumber = reader.varint();
      else if (tag === TAGS.nextFileNumber) nextFileNumber = reader.varint();
      else if (tag === TAGS.lastSequence) lastSequence = reader.varint();
      else if (tag === TAGS.previousLogNumber) reader.varint();
      else if (tag === TAGS.compactPointer) {
        reader.varint();
        reader.string();
      } else if (tag === TAGS.deletedFile) tables.delete(`${reader.varint()} ${reader.varint()}`);
      else if (tag === TAGS.newFile) {
        const table = tableIn(reader);
        tables.set(`${table.level} ${table.number}`, table);
      } else throw new Error(`the manifest has the tag ${tag}, which this version does not know`);
    }
    if (logNumber === before || lastSequence === undefined) continue;
    // LevelDB begins the first log file of a manifest when it opens the database, before any write.
    const next = BigInt(lastSequence) + 1n;
    sequences = { from: before === undefined ? next : sequences.through, through: next };
  }
  if (logNumber === undefined || nextFileNumber === undefined || lastSequence === undefined)
    throw new Error('the manifest does not name its log file');
  return { logNumber, sequences, tables: [...tables.values()] };
}

function tableIn(reader: ByteReader): TableOfVersion {
  const level = reader.varint();
  const number = reader.varint();
  const bytes = reader.varint();
  return { level, number, bytes, smallest: reader.string(), largest: reader.string() };
}

function expectComparator(name: string): void {
  if (name !== COMPARATOR) throw new Error(`expected keys in the order ${COMPARATOR}, received ${name}`);
}
