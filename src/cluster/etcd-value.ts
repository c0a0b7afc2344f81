/** The values of a cluster's keys in etcd: JSON objects, whose fields are checked as they are read. */
import { HeadwaterError } from '../base/errors.js';
import type { EtcdEntry } from './etcd/model.js';

/** etcd's ID of a lease as etcdctl shows it. */
export function leaseText(lease: bigint): string {
  return lease.toString(16);
}

export function leaseOf(text: string): bigint {
  return BigInt(`0x${text}`);
}

/** The fields of one value. */
export class Value {
  readonly #entry: EtcdEntry;
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @throws HeadwaterError `protocol_violation`, as all methods do, if the value is not what Headwater writes. */
  constructor(entry: EtcdEntry, fields = fieldsOf(entry)) {
    this.#entry = entry;
    this.#fields = fields;
  }

  get revision(): number {
    return Number(this.#entry.modRevision);
  }

  get lease(): string {
    return leaseText(this.#entry.lease);
  }

  text(name: string): string {
    const value = this.#fields[name];
    return typeof value === 'string' ? value : this.#refuse(name, 'text');
  }

  number(name: string): number {
    const value = this.#fields[name];
    return typeof value === 'number' ? value : this.#refuse(name, 'a number');
  }

  /** @param missing the value of a field that the writer did not know. */
  numberOr(name: string, missing: number): number {
    return this.#fields[name] === undefined ? missing : this.number(name);
  }

  /** False if the field is missing. */
  is(name: string): boolean {
    return this.#fields[name] === true;
  }

  texts(name: string): readonly string[] {
    const value = this.#fields[name];
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'string');
    return isList ? value : this.#refuse(name, 'a list of node IDs');
  }

  /** The objects of a list. */
  list(name: string): readonly Value[] {
    const value = this.#fields[name];
    const isList = Array.isArray(value) && value.every((each) => typeof each === 'object' && each !== null);
    return isList ? value.map((each) => new Value(this.#entry, each)) : this.#refuse(name, 'a list of objects');
  }

  #refuse(name: string, expected: string): never {
    throw notReadable(this.#entry, `expected ${expected} as ${name}`);
  }
}

function fieldsOf(entry: EtcdEntry): Readonly<Record<string, unknown>> {
  let fields: unknown;
  try {
    fields = JSON.parse(entry.value.toString());
  } catch (error) {
    throw notReadable(entry, 'expected JSON', error);
  }
  if (typeof fields !== 'object' || fields === null) throw notReadable(entry, 'expected a JSON object');
  return fields as Record<string, unknown>;
}

function notReadable({ key, value }: EtcdEntry, expected: string, cause?: unknown): HeadwaterError {
  const received = value.toString().slice(0, 200);
  return new HeadwaterError(
    'protocol_violation',
    `the key ${key} in etcd was not written by Headwater: ${expected}, received ${received}. Delete or repair the key`,
    { cause },
  );
}
