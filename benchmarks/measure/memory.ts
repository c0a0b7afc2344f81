/** The memory of processes, as Linux counts it. */
import { readFileSync } from 'node:fs';

export type MemoryKind =
  /** All that is resident. */
  | 'VmRSS'
  /** The most that was resident. */
  | 'VmHWM'
  /** Without files: LevelDB maps the tables that it reads, and the system takes those pages back whenever it likes. */
  | 'RssAnon';

const SAMPLE_MS = 20;

/** In bytes; 0 of a process that is gone. */
export function memoryOf(pid: number, kind: MemoryKind): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${kind}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** @returns ends it, and gives the most that the process has had meanwhile, without files. */
export function watchPeak(pid: number): () => number {
  let peak = 0;
  const look = () => {
    peak = Math.max(peak, memoryOf(pid, 'RssAnon'));
  };
  const timer = setInterval(look, SAMPLE_MS);
  look();
  return () => {
    clearInterval(timer);
    look();
    return peak;
  };
}
