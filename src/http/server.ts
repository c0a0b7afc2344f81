/**
 * The HTTP port of a node: a few pages for programs that watch it, to be read and never written. The port has bounds of
 * its own, so that no stranger there fills the memory of the node: the size of a head, the time until it is complete, the
 * number of connections and of their requests, and the time for an answer. A request names a page of a fixed list, so
 * nothing from the network reaches a path on the disk.
 */
import http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { refusalOf } from '../access/tls/client-certificate.js';
import { endsOf } from '../access/tls/handshake.js';
import type { NodeTls } from '../access/tls/node-tls.js';
import type { Clock } from '../base/clock.js';
import {
  HTTP_ANSWER_MS_MAX,
  HTTP_CONNECTIONS_MAX,
  HTTP_HEAD_BYTES_MAX,
  HTTP_HEAD_MS_MAX,
  HTTP_HEADERS_MAX,
  HTTP_IDLE_MS_MAX,
  HTTP_LOOK_MS,
  HTTP_REQUESTS_MAX,
  HTTP_STANDSTILL_MS_MAX,
} from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';
import { type Answer, headersOf, refusal, whyRefused } from './answer.js';
import { type Guard, isPass, OPEN_PASS, type Pass } from './guard.js';
import { HttpCounts } from './http-counts.js';
import { secureServer } from './secure-server.js';

/** A page whose answer does not end. */
export interface LivePage {
  /** The head of the answer. */
  readonly head: Answer;
  /** The refusal of one more reader. Undefined if there is a place. */
  readonly whyFull: Answer | undefined;
  /** Takes over the answer. */
  add(response: http.ServerResponse, pass: Pass): void;
}

export interface HttpServerOptions {
  /** The pages by their paths. */
  readonly pages: ReadonlyMap<string, () => Answer | Promise<Answer>>;
  /** The pages that a client without a certificate gets, where others need one: those for probes. */
  readonly forAll: ReadonlySet<string>;
  /** Undefined for a port without TLS. */
  readonly tls?: NodeTls | undefined;
  readonly live?: ReadonlyMap<string, LivePage>;
  /** Decides who may see a page. Everybody may if undefined. */
  readonly guard?: Guard | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Sending {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly answer: Answer;
  /** The refusal of a request that is none for a page. Ends the connection. */
  readonly refused: Answer | undefined;
}

export class HttpServer {
  readonly counts: HttpCounts;
  readonly #options: HttpServerOptions;
  readonly #log: RepeatedLog;
  readonly #servers: http.Server[] = [];
  /** The open connections, oldest first, with the number of requests of each that are not answered. */
  readonly #sockets = new Map<Duplex, number>();

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
    this.counts = new HttpCounts([...options.pages.keys(), ...(options.live?.keys() ?? [])]);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Makes a server that does not listen yet. A name with several addresses has one for each. */
  create(options: net.ServerOpts): http.Server {
    const bounded = {
      ...options,
      maxHeaderSize: HTTP_HEAD_BYTES_MAX,
      headersTimeout: HTTP_HEAD_MS_MAX,
      requestTimeout: HTTP_HEAD_MS_MAX,
      keepAliveTimeout: HTTP_IDLE_MS_MAX,
      connectionsCheckingInterval: HTTP_LOOK_MS,
    };
    const serve: http.RequestListener = (request, response) => void this.#serve(request, response);
    const { tls } = this.#options;
    const server = tls ? this.#secureServer(tls, bounded, serve) : http.createServer(bounded, serve);
    server.maxHeadersCount = HTTP_HEADERS_MAX;
    // The end of a connection that neither sends nor reads.
    server.timeout = HTTP_STANDSTILL_MS_MAX;
    server.on('connection', (socket: Duplex) => this.#accept(socket));
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => this.#refuse(error, socket));
    // The one who binds the server learns of an address that is taken.
    server.on('error', (error) => {
      if (server.listening) this.#log.warn({}, `an HTTP connection was not accepted: ${error.message}`);
    });
    this.#servers.push(server);
    return server;
  }

  #secureServer(tls: NodeTls, options: http.ServerOptions, serve: http.RequestListener): http.Server {
    const server = secureServer(tls, options, serve, {
      refusePlain: (socket) => this.#refuse(NO_TLS, socket),
      silenceMs: HTTP_HEAD_MS_MAX,
    });
    // A connection keeps its place when TLS puts its own socket on top.
    const beneath = new Map<string, Duplex>();
    server.on('connection', (socket: net.Socket) => {
      const ends = endsOf(socket);
      beneath.set(ends, socket);
      socket.once('close', () => beneath.delete(ends));
    });
    server.on('secureConnection', (socket) => {
      const accepted = beneath.get(endsOf(socket));
      if (!accepted || !this.#sockets.delete(accepted)) return void socket.destroy();
      this.#accept(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.#log.warn({}, `a TLS handshake at the HTTP port failed: ${error.message.trim()}`);
      socket.destroy();
    });
    return server;
  }

  /** Takes no more connections and closes all. Resolves when they are closed. */
  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => (server.listening ? server.close(() => resolve()) : resolve())),
    );
    for (const socket of this.#sockets.keys()) socket.destroy();
    await Promise.all(closed);
  }

  /** The newest connection always has a place: whoever asks now is more likely to read than whoever asked long ago. */
  #accept(socket: Duplex): void {
    const [oldest] = this.#sockets.keys();
    if (oldest && this.#sockets.size >= HTTP_CONNECTIONS_MAX) {
      this.counts.displaced++;
      this.#sockets.delete(oldest);
      oldest.destroy();
    }
    this.#sockets.set(socket, 0);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    if (!this.#admit(request.socket, response)) return;
    const path = pathOf(request.url);
    const refused =
      this.#whyUnknown(request.socket, path) ?? whyRefused(request, this.#has(path) ? undefined : this.#names());
    const admitted = refused ?? (await this.#pass(request, path));
    if (response.destroyed) return;
    const live = this.#options.live?.get(path);
    if (live && isPass(admitted) && request.method === 'GET' && !live.whyFull) {
      this.counts.answered(path, live.head.status);
      live.add(response, admitted);
      return;
    }
    const answer = isPass(admitted)
      ? await this.#answer(path, live ? () => live.whyFull ?? live.head : undefined)
      : admitted;
    this.#send({ request, response, answer, refused });
  }

  #send({ request, response, answer, refused }: Sending): void {
    this.counts.answered(pathOf(request.url), answer.status);
    // The body of a refused request would be read to its end otherwise.
    const end = refused ? { Connection: 'close' } : {};
    response.writeHead(answer.status, { ...headersOf(answer), ...end });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
    if (refused) response.once('finish', () => request.socket.destroySoon());
  }

  /** The refusal of a client that shows no good certificate, where the node wants one. */
  #whyUnknown(socket: net.Socket, path: string): Answer | undefined {
    const { tls, forAll } = this.#options;
    if (!tls || forAll.has(path) || !(socket instanceof TLSSocket)) return undefined;
    // A connection outlives a new revocation list.
    if (tls.isRevoked(socket)) return refusal(403, 'the certificate of the client is revoked');
    const reason = refusalOf(socket, tls.clients);
    return reason && refusal(403, reason.message);
  }

  /** Counts a request until it is answered. A client that asks much more than it reads is cut off. @returns false if so. */
  #admit(socket: Duplex, response: http.ServerResponse): boolean {
    const waiting = this.#sockets.get(socket);
    if (waiting === undefined || socket.destroyed) return false;
    if (waiting >= HTTP_REQUESTS_MAX) {
      socket.destroy();
      return false;
    }
    this.#sockets.set(socket, waiting + 1);
    response.once('close', () => {
      const left = this.#sockets.get(socket);
      if (left !== undefined) this.#sockets.set(socket, left - 1);
    });
    return true;
  }

  #has(path: string): boolean {
    return this.#options.pages.has(path) || this.#options.live?.has(path) === true;
  }

  /** The pages that a person may ask for. The files of a page are its own matter. */
  #names(): string[] {
    return [...this.#options.pages.keys()].filter((path) => path.lastIndexOf('/') === 0);
  }

  async #pass(request: http.IncomingMessage, path: string): Promise<Pass | Answer> {
    const { guard } = this.#options;
    if (!guard) return OPEN_PASS;
    try {
      return await guard.admit(request, path);
    } catch (error) {
      return this.#failed(path, error);
    }
  }

  #failed(path: string, error: unknown): Answer {
    const { message, stack } = error as Error;
    this.#log.error({ path, stack }, `the HTTP page ${path} failed: ${message}`);
    return refusal(500, 'the page could not be made. The log of the node has the reason');
  }

  /** @param made makes the answer, if it is not the page of that path. */
  async #answer(path: string, made?: () => Answer): Promise<Answer> {
    const { clock, pages } = this.#options;
    const page = made ?? (pages.get(path) as () => Answer | Promise<Answer>);
    let cancel = () => {};
    const late = new Promise<Answer>((resolve) => {
      const why = `the node did not gather the answer within ${HTTP_ANSWER_MS_MAX} ms. Look at its log`;
      cancel = clock.after(HTTP_ANSWER_MS_MAX, () => resolve(refusal(503, why)));
    });
    try {
      return await Promise.race([page(), late]);
    } catch (error) {
      return this.#failed(path, error);
    } finally {
      cancel();
    }
  }

  /** Ends a connection whose bytes are no request, or are too slow or too long. */
  #refuse(error: { readonly code?: string | undefined }, socket: Duplex): void {
    const answer = refusal(...reasonOf(error.code));
    this.counts.answered('', answer.status);
    if (!socket.writable) return void socket.destroy();
    const head = Object.entries({ ...headersOf(answer), Connection: 'close' }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    const line = `HTTP/1.1 ${answer.status} ${http.STATUS_CODES[answer.status]}`;
    (socket as net.Socket).end([line, ...head, '', answer.body].join('\r\n'));
    (socket as net.Socket).destroySoon();
  }
}

/** The path of a request without its query. No page has parameters. */
function pathOf(url = ''): string {
  return url.split('?', 1)[0] as string;
}

/** Stands for the error of a client that begins without TLS. */
const NO_TLS = { code: 'HEADWATER_NO_TLS' };

function reasonOf(code: string | undefined): [status: number, why: string] {
  switch (code) {
    case NO_TLS.code:
      return [400, 'expected TLS, received a request without it. Use https://'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, `expected the whole request within ${HTTP_HEAD_MS_MAX} ms. Send it again at once`];
    case 'HPE_HEADER_OVERFLOW':
      return [
        431,
        `expected a request head of at most ${HTTP_HEAD_BYTES_MAX} bytes, received more. Send fewer headers`,
      ];
    default:
      return [400, 'expected a request of HTTP/1.1 without TLS, received something else. Use http://, and GET'];
  }
}
