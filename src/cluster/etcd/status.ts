/**
 * A failed gRPC call to etcd, judged: either etcd has answered that it does not carry out the request, or it could not be
 * asked. etcd's sentences are a part of its API, and all begin alike. A proxy or another server never sends them, so an
 * error without such a sentence is no answer of etcd, whatever its status is.
 */
import * as grpc from '@grpc/grpc-js';
import { plainReason } from '../../rpc/status.js';
import { EtcdRefusal, type EtcdRefusalReason } from './errors.js';

/** The beginning of each sentence of etcd. */
const SENTENCE = 'etcdserver: ';

/** A call that failed. */
export class CallFailure extends Error {
  readonly status: grpc.status;
  /** Whether the request may have left this process, so that a member may have carried it out. */
  readonly isSent: boolean;

  constructor(status: grpc.status, details: string, isSent: boolean) {
    super(details);
    this.status = status;
    this.isSent = isSent;
  }

  /** The failure itself, or the failure for an error of another kind. */
  static from(error: Error, isSent: boolean): CallFailure {
    return error instanceof CallFailure ? error : new CallFailure(grpc.status.UNKNOWN, error.message, isSent);
  }

  /** The member said nothing for too long. */
  static silence(ms: number): CallFailure {
    return new CallFailure(grpc.status.DEADLINE_EXCEEDED, `no answer within ${ms} ms`, true);
  }

  /** The member has ended a watch, for the reason that it gives. The reason begins with words of gRPC. */
  static ofWatch(reason: string): CallFailure {
    const at = reason.indexOf(SENTENCE);
    const sentence = at >= 0 ? reason.slice(at) : `${SENTENCE}the watch was cancelled: ${reason || 'no reason'}`;
    return new CallFailure(grpc.status.FAILED_PRECONDITION, sentence, true);
  }

  /** Whether etcd has answered with a refusal. */
  get isRefusal(): boolean {
    return isSentence(this.message) && (isFull(this.message) || !NOT_NOW.includes(this.status));
  }

  /** Whether a member may have carried out the request. */
  get mayBeDone(): boolean {
    return this.isSent && !this.isRefusal && !NOT_DONE.test(this.message);
  }

  /** Whether the connection may be broken, so that the next request needs another. */
  get isOfConnection(): boolean {
    return !isSentence(this.message);
  }

  /** The reason in plain words. */
  get reason(): string {
    if (isSentence(this.message)) return sentenceOf(this.message);
    const [, advice] = HANDSHAKES.find(([text]) => text.test(this.message)) ?? [];
    return advice ?? plainReason(this.message, NO_ETCD);
  }
}

/** Texts of OpenSSL and gRPC about connections that etcd ends as soon as it has them. */
const HANDSHAKES: ReadonlyArray<readonly [RegExp, string]> = [
  [
    /alert (?:bad certificate|certificate required|unknown ca|certificate unknown|certificate expired)/,
    'etcd does not accept the certificate of this client, or received none. Give one that the CA of etcd has signed, and its key',
  ],
  [
    /Last error: Failed to connect/,
    'etcd closed the new connection. Check whether etcd has TLS at this address, and look at its log',
  ],
];

const NO_ETCD = 'no etcd listens there for gRPC. Check HOST:PORT. The client port of etcd is usually 2379';

/** Statuses that say nothing about the request itself. */
const NOT_NOW: readonly grpc.status[] = [
  grpc.status.CANCELLED,
  grpc.status.UNKNOWN,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.RESOURCE_EXHAUSTED,
  grpc.status.ABORTED,
  grpc.status.INTERNAL,
  grpc.status.UNAVAILABLE,
  grpc.status.DATA_LOSS,
];

/** Refusals for the moment, with which the request went nowhere. */
const NOT_DONE = /^etcdserver: (?:no leader|not capable|too many requests)/;

/** Whether the text is a sentence of etcd. */
function isSentence(details: string): boolean {
  return details.startsWith(SENTENCE);
}

function sentenceOf(details: string): string {
  return `etcd answered: ${details.slice(SENTENCE.length)}`;
}

function isFull(details: string): boolean {
  return details.includes('database space exceeded');
}

/** Whether the token of the user has to be renewed. */
export function isOfToken({ message }: Error): boolean {
  return /invalid auth token|revision of auth store is old|user name is empty/.test(message);
}

/** Whether etcd has no users at the moment. */
export function isWithoutUsers({ message }: Error): boolean {
  return message.includes('authentication is not enabled');
}

export function isUnknownLease({ message }: Error): boolean {
  return message.includes('requested lease not found');
}

export function isKnownLease({ message }: Error): boolean {
  return message.includes('lease already exists');
}

/** @param user the user that the request names. */
export function refusalOf(failure: CallFailure, user: string | undefined): EtcdRefusal {
  const [reason, message] = explained(failure.message, user);
  return new EtcdRefusal(reason, message, failure);
}

function explained(details: string, user: string | undefined): [EtcdRefusalReason, string] {
  if (details.includes('authentication failed'))
    return [
      'unauthenticated',
      `etcd does not know the user ${JSON.stringify(user)}, or its password is another. Check both in etcd and here`,
    ];
  if (isOfToken(new Error(details)))
    return user === undefined
      ? ['unauthenticated', 'etcd expects a user and its password, received none. Give those of a user of etcd']
      : ['unauthenticated', `etcd does not accept the token that it gave to the user ${JSON.stringify(user)}`];
  if (details.includes('permission denied'))
    return [
      'permission_denied',
      `etcd does not let ${user === undefined ? 'this client' : `the user ${JSON.stringify(user)}`} read or write these keys. Grant a role of etcd with both`,
    ];
  if (isFull(details))
    return [
      'no_space',
      'the database of etcd is full, so etcd takes no writes. Compact and defragment etcd, then run etcdctl alarm disarm',
    ];
  if (isUnknownLease(new Error(details)))
    return ['unknown_lease', 'etcd does not know the lease of a key that the transaction puts'];
  return ['other', `etcd does not carry out the request: ${details.slice(SENTENCE.length)}`];
}
