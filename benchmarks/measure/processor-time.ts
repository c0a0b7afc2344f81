/** The processor time of processes and of their threads, as Linux counts it. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux reports processor time in hundredths of a second, whatever the kernel counts in. */
const TICK_MS = 10;

interface ThreadTime {
  readonly name: string;
  readonly ms: number;
}

export interface ProcessTime {
  /** Of all threads, milliseconds. */
  readonly ms: number;
  /** Of the thread that runs the event loop, or the commands of Redis. */
  readonly mainMs: number;
  /** Of the other threads, the most first. Those that used nothing are left out. */
  readonly others: readonly ThreadTime[];
}

export function canCountThreads(): boolean {
  return process.platform === 'linux';
}

/** @returns reads how much the process has used since this call. */
export function watchProcessor(pid: number): () => ProcessTime {
  const before = threadsOf(pid);
  return () => {
    const used = [...threadsOf(pid)].map(([thread, { name, ms }]) => ({
      thread,
      name,
      ms: ms - (before.get(thread)?.ms ?? 0),
    }));
    const others = used.filter(({ thread, ms }) => thread !== pid && ms > 0).sort((a, b) => b.ms - a.ms);
    return {
      ms: used.reduce((sum, { ms }) => sum + ms, 0),
      mainMs: used.find(({ thread }) => thread === pid)?.ms ?? 0,
      others: others.map(({ name, ms }) => ({ name, ms })),
    };
  };
}

function threadsOf(pid: number): Map<number, ThreadTime> {
  const threads = new Map<number, ThreadTime>();
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const stat = readIfThere(`/proc/${pid}/task/${thread}/stat`);
    if (stat === undefined) continue;
    // The name stands in brackets and may hold spaces. Behind it, the twelfth and the thirteenth are user and system time.
    const [name, fields] = [
      stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
      stat.slice(stat.lastIndexOf(')') + 2),
    ];
    const parts = fields.split(' ');
    threads.set(Number(thread), { name, ms: (Number(parts[11]) + Number(parts[12])) * TICK_MS });
  }
  return threads;
}

/** A thread may end between the listing and the reading. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
