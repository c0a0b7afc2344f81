/**
 * A proxy between a client, or a follower, and a node, which notes the messages of every gRPC call. It knows HTTP/2 and
 * the five bytes before a message, and nothing of Headwater, so it serves every version.
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

/** A call and its messages, in order. */
export interface RecordedCall {
  /** Such as /headwater.v1.KeyValueService/Get. */
  readonly path: string;
  readonly requests: readonly Buffer[];
  readonly responses: readonly Buffer[];
}

export class Recorder {
  readonly #server: Http2Server = createServer();
  readonly #target: string;
  /** The connections to the node, one for each connection of a client. */
  readonly #sessions = new Map<Http2Session | undefined, ClientHttp2Session>();
  readonly #calls: Array<{ path: string; up: Buffer[]; down: Buffer[] }> = [];

  /** @param target host:port of the node. */
  constructor(target: string) {
    this.#target = target;
    this.#server.on('session', (session) => {
      session.on('error', () => {});
      session.on('close', () => this.#sessions.get(session)?.destroy());
    });
    this.#server.on('stream', (stream, headers) => this.#forward(stream, headers));
  }

  /** @returns host:port at which the proxy listens. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get calls(): RecordedCall[] {
    return this.#calls.map(({ path, up, down }) => ({ path, requests: messagesOf(up), responses: messagesOf(down) }));
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
    this.#server.close();
  }

  /** @returns a connection to the node. A node that has closed its end gets another. */
  #sessionFor(client: Http2Session | undefined): ClientHttp2Session {
    const known = this.#sessions.get(client);
    if (known && !known.destroyed && !known.closed) return known;
    const session = connect(`http://${this.#target}`);
    session.on('error', () => {});
    this.#sessions.set(client, session);
    return session;
  }

  #forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const call = { path: String(headers[':path']), up: [] as Buffer[], down: [] as Buffer[] };
    this.#calls.push(call);
    const upstream: ClientHttp2Stream = this.#sessionFor(stream.session).request(headers);
    let trailers: IncomingHttpHeaders = {};
    const end = () => {
      stream.destroy();
      upstream.destroy();
    };
    stream.on('error', end).on('close', end);
    upstream.on('error', end);
    stream.on('data', (data: Buffer) => {
      call.up.push(data);
      upstream.write(data);
    });
    stream.on('end', () => upstream.end());
    upstream.on('trailers', (received) => {
      trailers = received;
    });
    upstream.on('response', (received, flags) => {
      if (stream.destroyed) return;
      const { ':status': status, ...rest } = received;
      // An error may be headers alone.
      if (flags & constants.NGHTTP2_FLAG_END_STREAM) {
        stream.respond({ ':status': status, ...rest }, { endStream: true });
        return;
      }
      stream.respond({ ':status': status, ...rest }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    });
    upstream.on('data', (data: Buffer) => {
      call.down.push(data);
      if (!stream.destroyed) stream.write(data);
    });
    // The end of the data may come before the trailers.
    upstream.on('close', () => {
      if (!stream.destroyed) stream.end();
    });
  }
}

/** The whole messages in the data of one direction. */
function messagesOf(data: readonly Buffer[]): Buffer[] {
  const bytes = Buffer.concat(data);
  const messages: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    if (end > bytes.length) break;
    messages.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return messages;
}
