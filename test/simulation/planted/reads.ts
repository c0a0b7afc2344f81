/** Bugs in what readers, watchers and subscribers are told: see planting.ts. */

import { SignsOfLife } from '../../../src/base/signs-of-life.js';
import { InterludeReader, Interludes } from '../../../src/log/interludes.js';
import { Freshness } from '../../../src/replication/progress/freshness.js';
import { Link } from '../../../src/replication/upstream/link.js';
import { SnapshotLoad } from '../../../src/replication/upstream/snapshot-load.js';
import { Staleness } from '../../../src/replication/upstream/staleness.js';
import { ResponseBuilder } from '../../../src/streams/response-builder.js';
import { OLDER_WRITES } from '../events/older-writes.js';
import type { SimulatedNode } from '../nodes/node.js';
import { type PlantedBug, replace, weighted } from './planting.js';

/** The nodes of the run in hand. */
let running: readonly SimulatedNode[] = [];

export const PLANTED_READS: readonly PlantedBug[] = [
  {
    name: 'a read that does not wait for what its token stands for',
    near: 13,
    found: /who reads by a token reads what it stands for|who answers within a bound has what its leader had then/,
    plant: () => replace(Freshness.prototype, 'whenFresh', async () => {}),
  },
  {
    name: 'a staleness bound that is judged by the history of the node itself',
    near: 2,
    events: weighted({ 'read right after coming back': 30, promote: 3, 'mass delete': 0 }),
    found: /who answers within a bound has what its leader had then/,
    plant() {
      const stalenessMs = Object.getOwnPropertyDescriptor(Link.prototype, 'stalenessMs') as PropertyDescriptor;
      const undo = replace(Staleness.prototype, 'forget', () => {});
      Object.defineProperty(Link.prototype, 'stalenessMs', {
        ...stalenessMs,
        get(this: Link) {
          const told: number | undefined = stalenessMs.get?.call(this);
          const { store } = running.find((node) => node.state === 'up' && node.link === this) ?? {};
          return told === undefined || !store ? told : Math.min(told, store.clock.now() - store.data.endTimeMs + 1);
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
    name: 'a snapshot that carries its sender’s time instead of the time of its position',
    near: 42,
    events: [...weighted({}), OLDER_WRITES],
    found: /who answers within a bound has what its leader had then/,
    plant() {
      const { begin } = SnapshotLoad;
      return replace(SnapshotLoad, 'begin', (store, frame, options) =>
        begin.call(SnapshotLoad, store, { ...frame, positionTimeMs: frame.upstream.timeMs }, options),
      );
    },
  },
  {
    name: 'a stream that leaves out a change',
    near: 8,
    found: /a watcher knows what is there|a subscriber misses no durable message/,
    plant() {
      const { add } = ResponseBuilder.prototype;
      let told = 0;
      return replace(ResponseBuilder.prototype, 'add', function* (this: ResponseBuilder<unknown>, position, pieces) {
        yield* add.call(this, position, ++told % 20 === 0 ? pieces.slice(1) : pieces);
      });
    },
  },
  {
    name: 'a link that breaks and forgets live messages without a word',
    events: weighted({ 'live publishes over a link that breaks': 6 }),
    found: /a subscriber knows how many live messages it has missed/,
    plant() {
      const { take } = Interludes.prototype;
      return replace(Interludes.prototype, 'take', function (this: Interludes, { missed, messages }) {
        take.call(this, { missed, messages });
      });
    },
  },
  {
    name: 'a live message that is sent down twice',
    near: 4,
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
    name: 'reads that wait for freshness one after another',
    events: weighted({ 'session reads': 3 }),
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
    events: weighted({ 'stream from an unknown history': 3 }),
    found: /a stream never waits without a word/,
    plant: () => replace(SignsOfLife.prototype, 'isLate', async () => false),
  },
];
