/** The results of a check of a node's disk, and of a repair. */
import type { Position } from './position.js';

/**
 * Data that differ from the written ones. `why` is a text for people. `file` is the name of a file, and `byte` a
 * position in it. `from` and `to` are the first and last damaged offset or key.
 */
export type Damage =
  /** A file of LevelDB's own. */
  | { readonly part: 'file'; readonly file: string; readonly byte: number; readonly why: string }
  /** Commands, by their first and last offset. */
  | { readonly part: 'log'; readonly from: number; readonly to: number; readonly why: string }
  /** Records between two keys, both included. Undefined means from the first key of all, or to the last. */
  | {
      readonly part: 'keyspace';
      readonly from: Buffer | undefined;
      readonly to: Buffer | undefined;
      readonly why: string;
    }
  /** A database as a whole, or how the two databases fit together. */
  | { readonly part: 'database'; readonly why: string };

/** The result of a check. */
export interface Verified {
  /** The begin and the end of the log, as far as they can be read. */
  readonly firstOffset: number | undefined;
  /** The last offset of the log, undefined if it cannot be read. */
  readonly lastOffset: number | undefined;
  /** The checkpoint of the keyspace on disk. */
  readonly checkpointOffset: number | undefined;
  /** The number of records that were checked. */
  readonly records: number;
  /** Bytes of blocks, keys and records that were checked. */
  readonly bytes: number;
}

/** The progress of a check. */
export interface CheckProgress {
  /** Bytes checked so far, files included. */
  readonly bytes: number;
  /** The approximate total, or 0 if it is not known. */
  readonly bytesEstimate: number;
  /** A text for people. */
  readonly doing: string;
}

export interface CheckRequest {
  /** The most bytes to read a second. 0 for the default. */
  readonly bytesPerSecond: number;
}

/**
 * An event of a check: `damage` that was found, the `progress`, and the `summary` at the end. `damages` is the number
 * of damaged places.
 */
export type VerifyEvent =
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'progress'; readonly progress: CheckProgress }
  | { readonly kind: 'summary'; readonly summary: Verified & { readonly damages: number } };

/** A step of a repair that is done. */
export interface RepairStep {
  /** Says whether commands were put in place, all data were replaced, or damage was left. */
  readonly kind: 'log' | 'full_resync' | 'left' | 'unknown';
  /** A text for people. */
  readonly message: string;
  /** The first offset, 0 unless the step is about the log. */
  readonly fromOffset: number;
  /** The last offset, 0 in the same case. */
  readonly toOffset: number;
}

/** The result of a repair. */
export interface RepairSummary {
  /** The number of damaged places that were found. */
  readonly damages: number;
  /** The number of repairs that were done. */
  readonly repairs: number;
  /** Damage that was found and could not be repaired. */
  readonly left: number;
}

/**
 * An event of a repair: `damage` that was found, the `progress`, a `step` that is done, and the `summary` at the end.
 */
export type RepairEvent =
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'progress'; readonly progress: CheckProgress }
  | { readonly kind: 'step'; readonly step: RepairStep }
  | { readonly kind: 'summary'; readonly summary: RepairSummary };

export interface FetchBlocksRequest {
  /** The position before the first block. The replication ID does not matter. */
  readonly after: Position;
  /** The end of the last block. */
  readonly through: Position;
}

export interface FetchBlocksResponse {
  /** The place at which the blocks begin, in the first response only. */
  readonly start: { readonly after: Position; readonly timeMs: number } | undefined;
  readonly blocks: readonly Buffer[];
  /** True if the last block continues in the next response. */
  readonly more: boolean;
}
