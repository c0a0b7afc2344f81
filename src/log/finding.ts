/** What went wrong with the log on disk and what was done about it; the store logs them. */
import type { LineageRow } from '../model/lineage.js';

export type LogFinding =
  | { kind: 'tail_cut'; from: number; to: number; why: string }
  | { kind: 'start_raised'; from: number; to: number; why: string }
  | { kind: 'lineage_cut'; row: LineageRow };
