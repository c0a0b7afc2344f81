/**
 * Asks access/ whether a call of gRPC may begin, by its metadata alone: no byte of its request is read before. A caller
 * that shows the same credentials again over its connection costs a comparison of texts.
 */
import type { ServerHttp2Stream } from 'node:http2';
import type * as grpc from '@grpc/grpc-js';
import type { Access } from '../access/access.js';
import { isAdministrative, OPEN, ruleOfCall } from '../access/calls.js';
import { AUTHORIZATION, credentialsOfAuthorization } from '../access/credentials.js';
import type { Grant } from '../access/grant.js';
import type { Usage } from '../access/usage.js';
import { HeadwaterError } from '../base/errors.js';
import type { Granting } from './call-intake.js';
import { namesOf, peerOf, streamOf } from './connection-place.js';
import { methodName } from './definitions.js';
import { metadataOf } from './metadata-bound.js';

type NextCall = ConstructorParameters<typeof grpc.ServerInterceptingCall>[0];

type AskedMethod = Pick<Parameters<grpc.ServerInterceptor>[0], 'path' | 'requestStream' | 'responseStream'>;

/** The credentials that a connection has shown last, and their grant. */
interface Shown {
  readonly text: string;
  readonly grant: Grant;
}

export class Admission {
  readonly #access: Access;
  readonly #shown = new WeakMap<object, Shown>();
  /** The users of each connection, which has a place of each of them. Seldom more than one. */
  readonly #users = new WeakMap<object, Set<Usage>>();

  constructor(access: Access) {
    this.#access = access;
  }

  /**
   * @returns the rights of the caller for this call, the promise of them, or the reason why the call may not begin.
   *   Undefined for a call that everybody may make.
   */
  ask({ path, requestStream, responseStream }: AskedMethod, call: NextCall): Granting | HeadwaterError | undefined {
    const isForStream = requestStream || responseStream;
    const rule = ruleOfCall(path);
    if (rule === OPEN) return undefined;
    if (!rule) return new HeadwaterError('permission_denied', `${path}: no role allows this method`);
    const stream = streamOf(call);
    const name = methodName(path);
    const decide = (grant: Grant) => {
      const refusal = this.#access.refusalOf(grant, rule, name) ?? this.#connect(grant, stream);
      const seen = { user: grant.name, peer: peerOf(stream), call: path };
      if (refusal) this.#access.audit.refused(seen, refusal.message);
      else if (isAdministrative(path, rule) && this.#access.inForce) this.#access.audit.administers(seen);
      return refusal ?? grant;
    };
    try {
      const grant = this.#identify(call, stream);
      if (!(grant instanceof Promise)) {
        const decided = decide(grant);
        return decided instanceof HeadwaterError ? decided : { grant: decided, isForStream };
      }
      const granting = grant.then(
        (known) => {
          const decided = decide(known);
          if (decided instanceof HeadwaterError) throw decided;
          return decided;
        },
        (failure) => {
          throw this.#refused(failure, path, stream);
        },
      );
      return { grant: granting, isForStream };
    } catch (failure) {
      return this.#refused(failure, path, stream);
    }
  }

  #identify(call: NextCall, stream: ServerHttp2Stream): Grant | Promise<Grant> {
    const [text] = metadataOf(call).get(AUTHORIZATION);
    if (text === undefined) return this.#access.identify(namesOf(stream)) ?? this.#access.anonymous;
    const { session } = stream;
    const shown = session && this.#shown.get(session);
    if (shown?.text === text && !shown.grant.ended) return shown.grant;
    const credentials = credentialsOfAuthorization(text.toString());
    const known = this.#access.recall(credentials);
    if (known) return this.#note(session, text, known);
    return this.#access.authenticate(credentials, peerOf(stream)).then((grant) => this.#note(session, text, grant));
  }

  #note(session: object | undefined, text: string | Buffer, grant: Grant): Grant {
    if (session && grant.user) this.#shown.set(session, { text: text.toString(), grant });
    return grant;
  }

  /** Takes a place among the connections of the user, unless this connection has one. @returns the refusal. */
  #connect({ usage }: Grant, { session }: ServerHttp2Stream): HeadwaterError | undefined {
    if (!usage || !session || session.destroyed) return undefined;
    const users = this.#users.get(session) ?? new Set();
    if (users.has(usage)) return undefined;
    const refusal = usage.connect();
    if (refusal) return refusal;
    users.add(usage);
    this.#users.set(session, users);
    session.once('close', () => usage.disconnect());
    return undefined;
  }

  #refused(failure: unknown, path: string, stream: ServerHttp2Stream): HeadwaterError {
    const error = HeadwaterError.from(failure);
    this.#access.audit.refused({ user: '(not known)', peer: peerOf(stream), call: path }, error.message);
    return error;
  }
}
