/**
 * The rights of a connection: what one user may do, decided when the connection or the stream begins. A grant never
 * changes. When its user is changed or revoked, the grant ends, and everything that was begun under it ends too. The
 * limits of a user are no rights: they change while the grant stands.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Operation } from '../model/operation.js';
import type { User } from '../model/user.js';
import { bitsFor, keysOf, touchesAll } from './operations.js';
import { allOf, allows, DATA, EVERYTHING, namesOf, needOf, type Rule } from './roles.js';
import type { Usage } from './usage.js';

/** The parts of a user that a grant needs. */
export type Rights = Pick<User, 'keyPrefixes' | 'channelPrefixes'> & { readonly bits: number };

const NO_PREFIXES: readonly Buffer[] = [];

/** The name of a caller that is no user, in messages. */
const NOBODY = '(no user)';

/** Looks at each operation of a caller whose grant does not allow all, and notes refusals for the audit. */
export interface Guard {
  /** @returns why the caller may not do this operation. Undefined if it may. */
  refusalOfOperation(operation: Operation): HeadwaterError | undefined;
}

/** The part of the audit that a guard needs. */
interface Auditing {
  refused(call: { readonly user: string; readonly peer: string; readonly call: string }, why: string): void;
}

export class Grant {
  /** Undefined for a caller that is no user. */
  user: User | undefined;
  /** The limits of the user, and what it uses of the node. Undefined for a caller that is no user. */
  readonly usage: Usage | undefined;
  readonly bits: number;
  readonly #keys: readonly Buffer[];
  readonly #channels: readonly Buffer[];
  readonly #audit: Auditing | undefined;
  readonly #open = new Set<(reason: HeadwaterError) => void>();
  #end: HeadwaterError | undefined;

  constructor(user: User | undefined, { bits, keyPrefixes, channelPrefixes }: Rights, audit?: Auditing, usage?: Usage) {
    this.#audit = audit;
    this.usage = usage;
    this.user = user;
    this.bits = bits;
    this.#keys = keyPrefixes;
    this.#channels = channelPrefixes;
  }

  /** The grant of everybody while no users are in force. */
  static everything(user?: User): Grant {
    return new Grant(user, { bits: EVERYTHING, keyPrefixes: NO_PREFIXES, channelPrefixes: NO_PREFIXES });
  }

  /** The grant of a caller that has named no user yet. */
  static nothing(): Grant {
    return new Grant(undefined, { bits: 0, keyPrefixes: NO_PREFIXES, channelPrefixes: NO_PREFIXES });
  }

  get name(): string {
    return this.user?.name ?? NOBODY;
  }

  /** True if every operation on data is allowed, so that none needs a look. */
  get isWhole(): boolean {
    return (this.bits & DATA) === DATA && this.#keys.length === 0;
  }

  /** True if the grant is not for all keys. */
  get hasScope(): boolean {
    return this.#keys.length > 0;
  }

  /** Undefined if every operation is allowed. */
  guardFor(peer: string): Guard | undefined {
    if (this.isWhole) return undefined;
    return {
      refusalOfOperation: (operation) => {
        const refusal = this.refusalOfOperation(operation);
        if (refusal) this.#audit?.refused({ user: this.name, peer, call: operation.kind }, refusal.message);
        return refusal;
      },
    };
  }

  // ---- the end ------------------------------------------------------------------

  /** The reason why nothing more may be done under the grant. Undefined while it stands. */
  get ended(): HeadwaterError | undefined {
    return this.#end;
  }

  /**
   * Runs `task` when the grant ends, or at once if it has.
   * @returns a function that forgets the task.
   */
  onEnd(task: (reason: HeadwaterError) => void): () => void {
    if (this.#end) {
      task(this.#end);
      return () => {};
    }
    this.#open.add(task);
    return () => this.#open.delete(task);
  }

  end(reason: HeadwaterError): void {
    if (this.#end) return;
    this.#end = reason;
    for (const task of this.#open) task(reason);
    this.#open.clear();
  }

  // ---- decisions ----------------------------------------------------------------

  /** @returns why the user may not call this. Undefined if it may. */
  refusalOf(rule: Rule, what: string): HeadwaterError | undefined {
    if (allows(rule, this.bits)) return undefined;
    return this.denied(`${what} needs ${needOf(rule)}`);
  }

  /** @returns why the user may not do this operation. Undefined if it may. */
  refusalOfOperation(operation: Operation): HeadwaterError | undefined {
    const bits = bitsFor(operation);
    if (!allows(allOf(bits), this.bits)) return this.denied(`${operation.kind} needs the role ${namesOf(bits)}`);
    if (this.#keys.length === 0) return undefined;
    if (touchesAll(operation)) return this.denied(`${operation.kind} needs a user without key prefixes`);
    for (const key of keysOf(operation)) if (!isUnder(key, this.#keys)) return this.#refusalOfKey(key, operation.kind);
    return undefined;
  }

  /** @returns why the user may not touch this key. Undefined if it may. */
  #refusalOfKey(key: Buffer, what: string): HeadwaterError | undefined {
    if (this.#keys.length === 0 || isUnder(key, this.#keys)) return undefined;
    return this.denied(`${what}: the user may touch only keys that begin with ${shown(this.#keys)}`);
  }

  /**
   * @param prefix the beginning that all keys have which the call may show.
   * @returns why the user may not see them all. Undefined if it may.
   */
  refusalOfRange(prefix: Buffer, what: string): HeadwaterError | undefined {
    if (this.#keys.length === 0 || isUnder(prefix, this.#keys)) return undefined;
    return this.denied(`${what}: expected a pattern that begins with ${shown(this.#keys)}, the keys of the user`);
  }

  /**
   * @param channel a channel, or the beginning that all channels of a pattern have.
   * @returns why the user may not use it. Undefined if it may.
   */
  refusalOfChannel(channel: Buffer, what: string): HeadwaterError | undefined {
    if (this.#channels.length === 0 || isUnder(channel, this.#channels)) return undefined;
    return this.denied(`${what}: the user may use only channels that begin with ${shown(this.#channels)}`);
  }

  denied(why: string): HeadwaterError {
    return new HeadwaterError('permission_denied', `the user ${this.name} may not do this: ${why}`);
  }
}

function isUnder(key: Buffer, prefixes: readonly Buffer[]): boolean {
  return prefixes.some(
    (prefix) => key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0,
  );
}

function shown(prefixes: readonly Buffer[]): string {
  return prefixes.map((prefix) => JSON.stringify(prefix.toString())).join(' or ');
}
