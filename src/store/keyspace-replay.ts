/**
 * Applies blocks of a log to a keyspace that nobody reads yet, as the replay of a start does. Checkpoints now and then
 * bound memory, and leave the first start nothing to replay.
 */
import { OFFLINE_LAYER_BYTES_MAX } from '../base/limits.js';
import type { Database } from '../disk/level.js';
import { Keyspace } from '../keyspace/keyspace.js';
import type { Block } from '../log/block.js';
import type { Log } from '../log/log.js';

export class KeyspaceReplay {
  readonly keyspace: Keyspace;
  readonly #log: Pick<Log, 'durable' | 'history'>;

  private constructor(keyspace: Keyspace, log: Pick<Log, 'durable' | 'history'>) {
    this.keyspace = keyspace;
    this.#log = log;
  }

  /** @param log the log of the keyspace, which holds the blocks. */
  static async open(log: Pick<Log, 'durable' | 'history'>, database: Database): Promise<KeyspaceReplay> {
    const keyspace = await Keyspace.open(database);
    await keyspace.indexes.prints.load();
    return new KeyspaceReplay(keyspace, log);
  }

  async apply(block: Block): Promise<void> {
    this.keyspace.apply(block);
    if (this.keyspace.overlay.active.bytes >= OFFLINE_LAYER_BYTES_MAX) await this.checkpoint();
  }

  /** Writes out all that was applied. */
  async checkpoint(): Promise<void> {
    const { keyspace } = this;
    await this.#log.durable.reach();
    if (keyspace.freeze()) await keyspace.flush(this.#log.history.lineage.upTo(keyspace.applied.offset).rows);
  }
}
