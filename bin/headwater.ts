/** The entry of the command line, which headwater.cts starts: one command, or on a terminal a shell, and its end. */
import { withPlainName } from './foreign-names.js';
import { endWithReaders, place } from './output.js';
import { program } from './program.js';
import { report } from './report.js';

const words = process.argv.slice(2);

endWithReaders();
// A line that commander cannot parse has no parsed options.
place.json = words.includes('--json');
try {
  const headwater = program();
  await headwater.parseAsync(withPlainName(headwater, meansShell() ? [...words, 'shell'] : words), { from: 'user' });
} catch (error) {
  process.exitCode = report(error);
}

/** Whether a person at a terminal has named no command, only a node perhaps. */
function meansShell(): boolean {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return false;
  const { operands, unknown } = program().parseOptions(words);
  return operands.length === 0 && unknown.length === 0;
}
