/**
 * Every block of a README is run, in order, in one scratch directory, by a bash that has `headwater` on its path. The
 * rules for the author of a page are in `pages.ts`, `steps.ts` and test/README.md. Each page is a test file of its own
 * in `pages/`, so that mocha runs pages beside each other.
 */
import { blocksOf, readPage } from './pages.js';
import { Reader } from './reader.js';
import { type Step, stepsOf } from './steps.js';
import { type Terminal, terminalFor } from './terminal.js';

/** Without networks of their own, pages wait for each other. */
export const TIME_MS_MAX = 600_000;

/** Declares a test for each block of the page. */
export function testBlocks(page: string): void {
  describe(`the blocks of ${page}`, function () {
    this.timeout(TIME_MS_MAX);
    const steps = stepsOf(blocksOf(readPage(page)));
    let terminal: Terminal | undefined;
    let reader: Reader;
    let failed = false;

    before(async function () {
      terminal = await terminalFor(this);
      reader = new Reader(terminal, page);
      await reader.prepare(steps);
    });

    for (const step of steps)
      it(titleOf(step), async function () {
        if (failed) return this.skip();
        failed = true;
        await reader.do(step);
        failed = false;
      });

    after(async () => {
      try {
        if (terminal && !failed) await reader.close();
      } finally {
        await terminal?.close();
      }
      for (const reason of reader?.skipped ?? []) console.log(`      not run: ${reason}`);
    });
  });
}

function titleOf({ language, line, text }: Step): string {
  const first = text.trimStart().split('\n')[0] ?? '';
  return `line ${line}, ${language}: ${first.slice(0, 60)}`;
}
