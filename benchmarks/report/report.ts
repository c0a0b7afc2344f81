/**
 * The one form in which every question reports. The forms that a report is shown in (markdown.ts, json.ts, svg.ts) know
 * rows, and no question.
 */
import { ratios, type Summary, summaryOf } from '../measure/statistics.js';
import type { Machine } from './machine.js';

/** A figure of this system, beside that of a peer from the same rounds. */
export interface Row {
  readonly figure: string;
  readonly unit: string;
  readonly better: Better;
  readonly this: Summary;
  readonly peer?: (Summary & { readonly name: string }) | undefined;
  /** This to the peer, pair by pair. */
  readonly ratio?: Summary | undefined;
  readonly floor?: Floor | undefined;
}

export type Better = 'more' | 'less';

/** The value that the machine itself sets as a limit, in the unit of the row. */
export interface Floor {
  readonly name: string;
  readonly value: number;
}

export interface Report {
  readonly name: string;
  readonly sentence: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly seconds: number;
  readonly rows: readonly Row[];
  /** Sentences: figures that are missing, and why. */
  readonly notes: readonly string[];
  /** The sentence of the error that ended the question early. */
  readonly failure?: string | undefined;
}

export interface SuiteReport {
  readonly machine: Machine;
  readonly questions: readonly Report[];
}

export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly better: Better;
  readonly floor?: Floor | undefined;
}

/** The values of the rounds of a system. */
export interface Measured {
  readonly name: string;
  readonly values: readonly number[];
}

/** @returns a row for each peer, or one without a peer. */
export function rowsOf(figure: Figure, ours: readonly number[], peers: readonly Measured[] = []): Row[] {
  const row: Row = { ...figure, this: summaryOf(ours) };
  const measured = peers.filter(({ values }) => values.length > 0);
  if (measured.length === 0) return [row];
  return measured.map(({ name, values }) => ({
    ...row,
    peer: { name, ...summaryOf(values) },
    ratio: summaryOf(ratios(ours, values)),
  }));
}
