/** Problems found in the log on disk, and the remedies taken. The store reports them to its logger. */
import type { LineageRow } from '../model/lineage.js';

export type LogFinding =
  | { kind: 'tail_cut'; from: number; to: number; why: string }
  | { kind: 'start_raised'; from: number; to: number; why: string }
  | { kind: 'lineage_cut'; row: LineageRow };
