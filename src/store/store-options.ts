/** The options of a store: its directory, its limits, and the parts of the machine that it works with. */

import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Limits } from '../commands/view.js';
import type { Files } from '../disk/files.js';
import type { OpenDatabase } from '../disk/level.js';
import type { CheckpointBudget } from './checkpoint.js';
import type { FsyncPolicy } from './commit.js';
import type { CommitFigures } from './commit-figures.js';
import type { KeyWatches } from './key-watches.js';
import type { LeadershipTerm } from './leadership-term.js';
import type { Retained } from './settings.js';

export interface StoreOptions extends Retained {
  readonly directory: string;
  readonly openDatabase: OpenDatabase;
  /** The files beside the databases. */
  readonly files: Files;
  /** Returns so many unpredictable bytes, for the IDs of nodes, clusters and histories. */
  randomBytes(count: number): Buffer;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fsync: FsyncPolicy;
  readonly limits: Limits;
  readonly budget: CheckpointBudget;
  /** Memory for records that reads have found on disk. */
  readonly readCacheBytes: number;
  /** The ID of the machine's start; undefined if the machine does not tell. */
  bootId(): string | undefined;
  /** Whether a follower whose data cannot be opened gets a copy from its upstream without a person's word. */
  readonly autoRepair?: boolean | undefined;
  /** Whether this machine's clock is right, whatever the log says: a person has said so. */
  readonly trustClock?: boolean | undefined;
  /** The free bytes on the disk below which no writes are taken; undefined to switch the checks off. */
  readonly minFreeBytes?: number | undefined;
  /** Bytes that are kept on the disk for when it is full; the default if undefined. */
  readonly ballastBytes?: number | undefined;
  /** Whether expired keys are deleted, which a test may switch off at any time. They are if undefined. */
  readonly activeExpiry?: { readonly isOn: boolean } | undefined;
  /** Watched keys that did not exist. Nobody watches any if undefined. */
  readonly watches?: KeyWatches | undefined;
  /** Counts the work of the store, for metrics. */
  readonly figures?: CommitFigures | undefined;
  /** The time for which this node may lead, as its cluster says; without a cluster undefined: the time has no end. */
  readonly term?: LeadershipTerm | undefined;
  /** Called on a bug of our own: the process must not continue. */
  readonly onFatal: (error: Error) => void;
}
