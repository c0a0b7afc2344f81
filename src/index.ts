/** The public names of the package. */
export { type Restored, restoreDirectory } from './backup/restore.js';
export { type Differences, findDifferences, type RangeDifference, type Side } from './check/bisection.js';
export { type Dumped, type DumpedBlock, dumpDirectory, dumpFile } from './check/dump.js';
export { rebuildDirectory } from './check/rebuild.js';
export { verifyDirectory } from './check/verify.js';
export type { BackupOptions, BackupPart } from './client/backup.js';
export { type CallOptions, Client, type ClientOptions } from './client/client.js';
export { DurabilityNotReached, type DurabilityOption } from './client/guarantees.js';
export type { SubscribeOptions, SubscriptionItem, WatchItem, WatchOptions } from './client/streams.js';
export { checkConfig, DEFAULTS, FSYNC_POLICIES, type NodeConfig, type NodeOptions } from './config.js';
export { DURABILITY_LEVELS, type DurabilityReached } from './durability.js';
export { ERROR_CODES, type ErrorCode, HeadwaterError } from './errors.js';
export type { Logger } from './logger.js';
export { Node, VERSION } from './node.js';
export { formatToken, type Position, parseToken } from './position.js';
export type { CheckProgress, Damage, RepairEvent, Verified, VerifyEvent } from './wire/check.js';
export type { KeyRange } from './wire/ranges.js';
