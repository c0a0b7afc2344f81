/** Replication frames: what is sent arrives as it was, and what is no frame is refused by name. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import type { DigestReport } from '../../src/model/comparison.js';
import type { LineageRow } from '../../src/model/lineage.js';
import { NO_HISTORY, ORIGIN } from '../../src/model/position.js';
import {
  type Acknowledgement,
  type DownFrame,
  decodeDownFrame,
  decodeUpFrame,
  encodeDownFrame,
  encodeUpFrame,
  type Handshake,
  type Publish,
  type UpFrame,
} from '../../src/replication/frames.js';
import { Assembler, type Part, partsOf } from '../../src/replication/parts.js';
import { messageType } from '../support/protocol.js';
import { historyId, runs } from '../support/seeds.js';

const PbUpFrame = messageType('ReplicateRequest');
const PbDownFrame = messageType('ReplicateResponse');

const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
const offset = fc.oneof(fc.constantFrom(0, 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const checksum = fc.oneof(fc.constantFrom(0, 0x8000_0000, 0xffff_ffff), fc.nat());
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ unit: 'grapheme-ascii', maxLength: 40 });
const id = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((array) => Buffer.from(array).toString('hex'));
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model as { [K in keyof T]-?: fc.Arbitrary<T[K]> }, { noNullPrototype: true }) as fc.Arbitrary<T>;
/** The frame of one kind, so that its fields are checked by the compiler. */
type Down<K extends DownFrame['kind']> = Extract<DownFrame, { kind: K }>;

const row = record<LineageRow>({ replicationId: id, firstOffset: offset, checksum, epoch: offset });
const position = record({ replicationId: id, offset, checksum });
const counted = record({ source: id, count: offset });
const place = fc.oneof(
  fc.constant(undefined),
  counted,
  fc.tuple(counted, counted).map(([here, follows]) => ({ ...here, follows })),
);
const upstream = record({
  clusterId: name,
  nodeId: name,
  address: name,
  timeMs: offset,
  follows: name,
  takesParts: fc.boolean(),
});
const kind = <K extends string>(name: K) => fc.constant(name);

const upFrame: fc.Arbitrary<UpFrame> = fc.oneof(
  record<Handshake>({
    kind: kind('handshake'),
    protocolVersion: fc.nat(),
    blockFormat: fc.nat(),
    recordFormat: fc.nat(),
    contentVersion: fc.nat(),
    clusterId: name,
    nodeId: name.filter((it) => it !== ''),
    nonce: name,
    address: name,
    lineage: fc.array(row, { maxLength: 4 }),
    position,
    baseOffset: offset,
    keyspaceOffset: offset,
    acceptDataLoss: fc.boolean(),
    full: fc.boolean(),
    keyspaceIncomplete: fc.boolean(),
    catchingUp: fc.boolean(),
    handsOverTo: name,
    grant: name,
    byOrder: fc.boolean(),
    live: place,
    keptLoad: fc.option(record({ clusterId: name, logEnd: position, lastKey: bytes, keys: offset }), {
      nil: undefined,
    }),
  }),
  record<Acknowledgement>({
    kind: kind('acknowledgement'),
    receivedOffset: offset,
    appendedOffset: offset,
    durableOffset: offset,
    replicationId: id,
    checksum,
    epochWaiting: offset,
    contentVersion: fc.nat(),
    signHeard: offset,
    below: fc.array(
      record({
        nodeId: name,
        nonce: name,
        appendedOffset: offset,
        durableOffset: offset,
        replicationId: id,
        checksum,
        ageMs: offset,
        address: name,
        via: name,
      }),
      { maxLength: 3 },
    ),
  }),
  record<Publish>({ kind: kind('publish'), sequence: offset, channel: bytes, data: bytes, durable: fc.boolean() }),
  record<DigestReport>({
    kind: kind('digestReport'),
    markId: name,
    nodeId: name,
    offset,
    keys: offset,
    digest: bytes,
    error: text,
    address: name,
    below: fc.array(record({ nodeId: name, address: name }), { maxLength: 3 }),
  }),
);

const details = fc.array(fc.tuple(text, text), { maxLength: 3 }).map((pairs) => Object.fromEntries(pairs));

const downFrame: fc.Arbitrary<DownFrame | Part> = fc.oneof(
  record<Down<'continue'>>({
    kind: kind('continue'),
    upstream,
    lineage: fc.array(row, { maxLength: 4 }),
    endOffset: offset,
    reason: text,
    message: text,
    details,
    live: place,
  }),
  record<Down<'wait'>>({ kind: kind('wait'), reason: text, sources: fc.array(text, { maxLength: 3 }) }),
  record<Down<'fullResync'>>({
    kind: kind('fullResync'),
    upstream,
    reason: text,
    message: text,
    details,
    position,
    positionTimeMs: fc.oneof(fc.constant(undefined), offset),
    lineage: fc.array(row, { maxLength: 4 }),
    keysEstimate: offset,
    branchOffset: fc.oneof(fc.constant(undefined), offset),
    live: place,
    logFrom: fc.option(position, { nil: undefined }),
  }),
  record<Down<'refuse'>>({
    kind: kind('refuse'),
    reason: text,
    message: text,
    details,
  }),
  record<Down<'blocks'>>({
    kind: kind('blocks'),
    blocks: fc.array(bytes, { maxLength: 4 }),
    acknowledge: fc.boolean(),
    sync: fc.boolean(),
    traces: fc.array(record({ offset: fc.maxSafeNat(), traceparent: text }), { maxLength: 3 }),
  }),
  record<Down<'snapshotChunk'>>({
    kind: kind('snapshotChunk'),
    keys: fc.array(bytes, { maxLength: 4 }),
    records: fc.array(bytes, { maxLength: 4 }),
  }),
  record<Down<'snapshotEnd'>>({ kind: kind('snapshotEnd'), keys: offset, digest: bytes }),
  record<Down<'newHistory'>>({ kind: kind('newHistory'), row }),
  record<Down<'heartbeat'>>({
    kind: kind('heartbeat'),
    offset,
    checksum,
    timeMs: offset,
    path: fc.array(name, { maxLength: 3 }),
    levelMs: offset,
    nextHistory: fc.option(row, { nil: undefined }),
    endOffset: offset,
    leaderAddress: name,
    epoch: offset,
    sign: offset,
  }),
  record<Down<'mark'>>({ kind: kind('mark'), markId: name }),
  record<Down<'messages'>>({
    kind: kind('messages'),
    missed: offset,
    place,
    messages: fc.array(record({ channel: bytes, data: bytes }), { maxLength: 3 }),
  }),
  record<Down<'published'>>({
    kind: kind('published'),
    sequence: offset,
    offset,
    error: fc.constantFrom(undefined, new HeadwaterError('read_only_follower', 'no', { details: { leader: 'a:1' } })),
  }),
  record<Down<'moved'>>({ kind: kind('moved'), address: name, nodeId: name }),
  record<Part>({ kind: kind('part'), data: bytes, last: fc.boolean() }),
);

function refusal(decode: () => unknown): { code: ErrorCode; message: string } {
  try {
    decode();
  } catch (error) {
    assert(error instanceof HeadwaterError, `${String(error)} is not coded`);
    return { code: error.code, message: error.message };
  }
  return assert.fail('it was accepted');
}

const handshake: Handshake = {
  kind: 'handshake',
  protocolVersion: 1,
  blockFormat: 1,
  recordFormat: 1,
  contentVersion: 1,
  clusterId: '',
  nodeId: 'n',
  nonce: 'o',
  address: '',
  lineage: [],
  position: ORIGIN,
  baseOffset: 0,
  keyspaceOffset: 0,
  acceptDataLoss: false,
  full: false,
  keyspaceIncomplete: false,
  catchingUp: false,
  handsOverTo: '',
  byOrder: true,
  grant: '',
};

describe('replication frames', () => {
  it('go up and arrive as they were', () => {
    fc.assert(
      fc.property(upFrame, (frame) => assert.deepEqual(decodeUpFrame(encodeUpFrame(frame)), frame)),
      runs(300),
    );
  });

  it('go down and arrive as they were', () => {
    fc.assert(
      fc.property(downFrame, (frame) => assert.deepEqual(decodeDownFrame(encodeDownFrame(frame)), frame)),
      runs(300),
    );
  });

  it('carry blocks and records as views into the message, byte for byte', () => {
    const block = Buffer.alloc(1000, 7);
    const message = encodeDownFrame({ kind: 'blocks', blocks: [block], acknowledge: false, sync: false, traces: [] });
    const frame = decodeDownFrame(message);
    assert(frame.kind === 'blocks');
    assert.deepEqual(frame.blocks, [block]);
    assert.equal(frame.blocks[0]?.buffer, message.buffer);
  });

  it('tell a branch at offset 0, and a time of 0, from none', () => {
    const frame = {
      kind: 'fullResync',
      upstream: { clusterId: '', nodeId: '', address: '', timeMs: 0, follows: '', takesParts: false },
      reason: '',
      message: '',
      details: {},
      position: ORIGIN,
      lineage: [],
      keysEstimate: 0,
    } as const;
    for (const given of [0, undefined]) {
      const decoded = decodeDownFrame(encodeDownFrame({ ...frame, branchOffset: given, positionTimeMs: given }));
      assert(decoded.kind === 'fullResync');
      assert.deepEqual([decoded.branchOffset, decoded.positionTimeMs], [given, given]);
    }
  });

  it('keep a detail of any name as one of its own', () => {
    const details = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const decoded = decodeDownFrame(encodeDownFrame({ kind: 'refuse', reason: '', message: '', details }));
    assert(decoded.kind === 'refuse');
    assert.deepEqual(Object.entries(decoded.details), [
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });
});

describe('what is refused as a replication frame', () => {
  it('a frame of no kind, or of one that is not known', () => {
    for (const bytesOfFrame of ['', 'fa0100', '82010201ff']) {
      const unknown = Buffer.from(bytesOfFrame, 'hex');
      assert.equal(refusal(() => decodeDownFrame(unknown)).code, 'protocol_violation', bytesOfFrame);
      assert.equal(refusal(() => decodeUpFrame(unknown)).code, 'protocol_violation', bytesOfFrame);
    }
  });

  it('a name that nobody could read, or that is no end of it, wherever a peer gives one', () => {
    const acknowledgement = { replicationId: Buffer.alloc(20) };
    for (const name of ['x'.repeat(301), 'a\nb', '\u001b[2J']) {
      const ups = [
        { handshake: { nodeId: name } },
        { handshake: { nodeId: 'n', address: name } },
        { handshake: { nodeId: 'n', nonce: name } },
        { handshake: { nodeId: 'n', clusterId: name } },
        { handshake: { nodeId: 'n', grant: name, position: { replicationId: Buffer.alloc(20) } } },
        { acknowledgement: { ...acknowledgement, below: [{ nodeId: name, replicationId: Buffer.alloc(20) }] } },
        { acknowledgement: { ...acknowledgement, below: [{ via: name, replicationId: Buffer.alloc(20) }] } },
        { acknowledgement: { ...acknowledgement, below: [{ address: name, replicationId: Buffer.alloc(20) }] } },
        { digestReport: { markId: name } },
        { digestReport: { below: [{ address: name }] } },
      ];
      for (const up of ups) {
        const refused = refusal(() => decodeUpFrame(Buffer.from(PbUpFrame.encode(up).finish())));
        assert.equal(refused.code, 'protocol_violation', JSON.stringify(up));
        assert.match(refused.message, /a name of at most 300 printable characters, received \d+/);
      }
      for (const down of [
        { heartbeat: { path: [name] } },
        { mark: { markId: name } },
        { moved: { address: name } },
        { continue: { upstream: { address: name } } },
      ])
        assert.equal(
          refusal(() => decodeDownFrame(Buffer.from(PbDownFrame.encode(down).finish()))).code,
          'protocol_violation',
        );
    }
  });

  it('a handshake of a node without an ID', () => {
    const refused = refusal(() => decodeUpFrame(encodeUpFrame({ ...handshake, nodeId: '' })));
    assert.equal(refused.code, 'protocol_violation');
    assert.match(refused.message, /Handshake\.node_id: expected a value, received none/);
  });

  it('a replication ID that has not 20 bytes, with how many it has', () => {
    for (const replicationId of [Buffer.alloc(0), Buffer.alloc(19), Buffer.alloc(21)]) {
      const up = PbUpFrame.encode({ acknowledgement: { replicationId } }).finish();
      const refused = refusal(() => decodeUpFrame(Buffer.from(up)));
      assert.equal(refused.code, 'protocol_violation');
      assert.match(refused.message, new RegExp(`received ${replicationId.length}`));
      const down = PbDownFrame.encode({ newHistory: { row: { replicationId } } }).finish();
      assert.equal(refusal(() => decodeDownFrame(Buffer.from(down))).code, 'protocol_violation');
    }
  });

  it('a handshake without a position, and a new history without a row', () => {
    assert.equal(
      refusal(() => decodeUpFrame(Buffer.from(PbUpFrame.encode({ handshake: {} }).finish()))).code,
      'protocol_violation',
    );
    assert.equal(
      refusal(() => decodeDownFrame(Buffer.from(PbDownFrame.encode({ newHistory: {} }).finish()))).code,
      'protocol_violation',
    );
  });

  it('an offset of 2^53 or more', () => {
    const offset = { low: 0, high: 0x20_0000, unsigned: true };
    const replicationId = Buffer.from(NO_HISTORY, 'hex');
    const up = PbUpFrame.encode({ acknowledgement: { replicationId, appendedOffset: offset as never } }).finish();
    const refused = refusal(() => decodeUpFrame(Buffer.from(up)));
    assert.match(refused.message, /9007199254740992/);
    assert.equal(refused.code, 'protocol_violation');
  });

  it('a cut at every byte: refused, or what is left is a frame too', () => {
    const frames: UpFrame[] = [
      {
        ...handshake,
        lineage: [{ replicationId: historyId('a'), firstOffset: 1, checksum: 2, epoch: 3 }],
        clusterId: 'c',
        baseOffset: 9,
      },
      {
        kind: 'acknowledgement',
        receivedOffset: 3,
        appendedOffset: 2,
        durableOffset: 1,
        replicationId: historyId('a'),
        checksum: 5,
        below: [],
        epochWaiting: 7,
        contentVersion: 0,
        signHeard: 0,
      },
    ];
    for (const frame of frames) {
      const whole = encodeUpFrame(frame);
      for (let length = 0; length < whole.length; length++) {
        assert.equal(
          refusal(() => decodeUpFrame(whole.subarray(0, length))).code,
          'protocol_violation',
          `cut at ${length}`,
        );
      }
    }
  });

  it('whatever bytes come: a frame or a coded refusal, nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(bytes, upFrame.map(encodeUpFrame), downFrame.map(encodeDownFrame)),
        fc.nat(),
        fc.nat(255),
        (original, at, value) => {
          const changed = Buffer.from(original);
          if (changed.length > 0) changed[at % changed.length] = value;
          for (const decode of [decodeUpFrame, decodeDownFrame]) {
            try {
              decode(changed);
            } catch (error) {
              assert(HeadwaterError.is(error, 'protocol_violation'), `${changed.toString('hex')}: ${String(error)}`);
            }
          }
        },
      ),
      runs(2000),
    );
  });
});

describe('a large frame', () => {
  const assembler = (bytesMax = 1_000) => new Assembler<DownFrame>(decodeDownFrame, bytesMax);
  const blocks = [Buffer.alloc(500, 'b')];
  const frame: DownFrame = { kind: 'blocks', blocks, acknowledge: true, sync: false, traces: [] };
  const messages = [...partsOf(encodeDownFrame(frame), () => 64)].map((part) => encodeDownFrame(part));

  it('in parts is put together when the last has arrived', () => {
    const receiver = assembler();
    for (let round = 0; round < 2; round++) {
      const taken = messages.map((message) => receiver.take(message));
      assert.deepEqual(taken, [...Array(messages.length - 1).fill(undefined), frame]);
    }
  });

  it('is refused if it is too large, or holds another frame or part between its parts', () => {
    const refused = (code: ErrorCode) => (error: unknown) => HeadwaterError.is(error, code);
    const small = assembler(100);
    small.take(messages[0] as Buffer);
    assert.throws(() => small.take(messages[1] as Buffer), refused('protocol_violation'));
    const other = assembler();
    other.take(messages[0] as Buffer);
    const mark = encodeDownFrame({ kind: 'mark', markId: 'm' });
    assert.throws(() => other.take(mark), refused('protocol_violation'));
    const inside = encodeDownFrame({ kind: 'part', data: messages[0] as Buffer, last: true });
    assert.throws(() => assembler().take(inside), refused('protocol_violation'));
  });
});
