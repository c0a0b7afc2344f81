/**
 * Makes the connections of a client. The first attempt is one round over the addresses. Later rounds go on without end,
 * with waits between. Meanwhile the dialler keeps the callers that wait for a connection. The session handles
 * everything that goes over connections.
 */
import { HeadwaterError } from '../base/errors.js';
import { backOff } from './back-off.js';
import { Connection, type ConnectionOwner } from './connection.js';
import { cancelled } from './failures.js';
import type { ClientSettings } from './options.js';
import type { Seeds } from './seeds.js';

export class Dialler {
  readonly #seeds: Seeds;
  readonly #settings: ClientSettings;
  readonly #owner: ConnectionOwner;
  /** The address of the last connection. */
  #lastAddress: string | undefined;
  /** The address of the last node that was silent, which is asked last. */
  #silentAddress: string | undefined;
  /** The failure of the last round over the addresses. Undefined while there is a connection. */
  #failure: HeadwaterError | undefined;
  readonly #waiting = new Set<(outcome: Connection | HeadwaterError) => void>();
  readonly #ended = new AbortController();

  constructor(seeds: Seeds, settings: ClientSettings, owner: ConnectionOwner) {
    this.#seeds = seeds;
    this.#settings = settings;
    this.#owner = owner;
  }

  /**
   * Resolves when that node has accepted a stream.
   * @throws HeadwaterError `unreachable`, or the node's refusal.
   */
  open(address: string): Promise<Connection> {
    const { signal } = this.#ended;
    const { connectTimeoutMs: timeoutMs, dial } = this.#settings;
    return Connection.open(address, this.#owner, { timeoutMs, signal, dial });
  }

  /**
   * Makes one round over the addresses.
   * @throws HeadwaterError of the only address, `unreachable` with the reasons of all, or the reason of `end`.
   */
  async once(): Promise<Connection> {
    const reasons: HeadwaterError[] = [];
    await this.#seeds.renew(this.#settings.connectTimeoutMs);
    if (this.#ended.signal.aborted) throw this.#ended.signal.reason;
    for (const address of this.#seeds.addresses) {
      try {
        return await this.open(address);
      } catch (error) {
        if (this.#ended.signal.aborted) throw error;
        reasons.push(HeadwaterError.from(error));
      }
    }
    throw this.#seeds.failure ?? unreachable(reasons);
  }

  /**
   * Makes rounds until a node answers.
   * @param shutOut called after a round in which no node has let the user in. The callers that wait get this reason.
   * @returns undefined if `end` came first.
   */
  async again(shutOut: (reason: HeadwaterError) => void = () => {}): Promise<Connection | undefined> {
    for (let round = 0; !this.#ended.signal.aborted; round++) {
      const reasons: HeadwaterError[] = [];
      await this.#seeds.renew(this.#settings.connectTimeoutMs);
      for (const address of this.#inOrder) {
        if (this.#ended.signal.aborted) break;
        const connection = await this.open(address).catch((error) => {
          reasons.push(HeadwaterError.from(error));
        });
        if (connection) return connection;
      }
      this.#failure = this.#seeds.failure ?? unreachable(reasons);
      const [first] = reasons;
      if (first && reasons.every(({ code }) => code === 'unauthenticated' || code === 'permission_denied')) {
        for (const settle of this.#waiting) settle(first);
        shutOut(first);
      }
      await backOff(round, this.#ended.signal, this.#settings.retry);
    }
    return undefined;
  }

  /** The node before comes first, unless it is known which one leads. A node that was silent may accept no connection. */
  get #inOrder(): ReadonlySet<string> {
    const { addresses, leader } = this.#seeds;
    const last = leader === undefined && this.#lastAddress !== undefined ? [this.#lastAddress] : [];
    const all = new Set([...last, ...addresses]);
    const silent = this.#silentAddress;
    if (silent !== undefined && all.delete(silent)) all.add(silent);
    return all;
  }

  /** Notes that a node was silent, until another connection has arrived. */
  avoid(address: string): void {
    this.#silentAddress = address;
  }

  /** Makes this the connection from now on, and gives it to the waiting callers. */
  arrived(connection: Connection): void {
    this.#lastAddress = connection.address;
    this.#silentAddress = undefined;
    this.#failure = undefined;
    for (const settle of this.#waiting) settle(connection);
  }

  /**
   * Resolves with the next connection that arrives.
   * @throws HeadwaterError `unreachable` if none does in that time, `cancelled`, or the reason of `end`.
   */
  next(timeoutMs: number, signal: AbortSignal | undefined): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: Connection | HeadwaterError) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#waiting.delete(settle);
        if (outcome instanceof Connection) resolve(outcome);
        else reject(outcome);
      };
      const late = () => {
        const why = this.#failure ? `: ${this.#failure.message}` : '';
        settle(
          new HeadwaterError('unreachable', `no connection within ${timeoutMs} ms${why}`, { cause: this.#failure }),
        );
      };
      const timer = setTimeout(late, timeoutMs);
      const aborted = () => settle(cancelled(signal as AbortSignal));
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.add(settle);
      if (signal?.aborted) aborted();
    });
  }

  get failure(): HeadwaterError | undefined {
    return this.#failure;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Gives up attempts and waits. */
  end(reason: HeadwaterError): void {
    this.#ended.abort(reason);
    for (const settle of this.#waiting) settle(reason);
  }
}

function unreachable(reasons: readonly HeadwaterError[]): HeadwaterError {
  const [only] = reasons;
  if (reasons.length === 1 && only) return only;
  return new HeadwaterError(
    'unreachable',
    `no node can be reached: ${reasons.map(({ message }) => message).join('; ')}`,
    { cause: reasons[0] },
  );
}
