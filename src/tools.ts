/**
 * The public names of `headwater/tools`: the parts that the command line needs beside a client and a node. They read,
 * check and restore data directories, and know the options of a node. These names may change with every minor version.
 */
/// <reference types="node" preserve="true" />

export { type Restored, restoreDirectory } from './backup/restore.js';
export { expectedAddress, isAddress } from './base/address.js';
export { TIMER_MS_MAX } from './base/limits.js';
export { isNameRefused, isSystemError, systemReason } from './base/system-errors.js';
export { type Dumped, type DumpedBlock, dumpDirectory, dumpFile } from './check/dump.js';
export { rebuildDirectory } from './check/rebuild.js';
export { verifyDirectory } from './check/verify.js';
export { type Differences, findDifferences, type RangeDifference, type Side } from './compare/bisection.js';
export { checkConfig } from './config.js';
export { wideEncoding } from './log/wide-text.js';
export { OPTIONS, type OptionRow, variableOf } from './options.js';
export { renewNodeId } from './store/node-id.js';
