/**
 * A bucket for tests: s3rver, which stands in a package of its own (.ci/bucket), behind a proxy that fails as object stores and
 * networks do. s3rver knows multipart uploads and checks signatures, and does not know `If-None-Match`.
 */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { temporaryDirectory } from './database.js';
import type { Dice } from './dice.js';

const PACKAGE = path.join(import.meta.dirname, '..', '..', '.ci', 'bucket', 'package.json');

export const BUCKET = 'bucket';

/** The credentials of s3rver, for a process that talks to it. */
export const BUCKET_ENVIRONMENT = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

interface S3rver {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

export const NEEDS_BUCKET = 's3rver (npm ci --prefix .ci/bucket)';

/** Whether the package of the bucket is installed. */
export function hasBucketServer(): boolean {
  return existsSync(path.join(path.dirname(PACKAGE), 'node_modules', 's3rver'));
}

export interface BucketServer {
  readonly endpoint: string;
  readonly port: number;
  close(): Promise<void>;
}

export async function startBucket(): Promise<BucketServer> {
  const Server = createRequire(PACKAGE)('s3rver') as new (options: object) => S3rver;
  const server = new Server({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: await temporaryDirectory(),
    configureBuckets: [{ name: BUCKET }],
  });
  const { port } = await server.run();
  // A command in the process of the tests sets the last in an environment of its own.
  Object.assign(process.env, BUCKET_ENVIRONMENT, { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  return { endpoint: `http://127.0.0.1:${port}`, port, close: () => server.close() };
}

export const FAULTS = ['500', '503', 'cut request', 'cut answer', 'lost answer', 'slow'] as const;

export type Fault = (typeof FAULTS)[number];

const SLOW_MS = 30;

/** Passes requests on to a bucket, with faults. */
export class FaultProxy {
  readonly counts = new Map<Fault, number>();
  readonly #server: http.Server;
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #port: number;
  readonly #choose: (request: http.IncomingMessage) => Fault | undefined;

  constructor(port: number, choose: (request: http.IncomingMessage) => Fault | undefined) {
    this.#port = port;
    this.#choose = choose;
    this.#server = http.createServer((request, response) => {
      this.#take(request, response).catch(() => request.socket.destroy());
    });
  }

  /** Injected so far. */
  get faults(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
    this.#agent.destroy();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const fault = this.#choose(request);
    if (fault) this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    if (fault === 'cut request') {
      request.once('data', () => request.socket.destroy());
      request.once('end', () => request.socket.destroy());
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    if (fault === '500' || fault === '503') {
      const code = fault === '500' ? 'InternalError' : 'SlowDown';
      response.writeHead(Number(fault), { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>planted</Message></Error>`);
      return;
    }
    if (fault === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    const answer = await this.#ask(request, Buffer.concat(pieces));
    if (fault === 'lost answer') {
      answer.resume();
      await once(answer, 'end');
      request.socket.destroy();
      return;
    }
    await passOn(answer, response, fault === 'cut answer');
  }

  async #ask({ method, url, headers }: http.IncomingMessage, body: Buffer): Promise<http.IncomingMessage> {
    const { expect: _, ...others } = headers;
    const asked = http.request({
      host: '127.0.0.1',
      port: this.#port,
      agent: this.#agent,
      method,
      path: url,
      headers: others,
    });
    asked.end(body);
    const [answer] = (await once(asked, 'response')) as [http.IncomingMessage];
    return answer;
  }
}

async function passOn(answer: http.IncomingMessage, response: http.ServerResponse, isCut: boolean): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces);
  response.writeHead(answer.statusCode ?? 500, answer.headers);
  if (!isCut) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** A fault for so many of a hundred requests, any kind as often as the others. */
export function randomFaults(dice: Dice, percent: number): () => Fault | undefined {
  return () => (dice.below(100) < percent ? FAULTS[dice.below(FAULTS.length)] : undefined);
}
