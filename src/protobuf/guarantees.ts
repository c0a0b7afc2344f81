/**
 * The guarantees that a client asks for, as a field of its requests, and the assurance that a node gives, as a field of
 * its responses. Every request of KeyValueService has the field under one number. So a unary call finds it in the bytes,
 * and the codecs of the operations do not know it.
 */
import $protobuf from 'protobufjs/minimal.js';
import { HeadwaterError } from '../base/errors.js';
import { DURABILITY_TIMEOUT_MS } from '../base/limits.js';
import type { Codec } from '../model/codec.js';
import { checkDurability, DURABILITY_LEVELS } from '../model/durability.js';
import { type Asking, type Assured, type Guarantees, guaranteesOf, LEADER_ONLY } from '../model/guarantees.js';
import { codecOf, type Plain } from './codec.js';
import { fieldBytes, writeField } from './output.js';

const { Reader } = $protobuf;

const GUARANTEES = codecOf('Guarantees');
const ASSURANCE = codecOf('Assurance');

/** The tag of `guarantees` in every request, and of `assurance` in every response. */
export const GUARANTEES_TAG = (15 << 3) | 2;

/** The request of an operation with the guarantees beside it. */
export function asking<Request extends object>({ encode, decode }: Codec<Request>): Codec<Request & Asking> {
  return {
    encode: (request) => withField(encode(request), request.guarantees && encodeGuarantees(request.guarantees)),
    decode: (bytes) => {
      const request = decode(bytes);
      const field = lastField(bytes);
      return field === undefined ? request : { ...request, guarantees: decodeGuarantees(field) };
    },
  };
}

/** The response of an operation with the assurance beside it. */
export function assured<Reply extends object>({ encode, decode }: Codec<Reply>): Codec<Reply & Assured> {
  return {
    encode: (reply) => withField(encode(reply), reply.assurance && ASSURANCE.encode(reply.assurance)),
    decode: (bytes) => {
      const reply = decode(bytes);
      const field = lastField(bytes);
      return field === undefined ? reply : { ...reply, assurance: ASSURANCE.decode(field) };
    },
  };
}

function withField(message: Buffer, field: Buffer | undefined): Buffer {
  if (field === undefined) return message;
  const whole = Buffer.allocUnsafe(message.length + fieldBytes(field.length));
  message.copy(whole);
  writeField(whole, message.length, GUARANTEES_TAG, field, field.length);
  return whole;
}

/** The last field of that tag in a message that has been decoded already. */
function lastField(message: Buffer): Buffer | undefined {
  let field: Uint8Array | undefined;
  const reader = Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.tag();
    if (tag === GUARANTEES_TAG) field = reader.bytes();
    else reader.skipType(tag & 7, 0, tag >>> 3);
  }
  return field as Buffer | undefined;
}

/** The demand for the leader alone, which nearly every message of a client has. */
const LEADER_ONLY_BYTES = Buffer.of(6 << 3, 1);

export function encodeGuarantees(guarantees: Guarantees): Buffer {
  if (guarantees === LEADER_ONLY) return LEADER_ONLY_BYTES;
  return GUARANTEES.encode(guaranteesMessage(guarantees));
}

/** @throws HeadwaterError `invalid_argument` if the guarantees cannot be given, or the bytes are no such message. */
export function decodeGuarantees(bytes: Buffer): Guarantees {
  if (bytes.length === 2 && bytes[0] === LEADER_ONLY_BYTES[0] && bytes[1] === 1) return LEADER_ONLY;
  return guaranteesOfMessage(GUARANTEES.decode(bytes));
}

export function guaranteesMessage({ durability, freshness, leaderOnly = false }: Guarantees) {
  return {
    durability,
    atLeast: freshness?.atLeast,
    alsoAtLeast: freshness?.alsoAtLeast,
    maxStalenessMs: freshness?.maxStalenessMs ?? 0,
    freshWithinMs: freshness?.withinMs ?? 0,
    leaderOnly,
  };
}

/** @throws HeadwaterError `invalid_argument` if the guarantees cannot be given. */
export function guaranteesOfMessage(message: Plain<'Guarantees'>): Guarantees {
  const { durability, freshWithinMs, leaderOnly, ...wanted } = message;
  const asked = guaranteesOf(durability && wantedOf(durability), { ...wanted, withinMs: freshWithinMs }, leaderOnly);
  return asked ?? NOTHING;
}

/** A client that asks for nothing wants to know the position of the answer. */
const NOTHING: Guarantees = Object.freeze({ durability: undefined, freshness: undefined });

function wantedOf({ level, followers, timeoutMs }: Plain<'Durability'>) {
  if (level !== undefined) return checkDurability({ level, followers, timeoutMs: timeoutMs || DURABILITY_TIMEOUT_MS });
  throw new HeadwaterError(
    'invalid_argument',
    `durability.level: expected a number from 1 to ${DURABILITY_LEVELS.length}, received 0`,
  );
}
