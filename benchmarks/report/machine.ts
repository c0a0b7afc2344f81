/** The machine and the versions, which stand on top of every report, with the limits that the machine sets. */
import { cpus, release, totalmem } from 'node:os';
import { versionsOfPeers } from '../peers/versions.js';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  /** By program; of those that are not installed, undefined. */
  readonly peers: Readonly<Record<string, string | undefined>>;
  /** ISO 8601. */
  readonly at: string;
}

export function machineOf(): Machine {
  const all = cpus();
  return {
    processor: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    node: process.versions.node,
    peers: versionsOfPeers(),
    at: new Date().toISOString(),
  };
}
