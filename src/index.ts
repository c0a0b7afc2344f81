/** The public names of the package. */

export { type Restored, restoreDirectory } from './backup/restore.js';
export { expectedAddress, isAddress } from './base/address.js';
export { ERROR_CODES, type ErrorCode, HeadwaterError } from './base/errors.js';
export { TIMER_MS_MAX } from './base/limits.js';
export type { Logger } from './base/logger.js';
export { isNameRefused, isSystemError, systemReason } from './base/system-errors.js';
export { type Dumped, type DumpedBlock, dumpDirectory, dumpFile } from './check/dump.js';
export { rebuildDirectory } from './check/rebuild.js';
export { verifyDirectory } from './check/verify.js';
export type { BackupOptions, BackupPart } from './client/backup.js';
export { type CallOptions, Client, type ClientOptions } from './client/client.js';
export { DurabilityNotReached, type DurabilityOption } from './client/guarantees.js';
export type { SubscribeOptions, SubscriptionItem, WatchItem, WatchOptions } from './client/streams.js';
export { type Differences, findDifferences, type RangeDifference, type Side } from './compare/bisection.js';
export { checkConfig, type NodeConfig, type NodeOptions } from './config.js';
export { wideEncoding } from './log/wide-text.js';
export type { CheckProgress, Damage, RepairEvent, Verified, VerifyEvent } from './model/check.js';
export { DURABILITY_LEVELS, type DurabilityReached } from './model/durability.js';
export type { KeyRange } from './model/key-range.js';
export { formatToken, type Position, parseToken } from './model/position.js';
export { Node } from './node.js';
export { OPTIONS, type OptionRow, variableOf } from './options.js';
export { renewNodeId } from './store/node-id.js';
export { VERSION } from './version.js';
