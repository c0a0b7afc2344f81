/**
 * The decision at the start of a replication session, as one table: every row
 * of `decide` in resync.ts, each refusal and each acceptance.
 *
 * A node is written as its lineage and where it ends: "a1 b11 @20" has lived in
 * the history a from offset 1, in b from 11, and stands at 20. The running
 * checksum at an offset is what `checksumAt` says, so that equal offsets on one
 * lineage agree unless a row says otherwise. `lost: 8` is an asker whose log
 * has lost what follows 8: it stands there, its keyspace is where it ends.
 */
import assert from 'node:assert/strict';
import type { ChecksumLookup } from '../../src/log/lookup.js';
import { Lineage, type LineageRow } from '../../src/model/lineage.js';
import type { Position } from '../../src/model/position.js';
import { REFUSE_REASONS } from '../../src/model/refusal.js';
import {
  CONTINUE_REASONS,
  type Decision,
  decide,
  type FollowerSide,
  FULL_REASONS,
  type UpstreamSide,
} from '../../src/replication/resync.js';
import { historyId } from '../support/seeds.js';

const checksumAt = (offset: number): number => offset * 7;

function parse(text: string): { lineage: Lineage; position: Position } {
  const words = text.split(' ');
  const end = Number(words.pop()?.slice(1));
  const rows = words.map((word, i): LineageRow => {
    const firstOffset = Number(word.slice(1));
    return {
      replicationId: historyId(word[0] as string),
      firstOffset,
      checksum: checksumAt(firstOffset - 1),
      epoch: i + 1,
    };
  });
  const lineage = new Lineage(rows);
  return { lineage, position: { replicationId: lineage.replicationIdAt(end), offset: end, checksum: checksumAt(end) } };
}

interface AskerExtra {
  base?: number;
  cluster?: string;
  accept?: true;
  full?: true;
  lost?: number;
}

interface AskedExtra {
  base?: number;
  cluster?: string;
  follower?: true;
  /** What its log says of the asker's offset, where that is not as usual. */
  says?: ChecksumLookup;
  /** What the leader has begun there: name, first offset and epoch. */
  next?: [name: string, firstOffset: number, epoch: number];
}

function asker(text: string, extra: AskerExtra = {}): FollowerSide {
  const { lineage, position: reached } = parse(text);
  const offset = extra.lost ?? reached.offset;
  return {
    clusterId: extra.cluster ?? 'c',
    lineage: lineage.upTo(reached.offset),
    position: { replicationId: lineage.replicationIdAt(offset), offset, checksum: checksumAt(offset) },
    baseOffset: extra.base ?? 0,
    keyspaceOffset: reached.offset,
    acceptDataLoss: extra.accept ?? false,
    full: extra.full ?? false,
    keyspaceIncomplete: extra.lost !== undefined,
  };
}

function asked(text: string, extra: AskedExtra, offset: number): UpstreamSide {
  const { lineage, position: end } = parse(text);
  const base = extra.base ?? 0;
  let says: ChecksumLookup = checksumAt(offset);
  if (offset > end.offset) says = 'beyond';
  else if (offset < base) says = 'trimmed';
  return {
    role: extra.follower ? 'follower' : 'leader',
    clusterId: extra.cluster ?? 'c',
    lineage,
    end,
    base: { replicationId: lineage.replicationIdAt(base), offset: base, checksum: checksumAt(base) },
    checksumAtFollower: extra.says ?? says,
    nextHistory: extra.next && {
      replicationId: historyId(extra.next[0]),
      firstOffset: extra.next[1],
      checksum: checksumAt(extra.next[1] - 1),
      epoch: extra.next[2],
    },
  };
}

/** "full DIVERGED after 10", "refuse OTHER_CLUSTER", "continue", "wait". */
function shown(decision: Decision): string {
  if (decision.kind === 'continue' || decision.kind === 'wait') return decision.kind;
  const lost = decision.kind === 'full' && decision.branchOffset !== undefined ? ` after ${decision.branchOffset}` : '';
  return `${decision.kind} ${decision.reason}${lost}`;
}

type Row = [why: string, asker: [string, AskerExtra?], asked: [string, AskedExtra?], decision: string];

const TABLE: Record<string, Row[]> = {
  'goes on from its own log': [
    ['it is level', ['a1 @10'], ['a1 @10'], 'continue'],
    ['it is behind in the same history', ['a1 @10'], ['a1 @20'], 'continue'],
    ['it is behind in an older history', ['a1 @10'], ['a1 b21 @30'], 'continue'],
    ['it stands exactly where a history was left', ['a1 @10'], ['a1 b11 @30'], 'continue'],
    ['it stands where a new history has begun and nothing is logged yet', ['a1 @10'], ['a1 b11 @10'], 'continue'],
    ['it stands exactly where the log begins', ['a1 @10'], ['a1 @20', { base: 10 }], 'continue'],
    ['both are empty', ['@0'], ['@0'], 'continue'],
    ['both are empty, one has begun to lead', ['@0'], ['a1 @0'], 'continue'],
    ['its upstream is a follower too', ['a1 @10'], ['a1 @20', { follower: true }], 'continue'],
    ['it has never belonged to a cluster', ['a1 @10', { cluster: '' }], ['a1 @20'], 'continue'],
    ['its upstream has never belonged to one', ['a1 @10'], ['a1 @20', { cluster: '', follower: true }], 'continue'],
    ['a loss would be accepted, but there is none', ['a1 @10', { accept: true }], ['a1 @20'], 'continue'],
    ['it has trimmed its own log', ['a1 @10', { base: 10 }], ['a1 @20'], 'continue'],
  ],
  waits: [
    [
      'both are empty, and its upstream belongs to no cluster yet',
      ['@0'],
      ['@0', { cluster: '', follower: true }],
      'wait',
    ],
    ['it is ahead of a follower in one history', ['a1 @15'], ['a1 @10', { follower: true }], 'wait'],
    [
      'it is ahead of a follower that has not heard of its history yet',
      ['a1 b11 @15'],
      ['a1 @10', { follower: true }],
      'wait',
    ],
    [
      'it is ahead of a follower, in the history that the leader has begun there',
      ['a1 b11 @15'],
      ['a1 @10', { follower: true, next: ['b', 11, 2] }],
      'wait',
    ],
    [
      'it is ahead of a follower, under as late an epoch as the leader has begun there, which may be of before a restart',
      ['a1 b11 @15'],
      ['a1 @10', { follower: true, next: ['c', 11, 2] }],
      'wait',
    ],
    [
      'it is ahead of a follower that has not reached where the leader begins another history',
      ['a1 @15'],
      ['a1 @10', { follower: true, next: ['b', 16, 2] }],
      'wait',
    ],
    [
      'it led on, and the follower has older writes of its own there',
      ['a1 b11 @15'],
      ['a1 @30', { follower: true }],
      'wait',
    ],
    [
      'both led on from one place under one epoch, and its ID is the greater',
      ['a1 c11 @15'],
      ['a1 b11 @30', { follower: true }],
      'wait',
    ],
    ['it is two histories ahead of a follower', ['a1 b11 c13 @15'], ['a1 @10', { follower: true }], 'wait'],
    [
      'its log lost a tail that a follower has not reached yet',
      ['a1 @20', { lost: 8 }],
      ['a1 @15', { follower: true }],
      'wait',
    ],
    [
      'its log lost a tail, and a follower has not even reached what is left',
      ['a1 @20', { lost: 8 }],
      ['a1 @5', { follower: true }],
      'wait',
    ],
    [
      'its log lost a tail in a history that a follower has not heard of yet',
      ['a1 b11 @20', { lost: 8 }],
      ['a1 @10', { follower: true }],
      'wait',
    ],
    [
      'its log lost a tail that a follower has not reached yet, and a loss would be accepted',
      ['a1 @20', { lost: 8, accept: true }],
      ['a1 @15', { follower: true }],
      'wait',
    ],
  ],
  'gets everything anew, and loses nothing': [
    ['it holds nothing', ['@0'], ['a1 @10'], 'full EMPTY_FOLLOWER'],
    ['it holds nothing and asks for it', ['@0', { full: true }], ['a1 @10'], 'full REQUESTED'],
    [
      'it holds nothing, and led a cluster of its own until it was told to follow',
      ['@0', { cluster: 'other' }],
      ['a1 @10'],
      'full EMPTY_FOLLOWER',
    ],
    ['it asks for it', ['a1 @10', { full: true }], ['a1 @20'], 'full REQUESTED'],
    ['the log no longer holds what follows', ['a1 @10'], ['a1 @20', { base: 15 }], 'full LOG_TRIMMED'],
    ['the log begins one block too late', ['a1 @10'], ['a1 @20', { base: 11 }], 'full LOG_TRIMMED'],
    ['the log was trimmed while it was asked', ['a1 @10'], ['a1 @20', { says: 'trimmed' }], 'full LOG_TRIMMED'],
    ['its log lost a tail that is here', ['a1 @20', { lost: 8 }], ['a1 @30'], 'full KEYSPACE_INCOMPLETE'],
    [
      'its log lost a tail, and the log here ends exactly where its keyspace may have gone',
      ['a1 @20', { lost: 8 }],
      ['a1 @20'],
      'full KEYSPACE_INCOMPLETE',
    ],
    [
      'its log lost a tail that is here, where a history was left exactly there',
      ['a1 @20', { lost: 8 }],
      ['a1 b21 @30'],
      'full KEYSPACE_INCOMPLETE',
    ],
    [
      'its log lost a tail over two histories, both of which are here',
      ['a1 b11 @20', { lost: 8 }],
      ['a1 b11 @30'],
      'full KEYSPACE_INCOMPLETE',
    ],
    [
      'its log lost a tail that a follower has',
      ['a1 @20', { lost: 8 }],
      ['a1 @30', { follower: true }],
      'full KEYSPACE_INCOMPLETE',
    ],
    [
      'its log lost a tail, and the log here no longer tells of where that ends',
      ['a1 @20', { lost: 8 }],
      ['a1 @30', { base: 25 }],
      'full KEYSPACE_INCOMPLETE',
    ],
    ['its log lost everything, all of it is here', ['a1 @20', { lost: 0 }], ['a1 @30'], 'full KEYSPACE_INCOMPLETE'],
    [
      'its keyspace is no view of its log, though neither has gone further than the log here',
      ['a1 @20', { lost: 20 }],
      ['a1 @30'],
      'full KEYSPACE_INCOMPLETE',
    ],
  ],
  'gets everything anew, once what only it has is saved': [
    ['the leader has lost its tail and begun a history', ['a1 @15'], ['a1 b11 @10'], 'full DIVERGED after 10'],
    ['the leader has lost its tail and written on', ['a1 @15'], ['a1 b11 @30'], 'full DIVERGED after 10'],
    [
      'a later leader has begun a history where a follower ends, and logged nothing yet',
      ['a1 @15'],
      ['a1 @10', { follower: true, next: ['b', 11, 2] }],
      'full DIVERGED after 10',
    ],
    ['it led on its own, and its upstream has led as often', ['a1 b11 @15'], ['a1 c21 @30'], 'full DIVERGED after 10'],
    [
      'it led on its own, and its upstream was promoted since and has logged nothing yet',
      ['a1 b11 @15'],
      ['a1 @30', { next: ['c', 31, 3] }],
      'full DIVERGED after 10',
    ],
    [
      'it led on its own, and the leader of its upstream was promoted since',
      ['a1 b11 @15'],
      ['a1 @30', { follower: true, next: ['c', 31, 3] }],
      'full DIVERGED after 10',
    ],
    [
      'it led on its own under a later epoch, and a loss is accepted',
      ['a1 b11 @15', { accept: true }],
      ['a1 @30'],
      'full DIVERGED after 10',
    ],
    [
      'it led on its own under a later epoch than a follower, and a loss is accepted',
      ['a1 b11 @15', { accept: true }],
      ['a1 @30', { follower: true }],
      'full DIVERGED after 10',
    ],
    ['both led on their own', ['a1 b11 @15'], ['a1 c13 @30'], 'full DIVERGED after 10'],
    ['it is longer, which says nothing', ['a1 b11 @99'], ['a1 c13 @30'], 'full DIVERGED after 10'],
    [
      'its upstream is a follower that has gone another way',
      ['a1 @15'],
      ['a1 b11 @12', { follower: true }],
      'full DIVERGED after 10',
    ],
    ['its log begins exactly at the branch', ['a1 b11 @15', { base: 10 }], ['a1 c21 @30'], 'full DIVERGED after 10'],
    ['it asks for everything anyway', ['a1 b11 @15', { full: true }], ['a1 c21 @30'], 'full DIVERGED after 10'],
    [
      'its checksum is another under one history',
      ['a1 b6 @10'],
      ['a1 b6 @20', { says: 1 }],
      'full CHECKSUM_MISMATCH after 5',
    ],
    ['the same in the first history', ['a1 @10'], ['a1 @20', { says: 1 }], 'full CHECKSUM_MISMATCH after 0'],
    [
      'it stands inside a block under one history',
      ['a1 b6 @10'],
      ['a1 b6 @20', { says: 'not_a_boundary' }],
      'full NOT_A_BOUNDARY after 5',
    ],
  ],
  'is refused, and keeps what it has': [
    ['the upstream is empty', ['a1 @10'], ['@0'], 'refuse UPSTREAM_EMPTY'],
    [
      'the upstream is empty and has begun to lead',
      ['a1 @10'],
      ['b1 @0', { cluster: 'other' }],
      'refuse UPSTREAM_EMPTY',
    ],
    [
      'it belongs to another cluster',
      ['a1 @10', { cluster: 'x' }],
      ['a1 @20', { cluster: 'y' }],
      'refuse OTHER_CLUSTER',
    ],
    ['nothing is in common', ['a1 @10'], ['b1 @10'], 'refuse NO_COMMON_HISTORY'],
    ['it led on its own under a later epoch', ['a1 b11 @15'], ['a1 @30'], 'refuse LATER_EPOCH'],
    ['the same, though it asks for everything', ['a1 b11 @15', { full: true }], ['a1 @30'], 'refuse LATER_EPOCH'],
    [
      'it led on under an epoch that its upstream has begun, without a write',
      ['a1 b11 @15'],
      ['a1 c11 @10'],
      'refuse LATER_EPOCH',
    ],
    [
      'both led on from one place under one epoch, and its ID is the greater',
      ['a1 c11 @15'],
      ['a1 b11 @30'],
      'refuse LATER_EPOCH',
    ],
    ['its log lost a tail of a later epoch', ['a1 b11 @20', { lost: 8 }], ['a1 @30'], 'refuse LATER_EPOCH'],
    [
      'nothing is in common, though it asks for everything',
      ['a1 @10', { full: true }],
      ['b1 @10'],
      'refuse NO_COMMON_HISTORY',
    ],
    ['its own tail is not whole in its log', ['a1 b11 @15', { base: 12 }], ['a1 c21 @30'], 'refuse TAIL_NOT_IN_LOG'],
    [
      'its other past is not whole in its log',
      ['a1 b6 @10', { base: 6 }],
      ['a1 b6 @20', { says: 1 }],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'it stands inside a block and its log is trimmed',
      ['a1 @10', { base: 4 }],
      ['a1 @20', { says: 'not_a_boundary' }],
      'refuse TAIL_NOT_IN_LOG',
    ],
    ['its log lost a tail of which nothing is here', ['a1 @20', { lost: 10 }], ['a1 @10'], 'refuse TAIL_NOT_IN_LOG'],
    ['its log lost a tail of which a part is here', ['a1 @20', { lost: 8 }], ['a1 @19'], 'refuse TAIL_NOT_IN_LOG'],
    [
      'its log lost a tail, the log here is longer, but under another history before that tail ends',
      ['a1 @20', { lost: 8 }],
      ['a1 b20 @30'],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'its log lost a tail of a history of its own, though what is left is here',
      ['a1 b11 @20', { lost: 8 }],
      ['a1 c21 @30'],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'its log lost a tail, and beyond the branch already',
      ['a1 b11 @20', { lost: 15 }],
      ['a1 c21 @30'],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'its log lost a tail, and a follower has gone another way before that ends',
      ['a1 @20', { lost: 8 }],
      ['a1 b11 @12', { follower: true }],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'its log lost a tail, and what is left has another past',
      ['a1 b6 @20', { lost: 8 }],
      ['a1 b6 @30', { says: 1 }],
      'refuse TAIL_NOT_IN_LOG',
    ],
    [
      'its log lost a tail, and what is left ends inside a block here',
      ['a1 b6 @20', { lost: 8 }],
      ['a1 b6 @30', { says: 'not_a_boundary' }],
      'refuse TAIL_NOT_IN_LOG',
    ],
    ['its log lost everything, a part is here', ['a1 @20', { lost: 0 }], ['a1 @10'], 'refuse TAIL_NOT_IN_LOG'],
    [
      'its log lost everything, and nothing is in common',
      ['a1 @20', { lost: 0 }],
      ['b1 @30'],
      'refuse NO_COMMON_HISTORY',
    ],
    ['its log lost everything, and the upstream is empty', ['a1 @20', { lost: 0 }], ['@0'], 'refuse UPSTREAM_EMPTY'],
    [
      'its log lost a tail that is not here, and it asks for everything',
      ['a1 @20', { lost: 10, full: true }],
      ['a1 @10'],
      'refuse TAIL_NOT_IN_LOG',
    ],
  ],
  'gets everything anew where a person accepted the loss, and what its log holds is saved if it is known from where': [
    ['the upstream is empty', ['a1 @10', { accept: true }], ['@0'], 'full DATA_LOSS_ACCEPTED'],
    [
      'it belongs to another cluster',
      ['a1 @10', { accept: true, cluster: 'x' }],
      ['a1 @20', { cluster: 'y' }],
      'full DATA_LOSS_ACCEPTED',
    ],
    ['nothing is in common', ['a1 @10', { accept: true }], ['b1 @10'], 'full DATA_LOSS_ACCEPTED'],
    [
      'its own tail is not whole in its log',
      ['a1 b11 @15', { accept: true, base: 12 }],
      ['a1 @30'],
      'full DATA_LOSS_ACCEPTED after 12',
    ],
    [
      'its log lost a tail that is not here',
      ['a1 @20', { accept: true, lost: 10 }],
      ['a1 @10'],
      'full DATA_LOSS_ACCEPTED after 10',
    ],
    [
      'its log lost a tail, and what is left has another past',
      ['a1 b6 @20', { accept: true, lost: 8 }],
      ['a1 b6 @30', { says: 1 }],
      'full DATA_LOSS_ACCEPTED after 5',
    ],
    [
      'its log lost everything, and nothing is in common',
      ['a1 @20', { accept: true, lost: 0 }],
      ['b1 @30'],
      'full DATA_LOSS_ACCEPTED',
    ],
  ],
};

describe('a follower that asks to resync', () => {
  for (const [outcome, rows] of Object.entries(TABLE)) {
    describe(outcome, () => {
      for (const [why, [askerText, askerExtra], [askedText, askedExtra = {}], expected] of rows) {
        it(why, () => {
          const from = asker(askerText, askerExtra);
          assert.equal(shown(decide(from, asked(askedText, askedExtra, from.position.offset))), expected);
        });
      }
    });
  }

  it('saves a tail if it can, even if a person accepted the loss', () => {
    const from = asker('a1 b11 @15', { accept: true });
    assert.equal(shown(decide(from, asked('a1 c21 @30', {}, 15))), 'full DIVERGED after 10');
  });

  it('learns the values of both sides of a refusal and of a full resync', () => {
    const messageOf = (row: Row) => {
      const from = asker(...row[1]);
      const decision = decide(from, asked(row[2][0], row[2][1] ?? {}, from.position.offset));
      return decision.message;
    };
    const find = (expected: string) =>
      Object.values(TABLE)
        .flat()
        .find((row) => row[3] === expected) as Row;
    assert.match(messageOf(find('full LOG_TRIMMED')), /needs the commands after offset 10, the log holds 16 to 20/);
    assert.match(messageOf(find('full DIVERGED after 10')), /part after offset 10: .* up to 15, .* to 10/);
    assert.match(messageOf(find('full CHECKSUM_MISMATCH after 5')), /at offset 10 .*00000046.* 00000001/);
    assert.match(
      messageOf(find('full KEYSPACE_INCOMPLETE')),
      /log ends at offset 8, .*at 20; the upstream .*, up to 30/,
    );
    assert.match(messageOf(find('refuse UPSTREAM_EMPTY')), /holds nothing, .* 10 commands/);
    assert.match(messageOf(find('refuse OTHER_CLUSTER')), /the cluster x, the upstream to y/);
    assert.match(messageOf(find('refuse TAIL_NOT_IN_LOG')), /up to offset 15\. .*after 10.* at 30\. .*holds 13 to 15/);
    assert.match(
      messageOf(find('refuse LATER_EPOCH')),
      /part after offset 10: .* to 15 under epoch 2, .* to 30 under epoch 1/,
    );
    assert.match(messageOf(find('wait')), /the upstream is a follower that has not had a session/);
    const lost = (reason: string, last = 0) =>
      messageOf(
        Object.values(TABLE)
          .flat()
          .filter((row) => row[3] === reason && row[1][1]?.lost !== undefined)
          .at(last) as Row,
      );
    assert.match(lost('refuse TAIL_NOT_IN_LOG'), /up to offset 20\. .* those after 10.* at 10.*it holds 1 to 10/);
    assert.match(lost('refuse TAIL_NOT_IN_LOG', -2), /up to offset 20\. .* those after 10.* at 10.*it holds nothing/);
    assert.match(lost('refuse UPSTREAM_EMPTY'), /holds nothing, .* 20 commands/);
    assert.match(lost('wait'), /needs the commands after offset 20, .* is at 15/);
    const stranger = messageOf(find('refuse NO_COMMON_HISTORY'));
    assert(stranger.includes(historyId('a')) && stranger.includes(historyId('b')), stranger);
  });

  it('gets a partial resync for a named reason', () => {
    const reasonOf = (askerText: string, askedText: string) => {
      const from = asker(askerText);
      const decision = decide(from, asked(askedText, {}, from.position.offset));
      assert(decision.kind === 'continue');
      return `${decision.reason}: ${decision.message}`;
    };
    const reasons = [
      ['@0', '@0', 'BOTH_EMPTY: neither side holds anything'],
      ['a1 @10', 'a1 @10', 'LEVEL: both logs end at offset 10'],
      ['a1 @10', 'a1 @20', 'SAME_HISTORY: the log holds the commands after offset 10, up to 20'],
      [
        'a1 @10',
        'a1 b11 @30',
        `EARLIER_HISTORY: the log holds the commands after offset 10, up to 30, where it continues as ${historyId('b')}`,
      ],
    ] as const;
    for (const [askerText, askedText, expected] of reasons) assert.equal(reasonOf(askerText, askedText), expected);
    assert.deepEqual(
      reasons.map(([, , expected]) => expected.split(':')[0]),
      [...CONTINUE_REASONS],
    );
  });

  it('is given the values of both sides with every answer', () => {
    const from = asker('a1 b11 @15', { base: 3 });
    const { details } = decide(from, asked('a1 c11 @30', { base: 2, cluster: '' }, 15));
    assert.deepEqual(details, {
      follower_cluster_id: 'c',
      follower_replication_id: historyId('b'),
      follower_epoch: '2',
      follower_first_offset: '4',
      follower_offset: '15',
      follower_checksum: '00000069',
      follower_keyspace_offset: '15',
      upstream_cluster_id: '',
      upstream_replication_id: historyId('c'),
      upstream_epoch: '2',
      upstream_first_offset: '3',
      upstream_offset: '30',
      upstream_checksum: '000000d2',
      upstream_checksum_at_follower_offset: '00000069',
      branch_offset: '10',
    });
    const beyond = decide(asker('a1 @15'), asked('b1 @10', {}, 15)).details;
    assert.equal(beyond.upstream_checksum_at_follower_offset, 'beyond');
    assert(!('branch_offset' in beyond));
  });

  it('has every reason that there is in the table', () => {
    const seen = new Set(
      Object.values(TABLE)
        .flat()
        .map((row) => row[3].split(' ')[1]),
    );
    for (const reason of [...FULL_REASONS, ...REFUSE_REASONS]) assert(seen.has(reason), reason);
  });
});
