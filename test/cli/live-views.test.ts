/** The views that look again and again: into a pipe, and on a terminal. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hasTerminal, Terminal } from '../support/terminal.js';
import { begin, endAll, HEADWATER, type Outcome, Served, temporaryDirectory } from './command-line.js';

const PATIENCE_MS = 20_000;
const POLL_MS = 20;

interface View {
  readonly outcome: Promise<Outcome>;
  /** Resolves with all lines so far once one of them is like that. */
  line(pattern: RegExp, from?: number): Promise<string[]>;
  interrupt(): Promise<Outcome>;
}

/** Begins a view whose lines go to a file. */
function viewOf(args: readonly string[]): View {
  const file = path.join(temporaryDirectory(), 'lines');
  const { pid, outcome } = begin(args, { stdout: file });
  const lines = () => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return {
    outcome,
    async line(pattern, from = 0) {
      for (const endMs = performance.now() + PATIENCE_MS; ; await pause(POLL_MS)) {
        if (
          lines()
            .slice(from)
            .some((one) => pattern.test(one))
        )
          return lines();
        assert(performance.now() < endMs, `expected a line like ${pattern}, saw:\n${lines().join('\n')}`);
      }
    },
    interrupt() {
      process.kill(pid, 'SIGINT');
      return outcome;
    },
  };
}

describe('status --watch', function () {
  this.timeout(60_000);
  let node: Served;
  const terminals: Terminal[] = [];

  before(async () => {
    node = await Served.start(['--data', path.join(temporaryDirectory(), 'node'), '--listen', '127.0.0.1:0']);
  });
  after(endAll);
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.close();
  });

  function onTerminal(args: readonly string[], options: ConstructorParameters<typeof Terminal>[1] = {}): Terminal {
    const terminal = new Terminal([process.execPath, HEADWATER, '--connect', node.address, ...args], options);
    terminals.push(terminal);
    return terminal;
  }

  it('prints a line a look into a pipe, and Ctrl-C ends it well', async () => {
    const view = viewOf(['--connect', node.address, 'status', '--watch', '100ms']);
    const [first = '', second = ''] = await view.line(/./, 1);
    for (const line of [first, second])
      assert.match(line, new RegExp(`^\\d\\d:\\d\\d:\\d\\d  leader ${node.address}  offset 0  0 commands/s  log `));
    const { status, stderr } = await view.interrupt();
    assert.deepEqual([status, stderr], [0, '']);
  });

  it('with --json prints the status and the time, one object a line', async () => {
    const view = viewOf(['--connect', node.address, '--json', 'status', '--watch', '100ms']);
    const [, second = ''] = await view.line(/./, 1);
    const look = JSON.parse(second) as Record<string, unknown>;
    assert.deepEqual([look.role, look.address], ['leader', node.address]);
    assert(Math.abs(Date.parse(String(look.time)) - Date.now()) < 60_000, String(look.time));
    assert.equal((await view.interrupt()).status, 0);
  });

  it('goes on while the node does not answer, and says so', async () => {
    const data = path.join(temporaryDirectory(), 'other');
    const other = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
    const view = viewOf(['--connect', other.address, 'status', '--watch', '100ms']);
    const json = viewOf(['--connect', other.address, '--json', 'status', '--watch', '100ms']);
    await Promise.all([view.line(/leader/), json.line(/leader/)]);
    await other.end();
    const seen = await view.line(/^\d\d:\d\d:\d\d {2}no answer: /);
    const failed = (await json.line(/"error"/)).find((line) => line.includes('"error"')) as string;
    assert.equal((JSON.parse(failed) as { error: { code: string } }).error.code, 'unreachable');
    await Served.start(['--data', data, '--listen', other.address]);
    await view.line(/leader/, seen.length);
    assert.deepEqual([(await view.interrupt()).status, (await json.interrupt()).status], [0, 0]);
  });

  it('refuses a time that is none, with status 2', async () => {
    const { status, stderr } = await node.run(['status', '--watch', 'often']);
    assert.equal(status, 2);
    assert.match(stderr, /--watch.*Expected a time above zero/);
  });

  it('redraws the screen of a terminal, and gives it back at q', async function () {
    if (!hasTerminal) return this.skip();
    const terminal = onTerminal(['status', '--watch', '100ms']);
    const screen = await terminal.shows(/^role +leader$/m);
    assert.match(screen, /^\d\d:\d\d:\d\d, every 100ms; q or Ctrl-C ends\n\nnode +[0-9a-f]{32} /);
    assert(terminal.screen({ colours: true }).includes('\x1b['));
    terminal.press('q');
    assert.doesNotMatch(await terminal.shows(/^ended with 0$/m), /role/);
  });

  it('fits its lines to the terminal, also after a resize', async function () {
    if (!hasTerminal) return this.skip();
    const terminal = onTerminal(['status', '--watch', '1h'], { columns: 30, rows: 8 });
    const screen = (await terminal.shows(/terminal is too low/)).trimEnd().split('\n');
    assert.equal(screen.length, 8);
    assert.match(screen[2] ?? '', /^node +[0-9a-f]+$/);
    terminal.resize(120, 40);
    assert.match(await terminal.shows(/^followers +none$/m), /^role +leader$/m);
    terminal.press('C-c');
    await terminal.shows(/^ended with 0$/m);
  });

  it('has no colours with NO_COLOR', async function () {
    if (!hasTerminal) return this.skip();
    const terminal = onTerminal(['status'], { env: { NO_COLOR: '1' } });
    await terminal.shows(/^role +leader$/m);
    assert(!terminal.screen({ colours: true }).includes('\x1b['));
  });
});

describe('monitor', function () {
  this.timeout(60_000);
  let node: Served;

  before(async () => {
    node = await Served.start(['--data', path.join(temporaryDirectory(), 'node'), '--listen', '127.0.0.1:0']);
  });
  after(endAll);

  /** Sends commands until the monitor, which begins at some moment, has shown one. */
  async function shown(view: View, args: readonly string[], pattern: RegExp): Promise<string> {
    const seen = view.line(pattern).then((lines) => lines.find((line) => pattern.test(line)) ?? '');
    let done = false;
    const stop = () => {
      done = true;
    };
    seen.then(stop, stop);
    while (!done) await node.run(args);
    return seen;
  }

  it('prints each command of any client, and Ctrl-C ends it well', async () => {
    const view = viewOf(['--connect', node.address, 'monitor']);
    const line = await shown(view, ['set', 'a', 'hello "you"', '--ttl', '10s'], /set/);
    assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} {2}127\.0\.0\.1:\d+ {2}set "a" "hello \\"you\\"" ttl_ms=10000$/);
    assert.equal((await view.interrupt()).status, 0);
  });

  it('with --json prints objects, and with --prefix only some of them', async () => {
    const view = viewOf(['--connect', node.address, '--json', 'monitor', '--prefix', 'user:']);
    await shown(view, ['set', 'user:1', 'x'.repeat(100)], /user:1/);
    await node.run(['set', 'other', '1']);
    await node.run(['get', 'user:2']);
    const lines = (await view.line(/user:2/)).map((line) => JSON.parse(line));
    assert(lines.every((line) => JSON.stringify(line).includes('user:')));
    const { event, command, parameters, in_transaction } = lines[0];
    assert.deepEqual([event, command, in_transaction], ['command', 'set', false]);
    assert.deepEqual(parameters, [
      { name: 'key', value: 'user:1', bytes: 6 },
      { name: 'value', value: 'x'.repeat(64), bytes: 100 },
    ]);
    assert.equal((await view.interrupt()).status, 0);
  });

  it('ends with status 3 if the node goes', async () => {
    const other = await Served.start(['--data', path.join(temporaryDirectory(), 'b'), '--listen', '127.0.0.1:0']);
    const view = viewOf(['--connect', other.address, 'monitor']);
    const seen = view.line(/ping|get/);
    const asked = (async () => {
      while (!(await Promise.race([seen, other.run(['get', 'a']).then(() => undefined)])));
    })();
    await asked;
    await other.end();
    const { status, stderr } = await view.outcome;
    assert.equal(status, 3, stderr);
    assert.match(stderr, /^headwater: .*(shutting down|unreachable|connection)/);
  });
});
