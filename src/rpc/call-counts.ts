/**
 * Counts of gRPC calls by method and by the code of their end, for metrics. A call counts twice: when it begins and when
 * it ends. Messages of a stream do not count. Only methods of the node have a row, so no client can add rows.
 */
import type { ServerHttp2Stream } from 'node:http2';
import * as grpc from '@grpc/grpc-js';
import { Distribution, DURATION_BOUNDS_S } from '../base/distribution.js';

const CODES_COUNT = 17;

/** The row for all paths that are no method of the node. */
const OTHER = '/unknown/unknown';

/** A method as a row is made from it. */
interface MethodShape {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

export class MethodCounts {
  readonly service: string;
  readonly method: string;
  /** In the words of other gRPC servers: unary, client_stream, server_stream or bidi_stream. */
  readonly type: string;
  readonly seconds = new Distribution(DURATION_BOUNDS_S);
  started = 0;
  readonly #ended = new Float64Array(CODES_COUNT);

  constructor({ path, requestStream, responseStream }: MethodShape) {
    const [, service = '', method = ''] = path.split('/');
    this.service = service;
    this.method = method;
    if (requestStream) this.type = responseStream ? 'bidi_stream' : 'client_stream';
    else this.type = responseStream ? 'server_stream' : 'unary';
  }

  /** @param code the status of the call. A number that is no code of gRPC counts as UNKNOWN. */
  ended(code: grpc.status, seconds: number): void {
    const row = code in grpc.status && code < CODES_COUNT ? code : grpc.status.UNKNOWN;
    this.#ended[row] = (this.#ended[row] as number) + 1;
    this.seconds.observe(seconds);
  }

  /** The number of ended calls by the name of the code, without those that never occurred. */
  get codes(): ReadonlyArray<readonly [code: string, calls: number]> {
    return Array.from(this.#ended, (calls, code) => [grpc.status[code] as string, calls] as const).filter(
      ([, calls]) => calls > 0,
    );
  }
}

export class CallCounts {
  readonly #methods = new Map<string, MethodCounts>();
  readonly #other = new MethodCounts({ path: OTHER, requestStream: false, responseStream: false });

  constructor(methods: Iterable<MethodShape>) {
    for (const method of methods) this.#methods.set(method.path, new MethodCounts(method));
  }

  /** Counts a call that begins, and its end. The end has the status that was sent, or CANCELLED without one. */
  begin(path: string, stream: ServerHttp2Stream): void {
    const row = this.#methods.get(path) ?? this.#other;
    const sinceMs = performance.now();
    row.started++;
    stream.once('close', () => {
      row.ended(statusSent(stream), (performance.now() - sinceMs) / 1_000);
    });
  }

  /** The methods that were called. */
  get called(): MethodCounts[] {
    return [...this.#methods.values(), this.#other].filter(({ started }) => started > 0);
  }
}

/** The status that a closed call was ended with, or CANCELLED if none was sent. */
export function statusSent({ sentTrailers, sentHeaders }: ServerHttp2Stream): grpc.status {
  return Number(sentTrailers?.['grpc-status'] ?? sentHeaders?.['grpc-status'] ?? grpc.status.CANCELLED);
}
