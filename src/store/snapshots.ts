/**
 * Frozen keyspaces: snapshots for readers that take their time, and visits to the keyspace on disk. Every snapshot is
 * released by its caller.
 */
import type { Keyspace } from '../keyspace/keyspace.js';
import type { RangeWanted } from '../keyspace/laid-entries.js';
import type { KeyspaceSnapshot } from '../keyspace/snapshot.js';
import type { CheckpointFigures } from './checkpoint.js';
import type { StoreData } from './data.js';
import type { RangeSnapshot } from './shared-snapshots.js';

export class Snapshots {
  readonly #data: StoreData;
  readonly #reserved: { readonly size: number };

  /** @param reserved the records that are not counted. */
  constructor(data: StoreData, reserved: { readonly size: number }) {
    this.#data = data;
    this.#reserved = reserved;
  }

  /**
   * Returns the keyspace as of now; the caller releases it. With `share`, the snapshot may be up to a second older,
   * though not before `notBefore`, an offset.
   */
  async at(options?: { share: boolean; notBefore?: number }): Promise<KeyspaceSnapshot> {
    return this.#data.serving.checkpointer.snapshotAt(options);
  }

  /**
   * Returns a range of the keyspace as of now; the caller releases it. A range of which memory holds little needs no
   * checkpoint.
   * @param now the log's clock.
   */
  async range(wanted: RangeWanted, now: () => number): Promise<RangeSnapshot> {
    return this.#data.serving.checkpointer.rangeAt(wanted, now);
  }

  /** Returns the keyspace at the end of the log exactly as it is in this turn; the caller releases it. */
  here(): Promise<KeyspaceSnapshot> {
    const { notServing } = this.#data;
    return notServing ? Promise.reject(notServing) : this.#data.serving.checkpointer.snapshotHere();
  }

  /**
   * Runs `visit` once the keyspace on disk is exactly that at the end of the log in this turn. The visit may change
   * records there: see Checkpointer.visitHere.
   */
  visitHere<T>(visit: (keyspace: Keyspace, closing: AbortSignal) => Promise<T>): Promise<T> {
    const { notServing } = this.#data;
    return notServing ? Promise.reject(notServing) : this.#data.serving.checkpointer.visitHere(visit);
  }

  /** The directory in which the files of the keyspace can be read while nobody writes to them: see visitHere. */
  get keyspaceDirectory(): string | undefined {
    return this.#data.isServing ? this.#data.serving.keyspace.directory : undefined;
  }

  /** Makes a checkpoint of everything until now, complete on disk when the promise resolves. */
  async checkpoint(): Promise<void> {
    await this.#data.serving.checkpointer.checkpoint();
  }

  /** The checkpoints since the data were opened. Undefined while nothing is served. */
  get checkpoints(): CheckpointFigures | undefined {
    return this.#data.isServing ? this.#data.serving.checkpointer.figures : undefined;
  }

  /** The exact number of keys; expired ones count until they are deleted. Makes a checkpoint if memory holds many. */
  async size(): Promise<number> {
    const { keys, checkpointer } = this.#data.serving;
    const records = (await keys.counter.count()) ?? (await checkpointer.size());
    return records - this.#reserved.size;
  }

  /**
   * A key at random, every key about as likely as every other. Undefined if there is none, or if most keys were deleted or
   * have expired lately.
   */
  async randomKey(nowMs: number): Promise<Buffer | undefined> {
    return this.#data.serving.keys.random.take(nowMs);
  }

  async digest(): Promise<{ offset: number; keys: number; digest: string }> {
    const snapshot = await this.at();
    try {
      const { keys, digest } = await snapshot.digest();
      return { offset: snapshot.position.offset, keys, digest: digest.toString('hex') };
    } finally {
      await snapshot.release();
    }
  }
}
