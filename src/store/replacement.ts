/**
 * The generation that a full resync builds beside the one in use. The keyspace is loaded from the snapshot's entries
 * while the log takes the blocks after the snapshot. The generation counts only after `finish` has proven count and
 * digest and made both databases durable. A node that stops before that keeps its old data.
 */
import type { Files } from '../disk/files.js';
import type { Database, OpenDatabase } from '../disk/level.js';
import { KeyspaceLoader } from '../keyspace/loader.js';
import type { Block } from '../log/block.js';
import { Log } from '../log/log.js';
import type { Base } from '../log/rows.js';
import type { Lineage, LineageRow } from '../model/lineage.js';
import type { Position } from '../model/position.js';
import { openDatabases } from './generation.js';
import { giveIdentity } from './identity.js';
import { verifyReceived } from './receive.js';

export class Replacement {
  readonly #log: Log;
  readonly #loader: KeyspaceLoader;
  readonly #databases: readonly [Database, Database];
  readonly #base: Position;
  readonly #remove: () => Promise<void>;

  private constructor(log: Log, databases: readonly [Database, Database], base: Position, remove: () => Promise<void>) {
    this.#remove = remove;
    this.#log = log;
    this.#databases = databases;
    this.#loader = new KeyspaceLoader(databases[1]);
    this.#base = base;
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

  /** The end of the new log. */
  get end(): Position {
    return this.#log.end;
  }

  addEntries(keys: readonly Buffer[], records: readonly Buffer[]): Promise<void> {
    return this.#loader.add(keys, records);
  }

  async appendBlocks(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    verifyReceived(this.#log, blocks, rows);
    await this.#log.append(blocks, { sync: false, rows });
    this.#log.publish(blocks);
  }

  /** Proves the snapshot, makes everything durable and closes the databases. */
  async finish(expected: { keys: number; digest: Buffer }): Promise<void> {
    await this.#loader.finish(expected, this.#base, this.#log.history.lineage.upTo(this.#base.offset).rows);
    await this.#databases[0].durable();
    await this.close();
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
