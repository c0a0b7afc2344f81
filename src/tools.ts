/**
 * The public names of `headwater/tools`: the parts that the command line needs beside a client and a node. They read,
 * check and restore data directories, and know the options of a node. These names may change with every minor version.
 */
/// <reference types="node" preserve="true" />

export { type Destination, destinationOf, splitAddresses } from './access/addresses.js';
export { type ClusterAddress, shownAddress } from './access/cluster-address.js';
export { parseCredentials } from './access/credentials.js';
export { joinedTls, type NodeUrl, readNodeUrl } from './access/tls/node-url.js';
export type { Target } from './backup/archive.js';
export { isBucketUrl, type Place, placesIn } from './backup/place.js';
export {
  type CheckedFile,
  listPlace,
  type PlacedFile,
  type Pruned,
  prunePlace,
  verifyPlace,
} from './backup/place-contents.js';
export { type Restored, type RestoreOptions, restoreDirectory } from './backup/restore.js';
export { storedSizeOf } from './backup/sealed-format.js';
export { sealedWith, type Unsealing, unsealed } from './backup/sealed-place.js';
export {
  backupName,
  findRestoreSource,
  type Location,
  openBucketLocation,
  openPlace,
  type PlaceOptions,
  type RestoreSource,
  unsealing,
} from './backup/stored-backups.js';
export { type VerifiedBackup, verifyBackup } from './backup/verify-backup.js';
export { type AddressOptions, expectedAddress, isAddress, isArchivePlace } from './base/address.js';
export { TIMER_MS_MAX } from './base/limits.js';
export { unknownOption } from './base/option-names.js';
export { isNameRefused, isSystemError, systemReason } from './base/system-errors.js';
export { type DamagedBlock, type Dumped, type DumpedBlock, dumpDirectory, dumpFile } from './check/dump.js';
export { type Content, type RebuildOptions, type Rebuilt, rebuildDirectory } from './check/rebuild.js';
export { type VerifyOptions, verifyDirectory } from './check/verify.js';
export { type Differences, findDifferences, type RangeDifference, type Side } from './compare/bisection.js';
export { checkConfig, type NodeConfig } from './config.js';
export { wideEncoding } from './log/wide-text.js';
export type { Command } from './model/command.js';
export { isRefusedForData } from './model/refusal.js';
export { OPTIONS, type OptionRow, variableOf } from './options.js';
export { type RenewedId, renewNodeId } from './store/node-id.js';
