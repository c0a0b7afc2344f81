/**
 * The generic codec: bytes of a message ↔ plain object. `npm run generate` makes a table of the .proto files. The codec
 * runs on this table, and the types of the plain objects come from the same table.
 *
 * A plain object has checked numbers for 64-bit integers, views of the message for bytes, `undefined` for an absent
 * field, the word for an enum's number (enums.ts), and a record for details. A oneof of messages is a tagged union: `kind` is the
 * name of the member, and the fields of the member stand beside it. fields.ts has the rules that the .proto files cannot
 * state. The messages of the hot path have codecs of their own.
 *
 * The generated code writes. The codec itself reads, without a `Long` and without a copy: measured, this is faster than
 * a conversion of the objects that the generated code makes.
 *
 * Limits: if a field of type message comes twice, the last one counts. Groups and maps are unknown.
 */
import $protobuf from 'protobufjs/minimal.js';
import { type Details, HeadwaterError } from '../base/errors.js';
import { invariant } from '../base/invariant.js';
import type { Codec } from '../model/codec.js';
import { type EnumName, type EnumWord, enumCodec, isEnum } from './enums.js';
import { checkId, checkName, checkPresent, FIELDS, FORMS, type Forms, type Rule, toHex } from './fields.js';
import { headwater } from './generated.js';
import { SCHEMA } from './generated.schema.js';
import { malformed, toNumber } from './values.js';

const { Reader } = $protobuf;
type PbReader = InstanceType<typeof Reader>;

/** The part of a generated class that the codec uses. */
interface Generated {
  readonly encode: (fields: object) => { finish(): Uint8Array };
}

// ---- the types of plain objects -------------------------------------------------

type Schema = typeof SCHEMA;
export type MessageName = keyof Schema;

interface Row {
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
type Outline<T> = T extends Buffer | HeadwaterError | Details
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
  return {
    encode: (message) => {
      const { encode } = (headwater.v1 as unknown as Readonly<Record<MessageName, Generated>>)[name];
      return encode(outgoing(messageOf(name), message) ?? {}).finish() as Buffer;
    },
    decode: (bytes) => {
      try {
        const reader = Reader.create(bytes);
        return read(messageOf(name), reader, reader.len, 0) as Plain<Name>;
      } catch (error) {
        throw malformed(name, bytes.length, error);
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

/** A type that is not a message. */
interface Scalar {
  readonly wireType: number;
  readonly zero: unknown;
  readonly read: (reader: PbReader, field: string) => unknown;
}

const VARINT = 0;
const SIXTY_FOUR_BITS = 1;
const DELIMITED = 2;
const THIRTY_TWO_BITS = 5;

const SCALARS: Readonly<Record<string, Scalar>> = {
  uint64: { wireType: VARINT, zero: 0, read: readUint64 },
  int64: { wireType: VARINT, zero: 0, read: (reader, field) => toNumber(reader.int64(), field) },
  uint32: { wireType: VARINT, zero: 0, read: (reader) => reader.uint32() },
  int32: { wireType: VARINT, zero: 0, read: (reader) => reader.int32() },
  bool: { wireType: VARINT, zero: false, read: (reader) => reader.bool() },
  double: { wireType: SIXTY_FOUR_BITS, zero: 0, read: (reader) => reader.double() },
  fixed32: { wireType: THIRTY_TWO_BITS, zero: 0, read: (reader) => reader.fixed32() },
  string: { wireType: DELIMITED, zero: '', read: (reader) => reader.stringVerify() },
  bytes: { wireType: DELIMITED, zero: Buffer.alloc(0), read: (reader) => reader.bytes() },
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
  const { toWord, none } = enumCodec(name);
  const zero = rule === 'word or empty' ? '' : none;
  const read = (reader: PbReader, field: string) => {
    const number = reader.int32();
    return number === 0 ? zero : toWord(number, field);
  };
  return { wireType: VARINT, zero, read };
}

interface Field {
  readonly name: string;
  /** The name for refusals, as in the .proto: `Position.replication_id`. */
  readonly path: string;
  readonly tag: number;
  readonly row: Row;
  /** The type of the field, if it is no message. */
  readonly scalar: Scalar | undefined;
  readonly messageName: MessageName | undefined;
  /** The other members of the oneof. */
  readonly excluded: readonly string[];
  readonly check: ((value: never, field: string) => unknown) | undefined;
  readonly convert: ((value: never) => unknown) | undefined;
  /** Set when it is needed first, since messages refer to each other in circles. */
  message: Message | undefined;
  /** The plain object that a member of a tagged union begins with. */
  beginning?: Fields;
}

interface Message {
  readonly name: MessageName;
  readonly fields: readonly Field[];
  /** By the tag on the wire. */
  readonly fieldOf: readonly (Field | undefined)[];
  readonly checked: readonly Field[];
  readonly repeated: readonly string[];
  /** The fields that are no members of the tagged union. */
  readonly own: readonly string[];
  /** All fields as undefined: a copy of it is made faster than an object by computed names. */
  readonly absent: Fields;
  readonly memberOf: ReadonlyMap<string, Field>;
  readonly isConverted: boolean;
  readonly converted: readonly Field[];
  readonly isTagged: boolean;
  /** The plain object of no bytes, but for its arrays. */
  readonly empty: Fields;
  readonly form: (typeof FORMS)[keyof Forms] | undefined;
}

const messages = new Map<MessageName, Message>();

function typeOf(field: Field): Message {
  field.message ??= messageOf(field.messageName as MessageName);
  return field.message;
}

function messageOf(name: MessageName): Message {
  const known = messages.get(name);
  if (known) return known;
  const rows = Object.entries<Row>(SCHEMA[name]);
  const fields = rows.map(([field, row]) => fieldOf(name, field, row, rows));
  const own = fields.filter(({ row }) => !row.tagged);
  const message: Message = {
    name,
    fields,
    fieldOf: byTag(fields),
    checked: own.filter(({ check }) => check),
    repeated: own.filter(({ row }) => row.repeated).map((field) => field.name),
    own: own.map((field) => field.name),
    absent: Object.fromEntries(fields.map((field) => [field.name, undefined])),
    memberOf: new Map(fields.filter(({ row }) => row.tagged).map((field) => [field.name, field])),
    isConverted: isConverted(name, new Set()),
    converted: own.filter(({ convert }) => convert),
    isTagged: own.length < fields.length,
    empty: Object.fromEntries(own.map((field) => [field.name, isImplicit(field) ? field.scalar?.zero : undefined])),
    form: (FORMS as Partial<typeof FORMS>)[name as keyof Forms],
  };
  messages.set(name, message);
  return message;
}

function fieldOf(message: MessageName, name: string, row: Row, rows: readonly [string, Row][]): Field {
  const rule = (FIELDS as Readonly<Record<string, Readonly<Record<string, Rule>>>>)[message]?.[name];
  const scalar = isEnum(row.type) ? enumScalar(row.type, rule) : SCALARS[row.type];
  const field: Field = {
    name,
    path: `${message}.${row.protoName}`,
    tag: (row.id << 3) | (scalar === undefined || isPacked(row, scalar) ? DELIMITED : scalar.wireType),
    row,
    scalar,
    messageName: scalar ? undefined : (row.type as MessageName),
    excluded: rows
      .filter(([other, { oneof }]) => oneof && oneof === row.oneof && other !== name)
      .map(([other]) => other),
    check: checkOf(row, rule),
    convert: undefined,
    message: undefined,
  };
  return { ...field, convert: converterOf(field) };
}

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

/**
 * Prepares a plain object for the generated code, which takes most fields as they are. Measured, a writer that runs on
 * the table takes twice the time of the generated code.
 */
function outgoing(message: Message, plain: unknown): Fields | undefined {
  const fields = (message.form ? message.form.toFields(plain as never) : plain) as Fields | undefined;
  if (!message.isConverted || fields === undefined) return fields;
  const made: Fields = message.isTagged ? member(message, fields) : { ...fields };
  for (const { name, convert } of message.converted) {
    const value = fields[name];
    if (value !== undefined) made[name] = convert?.(value as never);
  }
  return made;
}

function member(message: Message, fields: Fields): Fields {
  const kind = fields.kind as string;
  const field = message.memberOf.get(kind);
  invariant(field, `${kind} is a member of ${message.name}`);
  const value = outgoing(typeOf(field), typeOf(field).form ? fields[kind] : fields);
  const made: Fields = { ...message.absent };
  made[kind] = value;
  for (const name of message.own) made[name] = fields[name];
  return made;
}

/** The conversion from the plain form of a field, or undefined if the generated code takes the plain form. */
function converterOf({ row, scalar, messageName, check }: Field): Field['convert'] {
  if (row.type === 'Detail')
    return (details: Details) => Object.entries(details).map(([name, value]) => ({ name, value }));
  if (check === checkId || check === toHex) return (hex: string) => Buffer.from(hex, 'hex');
  if (isEnum(row.type)) {
    const { toNumber: numberOf } = enumCodec(row.type);
    return row.repeated ? (words: readonly never[]) => words.map((word) => numberOf(word)) : numberOf;
  }
  if (scalar || !isConverted(messageName as MessageName, new Set())) return undefined;
  const convert = (value: unknown) => outgoing(messageOf(messageName as MessageName), value);
  return row.repeated ? (values: readonly unknown[]) => values.map(convert) : convert;
}

/** True if the plain form of the message, or of one within it, differs from what the generated code takes. */
function isConverted(name: MessageName, seen: Set<MessageName>): boolean {
  if (seen.has(name)) return false;
  seen.add(name);
  const rules: Readonly<Record<string, Rule>> =
    (FIELDS as Readonly<Record<string, Readonly<Record<string, Rule>>>>)[name] ?? {};
  return (
    name in FORMS ||
    Object.entries<Row>(SCHEMA[name]).some(
      ([field, { type, tagged }]) =>
        tagged ||
        rules[field] === 'id' ||
        rules[field] === 'hex' ||
        type === 'Detail' ||
        isEnum(type) ||
        (type in SCHEMA && isConverted(type as MessageName, seen)),
    )
  );
}
