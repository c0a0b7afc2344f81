/**
 * A client of etcd for automatic failover: leases, transactions, ranges and watches, as etcd names them.
 *
 * An answer of etcd is a result, also that a lease is unknown or that a compare failed. An error says that etcd could not
 * be asked, or refused to answer: nobody may take it for the loss of a lease or a key (errors.ts). Each call ends within
 * `requestTimeoutMs` by the monotonic clock, whatever the members do.
 */
import { randomBytes } from 'node:crypto';
import type { DialTls, PeerWords } from '../../access/dial.js';
import { clientTls, type TlsOptions } from '../../access/tls/client-tls.js';
import { type Address, formatAddress } from '../../base/address.js';
import type { Clock } from '../../base/clock.js';
import { shuttingDown } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { RepeatedLog } from '../../base/repeated-log.js';
import type { EtcdPlain } from '../../protobuf/etcd.js';
import {
  AUTHENTICATE,
  type EtcdCall,
  entryOf,
  GRANT,
  headerOf,
  isRead,
  KEEP_ALIVE,
  RANGE,
  REVOKE,
  rangeOf,
  resultOf,
  TIME_TO_LIVE,
  TRANSACTION,
  transactionRequest,
} from './calls.js';
import { Continuity } from './continuity.js';
import { EtcdUnreachable } from './errors.js';
import { type Effect, type EtcdAnswer, Members, type MembersSettings } from './members.js';
import type {
  EtcdHeader,
  EtcdKeys,
  EtcdLease,
  EtcdRange,
  EtcdTimeToLive,
  EtcdTransaction,
  EtcdTransactionReply,
  EtcdUnknownLease,
  EtcdWatch,
  EtcdWatchListener,
} from './model.js';
import { CallFailure, isKnownLease, isOfToken, isUnknownLease, refusalOf } from './status.js';
import { UserToken } from './user.js';
import { Watching } from './watch.js';

export interface EtcdOptions {
  /** The client addresses of the members. */
  readonly endpoints: readonly Address[];
  readonly user?: { readonly user: string; readonly password: string } | undefined;
  /** The CA of etcd, and the certificate of this client. True for the CAs of the system. */
  readonly tls?: boolean | TlsOptions | undefined;
  /** The ID of the cluster that etcd was before. Another one is refused. */
  readonly clusterId?: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The longest time of a request, over all members. */
  readonly requestTimeoutMs: number;
}

const ETCD: PeerWords = {
  peer: 'etcd',
  otherCa: 'Give the file of its CA',
  otherName: 'Use an address that the certificate names, or give the name',
  noTls: 'Leave out the CA and the certificates, or give etcd a certificate',
  hungUp: 'Check that etcd has TLS at this address, and look at its log',
};

/** The certificates of this moment, with the words for etcd. */
function tlsOf(options: EtcdOptions['tls']): DialTls | undefined {
  const found = clientTls(options);
  if (found === undefined) return undefined;
  return {
    get context() {
      return found.context;
    },
    serverName: found.serverName,
    words: ETCD,
  };
}

interface Request<Message, Response> {
  readonly call: EtcdCall<Message, Response>;
  readonly message: Message;
  readonly effect: Effect;
  /** Whether the member that answers has all that was committed before. */
  readonly isInOrder: boolean;
}

interface Answer<Response> {
  readonly response: Response;
  readonly header: EtcdHeader;
  readonly askedMs: number;
}

type WithHeader = { readonly header: EtcdPlain<'ResponseHeader'> | undefined };

const UNKNOWN: EtcdUnknownLease = { outcome: 'unknown_lease' };

export class EtcdClient {
  readonly #settings: MembersSettings;
  readonly #requestTimeoutMs: number;
  readonly #members: Members;
  readonly #continuity: Continuity;
  readonly #token: UserToken;
  readonly #watches = new Set<Watching>();
  #isClosed = false;

  private constructor({ endpoints, user, tls, clusterId, clock, logger, requestTimeoutMs }: EtcdOptions) {
    this.#continuity = new Continuity(clusterId);
    this.#settings = {
      addresses: endpoints.map(formatAddress),
      dial: { tls: tlsOf(tls) },
      clock,
      log: RepeatedLog.of({ clock, logger }),
    };
    this.#requestTimeoutMs = requestTimeoutMs;
    this.#members = new Members(this.#settings);
    this.#token = new UserToken(user, async ({ user: name, password }, deadlineMs) => {
      const question = { call: AUTHENTICATE, request: { name, password }, token: undefined, effect: 'none' } as const;
      const { response } = await this.#members.ask(question, deadlineMs).catch((error) => this.#refuse(error));
      return response.token;
    });
  }

  /**
   * Connects when the first call is made.
   * @throws HeadwaterError `invalid_argument` if a certificate is none.
   */
  static open(options: EtcdOptions): EtcdClient {
    return new EtcdClient(options);
  }

  /** The ID of the cluster that etcd is. Undefined before the first answer. */
  get clusterId(): string | undefined {
    return this.#continuity.clusterId;
  }

  /** Makes a lease. The client chooses its ID, so that a repeated request makes no second lease. */
  async grantLease(ttlSeconds: number): Promise<EtcdLease> {
    const lease = randomLease();
    const message = { ID: lease, TTL: BigInt(ttlSeconds) };
    try {
      const asked = await this.#ask({ call: GRANT, message, effect: 'repeatable', isInOrder: true });
      return alive(lease, asked.response.TTL, asked);
    } catch (error) {
      if (!isKnownLease(causeOf(error))) throw error;
    }
    // A member has made the lease, and its answer was lost.
    const known = await this.keepAlive(lease);
    if (known.outcome === 'alive') return known;
    throw new EtcdUnreachable('etcd ended a new lease at once. Try again', { mayBeDone: false });
  }

  async keepAlive(lease: bigint): Promise<EtcdLease | EtcdUnknownLease> {
    const message = { ID: lease };
    const asked = await this.#ask({ call: KEEP_ALIVE, message, effect: 'repeatable', isInOrder: false });
    // etcd answers that it does not know a lease with the time to live 0.
    return asked.response.TTL <= 0n ? UNKNOWN : alive(lease, asked.response.TTL, asked);
  }

  /** Ends a lease, and deletes its keys. */
  async revokeLease(lease: bigint): Promise<'revoked' | 'unknown_lease'> {
    try {
      await this.#ask({ call: REVOKE, message: { ID: lease }, effect: 'repeatable', isInOrder: true });
      return 'revoked';
    } catch (error) {
      if (isUnknownLease(causeOf(error))) return 'unknown_lease';
      throw error;
    }
  }

  async timeToLive(lease: bigint): Promise<EtcdTimeToLive | EtcdUnknownLease> {
    const message = { ID: lease };
    const asked = await this.#ask({ call: TIME_TO_LIVE, message, effect: 'none', isInOrder: false });
    const { TTL, grantedTTL } = asked.response;
    return TTL <= 0n ? UNKNOWN : { ...alive(lease, TTL, asked), grantedSeconds: Number(grantedTTL) };
  }

  /** Reads what the majority of the members has. */
  async range(keys: EtcdKeys): Promise<EtcdRange> {
    const message = rangeOf(keys);
    const { response, header } = await this.#ask({ call: RANGE, message, effect: 'none', isInOrder: true });
    return { header, entries: response.kvs.map(entryOf) };
  }

  /**
   * Carries out the operations, all or none. If the request may have been carried out, the client does not repeat it.
   * @throws EtcdRefusal `unknown_lease` if an operation puts a key on a lease that has ended.
   */
  async transaction(transaction: EtcdTransaction): Promise<EtcdTransactionReply> {
    const { response, header } = await this.#ask({
      call: TRANSACTION,
      message: transactionRequest(transaction),
      effect: isRead(transaction) ? 'none' : 'once',
      isInOrder: true,
    });
    return { header, succeeded: response.succeeded, results: response.responses.map(resultOf) };
  }

  /**
   * Watches until `close`, or until etcd has forgotten the events that come next.
   * @param fromRevision the first revision whose events are wanted. Undefined for those from now on.
   */
  watch(prefix: string, fromRevision: bigint | undefined, listener: EtcdWatchListener): EtcdWatch {
    const watching = new Watching(
      { prefix, fromRevision, listener },
      {
        ...this.#settings,
        continuity: this.#continuity,
        requestTimeoutMs: this.#requestTimeoutMs,
        token: (refused) => this.#tokenFor(refused),
        userName: this.#token.name,
        ended: () => this.#watches.delete(watching),
      },
    );
    if (this.#isClosed) watching.close();
    else {
      this.#watches.add(watching);
      watching.begin();
    }
    return watching;
  }

  /** Ends the watches, and fails the calls that run. */
  close(): Promise<void> {
    this.#isClosed = true;
    for (const watching of this.#watches) watching.close();
    this.#members.close(shuttingDown());
    return Promise.resolve();
  }

  async #ask<Message, Response extends WithHeader>(request: Request<Message, Response>): Promise<Answer<Response>> {
    if (this.#isClosed) throw shuttingDown();
    const askedMs = this.#settings.clock.monotonicMs();
    const deadlineMs = askedMs + this.#requestTimeoutMs;
    const floor = request.isInOrder ? this.#continuity.revision : undefined;
    const { response, address } = await this.#askWithToken(request, deadlineMs).catch((error) => this.#refuse(error));
    const header = headerIn(response);
    this.#continuity.check(header, floor, address);
    return { response, header, askedMs };
  }

  async #askWithToken<Message, Response>(
    { call, message, effect }: Request<Message, Response>,
    deadlineMs: number,
  ): Promise<EtcdAnswer<Response>> {
    const token = await this.#token.current(deadlineMs);
    const question = { call, request: message, effect };
    try {
      return await this.#members.ask({ ...question, token }, deadlineMs);
    } catch (error) {
      if (!(error instanceof CallFailure && isOfToken(error)) || !(await this.#token.refused(token))) throw error;
    }
    // etcd looks at the token first, so nothing was done.
    return this.#members.ask({ ...question, token: await this.#token.current(deadlineMs) }, deadlineMs);
  }

  /** The token of a watch. */
  async #tokenFor(refused: { readonly token: string | undefined } | undefined): Promise<string | undefined> {
    if (refused) await this.#token.refused(refused.token);
    return this.#token.current(this.#settings.clock.monotonicMs() + this.#requestTimeoutMs);
  }

  /** Makes etcd's sentence one for people. */
  #refuse(error: unknown): never {
    throw error instanceof CallFailure ? refusalOf(error, this.#token.name) : error;
  }
}

/** The sentence of etcd behind a refusal. */
function causeOf(error: unknown): Error {
  const { cause } = error as Error;
  return cause instanceof CallFailure ? cause : (error as Error);
}

function headerIn({ header }: WithHeader): EtcdHeader {
  if (header === undefined) throw new EtcdUnreachable('etcd answered without a header', { mayBeDone: true });
  return headerOf(header);
}

function alive(lease: bigint, ttl: bigint, { header, askedMs }: Answer<unknown>): EtcdLease {
  return { outcome: 'alive', header, lease, ttlSeconds: Number(ttl), askedMs };
}

/** A positive number of 63 bits. etcd takes 0 for no lease. */
function randomLease(): bigint {
  return (randomBytes(8).readBigUInt64BE() >> 1n) | 1n;
}
