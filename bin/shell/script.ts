/**
 * Commands from a pipe or a file, one a line. A line that fails does not end the script: the exit status is the highest
 * of all lines. If the node cannot be reached, or goes away and does not come back while a line waits, the script ends:
 * every further line would fail too.
 */
import { splitLines } from '../json-lines.js';
import { EXIT, type ExitStatus, place, UsageError } from '../output.js';
import { report } from '../report.js';
import type { KeptConnection } from './kept-connection.js';
import type { Runner } from './runner.js';

const INTERRUPTED = 130;

export interface ScriptOptions {
  readonly stopOnError: boolean;
}

/** @returns the exit status of the script. */
export async function runScript(
  lines: AsyncIterable<Buffer>,
  runner: Runner,
  connection: KeptConnection,
  { stopOnError }: ScriptOptions,
): Promise<ExitStatus> {
  let worst: ExitStatus = EXIT.DONE;
  // A command that ends in good order at Ctrl-C is the last of the script.
  let isInterrupted = false;
  process.on('SIGINT', () => {
    isInterrupted = true;
    if (process.listenerCount('SIGINT') === 1) process.exit(INTERRUPTED);
  });
  for await (const { texts } of splitLines(lines)) {
    for (const text of texts) {
      place.line++;
      const status = await runLine(text, runner);
      worst = Math.max(worst, status) as ExitStatus;
      const isFatal = stopOnError && status !== EXIT.DONE;
      if (isFatal || isInterrupted || runner.isEnded || connection.hasFailed) return worst;
    }
  }
  return worst;
}

async function runLine(text: string | undefined, runner: Runner): Promise<ExitStatus> {
  if (text === undefined)
    return report(new UsageError('expected UTF-8, received other bytes. Write them as escapes: "\\xff"'));
  const line = text.replace(/^\ufeff/, '').trim();
  return line === '' || line.startsWith('#') ? EXIT.DONE : runner.run(line);
}
