/**
 * A Lease in the API server of Kubernetes: it is read, created, and replaced if nobody has changed it since. All requests go
 * over HTTPS with the token of the pod. Kubernetes exchanges the token and the CA from time to time, so both files are
 * read for each request.
 *
 * Each request ends within its deadline by the monotonic clock, whatever the server does.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../../base/clock.js';
import { LEASE_ANSWER_BYTES_MAX } from '../../base/limits.js';
import { systemReason } from '../../base/system-errors.js';
import { KubernetesFailure } from './errors.js';

/** The fields of a Lease that Headwater reads or writes. Others stay as they are. */
export interface LeaseObject {
  readonly apiVersion: 'coordination.k8s.io/v1';
  readonly kind: 'Lease';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid?: string;
    /** Changes with each write. A replacement that has another one is refused. */
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export interface LeaseApiOptions {
  /** The API server: https://HOST:PORT, or http:// for a proxy on this machine. */
  readonly server: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined for a server that needs none, such as `kubectl proxy`. */
  readonly tokenFile: string | undefined;
  /** Undefined for the CAs of the system. */
  readonly caFile: string | undefined;
  readonly clock: Clock;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

export class LeaseApi {
  readonly #options: LeaseApiOptions;
  readonly #collection: URL;
  #ca: string | undefined;
  #agent: http.Agent | undefined;

  constructor(options: LeaseApiOptions) {
    this.#options = options;
    const { server, namespace } = options;
    this.#collection = new URL(
      `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`,
      server,
    );
  }

  /**
   * The Lease as the majority of the servers has it; undefined if there is none. A proxy that has lost its server answers 404
   * too, so only an answer that names the Lease counts.
   * @throws KubernetesFailure
   */
  async get(deadlineMs: number): Promise<LeaseObject | undefined> {
    const answer = await this.#ask('GET', this.#one, undefined, deadlineMs);
    return this.#saysNoLease(answer) ? undefined : this.#leaseIn(answer, 'get');
  }

  /** @returns `conflict` if there is one already. @throws KubernetesFailure: it may have been created all the same. */
  async create(lease: LeaseObject, deadlineMs: number): Promise<LeaseObject | 'conflict'> {
    const answer = await this.#ask('POST', this.#collection, lease, deadlineMs);
    return answer.status === 409 ? 'conflict' : this.#leaseIn(answer, 'create');
  }

  /**
   * Replaces the Lease that has this `uid` and `resourceVersion`. Without the `uid`, the server would bring back a Lease that
   * was deleted.
   * @returns `conflict` if somebody has changed or deleted it. @throws KubernetesFailure: it may have been replaced all
   *   the same.
   */
  async update(lease: LeaseObject, deadlineMs: number): Promise<LeaseObject | 'conflict'> {
    const answer = await this.#ask('PUT', this.#one, lease, deadlineMs);
    return answer.status === 409 || answer.status === 404 ? 'conflict' : this.#leaseIn(answer, 'update');
  }

  close(): void {
    this.#agent?.destroy();
  }

  get #one(): URL {
    return new URL(`${this.#collection.pathname}/${encodeURIComponent(this.#options.name)}`, this.#collection);
  }

  #saysNoLease({ status, text }: Answer): boolean {
    if (status !== 404) return false;
    const { kind, name } = statusIn(text).details ?? {};
    return kind === 'leases' && name === this.#options.name;
  }

  #leaseIn({ status, text }: Answer, verb: string): LeaseObject {
    if (status !== 200 && status !== 201) throw this.#refusal(status, text, verb);
    try {
      const lease = JSON.parse(text) as LeaseObject;
      if (lease.kind === 'Lease' && typeof lease.metadata?.resourceVersion === 'string') return lease;
    } catch {
      // The message below says so.
    }
    throw new KubernetesFailure(
      'protocol_violation',
      `${this.#collection.origin} is no API server of Kubernetes: expected a Lease, received ${JSON.stringify(text.slice(0, 200))}`,
    );
  }

  #refusal(status: number, text: string, verb: string): KubernetesFailure {
    const { namespace, tokenFile } = this.#options;
    const said = `the API server answered ${status}: ${messageIn(text)}`;
    if (status === 401)
      return new KubernetesFailure('unauthenticated', `${said}. Check the token in ${tokenFile ?? 'the proxy'}`);
    if (status === 403)
      return new KubernetesFailure(
        'permission_denied',
        `${said}. Let the service account get, create and update leases of coordination.k8s.io in the namespace ${namespace}: it may not ${verb} them`,
      );
    if (status === 404)
      return new KubernetesFailure(
        'unreachable',
        verb === 'create'
          ? `${said}. Is there a namespace ${namespace}?`
          : `${said}. Is ${this.#collection.origin} an API server of Kubernetes?`,
      );
    return new KubernetesFailure(status === 429 ? 'overloaded' : 'unreachable', said);
  }

  async #ask(method: string, url: URL, body: LeaseObject | undefined, deadlineMs: number): Promise<Answer> {
    const leftMs = deadlineMs - this.#options.clock.monotonicMs();
    if (leftMs <= 0) throw unreachable(this.#collection, 'no time is left for the request');
    const token = this.#fileText('token', this.#options.tokenFile);
    const text = body && JSON.stringify(body);
    const headers = {
      accept: 'application/json',
      // The server names the writer of an object by it.
      'user-agent': 'headwater',
      ...(token && { authorization: `Bearer ${token.trim()}` }),
      ...(text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const agent = this.#currentAgent();
    const { request } = url.protocol === 'https:' ? https : http;
    try {
      return await answered(request(url, { method, headers, agent }), text, this.#options.clock, leftMs);
    } catch (error) {
      throw unreachable(this.#collection, systemReason(error), error);
    }
  }

  /** Connections to a server whose CA has changed are made again. */
  #currentAgent(): http.Agent {
    const ca = this.#fileText('CA', this.#options.caFile);
    if (this.#agent && ca === this.#ca) return this.#agent;
    this.#agent?.destroy();
    this.#ca = ca;
    const isSecure = this.#collection.protocol === 'https:';
    this.#agent = isSecure
      ? new https.Agent({ keepAlive: true, ...(ca && { ca }) })
      : new http.Agent({ keepAlive: true });
    return this.#agent;
  }

  #fileText(what: string, file: string | undefined): string | undefined {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      throw new KubernetesFailure(
        'invalid_argument',
        `the ${what} of the API server cannot be read: ${file}: ${systemReason(error)}`,
        error,
      );
    }
  }
}

/** Sends the request, and resolves with the whole answer. */
function answered(
  request: http.ClientRequest,
  body: string | undefined,
  clock: Clock,
  leftMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(leftMs, () => request.destroy(new Error(`no answer within ${Math.round(leftMs)} ms`)));
    const fail = (error: Error) => {
      cancel();
      reject(error);
    };
    request.on('error', fail);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > LEASE_ANSWER_BYTES_MAX)
          request.destroy(new Error(`expected an answer of at most ${LEASE_ANSWER_BYTES_MAX} bytes, received more`));
      });
      response.on('error', fail);
      response.on('end', () => {
        cancel();
        if (!response.complete) return reject(new Error('the answer broke off'));
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    request.end(body);
  });
}

function unreachable({ origin }: URL, reason: string, cause?: unknown): KubernetesFailure {
  return new KubernetesFailure('unreachable', `the API server ${origin} could not be asked: ${reason}`, cause);
}

/** An object of the kind Status, as far as it is read. */
interface Status {
  readonly message?: unknown;
  readonly details?: { readonly kind?: unknown; readonly name?: unknown } | null;
}

/** The object with which the server refuses. A proxy in between answers with any text. */
function statusIn(text: string): Status {
  try {
    return Object(JSON.parse(text)) as Status;
  } catch {
    return {};
  }
}

/** The sentence of the server. */
function messageIn(text: string): string {
  const { message } = statusIn(text);
  if (typeof message === 'string' && message !== '') return message.slice(0, 300).replace(/\.$/, '');
  return text.slice(0, 100).replace(/\s+/g, ' ') || 'no reason';
}
