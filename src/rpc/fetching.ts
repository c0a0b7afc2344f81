/** A node as the caller of another one: what a follower that repairs fetches from its upstream. */
import * as grpc from '@grpc/grpc-js';
import { FLOW_CONTROL_WINDOW_BYTES, MESSAGE_BYTES_MAX } from '../limits.js';
import type { FetchRangesRequest, FetchRangesResponse } from '../wire/ranges.js';
import { FETCH_RANGES } from './definitions.js';
import { fromStatus } from './status.js';

/**
 * Over a connection of its own, which ends with the loop.
 * @param address host:port.
 * @throws HeadwaterError `unreachable`, or what the node says.
 */
export async function* fetchRanges(
  address: string,
  request: FetchRangesRequest,
  signal: AbortSignal,
): AsyncGenerator<FetchRangesResponse> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  const { path, request: ask, response } = FETCH_RANGES;
  const stream = client.makeServerStreamRequest(path, ask.encode, response.decode, request, new grpc.Metadata());
  // The end by `cancel` comes as an error when nobody listens any more.
  stream.on('error', () => {});
  const cancel = () => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    for await (const message of stream) yield message as FetchRangesResponse;
  } catch (error) {
    throw signal.aborted ? signal.reason : fromStatus(error as Error);
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
    client.close();
  }
}
