/**
 * Figures of the process under the names that every client of Prometheus uses. The ones that prom-client collects by
 * itself read the disk while the node waits, and keep observers that outlive a node of a program.
 */
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import type { Clock } from '../base/clock.js';
import { openFilesMax } from '../base/descriptors.js';
import { HTTP_DESCRIPTORS_MS } from '../base/limits.js';

export interface ProcessFigures {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
  /** Seconds since the epoch. */
  readonly startedS: number;
  /** Undefined if the system does not tell. */
  readonly descriptors: number | undefined;
  readonly descriptorsMax: number | undefined;
}

export class ProcessGauges {
  readonly #clock: Clock;
  readonly #startedS = (performance.timeOrigin || Date.now() - process.uptime() * 1_000) / 1_000;
  readonly #descriptorsMax = openFilesMax();
  #descriptors: number | undefined;
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The open descriptors are counted once in a while: the list of thousands of connections is long. */
  async read(): Promise<ProcessFigures> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#countedMs >= HTTP_DESCRIPTORS_MS) {
      this.#countedMs = nowMs;
      this.#descriptors = (await readdir('/proc/self/fd').catch(() => undefined))?.length;
    }
    return {
      cpu: process.cpuUsage(),
      memory: process.memoryUsage(),
      startedS: this.#startedS,
      descriptors: this.#descriptors,
      descriptorsMax: this.#descriptorsMax,
    };
  }
}
