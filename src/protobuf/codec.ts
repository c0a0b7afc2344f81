/**
 * The generic codec: bytes of a message ↔ plain object. `npm run generate` makes a table of the .proto files. The codec
 * runs on this table, and the types of the plain objects come from the same table.
 *
 * A plain object has checked numbers for 64-bit integers, views of the message for bytes, `undefined` for an absent
 * field, the word for an enum's number (enums.ts), and a record for details. A oneof of messages is a tagged union: `kind`
 * is the name of the member, and the fields of the member stand beside it. fields.ts has the rules that the .proto files
 * cannot state. The messages of the hot path have codecs of their own.
 *
 * The codec reads without a `Long` and without a copy, and writes without a copy of the plain object. A program that
 * loads the codec loads no generated code for these messages, which would be two thirds of all generated code.
 *
 * Limits: if a field of type message comes twice, the last one counts. Groups and maps are unknown.
 */
import $protobuf from 'protobufjs/minimal.js';
import { type Details, HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Codec } from '../model/codec.js';
import { type EnumName, type EnumWord, enumCodec, isEnum } from './enums.js';
import { checkId, checkName, checkPresent, FIELDS, FORMS, type Forms, type Rule, toHex } from './fields.js';
import { SCHEMA } from './generated.schema.js';
import { malformed, toNumber } from './values.js';

const { Reader, Writer } = $protobuf;
type PbReader = InstanceType<typeof Reader>;
type PbWriter = InstanceType<typeof Writer>;

// ---- the types of plain objects -------------------------------------------------

type Schema = typeof SCHEMA;
export type MessageName = keyof Schema;

export interface Row {
  readonly id: number;
  readonly type: string;
  readonly protoName: string;
  readonly repeated?: true;
  /** Absent is not the same as empty or 0. */
  readonly optional?: true;
  /** The oneof, whose members exclude each other. */
  readonly oneof?: string;
  /** A member of the oneof that is a tagged union. */
  readonly tagged?: true;
}

interface Scalars {
  uint64: number;
  int64: number;
  uint32: number;
  int32: number;
  fixed32: number;
  double: number;
  string: string;
  bool: boolean;
  bytes: Buffer;
}

type Value<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends EnumName
    ? EnumWord<Type>
    : Type extends keyof Forms
      ? Forms[Type]
      : Type extends MessageName
        ? Plain<Type>
        : never;

type RuleOf<Name, Field> = Name extends keyof typeof FIELDS
  ? Field extends keyof (typeof FIELDS)[Name]
    ? (typeof FIELDS)[Name][Field]
    : undefined
  : undefined;

type FieldValue<R, FieldRule> = R extends { repeated: true }
  ? R extends { type: 'Detail' }
    ? Details
    : readonly Value<(R & Row)['type']>[]
  : FieldRule extends 'word or empty'
    ? Exclude<Value<(R & Row)['type']>, undefined> | ''
    : FieldRule extends 'id' | 'hex'
      ? string
      : FieldRule extends 'required'
        ? Value<(R & Row)['type']>
        : R extends { optional: true } | { type: MessageName }
          ? Value<(R & Row)['type']> | undefined
          : Value<(R & Row)['type']>;

type Members<Fields> = { [F in keyof Fields]: Fields[F] extends { tagged: true } ? F : never }[keyof Fields];

type OwnFields<Name extends MessageName> = {
  readonly [F in Exclude<keyof Schema[Name], Members<Schema[Name]>>]: FieldValue<Schema[Name][F], RuleOf<Name, F>>;
};

type Tagged<Kind, Type> = { readonly kind: Kind } & (Type extends keyof Forms
  ? { readonly [K in Kind & string]: Forms[Type] }
  : Value<Type>);

/** The plain object of a message. */
export type Plain<Name extends MessageName> = [Members<Schema[Name]>] extends [never]
  ? OwnFields<Name>
  : OwnFields<Name> &
      { [F in Members<Schema[Name]>]: Tagged<F, (Schema[Name][F] & Row)['type']> }[Members<Schema[Name]>];

/** The same before it is encoded: a field that may be undefined may also be left out. */
export type Outline<T> = T extends Buffer | HeadwaterError | Details
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Outline<Item>[]
    : T extends object
      ? { readonly [K in keyof T as undefined extends T[K] ? never : K]: Outline<T[K]> } & {
          readonly [K in keyof T as undefined extends T[K] ? K : never]?: Outline<T[K]>;
        }
      : T;

interface MessageCodec<Name extends MessageName> {
  readonly encode: (message: Outline<Plain<Name>>) => Buffer;
  /**
   * The bytes in the result are views of the message.
   * @throws HeadwaterError `invalid_argument` if the bytes are no such message or a field breaks its rule,
   * `unknown_format` if the message is of a kind that this version does not know.
   */
  readonly decode: (bytes: Buffer) => Plain<Name>;
}

/** The compiler holds the noun that the result is used for against the fields of the message. */
export function codecOf<Name extends MessageName>(name: Name): MessageCodec<Name> {
  return codecIn(HEADWATER, name) as MessageCodec<Name>;
}

/** The codec of a message of any protocol. The types of its plain object are those of the protocol. */
export function codecIn(protocol: Protocol, name: string): Codec<unknown> {
  return {
    encode: (message) => {
      const writer = Writer.create();
      const type = messageOf(protocol, name);
      const fields = fieldsOf(type, message);
      if (fields !== undefined) write(type, fields, writer);
      return writer.finish() as Buffer;
    },
    decode: (bytes) => {
      try {
        const reader = Reader.create(bytes);
        return read(messageOf(protocol, name), reader, reader.len, 0);
      } catch (error) {
        throw malformed(name, bytes.length, error, protocol.name);
      }
    },
  };
}

/** The codec of a noun that has other fields than its message. */
export function converted<In, Out, Noun>(
  codec: { readonly encode: (message: In) => Buffer; readonly decode: (bytes: Buffer) => Out },
  fromPlain: (plain: Out) => NoInfer<Noun>,
  toPlain: (noun: Noun) => In,
): Codec<Noun> {
  return { encode: (noun) => codec.encode(toPlain(noun)), decode: (bytes) => fromPlain(codec.decode(bytes)) };
}

// ---- the tables of the codec ----------------------------------------------------

type Fields = Record<string, unknown>;

/** A protocol: its messages, and the plain forms of their fields. */
export interface Protocol {
  /** The name of its package, for refusals. */
  readonly name: string;
  readonly schema: Readonly<Record<string, Readonly<Record<string, Row>>>>;
  readonly rules: Readonly<Record<string, Readonly<Record<string, Rule>>>>;
  readonly forms: Readonly<Record<string, Form | undefined>>;
  /** The type of a field. Undefined if the field is a message. */
  readonly scalarFor: (row: Row, rule: Rule | undefined) => Scalar | undefined;
  /** The messages that were needed so far. */
  readonly messages: Map<string, Message>;
}

type Form = (typeof FORMS)[keyof Forms];

/** A type that is not a message. */
export interface Scalar {
  readonly wireType: number;
  readonly zero: unknown;
  readonly read: (reader: PbReader, field: string) => unknown;
  /** Writes the value without the tag. */
  readonly write: (writer: PbWriter, value: never) => unknown;
  readonly isZero: (value: unknown) => boolean;
}

export const VARINT = 0;
const SIXTY_FOUR_BITS = 1;
const DELIMITED = 2;
const THIRTY_TWO_BITS = 5;

/** @param Type the plain form. The table holds scalars of all types. */
export function scalarOf<Type>(
  wireType: number,
  zero: Type,
  read: (reader: PbReader, field: string) => unknown,
  write: (writer: PbWriter, value: Type) => unknown,
  isZero: (value: Type) => boolean = (value) => value === zero,
): Scalar {
  return { wireType, zero, read, write, isZero: isZero as Scalar['isZero'] };
}

const int64 = (reader: PbReader, field: string) => toNumber(reader.int64(), field);
export const SCALARS: Readonly<Record<string, Scalar>> = {
  uint64: scalarOf(VARINT, 0, readUint64, (writer, value) => writer.uint64(value)),
  int64: scalarOf(VARINT, 0, int64, (writer, value) => writer.int64(value)),
  uint32: scalarOf(
    VARINT,
    0,
    (reader) => reader.uint32(),
    (writer, value) => writer.uint32(value),
  ),
  int32: scalarOf(
    VARINT,
    0,
    (reader) => reader.int32(),
    (writer, value) => writer.int32(value),
  ),
  bool: scalarOf(
    VARINT,
    false,
    (reader) => reader.bool(),
    (writer, value) => writer.bool(value),
  ),
  // -0 is not the zero that protobuf leaves out.
  double: scalarOf(
    SIXTY_FOUR_BITS,
    0,
    (reader) => reader.double(),
    (writer, value) => writer.double(value),
    (value) => Object.is(value, 0),
  ),
  fixed32: scalarOf(
    THIRTY_TWO_BITS,
    0,
    (reader) => reader.fixed32(),
    (writer, value) => writer.fixed32(value),
  ),
  string: scalarOf(
    DELIMITED,
    '',
    (reader) => reader.stringVerify(),
    (writer, value) => writer.string(value),
  ),
  bytes: scalarOf<Uint8Array>(
    DELIMITED,
    Buffer.alloc(0),
    (reader) => reader.bytes(),
    (writer, value) => writer.bytes(value),
    (value) => value.length === 0,
  ),
};

/** Bytes whose plain form is hexadecimal text. The check of the field makes the text. */
const HEX_BYTES: Scalar = {
  ...(SCALARS.bytes as Scalar),
  write: (writer, hex) => writer.bytes(Buffer.from(hex, 'hex')),
  isZero: (hex) => hex === '',
};

/** The most bytes of a varint that a number holds exactly: 7 bits a byte. */
const EXACT_BYTES = 7;

/** Makes no `Long` for a number below 2^49. */
function readUint64(reader: PbReader, field: string): number {
  const { buf } = reader;
  const last = Math.min(reader.pos + EXACT_BYTES, reader.len);
  let value = 0;
  let scale = 1;
  for (let at = reader.pos; at < last; at++) {
    const byte = buf[at] as number;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte > 0x7f) continue;
    reader.pos = at + 1;
    return value;
  }
  return toNumber(reader.uint64(), field);
}

/** An enum in its plain form: the word of the number. */
function enumScalar(name: EnumName, rule: Rule | undefined): Scalar {
  const { toNumber: numberOf, toWord, none } = enumCodec(name);
  const zero = rule === 'word or empty' ? '' : none;
  const read = (reader: PbReader, field: string) => {
    const number = reader.int32();
    return number === 0 ? zero : toWord(number, field);
  };
  return {
    wireType: VARINT,
    zero,
    read,
    write: (writer, word) => writer.int32(numberOf(word)),
    // A word that has no number is written as none.
    isZero: (word) => numberOf(word as never) === 0,
  };
}

interface Field {
  readonly protocol: Protocol;
  readonly name: string;
  /** The name for refusals, as in the .proto: `Position.replication_id`. */
  readonly path: string;
  readonly tag: number;
  readonly row: Row;
  /** The type of the field, if it is no message. */
  readonly scalar: Scalar | undefined;
  readonly messageName: string | undefined;
  /** The other members of the oneof. */
  readonly excluded: readonly string[];
  readonly check: ((value: never, field: string) => unknown) | undefined;
  /** Set when it is needed first, since messages refer to each other in circles. */
  message: Message | undefined;
  /** The plain object that a member of a tagged union begins with. */
  beginning?: Fields;
}

interface Message {
  readonly name: string;
  readonly fields: readonly Field[];
  /** By the tag on the wire. */
  readonly fieldOf: readonly (Field | undefined)[];
  readonly checked: readonly Field[];
  readonly repeated: readonly string[];
  /** The fields that are no members of the tagged union. */
  readonly own: readonly string[];
  readonly isTagged: boolean;
  /** The names of the members of the tagged union. */
  readonly members: ReadonlySet<string>;
  /** The plain object of no bytes, but for its arrays. */
  readonly empty: Fields;
  readonly form: Form | undefined;
}

function typeOf(field: Field): Message {
  field.message ??= messageOf(field.protocol, field.messageName as string);
  return field.message;
}

function messageOf(protocol: Protocol, name: string): Message {
  const known = protocol.messages.get(name);
  if (known) return known;
  const rows = Object.entries<Row>(protocol.schema[name] ?? {});
  const fields = rows.map(([field, row]) => fieldOf(protocol, name, field, row, rows));
  const own = fields.filter(({ row }) => !row.tagged);
  const message: Message = {
    name,
    fields,
    fieldOf: byTag(fields),
    checked: own.filter(({ check }) => check),
    repeated: own.filter(({ row }) => row.repeated).map((field) => field.name),
    own: own.map((field) => field.name),
    isTagged: own.length < fields.length,
    members: new Set(fields.filter(({ row }) => row.tagged).map((field) => field.name)),
    empty: Object.fromEntries(own.map((field) => [field.name, isImplicit(field) ? field.scalar?.zero : undefined])),
    form: protocol.forms[name],
  };
  protocol.messages.set(name, message);
  return message;
}

function fieldOf(protocol: Protocol, message: string, name: string, row: Row, rows: readonly [string, Row][]): Field {
  const rule = protocol.rules[message]?.[name];
  const scalar = protocol.scalarFor(row, rule);
  return {
    protocol,
    name,
    path: `${message}.${row.protoName}`,
    tag: (row.id << 3) | (scalar === undefined || isPacked(row, scalar) ? DELIMITED : scalar.wireType),
    row,
    scalar,
    messageName: scalar ? undefined : row.type,
    excluded: rows
      .filter(([other, { oneof }]) => oneof && oneof === row.oneof && other !== name)
      .map(([other]) => other),
    check: checkOf(row, rule),
    message: undefined,
  };
}

function scalarFor({ type }: Row, rule: Rule | undefined): Scalar | undefined {
  if (isEnum(type)) return enumScalar(type, rule);
  return rule === 'id' || rule === 'hex' ? HEX_BYTES : SCALARS[type];
}

const HEADWATER: Protocol = {
  name: 'headwater.v1',
  schema: SCHEMA,
  rules: FIELDS,
  forms: FORMS,
  scalarFor,
  messages: new Map(),
};

function isPacked(row: Row, { wireType }: Scalar): boolean {
  return row.repeated === true && wireType !== DELIMITED;
}

function isImplicit({ row }: Field): boolean {
  return !row.optional && !row.repeated;
}

function byTag(fields: readonly Field[]): (Field | undefined)[] {
  const found: (Field | undefined)[] = [];
  for (const field of fields) {
    found[field.tag] = field;
    // A packed field may also come item by item.
    if (field.scalar && isPacked(field.row, field.scalar)) found[(field.row.id << 3) | field.scalar.wireType] = field;
  }
  return found;
}

function checkOf(row: Row, rule: Rule | undefined): Field['check'] {
  if (row.type === 'Detail') {
    return (details: readonly { name: string; value: string }[]) =>
      Object.fromEntries(details.map(({ name, value }) => [name, value]));
  }
  if (rule === undefined || rule === 'word or empty') return undefined;
  if (rule === 'id') return checkId;
  if (rule === 'hex') return toHex;
  if (rule === 'required') return checkPresent;
  if (rule === 'present name') return (name: string, field) => checkPresent(checkName(name, field), field);
  if (!row.repeated) return checkName;
  return (names: readonly string[], field) => names.map((name) => checkName(name, field));
}

// ---- reading --------------------------------------------------------------------

const DEPTH_MAX = 100;

/**
 * Reads the message that ends at `end`.
 * @param empty the object to begin with. A member of a tagged union begins with the fields of the union too.
 */
function read(message: Message, reader: PbReader, end: number, depth: number, empty = message.empty): unknown {
  if (depth > DEPTH_MAX) throw new RangeError(`messages in each other, deeper than ${DEPTH_MAX}`);
  const { len } = reader;
  if (end > len) throw new RangeError(`a message of ${end - reader.pos} bytes, ${len - reader.pos} left`);
  const fields: Fields = { ...empty };
  for (const name of message.repeated) fields[name] = [];
  let member: Field | undefined;
  let value: unknown;
  reader.len = end;
  while (reader.pos < end) {
    const tag = reader.tag();
    const field = message.fieldOf[tag];
    if (field === undefined) reader.skipType(tag & 7, depth, tag >>> 3);
    else if (!field.row.tagged) readField(field, tag, reader, fields, depth);
    else {
      member = field;
      field.beginning ??= beginningOf(message, field);
      value = readOne(field, reader, depth, field.beginning);
    }
  }
  reader.len = len;
  for (const { name, path, check } of message.checked) fields[name] = check?.(fields[name] as never, path);
  if (message.isTagged) return tagged(message, fields, member, value);
  return message.form ? message.form.fromFields(fields as never) : fields;
}

function readField(field: Field, tag: number, reader: PbReader, fields: Fields, depth: number): void {
  if (!field.row.repeated) {
    fields[field.name] = readOne(field, reader, depth);
    for (const other of field.excluded) fields[other] = undefined;
    return;
  }
  const items = fields[field.name] as unknown[];
  if (!field.scalar || tag !== field.tag || !isPacked(field.row, field.scalar)) {
    items.push(readOne(field, reader, depth));
    return;
  }
  const end = reader.size() + reader.pos;
  if (end > reader.len) throw new RangeError(`${field.path} runs past its message`);
  while (reader.pos < end) items.push(field.scalar.read(reader, field.path));
  if (reader.pos !== end) throw new RangeError(`${field.path} runs past its end`);
}

function readOne(field: Field, reader: PbReader, depth: number, empty?: Fields): unknown {
  if (field.scalar) return field.scalar.read(reader, field.path);
  const length = reader.size();
  return read(typeOf(field), reader, reader.pos + length, depth + 1, empty);
}

function beginningOf({ empty }: Message, field: Field): Fields {
  return { kind: field.name, ...empty, ...typeOf(field).empty };
}

function tagged(message: Message, fields: Fields, member: Field | undefined, value: unknown): unknown {
  if (member === undefined) {
    const known = message.fields.filter(({ row }) => row.tagged).map(({ row }) => row.protoName);
    throw new HeadwaterError(
      'unknown_format',
      `${message.name}: expected one of ${known.join(', ')}, received none of these, or a newer one. Update this version`,
    );
  }
  const kind = member.name;
  if (typeOf(member).form) return { ...fields, kind, [kind]: value };
  const plain = value as Fields;
  for (const name of message.own) plain[name] = fields[name];
  return plain;
}

// ---- writing --------------------------------------------------------------------

/** The fields of a plain object, or undefined if the message is left out. */
function fieldsOf({ form }: Message, plain: unknown): Fields | undefined {
  return (form ? form.toFields(plain as never) : plain) as Fields | undefined;
}

/** Writes the fields in the order of their numbers, as protobufjs does. */
function write(message: Message, fields: Fields, writer: PbWriter): void {
  if (message.isTagged)
    invariant(message.members.has(fields.kind as string), `${fields.kind} is a member of ${message.name}`);
  for (const field of message.fields) {
    const value = field.row.tagged ? memberOf(field, fields) : fields[field.name];
    if (value === undefined) continue;
    if (field.row.repeated) writeItems(field, itemsOf(field, value), writer);
    else if (!field.scalar || field.row.optional || !field.scalar.isZero(value)) writeOne(field, value, writer);
  }
}

/** The fields of the member stand in the union, unless the member has another plain form. */
function memberOf(field: Field, union: Fields): unknown {
  if (union.kind !== field.name) return undefined;
  return typeOf(field).form ? union[field.name] : union;
}

function itemsOf({ row }: Field, value: unknown): readonly unknown[] {
  if (row.type !== 'Detail') return value as readonly unknown[];
  return Object.entries(value as Details).map(([name, text]) => ({ name, value: text }));
}

function writeItems(field: Field, items: readonly unknown[], writer: PbWriter): void {
  const { scalar, row, tag } = field;
  if (!scalar || !isPacked(row, scalar)) {
    for (const item of items) writeOne(field, item, writer);
    return;
  }
  if (items.length === 0) return;
  writer.uint32(tag).fork();
  for (const item of items) scalar.write(writer, item as never);
  writer.ldelim();
}

function writeOne(field: Field, value: unknown, writer: PbWriter): void {
  if (field.scalar) {
    field.scalar.write(writer.uint32(field.tag), value as never);
    return;
  }
  const type = typeOf(field);
  const fields = fieldsOf(type, value);
  if (fields === undefined) return;
  writer.uint32(field.tag).fork();
  write(type, fields, writer);
  writer.ldelim();
}
