/** The end of a program that tests have started. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Kills the process, unless it has ended, and resolves when it is gone. */
export async function killed(process: ChildProcess | undefined): Promise<void> {
  if (process === undefined || process.exitCode !== null || process.signalCode !== null) return;
  const exited = once(process, 'exit');
  process.kill('SIGKILL');
  await exited;
}
