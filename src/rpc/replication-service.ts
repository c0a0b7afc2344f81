/**
 * ReplicationService: accepts followers, serves the copies with which they repair their data, and dials an upstream. The
 * channel handles frames. gRPC carries only bytes.
 */
import * as grpc from '@grpc/grpc-js';
import type { DialSettings } from '../access/dial.js';
import { HeadwaterError } from '../base/errors.js';
import type { FetchBlocksRequest, FetchBlocksResponse } from '../model/check.js';
import type { FetchRangesRequest, FetchRangesResponse } from '../model/key-range.js';
import type { DownChannel, UpChannel } from '../replication/channel.js';
import { endOf } from './calls.js';
import { connectTo } from './connection.js';
import { BYTES, FETCH_BLOCKS, FETCH_RANGES, type Method, REPLICATION_SERVICE } from './definitions.js';
import { duplex, serverStream } from './handler.js';
import { serveDownChannel, upChannel } from './replication-channel.js';
import type { Service } from './server.js';

const REPLICATE: Method<Buffer, Buffer> = {
  path: `/${REPLICATION_SERVICE}/Replicate`,
  requestStream: true,
  responseStream: true,
  request: BYTES,
  response: BYTES,
};

/** The receiver of a follower's session. */
export interface FollowerDoor {
  accept(channel: DownChannel): Promise<void>;
}

export interface ReplicationParts {
  readonly followers: FollowerDoor;
  readonly checks: {
    /** Returns blocks of this node's log, each verified. */
    blocks(request: FetchBlocksRequest, signal: AbortSignal): AsyncIterable<FetchBlocksResponse>;
  };
  readonly ranges: {
    /** Returns the records of ranges, as many as one call takes. */
    fetch(request: FetchRangesRequest, signal: AbortSignal): AsyncIterable<FetchRangesResponse>;
  };
}

export function replicationService({ followers, checks, ranges }: ReplicationParts): Service {
  return {
    name: REPLICATION_SERVICE,
    endpoints: [
      duplex(REPLICATE, (stream) => serveDownChannel(stream, (channel) => followers.accept(channel))),
      serverStream(FETCH_RANGES, (request, call) => ranges.fetch(request, endOf(call))),
      serverStream(FETCH_BLOCKS, (request, call) => checks.blocks(request, endOf(call))),
    ],
  };
}

const LINK_OPTIONS: grpc.ChannelOptions = {
  // Frames and the parts of large frames are small.
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  // The link has a back-off of its own.
  'grpc.initial_reconnect_backoff_ms': 100,
};

/**
 * Begins a session with `address`, host:port. Resolves when the node there has accepted it. No frame of the node can
 * arrive before.
 * @throws HeadwaterError `unreachable`.
 */
export function dial(
  address: string,
  { timeoutMs, settings }: { timeoutMs: number; settings?: DialSettings },
): Promise<UpChannel> {
  const { client, heardBytes } = connectTo(address, LINK_OPTIONS, settings);
  const call = client.makeBidiStreamRequest(
    REPLICATE.path,
    REPLICATE.request.encode,
    REPLICATE.response.decode,
    new grpc.Metadata(),
  );
  const channel = upChannel(call, heardBytes);
  channel.ended.addEventListener('abort', () => client.close(), { once: true });
  return new Promise((resolve, reject) => {
    const late = () => channel.close(new HeadwaterError('unreachable', `${address}: no answer within ${timeoutMs} ms`));
    const timer = setTimeout(late, timeoutMs);
    call.once('metadata', () => {
      clearTimeout(timer);
      resolve(channel);
    });
    channel.ended.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(channel.ended.reason);
      },
      { once: true },
    );
  });
}
