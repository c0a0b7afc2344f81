/**
 * The smaller unions inside requests: expiries, the conditions of SET and EXPIRE, and the conditions of a transaction
 * on keys.
 */

import { HeadwaterError } from '../base/errors.js';
import type { Condition, ExpireCondition, NewExpiry, Outgoing, SetCondition } from '../model/operation.js';
import { headwater } from './generated.js';
import { bytesOf, toBytes } from './message.js';
import { toNumber } from './numbers.js';

const { v1 } = headwater;

type Int64 = headwater.v1.ExpireRequest['ttlMs'];

/** A table between the names of an enum here and its numbers on the wire. */
function enumeration<Name extends string>(field: string, numbers: Readonly<Record<Name, number>>) {
  const names = new Map(Object.entries<number>(numbers).map(([name, number]) => [number, name as Name]));
  return {
    encode: (name: Name | undefined): number => (name === undefined ? 0 : numbers[name]),
    decode(number: number): Name | undefined {
      const name = names.get(number);
      if (name !== undefined || number === 0) return name;
      throw new HeadwaterError(
        'invalid_argument',
        `${field}: expected one of 0, ${[...names.keys()].join(', ')}, received ${number}`,
      );
    },
  };
}

export const setCondition = enumeration<SetCondition>('SetRequest.condition', {
  if_absent: v1.SetCondition.SET_CONDITION_IF_ABSENT,
  if_present: v1.SetCondition.SET_CONDITION_IF_PRESENT,
});

export const expireCondition = enumeration<ExpireCondition>('ExpireRequest.condition', {
  if_none: v1.ExpireCondition.EXPIRE_CONDITION_IF_NONE,
  if_any: v1.ExpireCondition.EXPIRE_CONDITION_IF_ANY,
  if_later: v1.ExpireCondition.EXPIRE_CONDITION_IF_LATER,
  if_earlier: v1.ExpireCondition.EXPIRE_CONDITION_IF_EARLIER,
});

/** The expiry of a message that has one of the two fields set, or neither. */
export function decodeExpiry(message: { ttlMs?: Int64; expiresAtMs?: Int64 }): NewExpiry | undefined {
  if (message.ttlMs != null) return { ttlMs: toNumber(message.ttlMs, 'ttl_ms') };
  if (message.expiresAtMs != null) return { expiresAtMs: toNumber(message.expiresAtMs, 'expires_at_ms') };
  return undefined;
}

export function encodeCondition(condition: Outgoing<Condition>): headwater.v1.Condition.$Properties {
  const key = toBytes(condition.key);
  switch (condition.test) {
    case 'exists':
      return { key, exists: true };
    case 'absent':
      return { key, absent: true };
    case 'version':
      return { key, version: condition.version };
    case 'value':
      return { key, value: toBytes(condition.value) };
  }
}

export function decodeCondition(message: headwater.v1.Condition.$Properties, index: number): Condition {
  const key = bytesOf(message.key);
  if (message.exists) return { key, test: 'exists' };
  if (message.absent) return { key, test: 'absent' };
  if (message.version != null) return { key, test: 'version', version: toNumber(message.version, 'version') };
  if (message.value != null) return { key, test: 'value', value: bytesOf(message.value) };
  const received =
    message.exists === false || message.absent === false
      ? 'false'
      : 'none of these, or a condition that this version does not know';
  throw new HeadwaterError(
    'invalid_argument',
    `condition ${index}: expected exists: true, absent: true, version or value, received ${received}`,
  );
}
