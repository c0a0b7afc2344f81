/** What checks and repairs say on the wire, there and back. */

import assert from 'node:assert/strict';
import type { Damage, RepairEvent, VerifyEvent } from '../../src/model/check.js';
import { FETCH_BLOCKS, REPAIR, VERIFY } from '../../src/rpc/definitions.js';

const DAMAGES: readonly Damage[] = [
  { part: 'file', file: '/data/log/000003.log', byte: 2 ** 33, why: 'a bit' },
  { part: 'log', from: 5, to: 2 ** 40, why: 'does not continue the log' },
  { part: 'keyspace', from: Buffer.from('a'), to: Buffer.alloc(0), why: 'a record' },
  { part: 'keyspace', from: undefined, to: undefined, why: 'all of it' },
  { part: 'database', why: 'the number of records' },
];
const PROGRESS = { kind: 'progress', progress: { bytes: 1, bytesEstimate: 2 ** 40, doing: 'the log' } } as const;

describe('events of a check', () => {
  it('come as they went', () => {
    const summary = { damages: 2, firstOffset: 1, lastOffset: 0, checkpointOffset: undefined, records: 3, bytes: 4 };
    const events: VerifyEvent[] = [
      ...DAMAGES.map((damage) => ({ kind: 'damage' as const, damage })),
      PROGRESS,
      { kind: 'summary', summary },
      { kind: 'summary', summary: { ...summary, firstOffset: undefined, lastOffset: undefined, checkpointOffset: 9 } },
    ];
    for (const event of events) assert.deepEqual(VERIFY.response.decode(VERIFY.response.encode(event)), event);
    assert.deepEqual(VERIFY.request.decode(VERIFY.request.encode({ bytesPerSecond: 7 })), { bytesPerSecond: 7 });
  });

  it('of a repair too', () => {
    const step = { message: 'in place', fromOffset: 1, toOffset: 2 };
    const events: RepairEvent[] = [
      ...DAMAGES.map((damage) => ({ kind: 'damage' as const, damage })),
      PROGRESS,
      ...(['log', 'full_resync', 'left'] as const).map((kind) => ({
        kind: 'step' as const,
        step: { ...step, kind },
      })),
      { kind: 'summary', summary: { damages: 1, repairs: 2, left: 3 } },
    ];
    for (const event of events) assert.deepEqual(REPAIR.response.decode(REPAIR.response.encode(event)), event);
    assert.deepEqual(REPAIR.request.decode(REPAIR.request.encode({ bytesPerSecond: 0 })), { bytesPerSecond: 0 });
  });

  it('of a kind that is not known are refused', () => {
    assert.throws(() => VERIFY.response.decode(Buffer.alloc(0)), { code: 'protocol_violation' });
    assert.throws(() => REPAIR.response.decode(Buffer.alloc(0)), { code: 'protocol_violation' });
  });
});

describe('blocks for a repair', () => {
  const position = { replicationId: 'ab'.repeat(20), offset: 7, checksum: 0xffffffff };

  it('are asked for and come as they went', () => {
    const request = { after: position, through: { ...position, offset: 9 } };
    assert.deepEqual(FETCH_BLOCKS.request.decode(FETCH_BLOCKS.request.encode(request)), request);
    for (const response of [
      { start: { after: position, timeMs: 1_700_000_000_000 }, blocks: [], more: false },
      { start: undefined, blocks: [Buffer.from('one'), Buffer.from('two')], more: true },
    ])
      assert.deepEqual(FETCH_BLOCKS.response.decode(FETCH_BLOCKS.response.encode(response)), response);
  });

  it('are refused without the positions of both ends', () => {
    assert.throws(() => FETCH_BLOCKS.request.decode(Buffer.alloc(0)), {
      code: 'invalid_argument',
      message: /FetchBlocksRequest\.after: expected a value, received none/,
    });
  });
});
