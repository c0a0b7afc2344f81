/**
 * The figures of a LevelDB database, from its own properties: the table files of each level, with what compactions into
 * that level have cost since the database was opened, and the memory. LevelDB rounds sizes down to MiB and times to
 * seconds.
 */
import path from 'node:path';

const MiB = 2 ** 20;

/** A database that answers questions about itself. */
export interface Questioned {
  readonly location: string;
  property?(name: string): string | undefined;
}

export interface LevelFigures {
  readonly level: number;
  readonly files: number;
  readonly bytes: number;
  readonly compactionSeconds: number;
  readonly compactionReadBytes: number;
  readonly compactionWrittenBytes: number;
}

export interface DatabaseFigures {
  /** The name of the folder: `log` or `keyspace`. */
  readonly name: string;
  /** The levels that hold files or have taken part in compactions. */
  readonly levels: readonly LevelFigures[];
  /** The memory of tables that are not written yet and of the block cache, as LevelDB estimates it. */
  readonly memoryBytes: number | undefined;
}

export function databaseFigures(database: Questioned): DatabaseFigures {
  const memory = database.property?.('leveldb.approximate-memory-usage');
  return {
    name: path.basename(database.location),
    levels: levelsOf(database.property?.('leveldb.stats') ?? ''),
    memoryBytes: memory === undefined ? undefined : Number(memory),
  };
}

/** The levels in the text of `leveldb.stats`: lines of six numbers under a head. */
export function levelsOf(stats: string): LevelFigures[] {
  return stats.split('\n').flatMap((line) => {
    const numbers = line.trim().split(/\s+/).map(Number);
    if (numbers.length !== 6 || !numbers.every(Number.isFinite)) return [];
    const [level, files, size, seconds, read, written] = numbers as [number, number, number, number, number, number];
    return {
      level,
      files,
      bytes: size * MiB,
      compactionSeconds: seconds,
      compactionReadBytes: read * MiB,
      compactionWrittenBytes: written * MiB,
    };
  });
}
