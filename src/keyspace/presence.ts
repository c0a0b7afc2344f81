/**
 * Answers which keys have a record on disk, for the flush, which counts them.
 *
 * Each key is looked up on its own. A seek, LevelDB's way to ask without the
 * value, walks over every deletion mark behind the key until it finds a row:
 * 256 keys took 45 s behind a million marks. A look-up ends at the newest entry
 * of the key, mark or record, however many marks there are. It costs 1 µs more
 * for a small record, and the copy of a large one.
 */
import type { HeadwaterError } from '../errors.js';
import { type Database, isUnreadablePlace } from '../level.js';
import { GroupSize } from './groups.js';
import { DATA_KEY_HEADER_BYTES } from './record.js';
import type { RecordSizes } from './record-sizes.js';

export class Presence {
  readonly db: Database;
  /** Small records let it grow from one call to the next. */
  readonly #group: GroupSize;
  #unreadable: HeadwaterError | undefined;

  /** @param sizes of the records on disk. */
  constructor(db: Database, sizes: RecordSizes) {
    this.db = db;
    this.#group = new GroupSize(sizes);
  }

  /** The last reason why the disk could not tell; each key that was asked for then may be there. */
  get unreadable(): HeadwaterError | undefined {
    return this.#unreadable;
  }

  /** @returns by the index of the key, whether the disk holds a record of it. */
  async of(keys: readonly Buffer[]): Promise<readonly boolean[]> {
    const present: boolean[] = [];
    while (present.length < keys.length) {
      const asked = this.#group.take(keys, present.length, itself, DATA_KEY_HEADER_BYTES);
      for (const one of await this.#lookUp(asked)) present.push(one);
    }
    return present;
  }

  async #lookUp(keys: Buffer[]): Promise<readonly boolean[]> {
    try {
      const records = await this.db.getMany(keys);
      this.#group.hasRead(
        keys.length,
        records.reduce((bytes, record) => bytes + (record?.length ?? 0), 0),
      );
      return records.map((record) => record !== undefined);
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
