/** Latencies in a histogram of a bounded size, and their figures in milliseconds. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

const NS_IN_MS = 1e6;

/** The longest latency that is told apart from longer ones: an hour. */
const LONGEST_NS = 3_600e9;

/** Digits that count: the error is below 0.1 %. */
const DIGITS = 3;

export interface LatencyFigures {
  readonly samples: number;
  readonly minMs: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

const NO_SAMPLES: LatencyFigures = {
  samples: 0,
  minMs: 0,
  meanMs: 0,
  p50Ms: 0,
  p90Ms: 0,
  p99Ms: 0,
  p999Ms: 0,
  maxMs: 0,
};

export class Latencies {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: LONGEST_NS, figures: DIGITS });

  record(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_NS, Math.max(1, Math.round(ms * NS_IN_MS))));
  }

  reset(): void {
    this.#histogram.reset();
  }

  get figures(): LatencyFigures {
    const { count, min, max, mean } = this.#histogram;
    if (count === 0) return NO_SAMPLES;
    const percentile = (percent: number) => this.#histogram.percentile(percent) / NS_IN_MS;
    return {
      samples: count,
      minMs: min / NS_IN_MS,
      meanMs: mean / NS_IN_MS,
      p50Ms: percentile(50),
      p90Ms: percentile(90),
      p99Ms: percentile(99),
      p999Ms: percentile(99.9),
      maxMs: max / NS_IN_MS,
    };
  }
}

/** The figures for --json: microseconds are three digits behind the point. */
export function latencyFields({ samples, ...figures }: LatencyFigures): Record<string, number> {
  const names = {
    minMs: 'min_ms',
    meanMs: 'mean_ms',
    p50Ms: 'p50_ms',
    p90Ms: 'p90_ms',
    p99Ms: 'p99_ms',
    p999Ms: 'p99_9_ms',
    maxMs: 'max_ms',
  };
  const rounded = Object.entries(names).map(([name, shown]) => [
    shown,
    Math.round(figures[name as keyof typeof figures] * 1_000) / 1_000,
  ]);
  return { samples, ...Object.fromEntries(rounded) };
}
