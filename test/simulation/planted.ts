/**
 * Bugs to be found: each takes one guarantee out of the product, from outside,
 * until it is undone. What finds none of them proves nothing.
 */
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { Presence } from '../../src/keyspace/presence.js';
import { KeyspaceSnapshot } from '../../src/keyspace/snapshot.js';
import { InterludeReader, Interludes } from '../../src/log/interludes.js';
import { Log } from '../../src/log/log.js';
import { Freshness } from '../../src/replication/freshness.js';
import { Link } from '../../src/replication/link.js';
import { Silence } from '../../src/replication/silence.js';
import { Staleness } from '../../src/replication/staleness.js';
import { SignsOfLife } from '../../src/signs-of-life.js';
import { Directory } from '../../src/store/directory.js';
import { Gathering } from '../../src/streams/gathering.js';
import type { SimulatedNode } from './node.js';
import { PLANTED_LEADERSHIP } from './planted-leadership.js';
import { type PlantedBug, replace } from './planting.js';

/** The checksum that a follower brought, by the offset it asked from. */
const brought = new Map<number, number>();

/** The nodes of the run in hand. */
let running: readonly SimulatedNode[] = [];

export const PLANTED: readonly PlantedBug[] = [
  {
    name: 'a resync decision that does not compare checksums',
    // What stands behind a token is told by the same look at the log.
    found:
      /a partial resync continues a past that both sides share|a token is good as long as what it stands for is there/,
    plant() {
      brought.clear();
      const { checksumAt } = Log.prototype;
      return replace(Log.prototype, 'checksumAt', async function (this: Log, offset) {
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
    found: /no offset is used twice under one replication ID/,
    plant() {
      const { beginHistory } = Log.prototype;
      return replace(Log.prototype, 'beginHistory', async function (this: Log, replicationId) {
        return this.lineage.current ?? beginHistory.call(this, replicationId);
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
        if (++applied % 40 !== 0) apply.call(this, block);
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
    name: 'a read that does not wait for what its token stands for',
    found: /who reads by a token reads what it stands for|who answers within a bound has what its leader had then/,
    plant: () => replace(Freshness.prototype, 'whenFresh', async () => {}),
  },
  {
    name: 'a staleness bound that is judged by the history of the node itself',
    found: /who answers within a bound has what its leader had then/,
    plant() {
      const stalenessMs = Object.getOwnPropertyDescriptor(Link.prototype, 'stalenessMs') as PropertyDescriptor;
      const undo = replace(Staleness.prototype, 'forget', () => {});
      Object.defineProperty(Link.prototype, 'stalenessMs', {
        ...stalenessMs,
        get(this: Link) {
          const told: number | undefined = stalenessMs.get?.call(this);
          const { store } = running.find((node) => node.state === 'up' && node.link === this) ?? {};
          return told === undefined || !store ? told : Math.min(told, store.nowMs() - store.endTimeMs + 1);
        },
      });
      return () => {
        undo();
        Object.defineProperty(Link.prototype, 'stalenessMs', stalenessMs);
      };
    },
    watch({ nodes }) {
      running = nodes;
    },
  },
  {
    name: 'a log that is trimmed past what is kept for a follower that is away',
    found: /what a known follower has not seen is kept for it/,
    plant() {
      const pinnedOffset = Object.getOwnPropertyDescriptor(Log.prototype, 'pinnedOffset') as PropertyDescriptor;
      Object.defineProperty(Log.prototype, 'pinnedOffset', { ...pinnedOffset, get: () => Number.POSITIVE_INFINITY });
      return () => void Object.defineProperty(Log.prototype, 'pinnedOffset', pinnedOffset);
    },
  },
  {
    name: 'a stream that leaves out a change',
    found: /a watcher knows what is there|a subscriber misses no durable message/,
    plant() {
      const { add } = Gathering.prototype;
      let told = 0;
      return replace(Gathering.prototype, 'add', function* (this: Gathering<unknown>, position, pieces) {
        yield* add.call(this, position, ++told % 20 === 0 ? pieces.slice(1) : pieces);
      });
    },
  },
  {
    name: 'a link that breaks and forgets live messages without a word',
    found: /a subscriber knows how many live messages it has missed/,
    plant() {
      const { take } = Interludes.prototype;
      return replace(Interludes.prototype, 'take', function (this: Interludes, offset, { missed, messages }) {
        take.call(this, offset, { missed, messages });
      });
    },
  },
  {
    name: 'a live message that is sent down twice',
    found: /a live message comes at most once|a subscriber knows how many live messages it has missed/,
    plant() {
      const { take } = InterludeReader.prototype;
      return replace(InterludeReader.prototype, 'take', function (this: InterludeReader, offset) {
        const { placed, missed } = take.call(this, offset);
        return { placed: [...placed, ...placed], missed };
      });
    },
  },
  {
    name: 'a flush that asks for its keys by seeking',
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
    name: 'a database that is missing is made again',
    found: /a database is created once/,
    plant() {
      const wasUsed = Object.getOwnPropertyDescriptor(Directory.prototype, 'wasUsed') as PropertyDescriptor;
      Object.defineProperty(Directory.prototype, 'wasUsed', { ...wasUsed, get: () => false });
      return () => void Object.defineProperty(Directory.prototype, 'wasUsed', wasUsed);
    },
  },
  {
    name: 'a silence that only a whole frame breaks',
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
  ...PLANTED_LEADERSHIP,
  {
    name: 'reads that wait for freshness one after another',
    found: /a read waits no longer than its own time/,
    plant() {
      const { whenFresh } = Freshness.prototype;
      return replace(Freshness.prototype, 'whenFresh', function (this: Freshness, wanted, { writes, signal }) {
        return whenFresh.call(this, wanted, { writes, signal });
      });
    },
  },
  {
    name: 'a watch of an unknown history that waits without a word',
    found: /a stream never waits without a word/,
    plant: () => replace(SignsOfLife.prototype, 'isLate', async () => false),
  },
];
