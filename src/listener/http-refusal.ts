/**
 * Requests of HTTP/1 at an address that serves no pages: a person has typed `http://` and the port of the clients. The
 * answer is one of HTTP, so that `curl` and browsers show its sentence.
 */
import type net from 'node:net';
import type { Clock } from '../base/clock.js';
import { refuseWith } from './redis-refusal.js';

/** The sentence for a request of HTTP that begins without TLS at an address that takes TLS alone. */
export const NO_PLAIN_HTTP =
  'this address takes TLS alone, and speaks gRPC and the Redis protocol. Use https:// and the address of serve --http for pages and metrics, and headwaters:// for clients';

/** The first line of a request. A line of the Redis protocol never ends in the version of HTTP. */
const REQUEST_LINE = /^([A-Z]{3,10}) \S+ HTTP\/1\.[01]\r?\n/;

/** Whether a connection that begins with these bytes sends a request of HTTP/1. */
export function isHttpRequest(first: Buffer): boolean {
  return REQUEST_LINE.test(first.toString('latin1'));
}

/** Sends the sentence as an answer of HTTP, and closes. */
export function refuseHttp(socket: net.Socket, sentence: string, clock: Clock): void {
  const body = `${sentence}\n`;
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  refuseWith(socket, [...head, '', body].join('\r\n'), clock);
}
