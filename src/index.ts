/** The public names of the package. */
export { Client, type ClientOptions } from './client/client.js';
export { checkConfig, DEFAULTS, FSYNC_POLICIES, type NodeConfig, type NodeOptions } from './config.js';
export { ERROR_CODES, type ErrorCode, HeadwaterError } from './errors.js';
export type { Logger } from './logger.js';
export { Node, VERSION } from './node.js';
export { type Dumped, type DumpedBlock, dumpDirectory, dumpFile } from './store/dump.js';
