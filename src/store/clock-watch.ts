/**
 * Compares the log's clock with the machine's, for people: a finding in `status`, and a line in the log when the
 * finding changes. The decisions about the log's clock are in clock.ts; this file only reports.
 */
import { type Clock, type LogicalClock, sleep } from '../base/clock.js';
import { CLOCK_GAP_MS, CLOCK_LOOK_MS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import { RepeatedLog } from '../base/repeated-log.js';

export interface ClockWatchOptions {
  readonly clock: Clock;
  readonly logicalClock: LogicalClock;
  readonly logger: Logger;
  /** Whether the log's clock goes by this machine's. */
  readonly leads: () => boolean;
}

export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #log: RepeatedLog;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  /** The machine's clock minus its monotonic time, at the last look, milliseconds. */
  #offsetMs: number | undefined;
  /** The kind of the last finding that was logged; empty if the clocks agreed. */
  #said = '';

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#log = RepeatedLog.of(options);
  }

  /** The current finding; undefined if the clocks agree. */
  get finding(): { readonly kind: string; readonly message: string } | undefined {
    const { clock, logicalClock, leads } = this.#options;
    const { doubt, aheadMs } = logicalClock;
    const machine = `this machine's clock says ${shown(clock.wallMs())}`;
    const refused = 'writes with a time to live are refused';
    if (doubt === 'unset')
      return {
        kind: doubt,
        message: `${machine}: the clock is not set. The log's time continues from ${shown(logicalClock.now())}, and ${refused}. Set the clock, or start the node with --trust-clock`,
      };
    if (doubt)
      return {
        kind: doubt,
        message: `${machine}, ${days(-aheadMs)} days ahead of the log's time. The log's time does not follow, and ${refused}. Set the clock, or start the node with --trust-clock if the clock is right`,
      };
    if (Math.abs(aheadMs) <= CLOCK_GAP_MS || (leads() && aheadMs < 0)) return undefined;
    const gap = `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'}`;
    if (!leads())
      return {
        kind: 'upstream',
        message: `${machine}, ${gap} the time of its upstream. Set the clock of the wrong one`,
      };
    return {
      kind: 'behind',
      message: `${machine}, ${gap} the log's time, which runs at half speed until the clock has caught up, so keys live up to twice as long. If the clock is right, restart with --trust-clock`,
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#look();
      await sleep(this.#options.clock, CLOCK_LOOK_MS, this.#stop.signal);
    }
  }

  #look(): void {
    const { clock, leads } = this.#options;
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    const jumpedMs = offsetMs - (this.#offsetMs ?? offsetMs);
    this.#offsetMs = offsetMs;
    const { finding } = this;
    if (leads() && !finding && jumpedMs > CLOCK_GAP_MS)
      this.#log.warn(
        { jumped_ms: Math.round(jumpedMs) },
        `this machine's clock jumped ahead by ${Math.round(jumpedMs / 1_000)} s, and the log's time with it: keys that were due in between have expired`,
      );
    const kind = finding?.kind ?? '';
    if (kind === this.#said) return;
    if (finding) this.#log.warn({ clock: kind }, finding.message, 'clock');
    else this.#log.info({}, "the log's time and this machine's clock agree again", 'clock');
    this.#said = kind;
  }
}

function shown(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function days(ms: number): number {
  return Math.round(ms / 86_400_000);
}
