import { Lineage } from '../model/lineage.js';
import { ORIGIN, type Position } from '../model/position.js';
import type { Generation } from './generation.js';

/** The progress of a generation, for status. */
export interface GenerationStatus {
  /** The end of the log, as far as it is applied. */
  readonly position: Position;
  /** The time of the last block, milliseconds since the epoch. */
  readonly timeMs: number;
  readonly lineage: Lineage;
  readonly firstOffset: number;
  readonly durableOffset: number;
  /** Bytes of the blocks in the log, approximately. */
  readonly logBytes: number;
  /** The checkpoint. `keys` is null if the keys have to be counted again. */
  readonly checkpoint: { readonly offset: number; readonly keys: number | null };
}

/** The status before anything has been open. */
export const NOTHING: GenerationStatus = {
  position: ORIGIN,
  timeMs: 0,
  lineage: new Lineage([]),
  firstOffset: 1,
  durableOffset: 0,
  logBytes: 0,
  checkpoint: { offset: 0, keys: 0 },
};

export function generationStatus({ log, keyspace }: Generation): GenerationStatus {
  const { position, keys } = keyspace.checkpoint;
  return {
    position: log.end,
    timeMs: log.lookup.endTimeMs,
    lineage: log.history.lineage,
    firstOffset: log.base.offset + 1,
    durableOffset: Math.min(log.durable.offset, log.end.offset),
    logBytes: log.lookup.bytesBetween(log.base.offset, log.end.offset),
    checkpoint: { offset: position.offset, keys },
  };
}
