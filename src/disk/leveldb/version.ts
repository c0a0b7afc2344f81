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
  /** Of the file. */
  readonly bytes: number;
  /** 0: its keys may be those of others of the level too, and it is newer than those of lower numbers. Else no two of a level share keys. */
  readonly level: number;
  /** As they stand in the table, first and last. */
  readonly smallest: Buffer;
  readonly largest: Buffer;
}

export interface Version {
  /** Log files from this number on hold what is in no table; 0 as long as nothing was ever written. */
  readonly logNumber: number;
  /** The first write in the file `logNumber` has a sequence number between these, both included. */
  readonly sequences: { readonly from: bigint; readonly through: bigint };
  readonly tables: readonly TableOfVersion[];
}

/** Looked at in one step, bytes. */
const STEP_BYTES = 64 * 1024;

/**
 * @param manifest all bytes of a `MANIFEST-*`.
 * @throws Error where it makes no sense, or is of a version of LevelDB that we do not know.
 */
export function readVersion(manifest: Buffer): Version {
  const steps = versionSteps(manifest);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * The same in steps, each of which yields the bytes that it has looked at: of a
 * node that has run for weeks the manifest is large.
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
      } else throw new Error(`the manifest has the tag ${tag}, which is not known`);
    }
    if (logNumber === before || lastSequence === undefined) continue;
    // The first one of a manifest is begun when the database is opened, before anything is written.
    const next = BigInt(lastSequence) + 1n;
    sequences = { from: before === undefined ? next : sequences.through, through: next };
  }
  if (logNumber === undefined || nextFileNumber === undefined || lastSequence === undefined)
    throw new Error('the manifest does not say which log file goes on from it');
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
