/**
 * ReplicationService: accepts followers, and dials an upstream. Frames are the
 * channel's business; gRPC only carries bytes.
 */
import * as grpc from '@grpc/grpc-js';
import { FLOW_CONTROL_WINDOW_BYTES } from '../limits.js';
import type { DownChannel, UpChannel } from '../replication/channel.js';
import { BYTES, type Method } from './definitions.js';
import { duplex } from './handler.js';
import { serveDownChannel, upChannel } from './replication-channel.js';
import type { Service } from './server.js';

const REPLICATION_SERVICE = 'headwater.v1.ReplicationService';

const REPLICATE: Method<Buffer, Buffer> = {
  path: `/${REPLICATION_SERVICE}/Replicate`,
  requestStream: true,
  responseStream: true,
  request: BYTES,
  response: BYTES,
};

/** Where a follower's session goes; resolves when it has ended. */
export interface FollowerDoor {
  accept(channel: DownChannel): Promise<void>;
}

export function replicationService(door: FollowerDoor): Service {
  const endpoints = [duplex(REPLICATE, (stream) => serveDownChannel(stream, (channel) => door.accept(channel)))];
  return { name: REPLICATION_SERVICE, endpoints };
}

/** Begins a session with `address`, host:port; that it cannot be reached shows when something is received. */
export function dial(address: string): UpChannel {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    // Frames are small; parts of large ones too.
    'grpc.max_receive_message_length': 4 * 1024 * 1024,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
    // The link backs off itself.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.enable_retries': 0,
  });
  const call = client.makeBidiStreamRequest(
    REPLICATE.path,
    REPLICATE.request.encode,
    REPLICATE.response.decode,
    new grpc.Metadata(),
  );
  const channel = upChannel(call);
  channel.ended.addEventListener('abort', () => client.close(), { once: true });
  return channel;
}
