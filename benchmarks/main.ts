/** The benchmarks by name: `npm run bench -- QUESTION|all [options]`. */
import { commandLine } from './command-line.js';
import { endEverything } from './peers/processes.js';
import { QUESTIONS } from './questions/all.js';
import { askAll } from './suite.js';

/** As shells count a program that a signal has ended. */
const STATUS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

for (const signal of Object.keys(STATUS) as Array<keyof typeof STATUS>)
  process.once(signal, () => process.exit(STATUS[signal]));
// Whatever ends this program, no process and no directory is left.
process.on('exit', endEverything);

await commandLine(QUESTIONS, async (choices, outputs) => {
  const { questions } = await askAll(choices, outputs);
  if (questions.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
}).parseAsync();
// A client of a peer may still wait for a connection.
process.exit();
