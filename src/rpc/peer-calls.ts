/** Calls from one node to another: a follower that repairs its data fetches them from its upstream. */

import * as grpc from '@grpc/grpc-js';
import type { DialSettings } from '../access/dial.js';
import { HeadwaterError } from '../base/errors.js';
import { MESSAGE_BYTES_MAX } from '../base/limits.js';
import { SIGN_OF_LIFE } from '../base/signs-of-life.js';
import type { FetchBlocksRequest, FetchBlocksResponse } from '../model/check.js';
import type { FetchRangesRequest, FetchRangesResponse } from '../model/key-range.js';
import { connectTo } from './connection.js';
import { FETCH_BLOCKS, FETCH_RANGES, type Method } from './definitions.js';
import { fromStatus } from './status.js';

export interface FetchOptions {
  /** A node that is silent for so long counts as dead. If absent, the caller detects a dead node. */
  readonly silenceMs?: number;
  readonly signal: AbortSignal;
  readonly dial?: DialSettings | undefined;
}

/** Fetches blocks of the node's log, as `fetched` does. */
export function fetchBlocks(
  address: string,
  request: FetchBlocksRequest,
  options: FetchOptions,
): AsyncGenerator<FetchBlocksResponse> {
  return fetched(address, FETCH_BLOCKS, request, options);
}

/** Fetches records of the node's keyspace, as `fetched` does. */
export function fetchRanges(
  address: string,
  request: FetchRangesRequest,
  options: FetchOptions,
): AsyncGenerator<FetchRangesResponse> {
  return fetched(address, FETCH_RANGES, request, options);
}

/**
 * Fetches over a connection of its own, which ends with the loop.
 * @param address host:port.
 * @throws HeadwaterError `unreachable`, or the node's refusal.
 */
async function* fetched<Request, Response>(
  address: string,
  { path, request: { encode }, response: { decode } }: Method<Request, Response>,
  request: Request,
  { silenceMs, signal, dial }: FetchOptions,
): AsyncGenerator<Response> {
  const limits = {
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  };
  const { client, heardBytes } = connectTo(address, limits, dial);
  // An empty message is a sign of life, and nothing else.
  const read = (bytes: Buffer) => (bytes.length === 0 ? SIGN_OF_LIFE : decode(bytes));
  const call = client.makeServerStreamRequest(path, encode, read, request, new grpc.Metadata());
  // After `cancel`, the end arrives as an error when nobody listens any more.
  call.on('error', () => {});
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let isSilent = false;
  let timer: NodeJS.Timeout | undefined;
  const expectMore = () => {
    if (silenceMs === undefined) return;
    const heard = heardBytes();
    timer = setTimeout(() => {
      // A message that is still arriving is no silence.
      if (heardBytes() !== heard) return expectMore();
      isSilent = true;
      cancel();
    }, silenceMs);
  };
  expectMore();
  try {
    if (signal.aborted) cancel();
    for await (const message of call) {
      clearTimeout(timer);
      if (message !== SIGN_OF_LIFE) yield message as Response;
      expectMore();
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isSilent) throw new HeadwaterError('unreachable', `the node at ${address} was silent for ${silenceMs} ms`);
    throw fromStatus(error as Error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
    call.cancel();
    client.close();
  }
}
