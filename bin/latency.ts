/** `latency`: the time of a round trip to the node, measured by pings one after another, and what the node itself knows. */
import { setTimeout as pause } from 'node:timers/promises';
import { HeadwaterError } from '../src/base/errors.js';
import type { Client } from '../src/client/index.js';
import { type Session, shownAddresses } from './connection.js';
import { clockTime, grouped, milliseconds, plural, roughly } from './figures.js';
import { Latencies, type LatencyFigures, latencyFields } from './latency-figures.js';
import { LIVE_ANSWER_MS_MAX, runLiveView } from './live-view.js';
import { EXIT, type ExitStatus } from './output.js';
import type { Status } from './status.js';
import { drawnTable } from './table.js';
import { type Paint, paintFor } from './terminal.js';

export interface LatencyOptions {
  /** Milliseconds between two pings. */
  readonly every: number;
  /** Milliseconds after which the measurement ends. */
  readonly for?: number;
  /** Milliseconds of each line's own window. True stands for the default. */
  readonly history?: number | true;
}

const HISTORY_MS = 15_000;

/** How often the figures are shown without --history. */
const SHOWN_MS = 1_000;

export async function latency(session: Session, options: LatencyOptions): Promise<ExitStatus> {
  const { output, client, addresses, timeoutMs = LIVE_ANSWER_MS_MAX } = session;
  const windowMs = options.history === true ? HISTORY_MS : options.history;
  const pings = new Pings(client, { everyMs: options.every, timeoutMs });
  const paint = paintFor(process.stdout);
  let status: Status | undefined;
  const title = () =>
    paint(
      'dim',
      `latency of ${client.address ?? shownAddresses(addresses)}, ${clockTime(new Date())}; q or Ctrl-C ends`,
    );
  const print = () => output.result(fieldsOf(pings, status), lineOf(pings, status));
  await runLiveView({
    everyMs: windowMs ?? SHOWN_MS,
    endAfterMs: options.for,
    beside: (signal) => pings.run(signal),
    // A line tells of the time before it, so the first comes after its window.
    laterMs: windowMs ?? SHOWN_MS,
    async look(signal) {
      status = await client.status({ signal, timeoutMs }).catch(() => status);
    },
    ...(windowMs === undefined && !output.json && { draw: () => `${title()}\n\n${textOf(pings, status, paint)}` }),
    async print() {
      await print();
      if (windowMs !== undefined) pings.reset();
    },
  });
  // The screen is gone, and the end of a measurement that is shorter than a window has no line yet.
  status ??= await client.status({ timeoutMs }).catch(() => undefined);
  if (windowMs === undefined || pings.latencies.figures.samples > 0) await print();
  return pings.anyAnswered ? EXIT.DONE : EXIT.REFUSED;
}

interface PingTimes {
  /** From the beginning of a ping to the next. */
  readonly everyMs: number;
  readonly timeoutMs: number;
}

/** Pings one after another. A ping that fails is counted, and the next one follows. */
class Pings {
  readonly latencies = new Latencies();
  failed = 0;
  anyAnswered = false;
  lastError = '';
  readonly #client: Client;
  readonly #times: PingTimes;

  constructor(client: Client, times: PingTimes) {
    this.#client = client;
    this.#times = times;
  }

  reset(): void {
    this.latencies.reset();
    this.failed = 0;
    this.lastError = '';
  }

  async run(signal: AbortSignal): Promise<void> {
    const { everyMs, timeoutMs } = this.#times;
    while (!signal.aborted) {
      const startedMs = performance.now();
      try {
        await this.#client.ping('', { signal, timeoutMs });
        this.anyAnswered = true;
        this.latencies.record(performance.now() - startedMs);
      } catch (error) {
        if (signal.aborted) return;
        this.failed++;
        this.lastError = HeadwaterError.from(error).message;
      }
      await pause(Math.max(0, everyMs - (performance.now() - startedMs)), undefined, { signal }).catch(() => {});
    }
  }
}

function textOf(pings: Pings, status: Status | undefined, paint: Paint): string {
  const { samples, ...times } = pings.latencies.figures;
  const table = drawnTable(
    ['samples', ...TIMES.map(([, name]) => name), ''].map((name) => paint('dim', name)),
    [[grouped(samples), ...TIMES.map(([field]) => milliseconds(times[field])), 'ms']],
    { right: TIMES.map((_, i) => i + 1) },
  );
  const lines = [table];
  if (status) lines.push('', ...nodeTexts(status).map((text, i) => `${i === 0 ? 'node' : '    '}     ${text}`));
  if (pings.failed > 0) lines.push(paint('red', `failed   ${plural(pings.failed, 'ping')}: ${pings.lastError}`));
  return lines.join('\n');
}

const TIMES: ReadonlyArray<readonly [Exclude<keyof LatencyFigures, 'samples'>, string]> = [
  ['minMs', 'min'],
  ['meanMs', 'avg'],
  ['p50Ms', 'p50'],
  ['p90Ms', 'p90'],
  ['p99Ms', 'p99'],
  ['p999Ms', 'p99.9'],
  ['maxMs', 'max'],
];

function lineOf(pings: Pings, status: Status | undefined): string {
  const { samples, ...times } = pings.latencies.figures;
  const figures = TIMES.map(([field, name]) => `${name} ${milliseconds(times[field])}`).join(', ');
  const failed = pings.failed > 0 ? `; ${plural(pings.failed, 'ping')} failed: ${pings.lastError}` : '';
  return `${clockTime(new Date())}  ${figures} ms (${plural(samples, 'sample')})${status ? `; node: ${nodeTexts(status).join('; ')}` : ''}${failed}`;
}

/** The delays that the node itself measures. Each text fits into 80 columns. */
function nodeTexts(status: Status): string[] {
  const { eventLoopDelayP99Ms, eventLoopDelayMaxMs, writeWaitMs, writeWaitMaxMs, uptimeMs } = status;
  return [
    `event loop delay p99 ${milliseconds(eventLoopDelayP99Ms)} ms, max ${milliseconds(eventLoopDelayMaxMs)} ms`,
    `writes wait for the disk ${milliseconds(writeWaitMs)} ms now, at most ${milliseconds(writeWaitMaxMs)} ms in ${roughly(uptimeMs)}`,
  ];
}

function fieldsOf(pings: Pings, status: Status | undefined): object {
  return {
    time: new Date().toISOString(),
    ...latencyFields(pings.latencies.figures),
    failed: pings.failed,
    error: pings.lastError || null,
    event_loop_delay_p99_ms: status?.eventLoopDelayP99Ms ?? null,
    event_loop_delay_max_ms: status?.eventLoopDelayMaxMs ?? null,
    write_wait_ms: status?.writeWaitMs ?? null,
    write_wait_max_ms: status?.writeWaitMaxMs ?? null,
  };
}
