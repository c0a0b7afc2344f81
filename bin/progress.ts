/** The progress of a long command, on stderr: a bar on a terminal, else a plain line from time to time. */

import { Format, type Options, SingleBar } from 'cli-progress';
import { binarySize, plural } from './figures.js';

const LINE_INTERVAL_MS = 5_000;
const BAR_INTERVAL_MS = 100;

export interface Total {
  readonly bytes?: number | undefined;
  readonly records?: number | undefined;
  /** Whether bytes are the only thing to count. */
  readonly bytesOnly?: boolean;
  /** Whether to print nothing. */
  readonly quiet?: boolean;
}

/** The time until the end, or nothing while the library does not know it: it says INF or a text then. */
export function timeLeft(seconds: unknown, options: Options, multiple: number): string {
  return typeof seconds === 'number' ? Format.TimeFormat(seconds, options, multiple) : '';
}

export class Progress {
  readonly #verb: string;
  readonly #total: Total;
  readonly #startedMs = performance.now();
  #bar: SingleBar | undefined;
  #saidMs = performance.now();

  constructor(verb: string, total: Total) {
    this.#verb = verb;
    this.#total = total;
    const end = total.bytes ?? total.records;
    if (total.quiet || !process.stderr.isTTY || !end) return;
    this.#bar = new SingleBar({
      stream: process.stderr,
      format: `${verb} ${total.bytesOnly ? '{amount}' : '{records} records'} ({rate}/s) [{bar}] {percentage}% {eta_formatted}`,
      hideCursor: true,
      clearOnComplete: true,
      stopOnComplete: false,
      fps: 1_000 / BAR_INTERVAL_MS,
      formatTime: timeLeft,
    });
    this.#bar.start(end, 0, { records: 0, rate: 0, amount: '' });
  }

  /** Cheap enough to be called for every record. */
  update(records: number, bytesRead?: number): void {
    if (records % 256 === 0) this.report(records, bytesRead);
  }

  /** Reports the progress after a step of many records. */
  report(records: number, bytesRead?: number): void {
    if (this.#total.quiet) return;
    const nowMs = performance.now();
    if (nowMs - this.#saidMs < (this.#bar ? BAR_INTERVAL_MS : LINE_INTERVAL_MS)) return;
    this.#saidMs = nowMs;
    const each = (count: number) => Math.round((count / (nowMs - this.#startedMs)) * 1_000);
    if (this.#total.bytesOnly) {
      const [amount, rate] = [binarySize(bytesRead ?? 0), binarySize(each(bytesRead ?? 0))];
      if (this.#bar) this.#bar.update(bytesRead ?? 0, { amount, rate });
      else process.stderr.write(`${this.#verb} ${amount} so far, ${rate}/s${this.#share(records, bytesRead)}\n`);
      return;
    }
    const rate = each(records);
    if (this.#bar)
      this.#bar.update(this.#total.bytes === undefined ? records : (bytesRead ?? 0), {
        records: records.toLocaleString('en'),
        rate: rate.toLocaleString('en'),
      });
    else
      process.stderr.write(
        `${this.#verb} ${plural(records, 'record')} so far, ${rate.toLocaleString('en')}/s${this.#share(records, bytesRead)}\n`,
      );
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #share(records: number, bytesRead = 0): string {
    const { bytes, records: total } = this.#total;
    const share = bytes ? bytesRead / bytes : total ? records / total : undefined;
    return share === undefined ? '' : `, ${Math.min(100, Math.floor(share * 100))}%`;
  }
}
