/**
 * The payload of a block, written and read by hand in src/protobuf/command.ts, held
 * against protobufjs in both directions; and what must be
 * refused, since a command that is skipped is a write that is lost.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import type { Command } from '../../src/model/command.js';
import { decodeCommands, encodeCommands } from '../../src/protobuf/command.js';
import { toNumber } from '../../src/protobuf/values.js';
import { messageType } from '../support/protocol.js';
import { runs } from '../support/seeds.js';

type Milliseconds = Parameters<typeof toNumber>[0];

interface CommandFields {
  joined?: boolean;
  put?: { key?: Uint8Array; value?: Uint8Array; expiresAtMs?: Milliseconds; type?: number };
  delete?: { key?: Uint8Array };
  touch?: { key?: Uint8Array; expiresAtMs?: Milliseconds };
  clear?: object;
  message?: { channel?: Uint8Array; data?: Uint8Array };
}

interface Payload {
  commands?: CommandFields[];
}

const BlockPayload = messageType<Payload>('BlockPayload');

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** Around the lengths at which a varint grows. */
const longBytes = fc.oneof(
  bytes,
  fc.constantFrom(127, 128, 16_383, 16_384).map((length) => Buffer.alloc(length, 7)),
);
const time = fc.oneof(fc.constantFrom(0, 1, 127, 128, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());
const type = fc.oneof(fc.constantFrom(0, 1, 0xffff_ffff), fc.nat());
const kinds: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(longBytes, longBytes, time, type)
    .map(([key, value, expiresAtMs, kind]) => ({ kind: 'put' as const, key, value, expiresAtMs, type: kind })),
  longBytes.map((key) => ({ kind: 'del' as const, key })),
  fc.tuple(bytes, time).map(([key, expiresAtMs]) => ({ kind: 'touch' as const, key, expiresAtMs })),
  fc.constant({ kind: 'clear' as const }),
  fc.tuple(bytes, longBytes).map(([channel, data]) => ({ kind: 'message' as const, channel, data })),
);
const command: fc.Arbitrary<Command> = fc
  .tuple(kinds, fc.boolean())
  .map(([plain, joined]) => (joined ? { ...plain, joined } : plain));
const commands = fc.array(command, { maxLength: 12 });

function toPayload(list: readonly Command[]): Payload {
  return { commands: list.map((one) => ({ ...toKind(one), ...(one.joined ? { joined: true } : {}) })) };
}

function toKind(one: Command): CommandFields {
  switch (one.kind) {
    case 'put':
      return { put: { key: one.key, value: one.value, expiresAtMs: one.expiresAtMs, type: one.type } };
    case 'del':
      return { delete: { key: one.key } };
    case 'touch':
      return { touch: { key: one.key, expiresAtMs: one.expiresAtMs } };
    case 'clear':
      return { clear: {} };
    case 'message':
      return { message: { channel: one.channel, data: one.data } };
  }
}

function fromPayload(payload: Payload): Command[] {
  return (payload.commands ?? []).map((one) => ({ ...fromKind(one), ...(one.joined ? { joined: true } : {}) }));
}

const buffer = (field: Uint8Array | null | undefined) => Buffer.from(field ?? []);
const milliseconds = (field: Milliseconds) => toNumber(field, 'expires_at_ms');

function fromKind({ put, delete: del, touch, clear, message }: CommandFields): Command {
  if (put) {
    const { key, value, expiresAtMs, type: kind } = put;
    const record = { key: buffer(key), value: buffer(value), expiresAtMs: milliseconds(expiresAtMs), type: kind ?? 0 };
    return { kind: 'put', ...record };
  }
  if (del) return { kind: 'del', key: buffer(del.key) };
  if (touch) return { kind: 'touch', key: buffer(touch.key), expiresAtMs: milliseconds(touch.expiresAtMs) };
  if (clear) return { kind: 'clear' };
  assert(message, 'a command without a kind');
  return { kind: 'message', channel: buffer(message.channel), data: buffer(message.data) };
}

const HEADER = Buffer.from('a header that is not read');

/** As a block is read: the payload behind a header. */
const decode = (payload: Uint8Array) => decodeCommands(Buffer.concat([HEADER, payload]), HEADER.length);

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function refusal(payload: Uint8Array): { code: ErrorCode; message: string } {
  try {
    decode(payload);
  } catch (error) {
    assert(error instanceof HeadwaterError, `${String(error)} is not coded`);
    return { code: error.code, message: error.message };
  }
  return assert.fail(`${Buffer.from(payload).toString('hex')} was accepted`);
}

describe('the payload of a block', () => {
  it('is written as protobufjs reads it', () => {
    fc.assert(
      fc.property(commands, (list) => {
        assert.deepEqual(fromPayload(BlockPayload.decode(encodeCommands(list, 0))), list);
      }),
      runs(300),
    );
  });

  it('is read as protobufjs writes it', () => {
    fc.assert(
      fc.property(commands, (list) => {
        assert.deepEqual(decode(BlockPayload.encode(toPayload(list)).finish()), list);
      }),
      runs(300),
    );
  });

  it('is read back as it was written, behind a header that is not looked at', () => {
    fc.assert(
      fc.property(commands, (list) => assert.deepEqual(decode(encodeCommands(list, 0)), list)),
      runs(300),
    );
  });

  it('keeps the joined flag with its command and no other', () => {
    const list: Command[] = [
      { kind: 'clear' },
      { kind: 'clear', joined: true },
      { kind: 'del', key: Buffer.from('k') },
    ];
    assert.deepEqual(decode(encodeCommands(list, 0)), list);
  });

  it('reads the joined flag before the kind too, and false as absent', () => {
    assert.deepEqual(decode(hex('0a05 800101 2200')), [{ kind: 'clear', joined: true }]);
    assert.deepEqual(decode(hex('0a05 2200 800100')), [{ kind: 'clear' }]);
  });

  it('hands out views into the block, no copies', () => {
    const block = Buffer.concat([HEADER, encodeCommands([{ kind: 'del', key: Buffer.from('key') }], 0)]);
    const [first] = decodeCommands(block, HEADER.length);
    assert(first?.kind === 'del' && first.key.buffer === block.buffer);
  });
});

describe('what is refused in a payload, and never skipped', () => {
  const unknown: [what: string, payload: string][] = [
    ['a command without a kind', '0a00'],
    ['a command with nothing but the joined flag', '0a03 800101'],
    ['a kind of the reserved range', '0a04 3202 0a00'],
    ['a kind beside a known one', '0a06 2200 3202 0a00'],
    ['two kinds in one command', '0a04 2200 2200'],
    ['an unknown field of a command', '0a05 2200 880101'],
    ['an unknown field of the payload', '0a02 2200 1200'],
    ['the identities that are reserved for later', '1200 0a02 2200'],
    ['an unknown field of a put', '0a04 0a02 2801'],
    ['an unknown field of a del', '0a05 1203 120161'],
    ['an unknown field of a touch', '0a04 1a02 1801'],
    ['a field in a clear', '0a05 2203 0a0161'],
    ['an unknown field of a message', '0a05 2a03 1a0161'],
    ['a key that is no bytes field', '0a04 0a02 0801'],
  ];
  for (const [what, payload] of unknown) {
    it(`${what}, as of a newer version`, () => {
      assert.equal(refusal(hex(payload)).code, 'unknown_format');
    });
  }

  it('an expiry or a type that is no varint', () => {
    for (const payload of ['0a0b 0a09 19 0102030405060708', '0a07 0a05 25 01020304', '0a0b 1a09 11 0102030405060708']) {
      assert.equal(refusal(hex(payload)).code, 'unknown_format', payload);
    }
  });

  it('an expiry of 2^53 milliseconds or more', () => {
    const refused = refusal(hex('0a0b 1a09 10 8080808080808010'));
    assert.match(refused.message, /9007199254740992/);
  });

  it('a cut at every byte that is not between two commands', () => {
    const list: Command[] = [
      { kind: 'put', key: Buffer.alloc(200, 1), value: Buffer.alloc(300, 2), expiresAtMs: 1e12, type: 9, joined: true },
      { kind: 'touch', key: Buffer.from('k'), expiresAtMs: 5 },
      { kind: 'message', channel: Buffer.from('c'), data: Buffer.from('d') },
      { kind: 'clear' },
      { kind: 'del', key: Buffer.from('k') },
    ];
    const whole = encodeCommands(list, 0);
    const ends = new Map(list.map((_, i) => [encodeCommands(list.slice(0, i), 0).length, i]));
    for (let length = 0; length < whole.length; length++) {
      const read = ends.get(length);
      if (read === undefined) assert.equal(refusal(whole.subarray(0, length)).code, 'corrupt', `cut at ${length}`);
      else assert.equal(decode(whole.subarray(0, length)).length, read);
    }
  });

  it('a length that runs past the message that it is in, though not past the block', () => {
    const behind = '0a02 2200'.repeat(4);
    assert.equal(refusal(hex(`0a02 1208 ${behind}`)).code, 'corrupt', 'a kind past its command');
    assert.equal(refusal(hex(`0a04 1202 0a04 ${behind}`)).code, 'corrupt', 'a field past its kind');
    assert.equal(refusal(hex(`0a06 2200 8001 8080 01 ${behind}`)).code, 'corrupt', 'a varint past its command');
  });

  it('whatever bytes come: a coded refusal, or what protobufjs reads too', () => {
    const payload = commands.map((list) => Buffer.from(encodeCommands(list, 0)));
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(payload, edits, (original, changes) => {
        const changed = Buffer.from(original);
        for (const [at, value] of changes) if (changed.length > 0) changed[at % changed.length] = value;
        let read: Command[];
        try {
          read = decode(changed);
        } catch (error) {
          assert(error instanceof HeadwaterError, `${changed.toString('hex')}: ${String(error)} is not coded`);
          return;
        }
        assert.deepEqual(fromPayload(BlockPayload.decode(changed)), read, changed.toString('hex'));
      }),
      runs(3000),
    );
  });

  it('a length or a tag of more than 32 bits, of which the lower ones would make sense', () => {
    assert.equal(refusal(hex('0a08 1206 0a 8080808010')).code, 'corrupt', 'a key of 2^32 bytes');
    assert.equal(refusal(hex('0a06 9280808010 00')).code, 'corrupt', 'a kind of 2^32 and some');
  });

  it('a varint that never ends', () => {
    for (const payload of ['ff'.repeat(12), `0a0d 1a0b 10 ${'ff'.repeat(12)}`, `0a ${'ff'.repeat(6)}`]) {
      assert.equal(refusal(hex(payload)).code, 'corrupt', payload);
    }
  });
});
