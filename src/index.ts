/** The public names of the package. */
export { Client, type ClientOptions } from './client/client.js';
export type { SubscribeOptions, SubscriptionItem, WatchItem, WatchOptions } from './client/streams.js';
export { checkConfig, DEFAULTS, FSYNC_POLICIES, type NodeConfig, type NodeOptions } from './config.js';
export { ERROR_CODES, type ErrorCode, HeadwaterError } from './errors.js';
export type { Logger } from './logger.js';
export { Node, VERSION } from './node.js';
export { formatToken, type Position, parseToken } from './position.js';
