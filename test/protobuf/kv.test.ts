import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERROR_CODES, type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import { MESSAGE_BYTES_MAX, OPERATION_KEYS_MAX } from '../../src/base/limits.js';
import type { Operation, OperationKind, Reply } from '../../src/model/operation.js';
import type { Position } from '../../src/model/position.js';
import { codecOf } from '../../src/protobuf/codec.js';
import { decodeStatus, encodeStatus, fromErrorFields, statusCodeOf, toErrorFields } from '../../src/protobuf/error.js';
import { headwater } from '../../src/protobuf/generated.js';
import {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  fromOperationMessage,
  fromReplyMessage,
  OPERATION_KINDS,
  toOperationMessage,
  toReplyMessage,
} from '../../src/protobuf/kv.js';
import {
  decodePipelineRequest,
  decodePipelineResponse,
  encodePipelineRequest,
  encodePipelineResponse,
} from '../../src/protobuf/pipeline.js';

const { v1 } = headwater;
const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const key = bytes('key\x00\xff');
const value = bytes('value');
const empty = Buffer.alloc(0);
const POSITION: Position = {
  replicationId: '0123456789abcdef0123456789abcdef01234567',
  offset: 2 ** 40 + 7,
  checksum: 0xfedcba98,
};

const decodeOperations = (message: Buffer) => decodePipelineRequest(message).operations;

const plainSet = (extra: object = {}) => ({
  kind: 'set' as const,
  key,
  value,
  expiry: undefined,
  condition: undefined,
  returnOld: false,
  ...extra,
});

/** At least one of each kind, and the edges of those that have any. */
const OPERATIONS: readonly Operation[] = [
  { kind: 'get', key },
  { kind: 'get', key: empty },
  { kind: 'multiGet', keys: [key, empty, bytes('b')] },
  plainSet(),
  plainSet({ key: empty, value: empty }),
  plainSet({ expiry: { ttlMs: 1 } }),
  plainSet({ expiry: { expiresAtMs: 2 ** 52 } }),
  plainSet({ expiry: { ttlMs: -5 } }),
  plainSet({ expiry: 'keep', condition: 'if_present', returnOld: true }),
  plainSet({ condition: 'if_absent' }),
  { kind: 'delete', keys: [key] },
  { kind: 'exists', keys: [key, key] },
  { kind: 'increment', key, by: 2n ** 63n - 1n },
  { kind: 'increment', key, by: -(2n ** 63n) },
  { kind: 'increment', key, by: 0n },
  { kind: 'incrementFloat', key, by: -0.1 },
  { kind: 'incrementFloat', key, by: '0.10000000000000000001' },
  { kind: 'incrementFloat', key, by: '0.1', longDouble: true },
  { kind: 'append', key, value },
  { kind: 'stringLength', key },
  { kind: 'getRange', key, start: -3, end: -1 },
  { kind: 'setRange', key, start: 2 ** 33, value },
  { kind: 'getDelete', key },
  { kind: 'getExpire', key, expiry: undefined },
  { kind: 'getExpire', key, expiry: 'persist' },
  { kind: 'getExpire', key, expiry: { ttlMs: 7 } },
  { kind: 'timeToLive', key },
  { kind: 'expire', key, expiry: { ttlMs: 0 }, condition: undefined },
  { kind: 'expire', key, expiry: { expiresAtMs: 9 }, condition: 'if_none' },
  { kind: 'expire', key, expiry: { ttlMs: 9 }, condition: 'if_any' },
  { kind: 'expire', key, expiry: { ttlMs: 9 }, condition: 'if_later' },
  { kind: 'expire', key, expiry: { ttlMs: 9 }, condition: 'if_earlier' },
  { kind: 'expire', key, expiry: { ttlMs: 9 }, condition: 'if_any_and_earlier' },
  { kind: 'persist', key },
  { kind: 'rename', key, newKey: bytes('new'), ifAbsent: false },
  { kind: 'rename', key, newKey: bytes('new'), ifAbsent: true },
  { kind: 'type', key },
  {
    kind: 'multiSet',
    entries: [
      { key, value },
      { key: empty, value: empty },
    ],
    ifAbsent: true,
  },
  { kind: 'multiSet', entries: [{ key, value }], ifAbsent: false },
  { kind: 'copy', key, newKey: bytes('new'), replace: true },
  { kind: 'getBit', key, offset: 2 ** 32 - 1 },
  { kind: 'setBit', key, offset: 0, bit: 1 },
  { kind: 'setBit', key, offset: 9, bit: 0 },
  { kind: 'bitCount', key, range: undefined },
  { kind: 'bitCount', key, range: { start: -2, end: 0, unit: undefined } },
  { kind: 'bitCount', key, range: { start: 0, end: -1, unit: 'bit' } },
  { kind: 'bitPosition', key, bit: 1, start: undefined, end: undefined, unit: undefined },
  { kind: 'bitPosition', key, bit: 0, start: 0, end: -1, unit: 'byte' },
  { kind: 'bitOperation', operator: 'and', key, keys: [key, empty] },
  { kind: 'bitOperation', operator: 'not', key, keys: [key] },
  {
    kind: 'bitField',
    key,
    steps: [
      { action: 'get', signed: false, bits: 63, offset: 0 },
      { action: 'set', signed: true, bits: 64, offset: 7, value: -(2n ** 63n), overflow: 'saturate' },
      { action: 'set', signed: true, bits: 1, offset: 0, value: 0n, overflow: undefined },
      { action: 'increment', signed: false, bits: 8, offset: 2 ** 32 - 1, by: 0n, overflow: 'fail' },
      { action: 'increment', signed: false, bits: 8, offset: 1, by: 1n, overflow: 'wrap' },
    ],
  },
  { kind: 'longestCommonSubsequence', key, otherKey: empty, result: undefined, minMatchLength: 0 },
  { kind: 'longestCommonSubsequence', key, otherKey: value, result: 'matches', minMatchLength: 4 },
  { kind: 'flushAll' },
  { kind: 'ping', message: value },
  {
    kind: 'transact',
    conditions: [
      { key, test: 'exists' },
      { key, test: 'absent' },
      { key, test: 'version', version: 0 },
      { key, test: 'value', value: empty },
    ],
    operations: [plainSet(), { kind: 'get', key }],
  },
  { kind: 'transact', conditions: [], operations: [], onRefusal: 'undo' },
  { kind: 'transact', conditions: [], operations: [], onRefusal: 'keep' },
];

const REPLIES: readonly Reply[] = [
  { kind: 'get', value, version: 2 ** 45 + 1 },
  { kind: 'get', value: empty, version: 1 },
  { kind: 'get', value: undefined, version: 0 },
  { kind: 'get', value, version: 0 },
  {
    kind: 'multiGet',
    values: [
      { kind: 'get', value, version: 3 },
      { kind: 'get', value: undefined, version: 0 },
    ],
  },
  { kind: 'set', applied: true, oldValue: undefined },
  { kind: 'set', applied: false, oldValue: undefined },
  { kind: 'set', applied: true, oldValue: empty },
  { kind: 'delete', deleted: 2 },
  { kind: 'exists', existing: 0 },
  { kind: 'increment', value: -(2n ** 63n) },
  { kind: 'incrementFloat', value: '3.14' },
  { kind: 'append', length: 5 },
  { kind: 'stringLength', length: 0 },
  { kind: 'getRange', value },
  { kind: 'setRange', length: 9 },
  { kind: 'getDelete', value: undefined },
  { kind: 'getDelete', value: empty },
  { kind: 'getExpire', value },
  { kind: 'timeToLive', exists: true, ttlMs: 5, expiresAtMs: 6 },
  { kind: 'timeToLive', exists: false, ttlMs: undefined, expiresAtMs: undefined },
  { kind: 'expire', applied: true },
  { kind: 'persist', applied: false },
  { kind: 'rename', applied: true },
  { kind: 'type', type: 'string' },
  { kind: 'multiSet', applied: true },
  { kind: 'copy', applied: false },
  { kind: 'getBit', bit: 0 },
  { kind: 'setBit', bit: 1 },
  { kind: 'bitCount', bits: 2 ** 40 },
  { kind: 'bitPosition', position: 0 },
  { kind: 'bitPosition', position: undefined },
  { kind: 'bitOperation', length: 3 },
  { kind: 'bitField', values: [0n, undefined, 2n ** 63n - 1n, -(2n ** 63n)] },
  { kind: 'longestCommonSubsequence', length: 3, value: empty, matches: [] },
  {
    kind: 'longestCommonSubsequence',
    length: 3,
    value: undefined,
    matches: [{ range: { start: 0, end: 2 }, otherRange: { start: 5, end: 7 } }],
  },
  { kind: 'flushAll' },
  { kind: 'ping', message: empty },
  {
    kind: 'transact',
    committed: true,
    replies: [{ kind: 'flushAll' }, { kind: 'get', value, version: 1 }],
    failedCondition: undefined,
  },
  { kind: 'transact', committed: false, replies: [], failedCondition: 0 },
];

const asAsked = (operations: readonly Operation[]) => operations.map((operation) => ({ operation }));
/** Both ways of saying "no" mean the same. */
const withoutReturnOld = (operation: Operation) =>
  operation.kind === 'set' ? { ...operation, returnOld: operation.returnOld ?? false } : operation;

describe('operations and replies on the wire', () => {
  it('every kind has an operation and a reply in these tests', () => {
    assert.deepEqual(new Set(OPERATIONS.map(({ kind }) => kind)), new Set(OPERATION_KINDS));
    assert.deepEqual(new Set(REPLIES.map(({ kind }) => kind)), new Set<string>(OPERATION_KINDS));
  });

  it('every operation survives as a unary request', () => {
    for (const operation of OPERATIONS) {
      const decoded = decodeRequest(operation.kind, encodeRequest(operation));
      if (operation.kind === 'transact') assert.deepEqual(decodeTransact(decoded), decodeTransact(operation));
      else assert.deepEqual(decoded, operation);
    }
  });

  it('every reply survives as a unary response', () => {
    for (const reply of REPLIES) {
      if (reply.kind !== 'error') assert.deepEqual(decodeResponse(reply.kind, encodeResponse(reply)), reply);
    }
  });

  it('every operation survives in a pipeline', () => {
    const decoded = decodeOperations(encodePipelineRequest(asAsked(OPERATIONS)));
    const plain = (operation: unknown) => decodeTransact(withoutReturnOld(operation as Operation));
    assert.deepEqual(decoded.map(plain), OPERATIONS.map(plain));
  });

  it('every reply survives in a pipeline, with the position', () => {
    const { bytes: message, next } = encodePipelineResponse(REPLIES, 0, POSITION, Number.MAX_SAFE_INTEGER);
    assert.equal(next, REPLIES.length);
    assert.deepEqual(decodePipelineResponse(message), {
      replies: REPLIES,
      position: POSITION,
      reached: undefined,
    });
  });

  it('text and its UTF-8 bytes make the same message', () => {
    const text = [
      plainSet({ key: 'schlüssel', value: '値' }),
      { kind: 'get', key: 'é' },
      { kind: 'append', key: 'ä', value: 'ö' },
    ] as never;
    const asBytes = [
      plainSet({ key: Buffer.from('schlüssel'), value: Buffer.from('値') }),
      { kind: 'get', key: Buffer.from('é') },
      { kind: 'append', key: Buffer.from('ä'), value: Buffer.from('ö') },
    ] as never;
    assert.deepEqual(encodePipelineRequest(asAsked(text)), encodePipelineRequest(asAsked(asBytes)));
  });

  it('an increment without an amount is by one', () => {
    assert.deepEqual(decodeRequest('increment', v1.IncrementRequest.encode({ key }).finish() as Buffer), {
      kind: 'increment',
      key,
      by: 1n,
    });
  });
});

function decodeTransact(operation: Operation): unknown {
  if (operation.kind !== 'transact') return operation;
  return { ...operation, operations: operation.operations.map(withoutReturnOld) };
}

describe('bounds of a range', () => {
  it('beyond 2^53 mean the end of the value, whichever it is, as in Redis', () => {
    const largest = { low: -1, high: 0x7fff_ffff, unsigned: false };
    const smallest = { low: 0, high: -0x8000_0000, unsigned: false };
    const message = headwater.v1.GetRangeRequest.encode({ key, start: smallest as never, end: largest as never });
    assert.deepEqual(decodeRequest('getRange', Buffer.from(message.finish())), {
      kind: 'getRange',
      key,
      start: Number.MIN_SAFE_INTEGER,
      end: Number.MAX_SAFE_INTEGER,
    });
  });
});

describe('the pipeline codec by hand against the generated one', () => {
  const PLAIN = { noNullPrototype: true } as const;
  const arbitraryBytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
  const operation = fc.oneof(
    fc.record({ kind: fc.constant('get' as const), key: arbitraryBytes }, PLAIN),
    fc.record(
      {
        kind: fc.constant('set' as const),
        key: arbitraryBytes,
        value: arbitraryBytes,
        expiry: fc.option(fc.record({ ttlMs: fc.maxSafeInteger() }, PLAIN), { nil: undefined }),
        condition: fc.constantFrom(undefined, 'if_absent' as const),
        returnOld: fc.boolean(),
      },
      PLAIN,
    ),
  );
  const reply = fc.oneof(
    fc.record(
      {
        kind: fc.constant('get' as const),
        value: fc.option(arbitraryBytes, { nil: undefined }),
        version: fc.maxSafeInteger().map(Math.abs),
      },
      PLAIN,
    ),
    fc.record(
      {
        kind: fc.constant('set' as const),
        applied: fc.boolean(),
        oldValue: fc.option(arbitraryBytes, { nil: undefined }),
      },
      PLAIN,
    ),
  );

  it('reads what the generated code writes, and writes what it reads', () => {
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const generated = v1.PipelineRequest.encode({
          operations: operations.map(toOperationMessage),
        }).finish() as Buffer;
        assert.deepEqual(
          decodeOperations(generated).map((one) => withoutReturnOld(one as Operation)),
          operations,
        );
        const ours = v1.PipelineRequest.decode(encodePipelineRequest(asAsked(operations)));
        assert.deepEqual(
          v1.PipelineRequest.encode(ours).finish(),
          v1.PipelineRequest.encode(v1.PipelineRequest.decode(generated)).finish(),
        );
      }),
    );
  });

  it('does so with replies', () => {
    fc.assert(
      fc.property(fc.array(reply), (replies) => {
        const generated = v1.PipelineResponse.encode({ replies: replies.map(toReplyMessage) }).finish() as Buffer;
        assert.deepEqual(decodePipelineResponse(generated).replies, replies);
        const ours = v1.PipelineResponse.decode(
          encodePipelineResponse(replies, 0, undefined, Number.MAX_SAFE_INTEGER).bytes,
        );
        assert.deepEqual(
          v1.PipelineResponse.encode(ours).finish(),
          v1.PipelineResponse.encode(v1.PipelineResponse.decode(generated)).finish(),
        );
      }),
    );
  });

  /** A field of type bytes. */
  const field = (number: number, content: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, content.length]), content]);
  const k = field(1, bytes('k'));
  const v = field(2, bytes('v'));
  const inOperation = (content: Buffer): Buffer => field(1, content);
  const unusual: Array<[string, Buffer, object]> = [
    ['fields in another order', field(3, Buffer.concat([v, k])), { key: bytes('k'), value: bytes('v') }],
    ['a value that is absent', field(3, k), { key: bytes('k'), value: empty }],
    ['a key that is absent', field(3, v), { key: empty, value: bytes('v') }],
    ['neither key nor value', field(3, empty), { key: empty, value: empty }],
    [
      'a field of a newer version',
      field(3, Buffer.concat([k, v, field(14, bytes('?'))])),
      { key: bytes('k'), value: bytes('v') },
    ],
    [
      'a field that comes twice',
      field(3, Buffer.concat([k, v, field(2, bytes('w'))])),
      { key: bytes('k'), value: bytes('w') },
    ],
    [
      'a length in more bytes than it needs',
      Buffer.concat([Buffer.from([0x1a, 0x86, 0x00]), k, v]),
      { key: bytes('k'), value: bytes('v') },
    ],
    [
      'two operations in one, of which the last counts',
      Buffer.concat([field(1, k), field(3, Buffer.concat([k, v]))]),
      { key: bytes('k'), value: bytes('v') },
    ],
  ];
  for (const [what, content, expected] of unusual) {
    it(`takes ${what} as the generated code does`, () => {
      const message = inOperation(content);
      assert.deepEqual(withoutReturnOld(decodeOperations(message)[0] as Operation), plainSet(expected));
      assert.equal(v1.PipelineRequest.decode(message).operations.length, 1);
    });
  }

  it('skips a field that it does not know beside the operations', () => {
    const message = Buffer.concat([
      field(9, bytes('new')),
      encodePipelineRequest([{ operation: { kind: 'get', key } }]),
    ]);
    assert.deepEqual(decodeOperations(message), [{ kind: 'get', key }]);
  });

  it('refuses an operation of a newer version by name, and takes its neighbours', () => {
    const known = encodePipelineRequest([{ operation: { kind: 'get', key } }]);
    const [first, second, third] = decodeOperations(
      Buffer.concat([known, inOperation(Buffer.from([0xfa, 0x0f, 0x00])), known]),
    );
    assert.equal(first?.kind, 'get');
    assert.equal(third?.kind, 'get');
    assert(second?.kind === 'error');
    assert.equal(second.error.code, 'invalid_argument');
    assert.match(second.error.message, /expected one of get, multiGet, set.*received none/);
  });

  it('refuses an operation without content, and an expire without a time', () => {
    for (const operation of [empty, field(15, field(1, bytes('k')))]) {
      const [refusal] = decodeOperations(inOperation(operation));
      assert(refusal?.kind === 'error' && refusal.error.code === 'invalid_argument');
    }
  });

  const refused: Array<[string, OperationKind, Uint8Array]> = [
    ['a condition of SET that it does not know', 'set', v1.SetRequest.encode({ key, condition: 9 as never }).finish()],
    [
      'a number beyond 2^53',
      'setRange',
      v1.SetRangeRequest.encode({ key, start: { low: 0, high: 1 << 22, unsigned: true } as never }).finish(),
    ],
    ['a condition that says nothing', 'transact', v1.TransactRequest.encode({ conditions: [{ key }] }).finish()],
  ];
  for (const [what, kind, message] of refused) {
    it(`refuses ${what}, naming expected and received`, () => {
      assert.throws(
        () => decodeRequest(kind, Buffer.from(message)),
        (error: HeadwaterError) => {
          assert.equal(error.code, 'invalid_argument');
          assert.match(error.message, /expected .*received /);
          return true;
        },
      );
    });
  }
});

describe('malformed messages', () => {
  const isRefusal = (error: unknown): boolean => HeadwaterError.is(error, 'invalid_argument');
  const whole = encodePipelineRequest(asAsked(OPERATIONS));
  const response = encodePipelineResponse(REPLIES, 0, POSITION, Number.MAX_SAFE_INTEGER).bytes;

  it('a request cut at any byte is refused or is a shorter one', () => {
    for (let end = 0; end < whole.length; end++) {
      try {
        assert(decodeOperations(whole.subarray(0, end)).length < OPERATIONS.length);
      } catch (error) {
        assert(isRefusal(error), String(error));
      }
    }
  });

  it('a response cut at any byte is refused or is a shorter one', () => {
    for (let end = 0; end < response.length; end++) {
      try {
        const decoded = decodePipelineResponse(response.subarray(0, end));
        assert(decoded.replies.length < REPLIES.length || decoded.position === undefined);
      } catch (error) {
        assert(HeadwaterError.is(error), String(error));
      }
    }
  });

  /** What both ways of reading make of the same bytes, refusals by one word. */
  const outcome = (read: () => unknown): unknown => {
    try {
      return read();
    } catch (error) {
      assert(!HeadwaterError.is(error) || error.code === 'invalid_argument', String(error));
      return 'refused';
    }
  };
  const orRefused = (read: () => object): object | string => {
    try {
      return read();
    } catch (error) {
      assert(HeadwaterError.is(error), String(error));
      return 'refused';
    }
  };
  const byHand = (message: Buffer) => {
    const { operations, guarantees } = decodePipelineRequest(message);
    // All operations of such a message are refused. The generated code refuses the message.
    if (guarantees instanceof HeadwaterError) throw guarantees;
    return operations.map((one) => (one.kind === 'error' ? 'refused' : decodeTransact(withoutReturnOld(one))));
  };
  const byGenerated = (message: Buffer) =>
    v1.PipelineRequest.decode(message).operations.map((one) =>
      orRefused(() => decodeTransact(withoutReturnOld(fromOperationMessage(one))) as object),
    );

  it('any change of a byte in a request is taken, or refused, as the generated code does', () => {
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [0x01, 0x02, 0x80, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] as number) ^ flip;
        assert.deepEqual(
          outcome(() => byHand(damaged)),
          outcome(() => byGenerated(damaged)),
          `byte ${at} ^ ${flip}`,
        );
      }
    }
  });

  it('any change of a byte in a response is taken, or refused, as the generated code does', () => {
    const repliesByHand = (message: Buffer) =>
      decodePipelineResponse(message).replies.map((one) => (one.kind === 'error' ? 'refused' : one));
    const repliesByGenerated = (message: Buffer) => {
      const { replies, position } = v1.PipelineResponse.decode(message);
      if (position) codecOf('Position').decode(v1.Position.encode(position).finish() as Buffer);
      return replies.map((one) => {
        const reply = orRefused(() => fromReplyMessage(one));
        return (reply as Reply).kind === 'error' ? 'refused' : reply;
      });
    };
    for (let at = 0; at < response.length; at++) {
      for (const flip of [0x01, 0x02, 0x80, 0xff]) {
        const damaged = Buffer.from(response);
        damaged[at] = (damaged[at] as number) ^ flip;
        assert.deepEqual(
          outcomeOfReplies(() => repliesByHand(damaged)),
          outcomeOfReplies(() => repliesByGenerated(damaged)),
          `byte ${at} ^ ${flip}`,
        );
      }
    }
  });

  it('any bytes whatever are refused or taken by every message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...OPERATION_KINDS), (array, kind) => {
        for (const decode of [
          decodeOperations,
          (message: Buffer) => decodeRequest(kind, message),
          (message: Buffer) => decodeResponse(kind, message),
        ]) {
          try {
            decode(Buffer.from(array));
          } catch (error) {
            assert(isRefusal(error), String(error));
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('transactions nested without end are refused', () => {
    let deep: Buffer = Buffer.alloc(0);
    for (let depth = 0; depth < 200; depth++) {
      const operation = Buffer.concat([Buffer.from([0xaa, 0x01]), varint(deep.length), deep]);
      deep = Buffer.concat([Buffer.from([0x12]), varint(operation.length), operation]);
    }
    assert.throws(() => decodeRequest('transact', deep), isRefusal);
  });
});

function outcomeOfReplies(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return 'refused';
  }
}

function varint(length: number): Buffer {
  const out: number[] = [];
  let rest = length;
  while (rest > 127) {
    out.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...out, rest]);
}

describe('an operation that holds too many', () => {
  const max = OPERATION_KEYS_MAX;
  const keys = (count: number): Buffer[] => Array(count).fill(empty);
  const multiGet = (count: number): Operation => ({ kind: 'multiGet', keys: keys(count) });
  const transact = (conditions: number, operations: Operation[] = []): Operation => ({
    kind: 'transact',
    conditions: Array(conditions).fill({ key: empty, test: 'exists' }),
    operations,
  });
  const plainGet: Operation = { kind: 'get', key: empty };
  const refusal = (received: number) => (error: unknown) =>
    HeadwaterError.is(error, 'invalid_argument') &&
    error.message.includes(`expected at most ${max} keys, conditions and inner operations, received ${received}`);

  const cases: [what: string, most: Operation, tooMany: Operation, received: number][] = [
    ['keys to get', multiGet(max), multiGet(max + 1), max + 1],
    ['keys to delete', { kind: 'delete', keys: keys(max) }, { kind: 'delete', keys: keys(3 * max) }, 3 * max],
    ['keys to look for', { kind: 'exists', keys: keys(max) }, { kind: 'exists', keys: keys(max + 1) }, max + 1],
    ['conditions', transact(max), transact(max + 1), max + 1],
    [
      'inner operations',
      transact(0, Array<Operation>(max).fill(plainGet)),
      transact(0, Array<Operation>(max + 1).fill(plainGet)),
      max + 1,
    ],
    [
      'of all together',
      transact(10, [multiGet(max - 13), plainGet, plainGet]),
      transact(10, [multiGet(max - 12), plainGet, plainGet]),
      max + 1,
    ],
  ];
  for (const [what, most, tooMany, received] of cases) {
    it(`(${what}) is refused before it is decoded, and one that holds the most is not`, () => {
      assert.deepEqual(decodeRequest(most.kind, encodeRequest(most)), most);
      assert.throws(() => decodeRequest(tooMany.kind, encodeRequest(tooMany)), refusal(received));
      const operations = decodeOperations(
        encodePipelineRequest([plainGet, tooMany, most, plainGet].map((operation) => ({ operation }))),
      );
      assert.deepEqual(
        operations.map(({ kind }) => kind),
        ['get', 'error', most.kind, 'get'],
      );
      const [, refused] = operations;
      assert(refused?.kind === 'error' && refusal(received)(refused.error));
    });
  }

  it('is refused as one, though its first bytes would be an operation of their own', () => {
    const body = Buffer.concat([
      Buffer.from([0x0a, 0]),
      v1.Operation.encode(toOperationMessage(multiGet(max + 1))).finish(),
    ]);
    const length = Buffer.from([(body.length & 0x7f) | 0x80, ((body.length >> 7) & 0x7f) | 0x80, body.length >> 14]);
    const operations = decodeOperations(Buffer.concat([Buffer.from([0x0a]), length, body]));
    assert.deepEqual(
      operations.map(({ kind }) => kind),
      ['error'],
    );
  });

  it('takes no memory for what it holds', () => {
    const many = encodeRequest(multiGet(4_000_000));
    const before = process.memoryUsage().heapUsed;
    assert.throws(() => decodeRequest('multiGet', many), refusal(4_000_000));
    const used = process.memoryUsage().heapUsed - before;
    assert(used < 50_000_000, `${used} bytes`);
  });

  it('is not mistaken for one large value, and bytes that are no message are refused as such', () => {
    const large = plainSet({ value: Buffer.alloc(8 * max, 0x0a), condition: 'if_absent' });
    assert.deepEqual(decodeRequest('set', encodeRequest(large)), large);
    assert.deepEqual(decodeRequest('multiGet', encodeRequest({ kind: 'multiGet', keys: [large.value] })), {
      kind: 'multiGet',
      keys: [large.value],
    });
    const cut = encodeRequest(multiGet(2 * max)).subarray(0, -1);
    for (const wrong of [cut, Buffer.alloc(4 * max, 0xff)])
      assert.throws(() => decodeRequest('multiGet', wrong), /expected a protobuf message|expected at most/);
  });
});

describe('replies in messages', () => {
  it('are split at about the target, in order, and none is lost', () => {
    const replies = Array.from(
      { length: 1_000 },
      (_, version): Reply => ({ kind: 'get', value: Buffer.alloc(100), version: version + 1 }),
    );
    const seen: number[] = [];
    for (let start = 0; start < replies.length; ) {
      const { bytes: message, next } = encodePipelineResponse(replies, start, POSITION, 10_000);
      assert(message.length < 10_200);
      assert(next > start);
      for (const reply of decodePipelineResponse(message).replies) seen.push((reply as { version: number }).version);
      start = next;
    }
    assert.deepEqual(
      seen,
      replies.map((_, index) => index + 1),
    );
  });

  it('a reply too large for any message becomes a refusal that says so', () => {
    const large = Buffer.alloc(MESSAGE_BYTES_MAX / 2);
    const reply: Reply = {
      kind: 'multiGet',
      values: Array.from({ length: 3 }, () => ({ kind: 'get', value: large, version: 1 })),
    };
    const [refusal] = decodePipelineResponse(encodePipelineResponse([reply], 0, undefined, 1).bytes).replies;
    assert(refusal?.kind === 'error');
    assert.equal(refusal.error.code, 'too_large');
    assert.match(refusal.error.message, /multiGet.*expected at most \d+ bytes, received \d+/);
  });
});

describe('errors on the wire', () => {
  it('have details of texts, under names with underscores', () => {
    const error = new HeadwaterError('lost_branch', '', { details: { replicationId: 'ab', offset: 7 } });
    assert.deepEqual(toErrorFields(error).details, { replication_id: 'ab', offset: '7' });
    const back = fromErrorFields({ ...toErrorFields(error), details: { offset: 'many', reached: 'yes', since: '3' } });
    assert.deepEqual(back.details, { since: '3' }, 'a text that is no value of its kind is left out');
  });

  it('every code survives as a status and as an error reply', () => {
    for (const code of ERROR_CODES) {
      const details = { leader: '127.0.0.1:1', n: '5', maxLagMs: 7, unsyncedHere: false };
      const error = new HeadwaterError(code, `about ${code}`, { details });
      assert(statusCodeOf(code) > 0);
      const { replies } = decodePipelineResponse(
        encodePipelineResponse([{ kind: 'error', error }], 0, undefined, 1).bytes,
      );
      for (const back of [decodeStatus(encodeStatus(error)), (replies[0] as { error: HeadwaterError }).error]) {
        assert.equal(back?.code, code);
        assert.equal(back?.message, error.message);
        assert.deepEqual(back?.details, error.details);
      }
    }
  });

  it('a status carries google.rpc.ErrorInfo, and RetryInfo if a retry may help', () => {
    const status = v1.ErrorStatus.decode(encodeStatus(new HeadwaterError('overloaded', 'full')));
    assert.deepEqual(
      status.details.map(({ type_url }) => type_url),
      ['type.googleapis.com/google.rpc.ErrorInfo', 'type.googleapis.com/google.rpc.RetryInfo'],
    );
    const info = v1.ErrorInfo.decode(status.details[0]?.value as Uint8Array);
    assert.equal(info.reason, 'OVERLOADED');
    assert.equal(info.domain, 'headwater');
    assert.equal(v1.ErrorStatus.decode(encodeStatus(new HeadwaterError('wrong_type', ''))).details.length, 1);
  });

  it('a status has the bytes of a google.rpc.Status', () => {
    const error = new HeadwaterError<ErrorCode>('overloaded', 'full', { details: { leader: '127.0.0.1:1' } });
    // A google.rpc.Status with an ErrorInfo and a RetryInfo of half a second, as a file of Google's names encodes it.
    const bytes =
      'CAgSBGZ1bGwaWgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLkVycm9ySW5mbxIuCgpPVkVSTE9BREVEEgloZWFkd2F0ZXIaFQoG' +
      'bGVhZGVyEgsxMjcuMC4wLjE6MRo0Cih0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuUmV0cnlJbmZvEggKBhCAyrXuAQ==';
    assert.equal(encodeStatus(error).toString('base64'), bytes);
  });

  it('a reason of a newer version is still a refusal', () => {
    const value = v1.ErrorInfo.encode({ reason: 'TOO_HOT', domain: 'headwater' }).finish();
    const bytes = v1.ErrorStatus.encode({
      code: 9,
      message: 'hot',
      details: [{ type_url: 'type.googleapis.com/google.rpc.ErrorInfo', value }],
    });
    const error = decodeStatus(bytes.finish() as Buffer);
    assert.equal(error?.code, 'internal');
    assert.match(error?.message ?? '', /TOO_HOT: hot/);
  });

  it('details of another server are not taken for ours', () => {
    assert.equal(decodeStatus(Buffer.from([0xff, 0xff])), undefined);
    assert.equal(decodeStatus(v1.ErrorStatus.encode({ code: 5, message: 'x' }).finish() as Buffer), undefined);
  });
});
