/**
 * The messages of etcd's API: bytes ↔ plain object, by the generic codec and a table of their own, which only a node with
 * automatic failover loads. The .proto files in etcd/ have the fields that Headwater uses.
 *
 * All 64-bit integers are `bigint`: a lease and the ID of a cluster use all 63 or 64 bits. An enum is its word in lower
 * case, also for the number 0.
 */
import { HeadwaterError } from '../base/errors.js';
import { codecIn, type Outline, type Protocol, type Row, SCALARS, type Scalar, scalarOf, VARINT } from './codec.js';
import { ENUMS, SCHEMA } from './generated.etcd.js';
import { fromBigInt, type LongLike, toBigInt } from './values.js';

type Schema = typeof SCHEMA;
export type EtcdMessageName = keyof Schema;

interface Scalars {
  int64: bigint;
  uint64: bigint;
  string: string;
  bool: boolean;
  bytes: Buffer;
}

type Value<Type> = Type extends keyof Scalars
  ? Scalars[Type]
  : Type extends keyof typeof ENUMS
    ? (typeof ENUMS)[Type][number]
    : Type extends EtcdMessageName
      ? EtcdPlain<Type>
      : never;

type FieldValue<R> = R extends { repeated: true }
  ? readonly Value<(R & Row)['type']>[]
  : R extends { optional: true } | { type: EtcdMessageName }
    ? Value<(R & Row)['type']> | undefined
    : Value<(R & Row)['type']>;

type Members<Fields> = { [F in keyof Fields]: Fields[F] extends { tagged: true } ? F : never }[keyof Fields];

type OwnFields<Fields> = { readonly [F in Exclude<keyof Fields, Members<Fields>>]: FieldValue<Fields[F]> };

/** The plain object of a message. */
export type EtcdPlain<Name extends EtcdMessageName> = [Members<Schema[Name]>] extends [never]
  ? OwnFields<Schema[Name]>
  : OwnFields<Schema[Name]> &
      {
        [F in Members<Schema[Name]>]: { readonly kind: F } & Value<(Schema[Name][F] & Row)['type']>;
      }[Members<Schema[Name]>];

interface EtcdCodec<Name extends EtcdMessageName> {
  readonly encode: (message: Outline<EtcdPlain<Name>>) => Buffer;
  /** @throws HeadwaterError if the bytes are no such message. */
  readonly decode: (bytes: Buffer) => EtcdPlain<Name>;
}

export function etcdCodec<Name extends EtcdMessageName>(name: Name): EtcdCodec<Name> {
  return codecIn(ETCD, name) as EtcdCodec<Name>;
}

const LONGS: Readonly<Record<string, Scalar>> = {
  int64: scalarOf(
    VARINT,
    0n,
    (reader) => toBigInt(reader.int64() as number | LongLike),
    (writer, value) => writer.int64(fromBigInt(value) as never),
  ),
  uint64: scalarOf(
    VARINT,
    0n,
    (reader) => toBigInt(reader.uint64() as number | LongLike),
    (writer, value) => writer.uint64(fromBigInt(value) as never),
  ),
};

function wordsOf(type: string, words: readonly string[]): Scalar {
  return scalarOf(
    VARINT,
    words[0] as string,
    (reader, field) => {
      const number = reader.int32();
      const word = words[number];
      if (word !== undefined) return word;
      throw new HeadwaterError(
        'unknown_format',
        `${field}: expected a number of ${type} from 0 to ${words.length - 1}, received ${number}. Update this version`,
      );
    },
    (writer, word) => writer.int32(words.indexOf(word)),
  );
}

const WORDS = new Map(Object.entries(ENUMS).map(([type, words]) => [type, wordsOf(type, words)]));

const ETCD: Protocol = {
  name: 'etcdserverpb',
  schema: SCHEMA,
  rules: {},
  forms: {},
  scalarFor: ({ type }) => LONGS[type] ?? WORDS.get(type) ?? SCALARS[type],
  messages: new Map(),
};
