/**
 * An API server of Kubernetes for Leases, over real HTTP or HTTPS. It keeps `resourceVersion` and refuses objects as the real
 * one does, in the same words (lease-rules.ts). A test lets it fail: with a status, slowly, or by losing answers after success.
 */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { LeaseObject } from '../../src/cluster/kubernetes/api.js';
import { notFound, type Refusal, statusOf, whyRefused } from './lease-rules.js';

/** What becomes of a request. */
export type Fault =
  /** The server answers with this status, and does nothing. */
  | { readonly status: number; readonly message?: string }
  /** The server does it, and closes the connection without an answer. */
  | 'lost'
  /** The server does it at once, and answers so many milliseconds later. */
  | { readonly lateMs: number }
  /** The server does it so many milliseconds later. */
  | { readonly slowMs: number }
  /** No request is answered. */
  | 'silent';

const PATH = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/([^/]+)\/leases(?:\/([^/]+))?$/;

export class KubernetesApi implements AsyncDisposable {
  readonly #server: http.Server;
  readonly #leases = new Map<string, LeaseObject>();
  readonly #isSecure: boolean;
  #versions = 1_000;
  #uids = 0;
  readonly namespaces = new Set(['shop']);
  /** The token that the server accepts; undefined for all. */
  token: string | undefined;
  /** Decides about each request. */
  fault: (method: string, body: LeaseObject | undefined) => Fault | undefined = () => undefined;
  /** Methods of the requests that have arrived. */
  readonly requests: string[] = [];

  private constructor(tls: https.ServerOptions | undefined) {
    const handler: http.RequestListener = (request, response) => void this.#serve(request, response);
    this.#isSecure = tls !== undefined;
    this.#server = tls ? https.createServer(tls, handler) : http.createServer(handler);
  }

  static async start(tls?: https.ServerOptions): Promise<KubernetesApi> {
    const api = new KubernetesApi(tls);
    api.#server.listen(0, '127.0.0.1');
    await once(api.#server, 'listening');
    return api;
  }

  get address(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http${this.#isSecure ? 's' : ''}://127.0.0.1:${port}`;
  }

  lease(namespace: string, name: string): LeaseObject | undefined {
    return this.#leases.get(`${namespace}/${name}`);
  }

  /** As `kubectl replace`, whatever is there. Without a Lease, as `kubectl delete`. */
  put(namespace: string, name: string, lease: LeaseObject | undefined): void {
    const key = `${namespace}/${name}`;
    if (lease) this.#leases.set(key, this.#stored(lease, namespace, name));
    else this.#leases.delete(key);
  }

  /** New certificates for the connections from now on. */
  renewCertificates(tls: https.ServerOptions): void {
    (this.#server as https.Server).setSecureContext(tls);
    this.#server.closeAllConnections();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '', headers } = request;
    const body = text === '' ? undefined : (JSON.parse(text) as LeaseObject);
    this.requests.push(method);
    const fault = this.fault(method, body);
    const answer = (status: number, value: object) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (fault === 'silent') return;
    if (typeof fault === 'object' && 'status' in fault)
      return answer(fault.status, statusOf({ code: fault.status, message: fault.message ?? 'a fault of the test' }));
    if (this.token !== undefined && headers.authorization !== `Bearer ${this.token}`)
      return answer(401, statusOf({ code: 401, message: 'Unauthorized' }));
    if (typeof fault === 'object' && 'slowMs' in fault) await pause(fault.slowMs);
    const { status, value } = this.#answer(method, url, body);
    if (fault === 'lost') return void request.socket.destroy();
    if (typeof fault === 'object' && 'lateMs' in fault) await pause(fault.lateMs);
    answer(status, value);
  }

  #answer(method: string, url: string, body: LeaseObject | undefined): { status: number; value: object } {
    const [, namespace = '', ofUrl] = PATH.exec(url) ?? [];
    const name = ofUrl ?? body?.metadata.name ?? '';
    const refuse = (refusal: Refusal) => ({ status: refusal.code, value: statusOf(refusal) });
    if (namespace === '') return refuse({ code: 404, message: 'the server could not find the requested resource' });
    const key = `${namespace}/${name}`;
    const present = this.#leases.get(key);
    if (!present && method !== 'GET' && !this.namespaces.has(namespace))
      return refuse(notFound('namespaces', namespace));
    if (method === 'GET' && !present) return refuse(notFound('leases', name));
    const refusal = body && whyRefused(body, { method, namespace, name }, present);
    if (refusal) return refuse(refusal);
    if (method !== 'GET' && body) this.#leases.set(key, this.#stored(body, namespace, name));
    return { status: method === 'GET' || present ? 200 : 201, value: this.#leases.get(key) as LeaseObject };
  }

  #stored(lease: LeaseObject, namespace: string, name: string): LeaseObject {
    const uid = lease.metadata.uid ?? `uid-${++this.#uids}`;
    const resourceVersion = String(++this.#versions);
    return { ...lease, metadata: { ...lease.metadata, name, namespace, uid, resourceVersion } };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
