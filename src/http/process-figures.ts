/**
 * Figures of the process under the names that every client of Prometheus uses. The ones that prom-client collects by
 * itself read the disk while the node waits, and keep observers that outlive a node of a program.
 */
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import { openFilesMax } from '../base/descriptors.js';
import { Seldom } from './seldom.js';

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
  readonly #startedS = (performance.timeOrigin || Date.now() - process.uptime() * 1_000) / 1_000;
  readonly #descriptorsMax = openFilesMax();
  /** The list of thousands of connections is long. */
  readonly #descriptors = new Seldom(async () => (await readdir('/proc/self/fd')).length, undefined);

  async read(): Promise<ProcessFigures> {
    return {
      cpu: process.cpuUsage(),
      memory: process.memoryUsage(),
      startedS: this.#startedS,
      descriptors: await this.#descriptors.value,
      descriptorsMax: this.#descriptorsMax,
    };
  }
}
