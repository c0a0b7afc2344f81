/**
 * A follower F holds other data than its leader L, while writes go on. F must find
 * the ranges that differ, replace them with the data of L, and end equal wherever it
 * dies meanwhile.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { MARK_HOLD_MS, MARKS_HELD_MAX, REPAIR_HOLD_MS_MAX, REPAIR_MARK_MS_MAX } from '../../src/base/limits.js';
import { findDifferences, type RangeDifference, type Side } from '../../src/compare/bisection.js';
import { inOrder, type RangeRepairStep, RangeRepairs, rangeOfDamage } from '../../src/compare/range-repair.js';
import { Ranges } from '../../src/compare/ranges.js';
import { dataKey, dueKey, encodeRecord } from '../../src/keyspace/record.js';
import type { CompareReply } from '../../src/model/comparison.js';
import type { KeyRange } from '../../src/model/key-range.js';
import { until } from '../support/clock.js';
import { key } from '../support/store.js';
import { level, type TestNode, type World, worldForEachTest } from '../support/world.js';

const NEVER = new AbortController().signal;
const EVERYTHING: KeyRange = { from: Buffer.alloc(0), to: undefined };
const LATER_MS = 4_000_000_000_000;

/** A node with what node.ts puts around it. */
interface Whole {
  readonly node: TestNode;
  readonly ranges: Ranges;
  readonly repairs: RangeRepairs;
}

const one = (name: string): KeyRange => rangeOfDamage({ from: key(name), to: key(name) });
const named = ({ from, to }: KeyRange): string =>
  to?.equals(Buffer.concat([from, Buffer.from([0])])) ? from.toString() : `${from}..${to?.toString() ?? ''}`;

describe('key ranges', () => {
  let world: World;
  let leader: Whole;
  let middle: Whole;
  let end: Whole;
  /** Looked up when a follower fetches. */
  const at = new Map<string, Whole>();
  /** Runs when a follower has received a part of what it fetches. */
  let received: () => Promise<void> | void;

  async function add(address: string, follows?: string): Promise<Whole> {
    const node = await world.node(address, follows === undefined ? {} : { follows });
    const whole = surround(node);
    if (follows !== undefined) await level(world, leader.node, node);
    return whole;
  }

  function surround(node: TestNode): Whole {
    const { store, clock, logger } = node.test;
    const repairs = new RangeRepairs({
      store,
      clock,
      logger,
      randomBytes,
      fetch: async function* (address, request, signal) {
        for await (const response of (at.get(address) as Whole).ranges.fetch(request, signal)) {
          yield response;
          await received();
        }
      },
    });
    node.repairMarked = (markId) => repairs.marked(markId);
    const whole = { node, repairs, ranges: new Ranges(store, node.comparisons.held) };
    at.set(node.address, whole);
    return whole;
  }

  worldForEachTest((made) => {
    world = made;
  });

  beforeEach(async () => {
    at.clear();
    received = () => {};
    leader = await add('L');
    await leader.node.write(200);
    const expiring = {
      kind: 'set',
      key: key('due'),
      value: Buffer.from('v'),
      expiry: { expiresAtMs: LATER_MS },
    } as const;
    await leader.node.test.submit(expiring);
    middle = await add('M', 'L');
    end = await add('E', 'M');
  });

  async function meanwhile<T>(what: string, work: Promise<T>): Promise<T> {
    let settled = false;
    const done = work.finally(() => {
      settled = true;
    });
    done.catch(() => {});
    await world.until(what, () => settled);
    return done;
  }

  const compare = (): Promise<CompareReply> => meanwhile('all have answered', leader.node.comparisons.compare(60_000));

  function sideOf({ ranges }: Whole, markId: string): Side {
    return {
      digests: async function* (of, cuts) {
        for await (const digests of ranges.digests({ markId, ranges: of, cuts }, NEVER)) yield* digests;
      },
    };
  }

  async function differences({ node }: Whole): Promise<readonly RangeDifference[]> {
    const { markId, keys, nodes } = await compare();
    const of = nodes.find(({ address }) => address === node.address);
    const theirs = of?.outcome === 'unable' ? undefined : (of?.keys as number);
    const whole = at.get(node.address) as Whole;
    const found = await findDifferences(sideOf(leader, markId), sideOf(whole, markId), { ours: keys, theirs });
    assert.equal(found.more, undefined);
    return found.ranges;
  }

  async function repair({ repairs }: Whole, ranges: readonly KeyRange[]): Promise<RangeRepairStep[]> {
    const steps: RangeRepairStep[] = [];
    await meanwhile(
      'the repair is done',
      (async () => {
        for await (const step of repairs.repair(ranges, NEVER)) steps.push(step);
      })(),
    );
    return steps;
  }

  /** Behind the back of the log, when everything is on disk. */
  async function keyspaceOf({ node }: Whole) {
    await (await node.store.snapshots.at()).release();
    const generation = node.address === 'L' ? 1 : 2;
    return node.test.disk.raw(node.test.location('keyspace', generation));
  }

  async function plant(whole: Whole): Promise<void> {
    const keyspace = await keyspaceOf(whole);
    const other = { type: 0, version: 1, expiresAtMs: 0, value: Buffer.from('other') };
    for (const name of ['k7', 'k9']) await keyspace.del(dataKey(0, key(name)));
    await keyspace.put(dataKey(0, key('k70+')), encodeRecord(key('k70+'), other));
    await keyspace.put(dataKey(0, key('k100')), encodeRecord(key('k100'), other));
    const record = Buffer.from((await keyspace.get(dataKey(0, key('k150')))) as Buffer);
    record[20] = (record[20] as number) ^ 1;
    await keyspace.put(dataKey(0, key('k150')), record);
    await keyspace.put(dataKey(0, key('due')), encodeRecord(key('due'), { ...other, value: Buffer.from('v') }));
    await keyspace.del(dueKey(LATER_MS, 0, key('due')));
  }

  it('are reported with the kind of difference: missing, extra, changed, damaged, expiry', async () => {
    await plant(end);
    const found = await differences(end);
    assert.deepEqual(
      found.map((range) => [named(range), range.missing, range.extra, range.changed, range.theirDamaged]),
      [
        ['due', 0, 0, 1, 0],
        ['k100', 0, 0, 1, 0],
        ['k150', 0, 0, 0, 1],
        ['k7', 1, 0, 0, 0],
        ['k70+', 0, 1, 0, 0],
        ['k9', 1, 0, 0, 0],
      ],
    );
    assert.deepEqual(await differences(middle), []);
  });

  it('are repaired from the upstream while writes go on, and the number of keys is right', async () => {
    await plant(end);
    let writing = true;
    const writes = (async () => {
      for (let i = 0; writing; i++) await leader.node.write(1, `while ${i % 50}:`);
    })();
    const found = await differences(end);
    const steps = await repair(end, found);
    assert.deepEqual(
      steps.map(({ written, deleted }) => [written, deleted]),
      [[5, 1]],
    );
    writing = false;
    await writes;
    await level(world, leader.node, end.node);
    const { nodes } = await compare();
    assert.deepEqual(new Set(nodes.map(({ outcome }) => outcome)), new Set(['equal']));
    assert.equal(await end.node.store.snapshots.size(), await leader.node.store.snapshots.size());
    assert.equal((await end.node.store.snapshots.digest()).keys, await end.node.store.snapshots.size());
    const keyspace = await keyspaceOf(end);
    assert.ok(await keyspace.get(dueKey(LATER_MS, 0, key('due'))), 'it will expire');
    assert.equal(end.node.test.logger.said(/repaired from M: 5 records written, 1 deleted/, 'warn'), 1);
  });

  it('are repaired below what was written since: a new expiry finds the value that was missing', async () => {
    await plant(end);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isHeld = false;
    received = () => {
      isHeld = true;
      return held;
    };
    const before = leader.node.offset;
    const repairing = repair(end, [one('k7'), one('k100')]);
    await world.until('a part has come', () => isHeld);
    const expire = { kind: 'expire', key: key('k7'), expiry: { expiresAtMs: LATER_MS } } as const;
    await leader.node.test.submit(expire);
    await leader.node.test.set('k100', 'newer');
    await world.until('what was written since is here', () => end.node.offset === before + 2);
    void end.node.store.snapshots.at().then((snapshot) => snapshot.release());
    assert.equal(await end.node.test.get('k100'), 'newer');
    assert.equal(end.node.store.data.progress.checkpoint.offset, before);
    letGo();
    await repairing;
    await world.until('it is written out', () => end.node.store.data.progress.checkpoint.offset === before + 2);
    assert.equal(await end.node.test.get('k100'), 'newer');
    const [ttl] = await end.node.test.submit({ kind: 'timeToLive', key: key('k7') });
    assert.ok(ttl?.kind === 'timeToLive');
    assert.equal(await end.node.test.get('k7'), await leader.node.test.get('k7'));
    assert.deepEqual(await end.node.test.submit({ kind: 'timeToLive', key: key('k7') }), [ttl]);
    assert.deepEqual((await differences(end)).map(named), ['due', 'k150', 'k70+', 'k9']);
  });

  it('are compared again after a repair, though nothing was written since', async () => {
    await plant(end);
    const found = await differences(end);
    const before = await end.node.store.snapshots.at();
    await repair(end, found);
    assert.deepEqual(await differences(end), []);
    await before.release();
  });

  it('larger than a step are repaired in several', async () => {
    for (let i = 0; i < 20; i++) await leader.node.test.set(`large ${i}`, Buffer.alloc(1024 * 1024, i));
    await level(world, leader.node, middle.node);
    const keyspace = await keyspaceOf(middle);
    for (let i = 0; i < 20; i++) await keyspace.del(dataKey(0, key(`large ${i}`)));
    const steps = await repair(middle, [EVERYTHING]);
    assert.ok(steps.length >= 3, `${steps.length} steps`);
    assert.equal(
      steps.reduce((sum, { written }) => sum + written, 0),
      20,
    );
    assert.equal(await middle.node.digest(), await leader.node.digest());
  });

  it('are repaired in a keyspace that has many extra keys', async () => {
    const keyspace = await keyspaceOf(middle);
    const batch = keyspace.batch();
    for (let i = 0; i < 20_000; i++) {
      const name = key(`k1+${i}`);
      batch.put(dataKey(0, name), encodeRecord(name, { type: 0, version: 1, expiresAtMs: 0, value: name }));
    }
    await batch.write();
    const steps = await repair(middle, [EVERYTHING]);
    assert.ok(steps.length >= 2, `${steps.length} steps`);
    assert.equal(await middle.node.digest(), await leader.node.digest());
    assert.equal(await middle.node.store.snapshots.size(), 201);
  });

  it('are unchanged or repaired, wherever the process dies', async function () {
    this.timeout(60_000);
    const wholly = [one('due'), one('k100'), one('k150'), one('k7'), one('k70+'), one('k9')];
    const states = new Set<string>();
    let deaths = 0;
    for (let fatal = 1, died = true; died; fatal++) {
      const victim = await add(`V${fatal}`, 'L');
      await plant(victim);
      // Something is to be written out on the way to the mark.
      await leader.node.write(1, `before ${fatal}:`);
      await world.until('it is here', () => victim.node.offset === leader.node.offset);
      const { disk } = victim.node.test;
      let writes = 0;
      died = false;
      disk.fault = ({ kind, location, keys }) => {
        if (!location.endsWith('/keyspace') || !['put', 'batch', 'durable'].includes(kind)) return;
        if (keys.some((row) => row[0] === 't'.charCodeAt(0)) && !keys.some((row) => row[0] === 'd'.charCodeAt(0)))
          return;
        if (++writes !== fatal) return;
        died = true;
        victim.node.kill();
        return new Promise(() => {});
      };
      let over = false;
      const repairing = (async () => {
        for await (const _ of victim.repairs.repair(wholly, NEVER));
        await until('what was written meanwhile is here', () => victim.node.offset === leader.node.offset);
        await (await victim.node.store.snapshots.at()).release();
      })();
      void repairing
        .catch(() => {})
        .finally(() => {
          over = true;
        });
      await leader.node.write(1, `meanwhile ${fatal}:`);
      await world.until('the repair is done, or the process dead', () => over || died);
      disk.fault = undefined;
      if (died) {
        await victim.node.test.restart();
        const get = (name: string) => victim.node.test.get(name);
        const planted = [
          !(await get('k7')),
          !(await get('k9')),
          (await get('k100')) === 'other',
          !!(await get('k70+')),
        ];
        assert.equal(new Set(planted).size, 1, `${planted}`);
        states.add(planted[0] ? 'old' : 'new');
        deaths++;
        victim.node.up();
        const again = surround(victim.node);
        await level0(victim.node);
        await repair(again, wholly);
      }
      await level(world, leader.node, victim.node);
      assert.equal(await victim.node.store.snapshots.size(), await leader.node.store.snapshots.size());
      await victim.node.down();
    }
    assert.deepEqual(states, new Set(['old', 'new']));
    assert.ok(deaths >= 5, `it died at ${deaths} writes`);
  });

  const level0 = (node: TestNode) => world.until('it streams', () => node.link.status.state === 'streaming');

  it('that are damaged upstream are not taken over, and nothing is changed', async () => {
    await plant(end);
    const keyspace = await keyspaceOf(middle);
    const record = Buffer.from((await keyspace.get(dataKey(0, key('k150')))) as Buffer);
    record[20] = (record[20] as number) ^ 2;
    await keyspace.put(dataKey(0, key('k150')), record);
    // So that what was frozen before is not shared.
    await leader.node.write(1, 'between');
    await level0(middle.node);
    await world.until('it is here', () => end.node.offset === leader.node.offset);
    await assert.rejects(repair(end, [EVERYTHING]), { code: 'corrupt', message: /"k150" does not match its checksum/ });
    assert.equal((await differences(end)).length, 6);
  });

  it('are not repaired on a leader, nor twice at a time', async () => {
    await assert.rejects(repair(leader, [EVERYTHING]), {
      code: 'invalid_argument',
      message: /no upstream to copy records from/,
    });
    const first = repair(middle, [EVERYTHING]);
    await assert.rejects(repair(middle, [EVERYTHING]), { code: 'overloaded' });
    await first;
  });

  it('are not repaired without the mark, and the wait for it ends', async () => {
    middle.node.repairMarked = () => {};
    const repairing = repair(middle, [EVERYTHING]);
    repairing.catch(() => {});
    await until('it waits', () => world.clock.waiting > 0);
    await world.clock.advance(REPAIR_MARK_MS_MAX);
    await assert.rejects(repairing, { code: 'unavailable', message: /has not reached the mark that L sent/ });
    // It can be asked again.
    middle.node.repairMarked = (markId) => middle.repairs.marked(markId);
    assert.equal((await repair(middle, [EVERYTHING])).length, 1);
  });

  it('are repaired over a link that takes longer for a step than the next record is waited for', async () => {
    for (let i = 0; i < 6; i++) await leader.node.test.set(`large${i}`, Buffer.alloc(300 * 1024, 'v'));
    await level(world, leader.node, middle.node);
    let arrivals = 0;
    received = async () => {
      arrivals++;
      await world.clock.advance(REPAIR_HOLD_MS_MAX / 2);
    };
    assert.equal((await repair(middle, [EVERYTHING])).length, 1);
    assert.ok(arrivals > 4, `${arrivals} messages`);
  });

  it('are held as long as a caller asks for them, and then released', async () => {
    const { markId } = await compare();
    const ask = async () => {
      const pieces = [];
      for await (const digests of end.ranges.digests({ markId, ranges: [EVERYTHING], cuts: [] }, NEVER))
        pieces.push(...digests);
      return pieces;
    };
    for (let i = 0; i < 3; i++) {
      await world.clock.advance(MARK_HOLD_MS - 1_000);
      assert.deepEqual(
        (await ask()).map(({ keys }) => keys),
        [201],
      );
    }
    await world.clock.advance(MARK_HOLD_MS + 1_000);
    await assert.rejects(ask(), { code: 'mark_lost', message: /Compare again/ });
  });

  it(`are held for ${MARKS_HELD_MAX} comparisons at a time`, async () => {
    const marks: string[] = [];
    for (let i = 0; i <= MARKS_HELD_MAX; i++) marks.push((await compare()).markId);
    const ask = (markId: string) => end.ranges.digests({ markId, ranges: [], cuts: [] }, NEVER).next();
    await assert.rejects(ask(marks[0] as string), { code: 'mark_lost' });
    for (const markId of marks.slice(1)) assert.equal((await ask(markId)).done, true);
  });

  it('that overlap or touch are one', () => {
    const range = (from: string, to?: string): KeyRange => ({
      from: key(from),
      to: to === undefined ? undefined : key(to),
    });
    const ordered = inOrder([
      range('m', 'p'),
      range('a', 'c'),
      range('c', 'd'),
      range('n', 'o'),
      range('x'),
      range('y', 'z'),
    ]);
    assert.deepEqual(ordered, [range('a', 'd'), range('m', 'p'), range('x')]);
  });
});
