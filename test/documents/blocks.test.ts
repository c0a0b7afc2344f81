/**
 * Every block of every README is run, in order, in one scratch directory per page, by a bash that has `headwater` on
 * its path. The rules for the author of a page are in `pages.ts`, `steps.ts` and test/README.md.
 */
import { blocksOf, pageNames, readPage } from './pages.js';
import { Reader } from './reader.js';
import { type Step, stepsOf } from './steps.js';
import { bashCommand, Terminal } from './terminal.js';

describe('the blocks of', function () {
  this.timeout(180_000);

  for (const page of pageNames())
    describe(page, () => {
      let steps: Step[];
      try {
        steps = stepsOf(blocksOf(readPage(page)));
      } catch (error) {
        it('can be taken apart', () => {
          throw error;
        });
        return;
      }
      if (steps.length === 0) return;
      let terminal: Terminal | undefined;
      let reader: Reader;
      let failed = false;

      before(async function () {
        const bash = await bashCommand();
        if (!bash) {
          console.log('      skipped: no network of its own (unshare), and a port from 7420 to 7423 is taken');
          return this.skip();
        }
        terminal = new Terminal(bash);
        reader = new Reader(terminal, page);
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
});

function titleOf({ language, line, text }: Step): string {
  const first = text.trimStart().split('\n')[0] ?? '';
  return `line ${line}, ${language}: ${first.slice(0, 60)}`;
}
