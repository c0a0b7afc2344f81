/**
 * The generation that a full resync builds beside the one in use. The keyspace is loaded from the snapshot's entries
 * while the log takes the blocks after the snapshot. The generation counts only after `finish` has proven count and
 * digest and made both databases durable. A node that stops before that keeps its old data.
 *
 * A resync that was interrupted may continue with the rest of a later snapshot (`continueAt`). The entries are then of
 * several offsets, all of them between the base of the log and its end. Commands are absolute, and none reads another
 * key. So a replay of the log from its base over these entries gives the keyspace of the later snapshot.
 */
import { HeadwaterError } from '../base/errors.js';
import { CURSOR_READ_BYTES } from '../base/limits.js';
import type { Files } from '../disk/files.js';
import type { Database, OpenDatabase } from '../disk/level.js';
import { checkProof, type KeyspaceProof } from '../keyspace/digest.js';
import { KeyspaceLoader } from '../keyspace/loader.js';
import type { Block } from '../log/block.js';
import { Cursor } from '../log/cursor.js';
import { Log } from '../log/log.js';
import type { Base } from '../log/rows.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import { formatPosition, formatToken, type Position } from '../model/position.js';
import { openDatabases } from './generation.js';
import { giveIdentity } from './identity.js';
import { KeyspaceReplay } from './keyspace-replay.js';
import { verifyReceived } from './receive.js';

export class Replacement {
  readonly #log: Log;
  readonly #loader: KeyspaceLoader;
  readonly #databases: readonly [Database, Database];
  /** The position of the first snapshot, at which the log begins. */
  readonly #base: Position;
  /** The position of the latest snapshot. */
  #snapshot: Position;
  readonly #remove: () => Promise<void>;

  private constructor(log: Log, databases: readonly [Database, Database], base: Position, remove: () => Promise<void>) {
    this.#remove = remove;
    this.#log = log;
    this.#databases = databases;
    this.#loader = new KeyspaceLoader(databases[1]);
    this.#base = base;
    this.#snapshot = base;
  }

  /**
   * @param directory an empty directory.
   * @param base the position of the snapshot, and the time of its last block.
   */
  static async create(
    directory: string,
    options: { files: Files; openDatabase: OpenDatabase; randomBytes(count: number): Buffer },
    base: Base,
    lineage: Lineage,
  ): Promise<Replacement> {
    const databases = await openDatabases(directory, options);
    try {
      const log = await Log.createAt(databases[0], base, lineage.upTo(base.position.offset));
      await giveIdentity(databases, options.randomBytes);
      return new Replacement(log, databases, base.position, () => options.files.remove(directory));
    } catch (error) {
      await Promise.all(databases.map((database) => database.close()));
      throw error;
    }
  }

  get keys(): number {
    return this.#loader.keys;
  }

  get bytes(): number {
    return this.#loader.bytes;
  }

  /** The last key of the entries; undefined if there are none. */
  get lastKey(): Buffer | undefined {
    return this.#loader.lastKey;
  }

  /** The end of the new log. */
  get end(): Position {
    return this.#log.end;
  }

  /** Continues with the entries behind the last key, of a snapshot at the end of the log or later. */
  continueAt(snapshot: Position): void {
    this.#snapshot = snapshot;
  }

  /** @throws HeadwaterError `protocol_violation` if the log does not reach the snapshot of the entries yet. */
  async addEntries(keys: readonly Buffer[], records: readonly Buffer[]): Promise<void> {
    this.#expectLogUpToSnapshot();
    await this.#loader.add(keys, records);
  }

  async appendBlocks(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    verifyReceived(this.#log, blocks, rows);
    await this.#log.append(blocks, { sync: false, rows });
    this.#log.publish(blocks);
  }

  /**
   * Proves the snapshot, makes everything durable and closes the databases.
   * @param stop ends a replay of the log, which may take long.
   */
  async finish(expected: KeyspaceProof, stop?: AbortSignal): Promise<void> {
    this.#expectLogUpToSnapshot();
    const lineage = this.#log.history.lineage.upTo(this.#base.offset).rows;
    if (this.#snapshot === this.#base) await this.#loader.finish(expected, this.#base, lineage);
    else {
      await this.#loader.finishUnproven(this.#base, lineage);
      await this.#replay(expected, stop);
    }
    await this.#databases[0].durable();
    await this.close();
  }

  /** Brings entries of several snapshots to the offset of the last one, and proves them. */
  async #replay(expected: KeyspaceProof, stop: AbortSignal | undefined): Promise<void> {
    const replaying = await KeyspaceReplay.open(this.#log, this.#databases[1]);
    const { keyspace } = replaying;
    const { offset } = this.#snapshot;
    const cursor = new Cursor(this.#log, this.#base);
    while (cursor.offset < offset) {
      for (const block of await cursor.poll(CURSOR_READ_BYTES)) {
        if (block.lastOffset <= offset) await replaying.apply(block);
      }
      stop?.throwIfAborted();
    }
    if (formatToken(keyspace.applied) !== formatToken(this.#snapshot))
      throw new HeadwaterError(
        'chain_broken',
        `the log does not lead to the snapshot of the upstream: expected ${formatPosition(this.#snapshot)}, received ${formatPosition(keyspace.applied)}`,
      );
    await replaying.checkpoint();
    const snapshot = keyspace.snapshot();
    try {
      checkProof(await snapshot.digest(), expected, offset);
    } finally {
      await snapshot.release();
    }
  }

  #expectLogUpToSnapshot(): void {
    const { offset } = this.#snapshot;
    if (this.end.offset >= offset) return;
    throw new HeadwaterError(
      'protocol_violation',
      `expected the log up to the snapshot at offset ${offset} before its entries, received the log up to ${this.end.offset}`,
    );
  }

  /** Closes and deletes an unfinished generation: its space is free again. */
  async abandon(): Promise<void> {
    try {
      await this.close();
    } finally {
      await this.#remove();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#databases.map((database) => database.close()));
  }
}
