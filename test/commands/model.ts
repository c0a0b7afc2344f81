/**
 * What Redis does, written down a second time, as plainly as possible and from
 * its documentation: strings for bytes, one map, no log. It counts the commands
 * that should have been logged, which gives versions and shows where a write
 * that changes nothing was logged after all. Shares no code with src/commands.
 */
import type { ErrorCode } from '../../src/base/errors.js';
import type { Condition, ExpireCondition, NewExpiry, Operation } from '../../src/model/operation.js';

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
    if (operation.kind === 'rename') this.checkKey(operation.newKey);
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
      case 'flushAll':
        this.items.clear();
        this.logged += 1;
        return { kind: 'flushAll' };
      case 'ping':
        return { kind: 'ping', message: text(operation.message) };
      case 'transact':
        return this.transact(operation.conditions, operation.operations);
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

  private incrementFloat(key: string, by: number): object {
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

  private transact(conditions: readonly Condition[], operations: readonly Operation[]): object {
    for (const [index, condition] of conditions.entries()) {
      if (!this.holds(condition)) return { kind: 'transact', committed: false, replies: [], failedCondition: index };
    }
    const before = structuredClone({ items: this.items, logged: this.logged });
    try {
      return { kind: 'transact', committed: true, replies: operations.map((operation) => this.perform(operation)) };
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
