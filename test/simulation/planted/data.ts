/** Bugs in what logs, keyspaces and links hold and carry: see planting.ts. */

import { Fifo } from '../../../src/base/fifo.js';
import { EmptiedRanges } from '../../../src/keyspace/emptied-ranges.js';
import { Keyspace } from '../../../src/keyspace/keyspace.js';
import { Presence } from '../../../src/keyspace/presence.js';
import { ReadCache } from '../../../src/keyspace/read-cache.js';
import { KeyspaceSnapshot } from '../../../src/keyspace/snapshot.js';
import { Block } from '../../../src/log/block.js';
import { LogHistory } from '../../../src/log/history.js';
import { Log } from '../../../src/log/log.js';
import { LogLookup } from '../../../src/log/lookup.js';
import { LogTrimming } from '../../../src/log/trimming.js';
import type { KeptLoad } from '../../../src/replication/frames.js';
import { Silence } from '../../../src/replication/silence.js';
import { LoadKeeper } from '../../../src/replication/upstream/load-keeper.js';
import { Directory } from '../../../src/store/directory.js';
import { KeyspaceReplay } from '../../../src/store/keyspace-replay.js';
import { type PlantedBug, replace, weighted } from './planting.js';

/** The checksum that a follower brought, by the offset it asked from. */
const brought = new Map<number, number>();

export const PLANTED_DATA: readonly PlantedBug[] = [
  {
    name: "a log's tail that keeps dropped blocks",
    near: 24,
    found: /memory is bounded in bytes/,
    plant() {
      const { vacate } = Fifo.prototype;
      return replace(Fifo.prototype, 'vacate', function (this: Fifo<unknown>, place) {
        if (!(this.last instanceof Block)) vacate.call(this, place);
      });
    },
  },
  {
    name: 'a resync decision that does not compare checksums',
    near: 5,
    // What stands behind a token is told by the same look at the log.
    found:
      /a partial resync continues a past that both sides share|a token is good as long as what it stands for is there/,
    plant() {
      brought.clear();
      const { checksumAt } = LogLookup.prototype;
      return replace(LogLookup.prototype, 'checksumAt', async function (this: LogLookup, offset) {
        const own = await checksumAt.call(this, offset);
        return typeof own === 'number' ? (brought.get(offset) ?? own) : own;
      });
    },
    watch({ network }) {
      const { onLine } = network;
      network.onLine = (line) => {
        onLine(line);
        const { onUp } = line;
        line.onUp = (frame) => {
          if (frame.kind === 'handshake') brought.set(frame.position.offset, frame.position.checksum);
          onUp(frame);
        };
      };
    },
  },
  {
    name: 'a promotion that goes on under the history of the former leader',
    events: weighted({ promote: 4, 'live publish': 0, 'live publishes over a link that breaks': 0 }),
    found: /no offset is used twice under one replication ID/,
    plant() {
      const { begin } = LogHistory.prototype;
      return replace(LogHistory.prototype, 'begin', async function (this: LogHistory, replicationId) {
        return this.lineage.current ?? begin.call(this, replicationId);
      });
    },
  },
  {
    name: 'a block that is in the log and is not applied',
    found: /block \d+ applied after \d+/,
    plant() {
      const { apply } = Keyspace.prototype;
      let applied = 0;
      return replace(Keyspace.prototype, 'apply', function (this: Keyspace, block) {
        return ++applied % 40 !== 0 && apply.call(this, block);
      });
    },
  },
  {
    name: 'a write that is acknowledged before it is appended',
    found: /an acknowledged write is in the log/,
    plant() {
      const { append } = Log.prototype;
      return replace(Log.prototype, 'append', async function (this: Log, blocks, options) {
        void append.call(this, blocks, options);
      });
    },
  },
  {
    name: 'a snapshot for a follower that leaves out a key',
    found: /equal positions have equal data|a watcher knows what is there/,
    plant() {
      const { chunks, digest } = KeyspaceSnapshot.prototype;
      let whole = false;
      const undo = [
        replace(KeyspaceSnapshot.prototype, 'chunks', async function* (this: KeyspaceSnapshot, prefix, entries) {
          const all = whole;
          for await (const chunk of chunks.call(this, prefix, entries)) yield all ? chunk : chunk.slice(0, -1);
        }),
        replace(KeyspaceSnapshot.prototype, 'digest', function (this: KeyspaceSnapshot) {
          // An async generator begins when it is first asked, which is before this returns.
          whole = true;
          try {
            return digest.call(this);
          } finally {
            whole = false;
          }
        }),
      ];
      return () => {
        for (const one of undo) one();
      };
    },
  },
  {
    name: 'a log that is trimmed past what is kept for a follower that is away',
    events: weighted({ trim: 5, checkpoint: 3 }),
    found: /what a known follower has not seen is kept for it/,
    plant() {
      const pinnedOffset = Object.getOwnPropertyDescriptor(LogTrimming.prototype, 'pinnedOffset') as PropertyDescriptor;
      Object.defineProperty(LogTrimming.prototype, 'pinnedOffset', {
        ...pinnedOffset,
        get: () => Number.POSITIVE_INFINITY,
      });
      return () => void Object.defineProperty(LogTrimming.prototype, 'pinnedOffset', pinnedOffset);
    },
  },
  {
    name: 'a flush that asks for its keys by seeking',
    near: 3,
    found: /no write waits for deletion marks/,
    plant() {
      return replace(Presence.prototype, 'of', async function (this: Presence, keys) {
        const present: boolean[] = [];
        for (const key of keys) {
          const entries = this.db.iterate({ gte: key, values: false, limit: 1 });
          const [first] = await entries.next(1);
          await entries.close();
          present.push(first?.[0].equals(key) === true);
        }
        return present;
      });
    },
  },
  {
    name: 'a flush that forgets that records were deleted',
    near: 3,
    found: /no write waits for deletion marks/,
    plant() {
      const { add } = EmptiedRanges.prototype;
      return replace(EmptiedRanges.prototype, 'add', function (this: EmptiedRanges, row) {
        add.call(this, row);
        this.isUnmarked = true;
      });
    },
  },
  {
    name: 'a database that is missing is made again',
    near: 3,
    found: /a database is created once/,
    plant() {
      const wasUsed = Object.getOwnPropertyDescriptor(Directory.prototype, 'wasUsed') as PropertyDescriptor;
      Object.defineProperty(Directory.prototype, 'wasUsed', { ...wasUsed, get: () => false });
      return () => void Object.defineProperty(Directory.prototype, 'wasUsed', wasUsed);
    },
  },
  {
    name: 'a silence that only a whole frame breaks',
    events: weighted({ 'slow line': 4 }),
    found: /without faults, all are level with their leader/,
    plant() {
      const heardMs = Object.getOwnPropertyDescriptor(Silence.prototype, 'heardMs') as PropertyDescriptor;
      const { broken } = Silence.prototype;
      const heard = new WeakMap<Silence, number>();
      const note = (silence: Silence): number => {
        const ms = heardMs.get?.call(silence) as number;
        heard.set(silence, ms);
        return ms;
      };
      Object.defineProperty(Silence.prototype, 'heardMs', {
        ...heardMs,
        get(this: Silence) {
          return heard.get(this) ?? note(this);
        },
      });
      const undo = replace(Silence.prototype, 'broken', function (this: Silence) {
        broken.call(this);
        note(this);
      });
      return () => {
        undo();
        Object.defineProperty(Silence.prototype, 'heardMs', heardMs);
      };
    },
  },
  {
    name: 'a full resync that resumes and does not replay the log over its entries',
    events: weighted({ 'interrupted full resync': 4 }),
    found: /a full resync that resumes proves itself/,
    plant() {
      const { apply } = KeyspaceReplay.prototype;
      return replace(KeyspaceReplay.prototype, 'apply', function (this: KeyspaceReplay, block) {
        const { bytes, firstOffset, position } = block;
        return apply.call(this, { bytes, firstOffset, position, visit: () => {} } as unknown as Block);
      });
    },
  },
  {
    name: 'a follower that offers a key behind the last one that it has loaded',
    events: weighted({ 'interrupted full resync': 4 }),
    found: /a full resync that resumes proves itself/,
    plant() {
      const offer = Object.getOwnPropertyDescriptor(LoadKeeper.prototype, 'offer') as PropertyDescriptor;
      Object.defineProperty(LoadKeeper.prototype, 'offer', {
        ...offer,
        get(this: LoadKeeper) {
          const kept = offer.get?.call(this) as KeptLoad | undefined;
          if (!kept) return undefined;
          const { length } = kept.lastKey;
          const lastKey = Buffer.from(kept.lastKey);
          lastKey[length - 1] = (lastKey[length - 1] ?? 0) + 1;
          return { ...kept, lastKey };
        },
      });
      return () => void Object.defineProperty(LoadKeeper.prototype, 'offer', offer);
    },
  },
  {
    name: 'a cache of reads that keeps keys which a flush has changed',
    near: 5,
    found: /a read finds what a plain replay has/,
    plant: () => replace(ReadCache.prototype, 'forget', () => {}),
  },
];
