/**
 * The registry of one node: prom-client writes the text, and the rows give the values. A row is registered as a metric
 * of its own kind, which holds no values between two scrapes. So a label that is gone, such as a follower that was
 * forgotten, is gone from the next scrape, and two nodes of a process share nothing.
 */
import { type Metric, Registry } from 'prom-client';
import type { HistogramValues, MetricFacts } from '../facts.js';
import type { Labelled, MetricRow } from './row.js';

interface Value {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export class MetricsRegistry {
  readonly #registry = new Registry();
  #facts: MetricFacts | undefined;

  constructor(rows: readonly MetricRow[]) {
    for (const row of rows) this.#registry.registerMetric(this.#metric(row));
  }

  /** The media type of the text. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** The text of all metrics. The calls of one registry must not overlap. */
  async text(facts: MetricFacts): Promise<string> {
    this.#facts = facts;
    return this.#registry.metrics();
  }

  /** The part of a metric that the registry uses. */
  #metric(row: MetricRow): Metric {
    const { name, help, type } = row;
    const get = async () => ({ name, help, type, values: this.#facts ? valuesOf(row, this.#facts) : [] });
    return { name, help, get } as unknown as Metric;
  }
}

function valuesOf(row: MetricRow, facts: MetricFacts): Value[] {
  if (row.type === 'histogram') return row.read(facts).flatMap((values) => histogramValues(row, values));
  return row.read(facts).map(([labels, value]) => ({ labels: named(row.labels, labels), value }));
}

function histogramValues(
  { name, labels: names }: MetricRow,
  [labels, distribution]: Labelled<HistogramValues>,
): Value[] {
  const own = named(names, labels);
  const { bounds, cumulative, sum } = distribution;
  const count = cumulative.at(-1) ?? 0;
  return [
    ...cumulative.map((value, at) => ({
      metricName: `${name}_bucket`,
      labels: { ...own, le: bounds[at] ?? '+Inf' },
      value,
    })),
    { metricName: `${name}_sum`, labels: own, value: sum },
    { metricName: `${name}_count`, labels: own, value: count },
  ];
}

function named(names: readonly string[], values: ReadonlyArray<string | number>): Record<string, string | number> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
}
