/**
 * Answers which keys have a record on disk, for the flush and for other counts of keys.
 *
 * A seek is LevelDB's way to ask without the value. A seek walks over every deletion mark behind the key
 * until it finds a row: 256 keys took 45 s behind a million marks. So seeks are used only while no record was
 * ever deleted. Otherwise each key is looked up on its own. A look-up ends at the newest entry of the key,
 * mark or record, however many marks there are. A look-up costs 1.5 µs more for a small record, and the copy
 * of a large one.
 */
import type { HeadwaterError } from '../base/errors.js';
import { READ_GROUP_KEYS_MAX } from '../base/limits.js';
import { type Database, isUnreadablePlace } from '../disk/level.js';
import type { CheckpointRecord } from './checkpoint-record.js';
import type { EmptiedRanges } from './emptied-ranges.js';
import { GroupSize } from './group-size.js';
import { DATA_KEY_HEADER_BYTES } from './record.js';
import { RecordSizes } from './record-sizes.js';

export class Presence {
  readonly db: Database;
  readonly #sizes: RecordSizes;
  /** The size of the groups. Small records let it grow from one call to the next. */
  readonly #group: GroupSize;
  readonly #emptied: Pick<EmptiedRanges, 'isUnmarked'> | undefined;
  #unreadable: HeadwaterError | undefined;

  /**
   * @param emptied says whether a record was ever deleted. Undefined if that may be wrong.
   * @param sizes sizes of the records on disk.
   */
  constructor(db: Database, emptied: Pick<EmptiedRanges, 'isUnmarked'> | undefined, sizes: RecordSizes) {
    this.db = db;
    this.#emptied = emptied;
    this.#sizes = sizes;
    this.#group = new GroupSize(sizes);
  }

  /**
   * Answers for the records of a checkpoint.
   * @param isThere false once a flush may have written more. A flush leaves marks, and may begin between two groups of
   *   keys.
   */
  static at({ unmarked, sizes }: CheckpointRecord, db: Database, isThere: () => boolean): Presence {
    const emptied = {
      get isUnmarked() {
        return unmarked === true && isThere();
      },
    };
    return new Presence(db, emptied, RecordSizes.parse(sizes));
  }

  /** The most bytes that an answer for this key needs. A seek reads the key alone. */
  bytesFor(key: Buffer): number {
    return this.#emptied?.isUnmarked === true ? key.length : this.#sizes.of(key, DATA_KEY_HEADER_BYTES);
  }

  /** The last reason why the disk could not be read. Each key that was asked for then counts as present. */
  get unreadable(): HeadwaterError | undefined {
    return this.#unreadable;
  }

  /** @returns by the index of the key, whether the disk holds a record of it. */
  async of(keys: readonly Buffer[]): Promise<readonly boolean[]> {
    const present: boolean[] = [];
    while (present.length < keys.length) {
      const isUnmarked = this.#emptied?.isUnmarked === true;
      const asked = isUnmarked ? this.#most(keys, present.length) : this.#few(keys, present.length);
      const found = await this.#orAll(asked, isUnmarked ? this.db.hasMany(asked) : this.#lookUp(asked));
      if (found.length === keys.length) return found;
      for (const one of found) present.push(one);
    }
    return present;
  }

  /** A seek reads no value, so that only the number of keys counts. */
  #most(keys: readonly Buffer[], from: number): Buffer[] {
    return keys.slice(from, from + READ_GROUP_KEYS_MAX);
  }

  #few(keys: readonly Buffer[], from: number): Buffer[] {
    return this.#group.take(keys, from, itself, DATA_KEY_HEADER_BYTES);
  }

  async #lookUp(keys: Buffer[]): Promise<readonly boolean[]> {
    const records = await this.db.getMany(keys);
    this.#group.hasRead(
      keys.length,
      records.reduce((bytes, record) => bytes + (record?.length ?? 0), 0),
    );
    return records.map((record) => record !== undefined);
  }

  /** If the disk cannot be read, each of the keys counts as present. */
  async #orAll(keys: readonly Buffer[], asking: Promise<readonly boolean[]>): Promise<readonly boolean[]> {
    try {
      return await asking;
    } catch (error) {
      if (!isUnreadablePlace(error)) throw error;
      this.#unreadable = error;
      return keys.map(() => true);
    }
  }
}

function itself(key: Buffer): Buffer {
  return key;
}
