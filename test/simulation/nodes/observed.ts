/** A log's database that tells of every block that is put into it, before and after it is there. */
import type { Database, OpenDatabase, WriteBatch } from '../../../src/disk/level.js';
import { Block } from '../../../src/log/block.js';

export interface BlockObserver {
  appending(block: Block): void;
  appended(block: Block): void;
  /** A durable point begins; the function returned is called when it is reached. */
  syncing(): () => void;
  /** The block was synced as it was appended. */
  synced(block: Block): void;
}

const BLOCK_ROW = 'b'.charCodeAt(0);

export function observed(open: OpenDatabase, observer: BlockObserver): OpenDatabase {
  return async (location, options) => {
    const database = await open(location, options);
    return location.endsWith('/log') ? observe(database, observer) : database;
  };
}

function observe(database: Database, observer: BlockObserver): Database {
  const { location, hasFiles } = database;
  return {
    location,
    hasFiles,
    get latched() {
      return database.latched;
    },
    get: (key) => database.get(key),
    getMany: (keys, snapshot) => database.getMany(keys, snapshot),
    hasMany: (keys) => database.hasMany(keys),
    async put(key, value, options) {
      const blocks = blocksIn([[key, value]]);
      for (const block of blocks) observer.appending(block);
      await database.put(key, value, options);
      for (const block of blocks) observer.appended(block);
      if (options?.sync) for (const block of blocks) observer.synced(block);
    },
    batch() {
      const batch = database.batch();
      const rows: Array<[Buffer, Buffer]> = [];
      return {
        put(key, value) {
          rows.push([key, value]);
          batch.put(key, value);
        },
        del: (key) => batch.del(key),
        async write(options) {
          const blocks = blocksIn(rows);
          for (const block of blocks) observer.appending(block);
          await batch.write(options);
          for (const block of blocks) observer.appended(block);
          if (options?.sync) for (const block of blocks) observer.synced(block);
        },
      } satisfies WriteBatch;
    },
    iterate: (options) => database.iterate(options),
    snapshot: () => database.snapshot(),
    async durable() {
      const reached = observer.syncing();
      await database.durable();
      reached();
    },
    compact: (from, to) => database.compact(from, to),
    approximateSize: (from, to) => database.approximateSize(from, to),
    close: () => database.close(),
  };
}

function blocksIn(rows: ReadonlyArray<readonly [Buffer, Buffer]>): Block[] {
  return rows.filter(([key]) => key[0] === BLOCK_ROW).map(([, value]) => new Block(Buffer.from(value)));
}
