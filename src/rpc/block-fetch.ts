/** The call by which a node gets blocks of another one's log, to repair its own. */
import * as grpc from '@grpc/grpc-js';
import { FLOW_CONTROL_WINDOW_BYTES } from '../limits.js';
import type { FetchBlocksRequest, FetchBlocksResponse } from '../wire/check.js';
import { FETCH_BLOCKS } from './definitions.js';
import { fromStatus } from './status.js';

/**
 * @param address host:port.
 * @param options.timeoutMs silence for so long is a dead node.
 * @throws HeadwaterError what the node refuses with, or `unreachable`.
 */
export async function* fetchBlocks(
  address: string,
  request: FetchBlocksRequest,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): AsyncGenerator<FetchBlocksResponse> {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    'grpc.max_receive_message_length': 4 * 1024 * 1024,
    'grpc.enable_channelz': 0,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
  });
  const { path, request: sent, response: received } = FETCH_BLOCKS;
  const call = client.makeServerStreamRequest(path, sent.encode, received.decode, request);
  // The end by `cancel` comes as an error when nobody listens any more.
  call.on('error', () => {});
  const cancel = () => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let timer = setTimeout(cancel, timeoutMs);
  try {
    if (signal.aborted) cancel();
    for await (const response of call) {
      clearTimeout(timer);
      yield response as FetchBlocksResponse;
      timer = setTimeout(cancel, timeoutMs);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : fromStatus(error as Error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
    call.cancel();
    client.close();
  }
}
