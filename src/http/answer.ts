/** Answers of the HTTP port: the pages, and the refusals in plain words. */
import type { IncomingMessage } from 'node:http';

/** An answer to a request. */
export interface Answer {
  readonly status: number;
  /** The media type. */
  readonly type: string;
  readonly body: string;
  /** Headers of this answer alone. */
  readonly headers?: Readonly<Record<string, string>>;
}

const PLAIN = 'text/plain; charset=utf-8';

const METHODS = ['GET', 'HEAD'];

/** For a browser: no page is kept, guessed at, framed, or lets anything be loaded. */
const STRICT = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** A line of text for a person. */
export function plainAnswer(status: number, line: string): Answer {
  return { status, type: PLAIN, body: `${line.replace(/\s+/g, ' ')}\n` };
}

export function refusal(status: number, why: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...plainAnswer(status, why), headers };
}

export function headersOf({ type, body, headers }: Answer): Record<string, string | number> {
  return { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), ...STRICT, ...headers };
}

/**
 * The refusal of a request that no page answers, undefined if a page does.
 * @param pages the paths that there are, if the request names none of them.
 */
export function whyRefused(request: IncomingMessage, pages: readonly string[] | undefined): Answer | undefined {
  const { method = '', headers } = request;
  if (!METHODS.includes(method)) {
    const allow = METHODS.join(', ');
    return refusal(405, `expected GET or HEAD, received ${method}. This port is read-only`, { Allow: allow });
  }
  if (pages) return refusal(404, `there is no such page. The pages are ${pages.join(', ')}`);
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  return hasBody ? refusal(400, 'expected a request without a body. Send none') : undefined;
}
