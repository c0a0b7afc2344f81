/**
 * What Redis does, written down a second time, as plainly as possible and from
 * its documentation: strings for bytes, one map, no log. It counts the commands
 * that should have been logged, which gives versions and shows where a write
 * that changes nothing was logged after all. Shares no code with src/commands.
 */
import type { ErrorCode } from '../../src/base/errors.js';
import type {
  BitFieldStep,
  BitOperator,
  BitPositionOperation,
  BitRange,
  Condition,
  ExpireCondition,
  LongestCommonSubsequenceOperation,
  NewExpiry,
  Operation,
  TransactOperation,
} from '../../src/model/operation.js';

export class Refusal extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(code);
    this.code = code;
  }
}

interface Item {
  value: string;
  expiresAt: number | 'never';
  version: number;
}

interface ModelLimits {
  readonly key: number;
  readonly value: number;
}

const LAST_MOMENT = 2 ** 53 - 1;

export class Model {
  items = new Map<string, Item>();
  logged = 0;
  now: number;
  readonly limits: ModelLimits;

  constructor(now: number, limits: ModelLimits) {
    this.now = now;
    this.limits = limits;
  }

  /** The reply with its bytes as latin1; throws a Refusal. */
  run(operation: Operation): object {
    this.checkArguments(operation);
    return this.perform(operation);
  }

  visible(): string[] {
    const lines: string[] = [];
    for (const key of this.items.keys()) {
      const item = this.find(key);
      if (item === undefined) continue;
      const expires = item.expiresAt === 'never' ? 0 : item.expiresAt;
      lines.push(`${key}=${item.value} type 0 expires ${expires} version ${item.version}`);
    }
    return lines.sort();
  }

  private checkArguments(operation: Operation): void {
    switch (operation.kind) {
      case 'multiGet':
      case 'delete':
      case 'exists':
        if (operation.keys.length === 0) throw new Refusal('invalid_argument');
        for (const key of operation.keys) this.checkKey(key);
        return;
      case 'flushAll':
      case 'ping':
        return;
      case 'multiSet':
        if (operation.entries.length === 0) throw new Refusal('invalid_argument');
        for (const { key } of operation.entries) this.checkKey(key);
        return;
      case 'bitOperation':
        this.checkKey(operation.key);
        if (operation.keys.length === 0) throw new Refusal('invalid_argument');
        for (const key of operation.keys) this.checkKey(key);
        if (operation.operator === 'not' && operation.keys.length > 1) throw new Refusal('invalid_argument');
        return;
      case 'transact':
        for (const condition of operation.conditions) {
          this.checkKey(condition.key);
          if (condition.test === 'version' && condition.version < 0) throw new Refusal('invalid_argument');
        }
        for (const inner of operation.operations) this.checkArguments(inner);
        return;
      default:
        this.checkKey(operation.key);
    }
    if (operation.kind === 'rename' || operation.kind === 'copy') this.checkKey(operation.newKey);
    if (operation.kind === 'copy' && text(operation.key) === text(operation.newKey))
      throw new Refusal('invalid_argument');
    if (operation.kind === 'longestCommonSubsequence') this.checkKey(operation.otherKey);
    const offsets =
      operation.kind === 'bitField'
        ? operation.steps
        : operation.kind === 'getBit' || operation.kind === 'setBit'
          ? [operation]
          : [];
    for (const { offset } of offsets) if (offset < 0 || offset >= 2 ** 32) throw new Refusal('invalid_argument');
    if (operation.kind === 'setRange') {
      if (operation.start < 0) throw new Refusal('invalid_argument');
      if (operation.value.length > 0) this.checkSize(operation.start + operation.value.length);
    }
    if (operation.kind === 'set' || operation.kind === 'getExpire') {
      const { expiry } = operation;
      if (typeof expiry === 'object' && amountOf(expiry) <= 0) throw new Refusal('invalid_argument');
    }
  }

  private checkKey(key: Buffer): void {
    if (key.length > this.limits.key) throw new Refusal('too_large');
  }

  private checkSize(size: number): void {
    if (size > this.limits.value) throw new Refusal('too_large');
  }

  private perform(operation: Operation): object {
    switch (operation.kind) {
      case 'get':
        return this.got(text(operation.key));
      case 'multiGet':
        return { kind: 'multiGet', values: operation.keys.map((key) => this.got(text(key))) };
      case 'set':
        return this.set(operation);
      case 'delete':
        return { kind: 'delete', deleted: operation.keys.filter((key) => this.remove(text(key))).length };
      case 'exists':
        return { kind: 'exists', existing: operation.keys.filter((key) => this.find(text(key)) !== undefined).length };
      case 'increment':
        return this.increment(text(operation.key), operation.by);
      case 'incrementFloat':
        return this.incrementFloat(text(operation.key), operation.by);
      case 'append': {
        const old = this.find(text(operation.key));
        const value = (old?.value ?? '') + text(operation.value);
        if (old === undefined || operation.value.length > 0) this.replaceValue(text(operation.key), value);
        return { kind: 'append', length: value.length };
      }
      case 'stringLength':
        return { kind: 'stringLength', length: this.find(text(operation.key))?.value.length ?? 0 };
      case 'getRange':
        return { kind: 'getRange', value: this.getRange(text(operation.key), operation.start, operation.end) };
      case 'setRange':
        return this.setRange(text(operation.key), operation.start, text(operation.value));
      case 'getDelete': {
        const value = this.find(text(operation.key))?.value;
        this.remove(text(operation.key));
        return { kind: 'getDelete', value };
      }
      case 'getExpire': {
        const key = text(operation.key);
        const value = this.find(key)?.value;
        if (operation.expiry === 'persist') this.persist(key);
        else if (operation.expiry !== undefined && value !== undefined)
          this.moveExpiry(key, this.moment(operation.expiry));
        return { kind: 'getExpire', value };
      }
      case 'timeToLive': {
        const expiresAt = this.find(text(operation.key))?.expiresAt;
        if (expiresAt === undefined) return { kind: 'timeToLive', exists: false };
        if (expiresAt === 'never') return { kind: 'timeToLive', exists: true };
        return { kind: 'timeToLive', exists: true, ttlMs: expiresAt - this.now, expiresAtMs: expiresAt };
      }
      case 'expire':
        return { kind: 'expire', applied: this.expire(text(operation.key), operation.expiry, operation.condition) };
      case 'persist':
        return { kind: 'persist', applied: this.persist(text(operation.key)) };
      case 'rename':
        return this.rename(text(operation.key), text(operation.newKey), operation.ifAbsent === true);
      case 'type':
        return { kind: 'type', type: this.find(text(operation.key)) === undefined ? 'none' : 'string' };
      case 'multiSet': {
        const blocked = operation.entries.some(({ key }) => this.find(text(key)) !== undefined);
        if (operation.ifAbsent === true && blocked) return { kind: 'multiSet', applied: false };
        for (const { key, value } of operation.entries) this.store(text(key), text(value), 'never');
        return { kind: 'multiSet', applied: true };
      }
      case 'copy': {
        const item = this.find(text(operation.key));
        const blocked = operation.replace !== true && this.find(text(operation.newKey)) !== undefined;
        if (item === undefined || blocked) return { kind: 'copy', applied: false };
        this.store(text(operation.newKey), item.value, item.expiresAt);
        return { kind: 'copy', applied: true };
      }
      case 'getBit':
        return { kind: 'getBit', bit: Number(this.bitsOf(operation.key)[operation.offset] ?? '0') };
      case 'setBit':
        return this.setBit(text(operation.key), operation.offset, operation.bit);
      case 'bitCount': {
        const { range } = operation;
        const bits = this.bitsOf(operation.key);
        const isEmpty = range !== undefined && range.start < 0 && range.end < 0 && range.start > range.end;
        const span = range === undefined ? bits : isEmpty ? '' : bitsWithin(bits, range);
        return { kind: 'bitCount', bits: span.split('1').length - 1 };
      }
      case 'bitPosition':
        return { kind: 'bitPosition', position: this.bitPosition(operation) };
      case 'bitOperation':
        return this.bitOperation(text(operation.key), operation.operator, operation.keys);
      case 'bitField':
        return this.bitField(text(operation.key), operation.steps);
      case 'longestCommonSubsequence': {
        const values = [operation.key, operation.otherKey].map((key) => this.find(text(key))?.value ?? '');
        return subsequence(values as [string, string], operation);
      }
      case 'flushAll':
        this.items.clear();
        this.logged += 1;
        return { kind: 'flushAll' };
      case 'ping':
        return { kind: 'ping', message: text(operation.message) };
      case 'transact':
        return this.transact(operation);
    }
  }

  private find(key: string): Item | undefined {
    const item = this.items.get(key);
    const gone = item !== undefined && item.expiresAt !== 'never' && item.expiresAt <= this.now;
    return gone ? undefined : item;
  }

  private got(key: string): object {
    const item = this.find(key);
    return { kind: 'get', value: item?.value, version: item === undefined ? 0 : item.version };
  }

  private store(key: string, value: string, expiresAt: number | 'never'): void {
    this.logged += 1;
    this.items.set(key, { value, expiresAt, version: this.logged });
  }

  private replaceValue(key: string, value: string): void {
    this.checkSize(value.length);
    this.store(key, value, this.find(key)?.expiresAt ?? 'never');
  }

  private remove(key: string): boolean {
    if (this.find(key) === undefined) return false;
    this.logged += 1;
    return this.items.delete(key);
  }

  private moment(expiry: NewExpiry): number {
    const moment = 'ttlMs' in expiry ? this.now + expiry.ttlMs : expiry.expiresAtMs;
    if (moment > LAST_MOMENT) throw new Refusal('invalid_argument');
    return moment;
  }

  private moveExpiry(key: string, moment: number): void {
    const item = this.find(key);
    if (item === undefined) return;
    if (moment <= this.now) this.remove(key);
    else this.store(key, item.value, moment);
  }

  private set(operation: Operation & { kind: 'set' }): object {
    const key = text(operation.key);
    const old = this.find(key);
    const blocked = operation.condition === (old === undefined ? 'if_present' : 'if_absent');
    let expiresAt: number | 'never' = 'never';
    if (operation.expiry === 'keep') expiresAt = old?.expiresAt ?? 'never';
    else if (operation.expiry !== undefined) expiresAt = this.moment(operation.expiry);
    if (!blocked) {
      if (expiresAt === 'never' || expiresAt > this.now) this.store(key, text(operation.value), expiresAt);
      else if (old !== undefined) this.remove(key);
      else if (operation.condition === undefined && operation.returnOld !== true) this.logged += 1; // Blind: it cannot know.
    }
    const applied = !blocked;
    return operation.returnOld === true ? { kind: 'set', applied, oldValue: old?.value } : { kind: 'set', applied };
  }

  private increment(key: string, by: bigint): object {
    const before = this.find(key)?.value ?? '0';
    let value = 0n;
    try {
      value = BigInt(before);
    } catch {
      throw new Refusal('not_an_integer');
    }
    if (String(value) !== before || !inInt64(value)) throw new Refusal('not_an_integer');
    if (!inInt64(value + by)) throw new Refusal('overflow');
    this.replaceValue(key, String(value + by));
    return { kind: 'increment', value: value + by };
  }

  private bitsOf(key: Buffer): string {
    return toBits(this.find(text(key))?.value ?? '');
  }

  private setBit(key: string, offset: number, bit: number): object {
    const old = this.find(key);
    const bits = toBits(old?.value ?? '').padEnd(8 * (Math.floor(offset / 8) + 1), '0');
    const value = fromBits(bits.slice(0, offset) + bit + bits.slice(offset + 1));
    if (value !== old?.value) this.replaceValue(key, value);
    return { kind: 'setBit', bit: Number(bits[offset]) };
  }

  private bitPosition({ key, bit, start, end, unit }: BitPositionOperation): number | undefined {
    if (this.find(text(key)) === undefined) return bit === 0 ? 0 : undefined;
    const bits = this.bitsOf(key);
    const span = bitsWithin(bits, { start: start ?? 0, end: end ?? -1, unit });
    if (span === '') return undefined;
    const first = startWithin(bits, start ?? 0, unit);
    const padded = end === undefined ? `${span}0` : span;
    const found = padded.indexOf(String(bit));
    return found === -1 ? undefined : first + found;
  }

  private bitOperation(key: string, operator: BitOperator, keys: readonly Buffer[]): object {
    const operands = keys.map((one) => this.bitsOf(one));
    const length = Math.max(...operands.map((one) => one.length));
    let bits = '';
    for (let at = 0; at < length; at++) {
      const ones = operands.filter((one) => one[at] === '1').length;
      const all = { and: ones === operands.length, or: ones > 0, xor: ones % 2 === 1, not: ones === 0 };
      bits += all[operator] ? '1' : '0';
    }
    if (bits === '') this.remove(key);
    else this.store(key, fromBits(bits), 'never');
    return { kind: 'bitOperation', length: length / 8 };
  }

  private bitField(key: string, steps: readonly BitFieldStep[]): object {
    const old = this.find(key);
    const ends = steps.map((step) => (step.action === 'get' ? 0 : Math.ceil((step.offset + step.bits) / 8)));
    const length = Math.max(0, ...ends);
    this.checkSize(length);
    let bits = toBits(old?.value ?? '').padEnd(8 * length, '0');
    const values = steps.map((step) => {
      const field = bits.slice(step.offset, step.offset + step.bits).padEnd(step.bits, '0');
      const before = numberOf(field, step.signed);
      if (step.action === 'get') return before;
      const after = step.action === 'set' ? step.value : before + step.by;
      const isFar = step.signed ? step.bits < 64 && 2n ** BigInt(step.bits - 1) - 1n - after >= 2n ** 63n : after < 0n;
      const unsigned = step.action === 'set' && isFar ? after + 2n ** 64n : after;
      const fitting = fittingIn(unsigned, step);
      if (fitting === undefined) return undefined;
      const digits = (fitting < 0n ? fitting + 2n ** BigInt(step.bits) : fitting).toString(2).padStart(step.bits, '0');
      bits = bits.slice(0, step.offset) + digits + bits.slice(step.offset + step.bits);
      return step.action === 'set' ? before : fitting;
    });
    if (length > 0 && fromBits(bits) !== old?.value) this.replaceValue(key, fromBits(bits));
    return { kind: 'bitField', values };
  }

  private incrementFloat(key: string, by: number | string): object {
    const value = sumOf(this.find(key)?.value ?? '0', String(by));
    this.replaceValue(key, value);
    return { kind: 'incrementFloat', value };
  }

  private getRange(key: string, start: number, end: number): string {
    const value = this.find(key)?.value ?? '';
    if (start < 0 && end < 0 && start > end) return '';
    const first = start >= 0 ? start : Math.max(value.length + start, 0);
    const last = end >= 0 ? end : Math.max(value.length + end, 0);
    let result = '';
    for (let index = first; index <= last && index < value.length; index += 1) result += value[index];
    return result;
  }

  private setRange(key: string, start: number, value: string): object {
    const old = this.find(key)?.value ?? '';
    if (value === '') return { kind: 'setRange', length: old.length };
    const result = old.padEnd(start, '\0').slice(0, start) + value + old.slice(start + value.length);
    this.replaceValue(key, result);
    return { kind: 'setRange', length: result.length };
  }

  private expire(key: string, expiry: NewExpiry, condition: ExpireCondition | undefined): boolean {
    const moment = this.moment(expiry);
    const current = this.find(key)?.expiresAt;
    if (current === undefined) return false;
    if (condition === 'if_none' && current !== 'never') return false;
    if (condition === 'if_any' && current === 'never') return false;
    if (condition === 'if_any_and_earlier' && (current === 'never' || moment >= current)) return false;
    if (condition === 'if_later' && (current === 'never' || moment <= current)) return false;
    if (condition === 'if_earlier' && current !== 'never' && moment >= current) return false;
    this.moveExpiry(key, moment);
    return true;
  }

  private persist(key: string): boolean {
    const item = this.find(key);
    if (item === undefined || item.expiresAt === 'never') return false;
    this.store(key, item.value, 'never');
    return true;
  }

  private rename(key: string, newKey: string, ifAbsent: boolean): object {
    const item = this.find(key);
    if (item === undefined) throw new Refusal('no_such_key');
    if (ifAbsent && this.find(newKey) !== undefined) return { kind: 'rename', applied: false };
    if (key !== newKey) {
      this.remove(key);
      this.store(newKey, item.value, item.expiresAt);
    }
    return { kind: 'rename', applied: true };
  }

  private transact({ conditions, operations, onRefusal }: TransactOperation): object {
    for (const [index, condition] of conditions.entries()) {
      if (!this.holds(condition)) return { kind: 'transact', committed: false, replies: [], failedCondition: index };
    }
    const perform = (operation: Operation) =>
      onRefusal === 'keep' ? this.attempt(operation) : this.perform(operation);
    return this.allOrNothing(() => ({ kind: 'transact', committed: true, replies: operations.map(perform) }));
  }

  private attempt(operation: Operation): object {
    try {
      return this.allOrNothing(() => this.perform(operation));
    } catch (error) {
      if (error instanceof Refusal) return { kind: 'error', error: { refused: error.code } };
      throw error;
    }
  }

  private allOrNothing(act: () => object): object {
    const before = structuredClone({ items: this.items, logged: this.logged });
    try {
      return act();
    } catch (error) {
      this.items = before.items;
      this.logged = before.logged;
      throw error;
    }
  }

  private holds(condition: Condition): boolean {
    const item = this.find(text(condition.key));
    switch (condition.test) {
      case 'exists':
        return item !== undefined;
      case 'absent':
        return item === undefined;
      case 'value':
        return item?.value === text(condition.value);
      case 'version':
        return item === undefined ? condition.version === 0 : item.version === condition.version;
    }
  }
}

function text(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function amountOf(expiry: NewExpiry): number {
  return 'ttlMs' in expiry ? expiry.ttlMs : expiry.expiresAtMs;
}

function inInt64(value: bigint): boolean {
  return value >= -9223372036854775808n && value <= 9223372036854775807n;
}

/** By writing both numbers out in full, thousands of digits on each side of the point. */
function sumOf(left: string, right: string): string {
  const digitsAfterPoint = 12_000;
  const units = inFull(left, digitsAfterPoint) + inFull(right, digitsAfterPoint);
  const cut = 10n ** BigInt(digitsAfterPoint - 17);
  const magnitude = units < 0n ? -units : units;
  const kept = magnitude / cut + (magnitude % cut >= cut / 2n ? 1n : 0n);
  const padded = String(kept).padStart(18, '0');
  let result = `${padded.slice(0, -17)}.${padded.slice(-17)}`;
  while (result.endsWith('0')) result = result.slice(0, -1);
  if (result.endsWith('.')) result = result.slice(0, -1);
  return units < 0n && result !== '0' ? `-${result}` : result;
}

function inFull(number: string, digitsAfterPoint: number): bigint {
  const [mantissa = '', exponentText = '0', more] = number.toLowerCase().split('e');
  const sign = /^[+-]/.test(mantissa) ? mantissa[0] : '+';
  const [whole = '', fraction = '', third] = mantissa.replace(/^[+-]/, '').split('.');
  const digits = whole + fraction;
  const wellFormed = /^\d+$/.test(digits) && /^[+-]?\d+$/.test(exponentText);
  if (!wellFormed || more !== undefined || third !== undefined) throw new Refusal('not_a_number');
  if (/^0*$/.test(digits)) return 0n;
  const exponent = Number(exponentText);
  const firstDigitAt = whole.length - digits.search(/[1-9]/) - 1 + exponent;
  if (firstDigitAt >= 4932 || firstDigitAt < -4951) throw new Refusal('not_a_number');
  const zeros = digitsAfterPoint - fraction.length + exponent;
  const units = BigInt(digits + '0'.repeat(zeros));
  return sign === '-' ? -units : units;
}

/** The bits of a value, as a text of ones and zeros. */
function toBits(value: string): string {
  return Array.from(value, (character) => character.charCodeAt(0).toString(2).padStart(8, '0')).join('');
}

function fromBits(bits: string): string {
  return (bits.match(/.{8}/g) ?? []).map((byte) => String.fromCharCode(Number.parseInt(byte, 2))).join('');
}

function startWithin(bits: string, start: number, unit: BitRange['unit']): number {
  const scale = unit === 'bit' ? 1 : 8;
  return scale * (start < 0 ? Math.max(0, bits.length / scale + start) : start);
}

/** A negative position that is before the first counts as the first, as an end too. */
function bitsWithin(bits: string, { start, end, unit }: BitRange): string {
  const scale = unit === 'bit' ? 1 : 8;
  return bits.slice(startWithin(bits, start, unit), startWithin(bits, end, unit) + scale);
}

function numberOf(field: string, signed: boolean): bigint {
  const number = BigInt(`0b${field}`);
  return signed && field.startsWith('1') ? number - 2n ** BigInt(field.length) : number;
}

function fittingIn(value: bigint, { signed, bits, ...step }: BitFieldStep): bigint | undefined {
  const size = 2n ** BigInt(bits);
  const min = signed ? -size / 2n : 0n;
  const max = min + size - 1n;
  if (value >= min && value <= max) return value;
  const overflow = step.action === 'get' ? undefined : step.overflow;
  if (overflow === 'fail') return undefined;
  if (overflow === 'saturate') return value > max ? max : min;
  return min + ((((value - min) % size) + size) % size);
}

/** Lengths of the common subsequence of every two beginnings, and Redis's way back through them. */
function subsequence([one, other]: [string, string], asked: LongestCommonSubsequenceOperation): object {
  const lengths = Array.from({ length: one.length + 1 }, () => Array.from({ length: other.length + 1 }, () => 0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = 1; i <= one.length; i++) {
    for (let j = 1; j <= other.length; j++) {
      const same = one[i - 1] === other[j - 1];
      (lengths[i] as number[])[j] = same ? at(i - 1, j - 1) + 1 : Math.max(at(i - 1, j), at(i, j - 1));
    }
  }
  const length = at(one.length, other.length);
  const pairs: [number, number][] = [];
  for (let i = one.length, j = other.length; i > 0 && j > 0; ) {
    if (one[i - 1] === other[j - 1]) pairs.push([--i, --j]);
    else if (at(i - 1, j) > at(i, j - 1)) i--;
    else j--;
  }
  const { result = 'text', minMatchLength = 0 } = asked;
  const value = pairs
    .map(([i]) => one[i])
    .reverse()
    .join('');
  const matches =
    result === 'matches' ? ranges(pairs).filter(({ range }) => range.end - range.start + 1 >= minMatchLength) : [];
  return { kind: 'longestCommonSubsequence', length, matches, ...(result === 'text' ? { value } : {}) };
}

function ranges(pairs: readonly [number, number][]) {
  const found: { range: { start: number; end: number }; otherRange: { start: number; end: number } }[] = [];
  for (const [i, j] of pairs) {
    const last = found.at(-1);
    if (last?.range.start === i + 1 && last.otherRange.start === j + 1) {
      last.range.start = i;
      last.otherRange.start = j;
    } else found.push({ range: { start: i, end: i }, otherRange: { start: j, end: j } });
  }
  return found;
}
