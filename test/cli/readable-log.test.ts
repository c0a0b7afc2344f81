/** The log of `serve` for people: on a terminal, or where --log-format asks for it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { readableLine } from '../../bin/readable-log.js';
import { type Paint, plain } from '../../bin/terminal.js';
import { skipUnless } from '../support/installed.js';
import { hasTerminal, Terminal } from '../support/terminal.js';
import { begin, endAll, HEADWATER, temporaryDirectory } from './command-line.js';

const NODE_ID = '0123456789abcdef'.repeat(2);
const HISTORY = '0123456789abcdef'.repeat(3).slice(0, 40);
const time = new Date(2026, 10, 29, 18, 4, 59, 7).toISOString();

function line(fields: object, paint: Paint = plain): string {
  return readableLine(JSON.stringify({ level: 'info', time, ...fields }), paint);
}

describe('a line of the log for people', () => {
  it('is the time and the prose, without the fields', () => {
    assert.equal(
      line({ event: 'ready', address: '127.0.0.1:7420', msg: 'ready in 5 ms' }),
      '18:04:59.007  ready in 5 ms\n',
    );
  });

  it('has short IDs of nodes and histories, and other words as they are', () => {
    const msg = `follower ${NODE_ID} of ${HISTORY}@7, checksum deadbeef, file ${'x'.repeat(40)}`;
    assert.equal(
      line({ msg }),
      `18:04:59.007  follower 01234567 of 01234567@7, checksum deadbeef, file ${'x'.repeat(40)}\n`,
    );
  });

  it('says which lines are warnings and errors', () => {
    const marked = (level: string) => line({ level, msg: 'x' }, (style, text) => (style ? `<${style} ${text}>` : text));
    assert.deepEqual(['info', 'warn', 'error', 'fatal', 'debug'].map(marked), [
      '<dim 18:04:59.007>  x\n',
      '<dim 18:04:59.007>  <yellow warning: x>\n',
      '<dim 18:04:59.007>  <red error: x>\n',
      '<dim 18:04:59.007>  <red error: x>\n',
      '<dim 18:04:59.007>  <dim debug: x>\n',
    ]);
  });

  it('shows the stack of a failure below it', () => {
    const expected = '18:04:59.007  error: failed\n    Error: no\n        at here\n';
    assert.equal(line({ level: 'fatal', msg: 'failed', err: { stack: 'Error: no\n    at here' } }), expected);
    assert.equal(line({ level: 'error', msg: 'failed', stack: 'Error: no\n    at here' }), expected);
  });

  it('has nothing that a terminal would obey', () => {
    assert.equal(line({ msg: 'file "a\u001b[31m\nb"' }), '18:04:59.007  file "a\\x1b[31m\\nb"\n');
  });
});

describe('serve', function () {
  this.timeout(60_000);
  after(endAll);

  const TIMED = /^\d\d:\d\d:\d\d\.\d{3} {2}/;

  it('with --log-format text logs prose into a pipe, without colours', async () => {
    const data = path.join(temporaryDirectory(), 'node');
    const { outcome } = begin(['serve', '--data', data, '--listen', '203.0.113.1:7420', '--log-format', 'text']);
    const { status, stderr } = await outcome;
    assert.equal(status, 2);
    const lines = stderr.trimEnd().split('\n');
    assert(lines.length >= 2 && lines.every((one) => TIMED.test(one)), stderr);
    assert.match(lines.at(-1) ?? '', / {2}error: the node did not start: cannot listen on 203\.0\.113\.1:7420: /);
  });

  it('logs JSON into a pipe otherwise, and on a terminal if it is asked for', async function () {
    const data = path.join(temporaryDirectory(), 'node');
    const { stderr } = await begin(['serve', '--data', data, '--listen', '203.0.113.1:7420']).outcome;
    assert.equal(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '').event, 'refused');
    skipUnless(this, hasTerminal, 'tmux');
    const terminal = new Terminal(
      [process.execPath, HEADWATER, 'serve', '--data', data, '--listen', '203.0.113.1:7420', '--log-format', 'json'],
      { columns: 200 },
    );
    try {
      assert.match(await terminal.shows(/^ended with 2$/m), /^\{"level":"info".*"event":"starting"/m);
    } finally {
      terminal.close();
    }
  });

  it('logs prose on a terminal, with short IDs and no fields', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const data = path.join(temporaryDirectory(), 'node');
    const words = [process.execPath, HEADWATER, 'serve', '--data', data, '--listen', '127.0.0.1:0'];
    const terminal = new Terminal(words, { columns: 200 });
    try {
      await terminal.shows(/^\d\d:\d\d:\d\d\.\d{3} {2}ready in \d+ ms: a leader on /m);
      terminal.press('C-c');
      const screen = await terminal.shows(/^ended with 0$/m);
      assert.match(screen, /^\S+ {2}leading from offset 1 under the new history [0-9a-f]{8}$/m);
      assert.match(screen, / {2}stopped: every answered write is on disk$/m);
      assert.doesNotMatch(screen, /[{}]|[0-9a-f]{32}/);
      assert.match(terminal.screen({ colours: true }), /\[2m\d\d:\d\d:\d\d/);
    } finally {
      terminal.close();
    }
  });
});
