/**
 * The generic codec, held against protobufjs for every message of the protocol. Bad input is refused
 * with a code, the field and both values.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ERROR_CODES, HeadwaterError } from '../../src/base/errors.js';
import { NAME_CHARACTERS_MAX } from '../../src/base/limits.js';
import { codecOf, type MessageName } from '../../src/protobuf/codec.js';
import { type EnumName, enumCodec, isEnum } from '../../src/protobuf/enums.js';
import { FIELDS, type Rule } from '../../src/protobuf/fields.js';
import { ENUMS, SCHEMA } from '../../src/protobuf/generated.schema.js';
import { MESSAGE_NAMES, messageType } from '../support/protocol.js';
import { runs } from '../support/seeds.js';

interface Row {
  readonly type: string;
  readonly repeated?: true;
  readonly optional?: true;
  readonly oneof?: string;
  readonly tagged?: true;
}

const NAMES = Object.keys(SCHEMA) as MessageName[];
const DEPTH_MAX = 4;

/** The functions of the codec without the types, which no loop over all messages could have. */
const anyCodec = (name: MessageName) =>
  codecOf(name) as unknown as { encode(plain: unknown): Buffer; decode(bytes: Buffer): unknown };

const safe = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32, 2 ** 49, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
const id = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((array) => Buffer.from(array).toString('hex'));
const text = fc.string({ maxLength: 12, unit: 'grapheme' });
const SCALARS: Record<string, fc.Arbitrary<unknown>> = {
  uint64: safe,
  int64: fc.oneof(safe, fc.maxSafeInteger()),
  uint32: fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat()),
  int32: fc.integer(),
  fixed32: fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat()),
  double: fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
  string: text,
  bool: fc.boolean(),
  bytes,
};

const error = fc
  .tuple(fc.constantFrom(...ERROR_CODES), text, fc.dictionary(text, text, { noNullPrototype: true }))
  .map(([code, message, details]) => new HeadwaterError(code, message, { details }));
const place = fc.record({ source: id, count: safe }, { noNullPrototype: true });
const FORMS: Record<string, fc.Arbitrary<unknown>> = {
  ErrorReply: error,
  KeyRange: fc.record({ from: bytes, to: fc.option(bytes, { nil: undefined }) }, { noNullPrototype: true }),
  LivePlace: fc.oneof(
    place,
    fc.tuple(place, place).map(([now, follows]) => ({ ...now, follows })),
  ),
};

function ruleOf(message: string, field: string): Rule | undefined {
  return (FIELDS as Record<string, Record<string, Rule>>)[message]?.[field];
}

/** Plain objects of a message. Lists end at a depth, since a transaction may hold transactions. */
function plain(name: string, depth = 0): fc.Arbitrary<unknown> {
  if (FORMS[name]) return FORMS[name];
  const rows = Object.entries(SCHEMA[name as MessageName] as Record<string, Row>);
  const tagged = rows.filter(([, row]) => row.tagged);
  const own = rows.filter(([, row]) => !row.tagged);
  const made = Object.fromEntries(own.map(([field, row]) => [field, value(name, field, row, depth)]));
  const fields = fc.record(made, { noNullPrototype: true });
  const alone = fields.map((made) => oneOfEach(made as Record<string, unknown>, own));
  if (tagged.length === 0) return alone;
  const members = tagged.map(([kind, { type }]) =>
    fc
      .tuple(alone, plain(type, depth + 1))
      .map(([made, member]) =>
        FORMS[type] ? { ...made, kind, [kind]: member } : { ...made, ...(member as object), kind },
      ),
  );
  return fc.oneof(...members);
}

function value(message: string, field: string, row: Row, depth: number): fc.Arbitrary<unknown> {
  const rule = ruleOf(message, field);
  if (row.type === 'Detail') return fc.dictionary(text, text, { noNullPrototype: true });
  if (row.repeated && depth >= DEPTH_MAX) return fc.constant([]);
  const one = oneValue(row, rule, depth);
  if (row.repeated) return fc.array(one, { maxLength: 3 });
  const isRequired = rule === 'required' || (!row.optional && SCALARS[row.type] !== undefined);
  return isRequired || (isEnum(row.type) && !row.optional) ? one : fc.option(one, { nil: undefined });
}

function oneValue({ type }: Row, rule: Rule | undefined, depth: number): fc.Arbitrary<unknown> {
  if (rule === 'id') return id;
  if (rule === 'name') return fc.string({ maxLength: 10 });
  if (rule === 'present name') return fc.string({ minLength: 1, maxLength: 10 });
  if (rule === 'hex') return bytes.map((some) => some.toString('hex'));
  if (isEnum(type)) return fc.constantFrom(wordOfNone(type, rule), ...ENUMS[type].slice(1));
  return SCALARS[type] ?? plain(type, depth + 1);
}

function wordOfNone(type: EnumName, rule: Rule | undefined): string | undefined {
  return rule === 'word or empty' ? '' : enumCodec(type).none;
}

/** Leaves one member of each oneof. */
function oneOfEach(made: Record<string, unknown>, rows: [string, Row][]): Record<string, unknown> {
  const seen = new Set<string>();
  for (const [field, { oneof }] of rows) {
    if (oneof === undefined || made[field] === undefined) continue;
    if (seen.has(oneof)) made[field] = undefined;
    seen.add(oneof);
  }
  return made;
}

describe('the generic codec', () => {
  it('knows every message of the protocol', () => {
    assert.deepEqual(
      NAMES.toSorted(),
      // The codec knows no maps, and no messages of google.
      MESSAGE_NAMES.filter((name) => !['ErrorInfo', 'ErrorStatus', 'RetryInfo'].includes(name)).toSorted(),
    );
    assert(NAMES.length > 120, `expected all messages, saw ${NAMES.length}`);
  });

  for (const name of NAMES) {
    it(`gives back a ${name}, and its bytes are those of protobufjs`, () => {
      const { encode, decode } = anyCodec(name);
      const type = messageType(name);
      fc.assert(
        fc.property(plain(name), (message) => {
          const encoded = encode(message);
          assert.deepEqual(decode(encoded), message);
          assert.deepEqual(Buffer.from(type.encode(type.decode(encoded)).finish()), encoded);
        }),
        runs(30),
      );
    });
  }

  it('refuses any other bytes with a code, or reads what protobufjs reads', () => {
    const message = fc.constantFrom(...NAMES).chain((name) => plain(name).map((made) => ({ name, made })));
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(message, edits, ({ name, made }, changes) => {
        const { encode, decode } = anyCodec(name);
        const changed = Buffer.from(encode(made));
        for (const [at, byte] of changes) if (changed.length > 0) changed[at % changed.length] = byte;
        let read: unknown;
        try {
          read = decode(changed);
        } catch (refusal) {
          assert(refusal instanceof HeadwaterError, `${name} ${changed.toString('hex')}: ${String(refusal)}`);
          return;
        }
        messageType(name).decode(changed);
        // The number of a newer version becomes that of none, if it is written again.
        if ((read as { failoverState?: string }).failoverState === 'unknown') return;
        assert.deepEqual(decode(encode(read)), read, `${name} ${changed.toString('hex')}`);
      }),
      runs(3000),
    );
  });
});

describe('a message that the generic codec refuses', () => {
  const bytesOf = (encoded: { finish(): Uint8Array }) => Buffer.from(encoded.finish());
  const invalid = (message: RegExp) => ({ code: 'invalid_argument', message });

  it('has a number of 2^53 or more', () => {
    const large = Buffer.from('088080808080808010', 'hex');
    assert.throws(
      () => codecOf('DigestResponse').decode(large),
      invalid(/DigestResponse\.offset: expected an integer within .*, received 9007199254740992$/),
    );
    const largest = codecOf('DigestResponse').encode({ offset: Number.MAX_SAFE_INTEGER, keys: 0, digest: '' });
    assert.equal(codecOf('DigestResponse').decode(largest).offset, Number.MAX_SAFE_INTEGER);
  });

  it('has a number for an enum that this version does not know', () => {
    const durability = bytesOf(messageType('Durability').encode({ level: 9 }));
    assert.throws(
      () => codecOf('Durability').decode(durability),
      invalid(/Durability\.level: expected 1 \(appended\), .*4 \(followers_synced\), received 9$/),
    );
    assert.equal(codecOf('Durability').decode(Buffer.alloc(0)).level, undefined);
  });

  it('lacks a message that has to be there', () => {
    assert.throws(
      () => codecOf('BackupHead').decode(Buffer.alloc(0)),
      invalid(/BackupHead\.position: expected a value, received none/),
    );
  });

  it('has a replication ID of another length', () => {
    const short = bytesOf(messageType('Position').encode({ replicationId: Buffer.alloc(19) }));
    assert.throws(
      () => codecOf('Position').decode(short),
      invalid(/Position\.replication_id: expected a replication ID of 20 bytes, received 19/),
    );
  });

  it('has a name that is too long, or that is not printable, or none at all', () => {
    const mark = (markId: string) => () => codecOf('Mark').decode(bytesOf(messageType('Mark').encode({ markId })));
    mark('x'.repeat(NAME_CHARACTERS_MAX))();
    assert.throws(mark('x'.repeat(NAME_CHARACTERS_MAX + 1)), invalid(/Mark\.mark_id: expected a name of at most/));
    assert.throws(mark('a\nb'), invalid(/Mark\.mark_id: expected a name of at most .* received 3: "a\\nb"/));
    const nameless = bytesOf(messageType('Handshake').encode({ position: { replicationId: Buffer.alloc(20) } }));
    assert.throws(() => codecOf('Handshake').decode(nameless), invalid(/Handshake\.node_id: expected a value/));
  });

  it('has none of the members of a oneof', () => {
    assert.throws(() => codecOf('ReplicateResponse').decode(Buffer.alloc(0)), {
      code: 'unknown_format',
      message: /ReplicateResponse: expected one of continue, wait, full_resync, .*, received none of these/,
    });
  });

  it('is cut at any byte within a field', () => {
    const whole = codecOf('SnapshotEnd').encode({ keys: 300, digest: Buffer.alloc(3) });
    for (const length of [1, 2, 4, 5, 6, 7])
      assert.throws(
        () => codecOf('SnapshotEnd').decode(whole.subarray(0, length)),
        invalid(/headwater\.v1\.SnapshotEnd/),
      );
  });

  it('nests messages without an end', () => {
    let nested = Buffer.alloc(0);
    for (let depth = 0; depth < 300; depth++) {
      const transact = bytesOf(messageType('TransactRequest').encode({}));
      nested = Buffer.concat([transact, Buffer.from([0x12]), lengthOf(nested), nested]);
      nested = Buffer.concat([Buffer.from([0xaa, 0x01]), lengthOf(nested), nested]);
    }
    assert.throws(() => codecOf('Operation').decode(nested), invalid(/deeper than 100/));
  });
});

function lengthOf(bytes: Buffer): Buffer {
  return bytes.length < 128
    ? Buffer.from([bytes.length])
    : Buffer.from([(bytes.length & 127) | 128, bytes.length >> 7]);
}

describe('the plain object of a message', () => {
  it('has views of the message', () => {
    const encoded = codecOf('BackupResponse').encode({
      backupId: 'b',
      chunk: 1,
      bytes: Buffer.from('content'),
      more: false,
      last: true,
      keys: 2,
    });
    assert.equal(codecOf('BackupResponse').decode(encoded).bytes.buffer, encoded.buffer);
  });

  it('has words for the numbers of enums, and "unknown" for a number of a newer version', () => {
    const RepairStep = messageType<{ kind: number }>('RepairStep');
    const StatusResponse = messageType('StatusResponse');
    const kindOf = (kind: number) =>
      codecOf('RepairStep').decode(Buffer.from(RepairStep.encode({ kind }).finish())).kind;
    assert.deepEqual([0, 1, 2, 3, 4, 1_000].map(kindOf), [
      'unknown',
      'log',
      'full_resync',
      'left',
      'unknown',
      'unknown',
    ]);
    const failoverOf = (failoverState: number) => {
      const status = { replicationId: Buffer.alloc(20), failoverState };
      return codecOf('StatusResponse').decode(Buffer.from(StatusResponse.encode(status).finish())).failoverState;
    };
    assert.deepEqual([0, 1, 9].map(failoverOf), ['', 'pausing', 'unknown']);
    const step = { kind: 'left', message: '', fromOffset: 0, toOffset: 0 } as const;
    for (const kind of ['left', 'log'] as const)
      assert.equal(codecOf('RepairStep').decode(codecOf('RepairStep').encode({ ...step, kind })).kind, kind);
    // Such a word has no number, so it becomes none again.
    assert.equal(RepairStep.decode(codecOf('RepairStep').encode({ ...step, kind: 'unknown' })).kind, 0);
  });

  it('has the last member of a oneof, and skips fields of newer versions', () => {
    const both = Buffer.from(
      messageType('WatchRequest')
        .encode({ after: { replicationId: Buffer.alloc(20) } })
        .finish(),
    );
    const last = codecOf('WatchRequest').decode(Buffer.concat([both, Buffer.from([0x18, 7, 0xf8, 0x3f, 1])]));
    assert.deepEqual(last, { prefix: Buffer.alloc(0), after: undefined, afterOffset: 7 });
  });
});
