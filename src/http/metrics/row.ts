/** The rows of the metrics. A row has the name, the help and the labels of a metric, and reads its values from facts. */
import type { HistogramValues, MetricFacts } from '../facts.js';

/** A value with its labels, in the order of the row's names of labels. */
export type Labelled<Value> = readonly [labels: ReadonlyArray<string | number>, value: Value];

interface Named {
  readonly name: string;
  /** A sentence without its dot. */
  readonly help: string;
  readonly labels: readonly string[];
}

export interface NumberRow extends Named {
  readonly type: 'gauge' | 'counter';
  readonly read: (facts: MetricFacts) => ReadonlyArray<Labelled<number>>;
}

export interface HistogramRow extends Named {
  readonly type: 'histogram';
  readonly read: (facts: MetricFacts) => ReadonlyArray<Labelled<HistogramValues>>;
}

export type MetricRow = NumberRow | HistogramRow;

/** The value of a row without labels. Undefined leaves it out. */
type One = (facts: MetricFacts) => number | boolean | undefined;

type Many = (facts: MetricFacts) => Iterable<Labelled<number | boolean | undefined>>;

export function gauge(name: string, help: string, read: One): NumberRow {
  return { type: 'gauge', name, help, labels: [], read: (facts) => numbers([[[], read(facts)]]) };
}

export function gauges(name: string, help: string, labels: readonly string[], read: Many): NumberRow {
  return { type: 'gauge', name, help, labels, read: (facts) => numbers(read(facts)) };
}

/** @param name ends in `_total`. */
export function counter(name: string, help: string, read: One): NumberRow {
  return { ...gauge(name, help, read), type: 'counter' };
}

/** @param name ends in `_total`. */
export function counters(name: string, help: string, labels: readonly string[], read: Many): NumberRow {
  return { ...gauges(name, help, labels, read), type: 'counter' };
}

export function histogram(name: string, help: string, read: (facts: MetricFacts) => HistogramValues): HistogramRow {
  return { type: 'histogram', name, help, labels: [], read: (facts) => [[[], read(facts)]] };
}

export function histograms(
  name: string,
  help: string,
  labels: readonly string[],
  read: (facts: MetricFacts) => ReadonlyArray<Labelled<HistogramValues>>,
): HistogramRow {
  return { type: 'histogram', name, help, labels, read };
}

/** All values of a label. The compiler refuses a list in which a value is missing. */
export type AllOf<State extends string> = Readonly<Record<Exclude<State, 'unknown'>, true>>;

/** A row whose label takes one of some values: 1 for the present value, 0 for all others. */
export function states<State extends string>(
  name: string,
  help: string,
  label: string,
  all: AllOf<State>,
  read: (facts: MetricFacts) => State | undefined,
): NumberRow {
  return gauges(name, help, [label], (facts) => {
    const present = read(facts);
    return present === undefined ? [] : Object.keys(all).map((state) => [[state], state === present]);
  });
}

/** A bound that does not exist is infinite, so that an alert for little room does not fire. */
export function orInfinite(value: number | undefined): number {
  return value ?? Number.POSITIVE_INFINITY;
}

export function secondsOf(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1_000;
}

function numbers(values: Iterable<Labelled<number | boolean | undefined>>): Array<Labelled<number>> {
  const known: Array<Labelled<number>> = [];
  for (const [labels, value] of values) if (value !== undefined) known.push([labels, Number(value)]);
  return known;
}
