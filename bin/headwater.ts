/** The command line, which entry.ts starts: one command, or on a terminal a shell, and its end. */
import { hasConnected } from './connection.js';
import { withPlainName } from './foreign-names.js';
import { endWithReaders, place } from './output.js';
import { program } from './program.js';
import { report } from './report.js';
import { hasServed } from './serve.js';

/** Commands to a node run mostly the same code, and so do nodes (compiled-code.ts asks). */
export const hasTypicalCode = () => hasConnected() || hasServed();

const words = process.argv.slice(2);

endWithReaders();
// A line that commander cannot parse has no parsed options.
place.json = words.includes('--json');
process.once('exit', refuseToEndEarly);
/** Settled when the command has done its work. The tests run many commands in one process, and wait for it. */
export const ended = run();

async function run(): Promise<void> {
  try {
    const headwater = program();
    await headwater.parseAsync(withPlainName(headwater, meansShell() ? [...words, 'shell'] : words), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
  process.off('exit', refuseToEndEarly);
}

/** Node ends a process in which nothing can happen any more, and counts that as success. */
function refuseToEndEarly(code: number): void {
  if (process.exitCode === undefined && code === 0)
    process.exitCode = report(new Error('the command ended before it was done'));
}

/** Whether a person at a terminal has named no command, only a node perhaps. */
function meansShell(): boolean {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const { operands, unknown } = program().parseOptions(words);
  return operands.length === 0 && unknown.length === 0;
}
