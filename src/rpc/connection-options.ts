/**
 * The options of every connection that a node or a client makes to a node.
 * Each caller adds the limits of its own messages.
 */
import type { ChannelOptions } from '@grpc/grpc-js';
import { FLOW_CONTROL_WINDOW_BYTES } from '../base/limits.js';

export const CONNECTION_OPTIONS: ChannelOptions = {
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
  'grpc.enable_channelz': 0,
  // A connection belongs to one caller. If the connection breaks, the caller makes another.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  // The environment's http_proxy, https_proxy and grpc_proxy are meant for the web, not for nodes.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
};
