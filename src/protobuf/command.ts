/**
 * The payload of a block: protobuf `BlockPayload` (proto/headwater/v1/command.proto). Every logged command passes here
 * twice, so the payload is written and read by hand. The writer makes the block's buffer in one piece. The reader hands
 * out positions in the buffer, so only visitors allocate memory for a command. The tests compare both with protobufjs.
 */

import $protobuf from 'protobufjs/minimal.js';
import { HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Command, CommandVisitor } from '../model/command.js';
import { fieldBytes, finish, room, varintBytes, writeField, writeVarint } from './output.js';
import { toNumber } from './values.js';

const { Reader } = $protobuf;

const WIRE_BYTES = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

const COMMANDS = tag(1, WIRE_BYTES);
const PUT = tag(1, WIRE_BYTES);
const DEL = tag(2, WIRE_BYTES);
const TOUCH = tag(3, WIRE_BYTES);
const CLEAR = tag(4, WIRE_BYTES);
const MESSAGE = tag(5, WIRE_BYTES);
const PUT_EXPIRY = tag(3, 0);
const PUT_TYPE = tag(4, 0);
const TOUCH_EXPIRY = tag(2, 0);
const JOINED = tag(16, 0);
/** The tag of field 16 takes two bytes. */
const JOINED_BYTES = 3;

const KIND_TAGS = { put: PUT, del: DEL, touch: TOUCH, clear: CLEAR, message: MESSAGE } as const;

type PbReader = InstanceType<typeof Reader>;

/** Encodes the payload of a block at the end of a new buffer. The caller fills the first `headerBytes`. */
export function encodeCommands(commands: readonly Command[], headerBytes: number): Buffer {
  let at = headerBytes;
  room(0, headerBytes);
  for (const command of commands) at = writeCommand(at, command);
  return finish(at);
}

function writeCommand(at: number, command: Command): number {
  const content = contentBytes(command);
  const whole = fieldBytes(content) + (command.joined ? JOINED_BYTES : 0);
  const bytes = room(at, fieldBytes(whole));
  bytes[at] = COMMANDS;
  let next = writeVarint(bytes, at + 1, whole);
  bytes[next] = KIND_TAGS[command.kind];
  next = writeContent(bytes, writeVarint(bytes, next + 1, content), command);
  if (!command.joined) return next;
  next = writeVarint(bytes, next, JOINED);
  bytes[next] = 1;
  return next + 1;
}

function contentBytes(command: Command): number {
  switch (command.kind) {
    case 'put':
      return (
        optionalBytes(command.key) +
        optionalBytes(command.value) +
        optionalVarintBytes(command.expiresAtMs) +
        optionalVarintBytes(command.type)
      );
    case 'del':
      return optionalBytes(command.key);
    case 'touch':
      return optionalBytes(command.key) + optionalVarintBytes(command.expiresAtMs);
    case 'clear':
      return 0;
    case 'message':
      return optionalBytes(command.channel) + optionalBytes(command.data);
  }
}

function writeContent(bytes: Buffer, at: number, command: Command): number {
  let next = at;
  switch (command.kind) {
    case 'put':
      next = writeOptional(bytes, next, tag(1, WIRE_BYTES), command.key);
      next = writeOptional(bytes, next, tag(2, WIRE_BYTES), command.value);
      next = writeOptionalVarint(bytes, next, PUT_EXPIRY, command.expiresAtMs);
      return writeOptionalVarint(bytes, next, PUT_TYPE, command.type);
    case 'del':
      return writeOptional(bytes, next, tag(1, WIRE_BYTES), command.key);
    case 'touch':
      next = writeOptional(bytes, next, tag(1, WIRE_BYTES), command.key);
      return writeOptionalVarint(bytes, next, TOUCH_EXPIRY, command.expiresAtMs);
    case 'clear':
      return next;
    case 'message':
      next = writeOptional(bytes, next, tag(1, WIRE_BYTES), command.channel);
      return writeOptional(bytes, next, tag(2, WIRE_BYTES), command.data);
  }
}

/** Protobuf leaves out a field that is empty or 0. */
function optionalBytes(value: Buffer): number {
  return value.length === 0 ? 0 : fieldBytes(value.length);
}

function optionalVarintBytes(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

function writeOptional(bytes: Buffer, at: number, fieldTag: number, value: Buffer): number {
  return value.length === 0 ? at : writeField(bytes, at, fieldTag, value, value.length);
}

function writeOptionalVarint(bytes: Buffer, at: number, fieldTag: number, value: number): number {
  if (value === 0) return at;
  bytes[at] = fieldTag;
  return writeVarint(bytes, at + 1, value);
}

/**
 * Reads the payload that starts at `start` and fills the rest of `block`.
 * @returns the number of commands.
 * @throws HeadwaterError `unknown_format` at a command whose kind this version does not know, `corrupt` if the bytes
 * are no payload at all.
 */
export function visitCommands(block: Buffer, start: number, visitor: CommandVisitor): number {
  const reader = Reader.create(block);
  reader.pos = start;
  let index = 0;
  try {
    while (reader.pos < reader.len) {
      const fieldTag = reader.tag();
      if (fieldTag !== COMMANDS) throw unknown(`field ${fieldTag >>> 3} in a block's payload`);
      visitCommand(reader, index, visitor);
      index++;
    }
  } catch (error) {
    if (HeadwaterError.is(error)) throw error;
    throw new HeadwaterError('corrupt', `command ${index} of a block cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return index;
}

/** Fields of the command that is being read. The object is reused, since one command is read at a time. */
const fields = { firstStart: 0, firstEnd: 0, secondStart: 0, secondEnd: 0, expiresAtMs: 0, type: 0 };

function visitCommand(reader: PbReader, index: number, visitor: CommandVisitor): void {
  const end = readEnd(reader, reader.len);
  let kind = 0;
  let joined = false;
  while (reader.pos < end) {
    const fieldTag = reader.tag();
    if (fieldTag === JOINED) {
      joined = reader.bool();
      continue;
    }
    if (kind !== 0 || fieldTag < PUT || fieldTag > MESSAGE || (fieldTag & 7) !== WIRE_BYTES) {
      throw unknown(`field ${fieldTag >>> 3} in command ${index} of a block`);
    }
    kind = fieldTag;
    readFields(reader, kind, end);
  }
  requireEnd(reader, end);
  const { firstStart, firstEnd, secondStart, secondEnd } = fields;
  if (kind === PUT) visitor.put(index, firstStart, firstEnd, secondStart, secondEnd, fields.expiresAtMs, fields.type);
  else if (kind === DEL) visitor.del(index, firstStart, firstEnd);
  else if (kind === TOUCH) visitor.touch(index, firstStart, firstEnd, fields.expiresAtMs);
  else if (kind === CLEAR) visitor.clear(index);
  else if (kind === MESSAGE) visitor.message(index, firstStart, firstEnd, secondStart, secondEnd);
  else throw unknown(`command ${index} of a block without a kind`);
  if (joined) visitor.joined?.(index);
}

const FIRST_BYTES = tag(1, WIRE_BYTES);
const SECOND_BYTES = tag(2, WIRE_BYTES);

function readFields(reader: PbReader, kind: number, commandEnd: number): void {
  const end = readEnd(reader, commandEnd);
  fields.firstStart = fields.firstEnd = fields.secondStart = fields.secondEnd = reader.pos;
  fields.expiresAtMs = fields.type = 0;
  while (reader.pos < end) {
    const fieldTag = reader.tag();
    if (fieldTag === FIRST_BYTES && kind !== CLEAR) {
      fields.firstEnd = readEnd(reader, end);
      fields.firstStart = reader.pos;
      reader.pos = fields.firstEnd;
    } else if (fieldTag === SECOND_BYTES && (kind === PUT || kind === MESSAGE)) {
      fields.secondEnd = readEnd(reader, end);
      fields.secondStart = reader.pos;
      reader.pos = fields.secondEnd;
    } else if ((fieldTag === PUT_EXPIRY && kind === PUT) || (fieldTag === TOUCH_EXPIRY && kind === TOUCH)) {
      fields.expiresAtMs = toNumber(reader.uint64(), 'expires_at_ms');
    } else if (fieldTag === PUT_TYPE && kind === PUT) {
      fields.type = reader.uint32();
    } else {
      throw unknown(`field ${fieldTag >>> 3} in a command of kind ${kind >>> 3}`);
    }
  }
  requireEnd(reader, end);
}

/** The end position of the length-delimited field that starts here, within the message that ends at `limit`. */
function readEnd(reader: PbReader, limit: number): number {
  const length = reader.size();
  const end = reader.pos + length;
  if (end > limit) throw new RangeError(`expected a field of ${length} bytes, found ${limit - reader.pos}`);
  return end;
}

function requireEnd(reader: PbReader, end: number): void {
  if (reader.pos !== end) throw new RangeError('a field ends after the end of its message');
}

function unknown(what: string): HeadwaterError {
  return new HeadwaterError(
    'unknown_format',
    `${what}: a newer version wrote this field, and this version must not skip it. Update this node`,
  );
}

/** Decodes the commands as objects, for dumps and tests. The hot path visits them instead. */
export function decodeCommands(block: Buffer, start: number): Command[] {
  const commands: Command[] = [];
  visitCommands(block, start, {
    put: (_, keyStart, keyEnd, valueStart, valueEnd, expiresAtMs, type) =>
      commands.push({
        kind: 'put',
        key: block.subarray(keyStart, keyEnd),
        value: block.subarray(valueStart, valueEnd),
        expiresAtMs,
        type,
      }),
    del: (_, keyStart, keyEnd) => commands.push({ kind: 'del', key: block.subarray(keyStart, keyEnd) }),
    touch: (_, keyStart, keyEnd, expiresAtMs) =>
      commands.push({ kind: 'touch', key: block.subarray(keyStart, keyEnd), expiresAtMs }),
    clear: () => commands.push({ kind: 'clear' }),
    message: (_, channelStart, channelEnd, dataStart, dataEnd) =>
      commands.push({
        kind: 'message',
        channel: block.subarray(channelStart, channelEnd),
        data: block.subarray(dataStart, dataEnd),
      }),
    joined: (index) => {
      const command = commands[index];
      invariant(command, 'joined follows its command');
      command.joined = true;
    },
  });
  return commands;
}
