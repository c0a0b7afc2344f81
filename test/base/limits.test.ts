/** Relations between bounds that the comments in limits.ts promise: one bound must leave room for another. */
import assert from 'node:assert/strict';
import * as limits from '../../src/base/limits.js';
import { OPTIONS } from '../../src/options.js';
import { leastFreeBytes } from '../../src/store/space.js';

const values = Object.entries(limits) as Array<[string, number]>;
const defaults = {
  overlayBytesMax: OPTIONS.overlayBytesMax.default,
  replayBytesMax: OPTIONS.replayBytesMax.default,
};
const LINK_MS = OPTIONS.linkTimeoutMs.default;
const HEARTBEAT_MS = OPTIONS.heartbeatIntervalMs.default;
const LARGEST_BYTES = OPTIONS.transactionBytesMax.most;
const LARGE_REQUESTS_BYTES = limits.RECEIVING_BYTES_MAX * (1 - limits.RECEIVING_SMALL_PART);

/** Each row: a promise, the smaller values, the larger one. */
const RELATIONS: ReadonlyArray<readonly [promise: string, smaller: number, larger: number]> = [
  // ---- sizes
  ['a block holds the largest transaction and its framing', LARGEST_BYTES, limits.BLOCK_BYTES_CEILING / 2],
  [
    'a message holds the largest transaction and its framing',
    LARGEST_BYTES + limits.BLOCK_BYTES_TARGET,
    limits.MESSAGE_BYTES_MAX,
  ],
  ['a value fits into a transaction', OPTIONS.valueBytesMax.default, OPTIONS.transactionBytesMax.default],
  [
    'the largest request of each protocol becomes complete in the least memory',
    2 * LARGEST_BYTES + limits.MESSAGE_BYTES_MAX,
    OPTIONS.requestBytesMax.least * (1 - 2 * limits.REQUESTS_PART_LEAST),
  ],
  ['three of the largest requests are received at a time', 3 * limits.MESSAGE_BYTES_MAX, LARGE_REQUESTS_BYTES],
  ['seven of the largest values are received at a time', 7 * OPTIONS.valueBytesMax.default, LARGE_REQUESTS_BYTES],
  [
    'two of the largest requests of nodes are received at a time',
    2 * limits.MESSAGE_BYTES_MAX,
    limits.RECEIVING_NODES_BYTES_MAX,
  ],
  ['a small request arrives within the window of its stream', limits.SERVER_WINDOW_BYTES, limits.RECEIVING_SMALL_BYTES],
  ['streams share the memory of replies', 2 * limits.REPLYING_STREAM_BYTES_MAX, limits.REPLYING_GROWTH_BYTES_MAX],
  [
    'replies have memory beyond that for growth',
    limits.REPLYING_GROWTH_BYTES_MAX + limits.REPLYING_STEP_BYTES_MAX,
    limits.REPLYING_BYTES_MAX,
  ],
  ['a stream does not fill the queues of all', 2 * limits.STREAM_QUEUE_BYTES_MAX, limits.TOTAL_QUEUE_BYTES_MAX],
  ['a replication frame is one message', limits.FRAME_BYTES_MAX, limits.ALLOWANCE_BYTES_MAX],
  ['a part of a backup is one message', limits.BACKUP_MESSAGE_BYTES, limits.MESSAGE_BYTES_MAX / 2],
  ['a chunk of a backup holds the largest entry', limits.BLOCK_BYTES_CEILING, limits.BACKUP_CHUNK_BYTES_MAX - 1],
  ['a call for ranges is one message', limits.RANGES_CALL_BYTES, limits.MESSAGE_BYTES_MAX / 2],
  ['an address with the longest host name is a name', 253 + ':65535'.length, limits.NAME_CHARACTERS_MAX],
  // ---- space on the disk
  ['the ballast is enough to open a store', limits.OPENING_BYTES, limits.BALLAST_BYTES],
  ['the default free space writes out what is in memory', leastFreeBytes(defaults), OPTIONS.minFreeBytes.default],
  ['a file of the archive fits into its free space', limits.ARCHIVE_STRETCH_BYTES, limits.ARCHIVE_FREE_BYTES_MIN - 1],
  [
    'a follower that is away has more log than all',
    OPTIONS.logRetentionBytes.default,
    OPTIONS.logRetentionPinBytes.default,
  ],
  // ---- times
  [
    'a call outlasts the wait for a full queue, and gets its refusal',
    limits.QUEUE_WAIT_MS_MAX + 1_000,
    limits.CALL_TIMEOUT_MS,
  ],
  ['a call outlasts the wait for freshness', limits.FRESH_WITHIN_MS_MAX + 1_000, limits.CALL_TIMEOUT_MS],
  ['a call outlasts the wait for durability', limits.DURABILITY_TIMEOUT_MS + 1_000, limits.CALL_TIMEOUT_MS],
  [
    'a call outlasts a message that the leader has not answered',
    limits.PUBLISH_TIMEOUT_MS + 1_000,
    limits.CALL_TIMEOUT_MS,
  ],
  [
    'a request that stands still is refused before those that wait',
    limits.RECEIVING_STALL_MS_MAX + limits.RECEIVING_LOOK_MS,
    limits.QUEUE_WAIT_MS_MAX,
  ],
  [
    'a stream that is not read is ended before those that wait',
    limits.REPLYING_STALL_MS_MAX + limits.REPLYING_LOOK_MS,
    limits.QUEUE_WAIT_MS_MAX,
  ],
  ['one late sign of life is no dead stream', 3 * limits.SIGN_OF_LIFE_MS, limits.STREAM_SILENCE_MS_MAX],
  [
    'a resumed stream is refused before its client leaves',
    limits.RESUME_WAIT_MS_MAX + 1_000,
    limits.STREAM_SILENCE_MS_MAX,
  ],
  ['several heartbeats fit into the wait of a resumed stream', 3 * HEARTBEAT_MS, limits.RESUME_WAIT_MS_MAX],
  ['one late heartbeat is no dead link', limits.HEARTBEATS_IN_TIMEOUT_MIN * HEARTBEAT_MS, LINK_MS],
  ['a quiet follower is within the lag', 2 * HEARTBEAT_MS, OPTIONS.maxLagMs.default],
  ['a node that reconnects does so within the link timeout', limits.RECONNECT_MS_MAX, LINK_MS],
  [
    'a repair holds checkpoints back for less than it waits for its mark',
    limits.REPAIR_HOLD_MS_MAX,
    limits.REPAIR_MARK_MS_MAX,
  ],
  ['a backup that stands still is left before its lease ends', limits.BACKUP_LEFT_MS, limits.BACKUP_LEASE_MS],
  ['a stale follower is left before a silent one', limits.NEAREST_FRESH_WITHIN_MS, limits.NEAREST_ANSWER_MS_MAX],
  ['the refusal of a read leaves before its deadline', limits.FRESH_MARGIN_MS, limits.FRESH_STEP_MS],
  ['a stop closes connections within its least step', limits.STOP_HANG_UP_MS_MAX, limits.STOP_STEP_MS_MIN],
];

describe('the limits', () => {
  for (const [promise, smaller, larger] of RELATIONS)
    it(promise, () => assert(smaller <= larger, `expected ${smaller} to be at most ${larger}`));

  it('have a least below the most of the same name', () => {
    const pairs = values.filter(([name]) => name.endsWith('_MIN') && name.replace(/_MIN$/, '_MAX') in limits);
    assert(pairs.length > 5, `expected to see the pairs, saw ${pairs.length}`);
    const most = (name: string) => values.find(([other]) => other === name.replace(/_MIN$/, '_MAX'))?.[1] as number;
    assert.deepEqual(
      pairs.filter(([name, least]) => least >= most(name)),
      [],
    );
  });

  it('are positive, and the times are times that a timer can wait for', () => {
    assert.deepEqual(
      values.filter(([, value]) => !(value > 0)),
      [],
    );
    const late = values.filter(([name, value]) => /_MS(_M(AX|IN))?$/.test(name) && value > limits.TIMER_MS_MAX);
    assert.deepEqual(late, []);
  });
});
