/**
 * Lineages: the rows, and the branch of two of them, which decides what a
 * follower may keep. The branch is held against simulated trees of histories
 * whose true common prefix is known.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { HeadwaterError } from '../../src/base/errors.js';
import { InvariantViolation } from '../../src/base/invariant.js';
import { Lineage, type LineageRow } from '../../src/model/lineage.js';
import { NO_HISTORY } from '../../src/model/position.js';
import { historyId, runs } from '../support/seeds.js';

/** "a1 b11" = a from offset 1, b from offset 11; epochs and checksums follow from the place. */
function lineage(text: string): Lineage {
  const names = text.split(' ').filter((name) => name !== '');
  return new Lineage(names.map((name, i) => row(name[0] as string, Number(name.slice(1)), i + 1)));
}

function row(letter: string, firstOffset: number, epoch: number): LineageRow {
  return { replicationId: historyId(letter), firstOffset, checksum: (firstOffset - 1) * 7, epoch };
}

describe('a lineage', () => {
  it('of nothing has no row, epoch 0, and no history at any offset', () => {
    const empty = lineage('');
    assert.equal(empty.current, undefined);
    assert.equal(empty.epoch, 0);
    assert.equal(empty.replicationIdAt(0), NO_HISTORY);
    assert.equal(empty.replicationIdAt(9), NO_HISTORY);
  });

  it('says under which history an offset was written: from a row to right before the next', () => {
    const three = lineage('a1 b11 c20');
    const ids = [0, 1, 10, 11, 19, 20, 99].map((offset) => three.at(offset)?.replicationId);
    assert.deepEqual(ids, [undefined, ...['a', 'a', 'b', 'b', 'c', 'c'].map(historyId)]);
  });

  it('up to an offset keeps the rows that begin there or before', () => {
    const three = lineage('a1 b11 c20');
    assert.deepEqual(three.upTo(0).rows, []);
    assert.deepEqual(three.upTo(10).rows, three.rows.slice(0, 1));
    assert.deepEqual(three.upTo(11).rows, three.rows.slice(0, 2));
  });

  it('takes a row at its end, in place of one under which nothing was logged', () => {
    const begun = lineage('a1 b11');
    assert.deepEqual(
      begun.with(row('c', 20, 3)).rows.map(({ firstOffset }) => firstOffset),
      [1, 11, 20],
    );
    assert.deepEqual(begun.with(row('c', 11, 3)).rows, [row('a', 1, 1), row('c', 11, 3)]);
    assert.deepEqual(begun.with(row('c', 5, 3)).rows, [row('a', 1, 1), row('c', 5, 3)]);
  });

  it('does not change when another is made of it', () => {
    const before = lineage('a1');
    before.with(row('b', 5, 2));
    before.upTo(0);
    assert.deepEqual(before.rows, [row('a', 1, 1)]);
  });

  it('is refused if offsets or epochs do not rise', () => {
    assert.throws(() => new Lineage([row('a', 5, 1), row('b', 5, 2)]), InvariantViolation);
    assert.throws(() => new Lineage([row('a', 5, 1), row('b', 4, 2)]), InvariantViolation);
    assert.throws(() => new Lineage([row('a', 1, 2), row('b', 5, 2)]), InvariantViolation);
  });
});

describe('a lineage that a peer sent', () => {
  it('is accepted if it is possible, and else the peer breaks the protocol', () => {
    assert.deepEqual(Lineage.received([row('a', 1, 1), row('b', 5, 2)]).rows.length, 2);
    for (const rows of [
      [row('a', 5, 1), row('b', 5, 2)],
      [row('a', 1, 2), row('b', 5, 2)],
    ]) {
      assert.throws(
        () => Lineage.received(rows),
        (error) => HeadwaterError.is(error, 'protocol_violation'),
      );
    }
  });
});

describe('the branch of two lineages', () => {
  const cases: [
    why: string,
    mine: string,
    end: number,
    theirs: string,
    theirEnd: number,
    branch: number | undefined,
  ][] = [
    ['the shorter of two ends in one history', 'a1', 10, 'a1', 7, 7],
    ['the longer the other way', 'a1', 7, 'a1', 10, 7],
    ['equal ends', 'a1', 7, 'a1', 7, 7],
    ['where one was promoted, for one that stopped before', 'a1 b11', 20, 'a1', 5, 5],
    ['where one was promoted, for one that went on', 'a1 b11', 20, 'a1', 15, 10],
    ['where both were promoted, at the earlier', 'a1 b11', 20, 'a1 c8', 20, 7],
    ['in the newest history in common', 'a1 b11 c20', 30, 'a1 b11 d25', 30, 19],
    ['nothing where no history is in common', 'a1', 10, 'b1', 10, undefined],
    ['nothing against an empty one', 'a1', 10, '', 0, undefined],
    ['where a row is kept that nothing was logged under', 'a1 b11', 10, 'a1', 10, 10],
    ['where old rows are gone on one side', 'b11 c20', 30, 'a1 b11', 25, 19],
  ];
  for (const [why, mine, end, theirs, theirEnd, branch] of cases) {
    it(`is ${branch ?? 'none'}: ${why}`, () => {
      assert.equal(lineage(mine).branch(end, lineage(theirs), theirEnd), branch);
      assert.equal(lineage(theirs).branch(theirEnd, lineage(mine), end), branch);
    });
  }

  it('is not found by an ID alone: offset and checksum have to be equal too', () => {
    const other = [{ ...row('a', 1, 1), checksum: 1 }, { ...row('a', 2, 1) }];
    for (const stranger of other) assert.equal(lineage('a1').branch(9, new Lineage([stranger]), 9), undefined);
  });

  it('does not look at epochs', () => {
    assert.equal(lineage('a1').branch(9, new Lineage([row('a', 1, 5)]), 9), 9);
  });
});

/** A store as a list of commands, each unlike any other, so that the true common past can be counted. */
interface Simulated {
  commands: number[];
  lineage: Lineage;
}

type Step =
  | { kind: 'write'; node: number; count: number }
  | { kind: 'lead'; node: number }
  | { kind: 'copy'; from: number; to: number; length: number }
  | { kind: 'cut'; node: number; by: number };

const NODES = 4;
const node = fc.nat(NODES - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('write' as const), node, count: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant('lead' as const), node }),
  fc.record({ kind: fc.constant('copy' as const), from: node, to: node, length: fc.nat(30) }),
  fc.record({ kind: fc.constant('cut' as const), node, by: fc.nat(4) }),
);

/** Nodes that lead, write, lose a tail and become a prefix of one another, as recovery, resync and promotion make them. */
function simulate(steps: readonly Step[]): Simulated[] {
  let next = 1;
  let histories = 0;
  /** Who may still write under the newest row: one that lost a tail must begin a history first. */
  const leads = Array.from({ length: NODES }, () => false);
  const nodes: Simulated[] = Array.from({ length: NODES }, () => ({ commands: [], lineage: new Lineage([]) }));
  const lead = (i: number) => {
    const store = nodes[i] as Simulated;
    histories++;
    const replicationId = histories.toString(16).padStart(40, '0');
    const checksum = store.commands.at(-1) ?? 0;
    store.lineage = store.lineage.with({
      replicationId,
      firstOffset: store.commands.length + 1,
      checksum,
      epoch: store.lineage.epoch + 1,
    });
    leads[i] = true;
  };
  for (const action of steps) {
    if (action.kind === 'lead') lead(action.node);
    else if (action.kind === 'write') {
      if (!leads[action.node]) lead(action.node);
      const store = nodes[action.node] as Simulated;
      for (let i = 0; i < action.count; i++) store.commands.push(next++);
    } else if (action.kind === 'cut') {
      const store = nodes[action.node] as Simulated;
      store.commands = store.commands.slice(0, Math.max(0, store.commands.length - action.by));
      store.lineage = store.lineage.upTo(store.commands.length + 1);
      leads[action.node] = false;
    } else if (action.from !== action.to) {
      const source = nodes[action.from] as Simulated;
      const commands = source.commands.slice(0, action.length);
      nodes[action.to] = { commands, lineage: source.lineage.upTo(commands.length) };
      leads[action.to] = false;
    }
  }
  return nodes;
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

describe('the branch in random trees of histories', () => {
  const steps = fc.array(step, { maxLength: 40 });

  it('is the true common past, from either side, and none only if there is none', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const nodes = simulate(history);
        for (const mine of nodes) {
          for (const theirs of nodes) {
            const common = commonPrefix(mine.commands, theirs.commands);
            const branch = mine.lineage.branch(mine.commands.length, theirs.lineage, theirs.commands.length);
            assert.equal(branch ?? 0, common);
          }
        }
      }),
      runs(400),
    );
  });

  it('is the same for a follower that sends only the rows up to its end', () => {
    fc.assert(
      fc.property(steps, (history) => {
        const nodes = simulate(history);
        for (const mine of nodes) {
          for (const theirs of nodes) {
            const end = theirs.commands.length;
            const told = mine.lineage.branch(mine.commands.length, theirs.lineage.upTo(end), end);
            assert.equal(told ?? 0, commonPrefix(mine.commands, theirs.commands));
          }
        }
      }),
      runs(400),
    );
  });
});
