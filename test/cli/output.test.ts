/** How bytes are shown to people. */
import assert from 'node:assert/strict';
import { shownBytes } from '../../bin/output.js';
import { timeLeft } from '../../bin/progress.js';

describe('the time left of a long command', () => {
  const options = { autopaddingChar: ' ' };

  it('is shown once it is known', () => {
    assert.equal(timeLeft(75, options, 5), ' 1m15s');
    // The library for bars says these at the beginning, and while nothing moves.
    for (const unknown of ['0', 'INF', 'NULL']) assert.equal(timeLeft(unknown, options, 5), '');
  });
});

describe('bytes shown to people', () => {
  const cases: [what: string, data: Buffer, shown: string][] = [
    ['text', Buffer.from('user:1'), '"user:1"'],
    ['text beyond ASCII', Buffer.from('ключ €'), '"ключ €"'],
    ['text that would break the line', Buffer.from('a\n"b"'), String.raw`"a\n\"b\""`],
    ['nothing', Buffer.alloc(0), '""'],
    ['no text', Buffer.from([0xff, 0, 1]), 'base64 "/wAB"'],
    ['text that is long', Buffer.from('€'.repeat(100)), `"${'€'.repeat(60)}"… (300 bytes)`],
    ['text that just fits', Buffer.from('x'.repeat(60)), `"${'x'.repeat(60)}"`],
    ['much that is no text', Buffer.alloc(1_000_000, 0xff), `base64 "${'/'.repeat(60)}"… (1,000,000 bytes)`],
  ];
  for (const [what, data, shown] of cases) it(`as what they are: ${what}`, () => assert.equal(shownBytes(data), shown));
});
