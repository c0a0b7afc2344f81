/** The views that look again and again: into a pipe, and on a terminal. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../benchmarks/waiting.js';
import { describeStatus } from '../../bin/status.js';
import { Client } from '../../src/client/index.js';
import { skipUnless } from '../support/installed.js';
import { hasTerminal, Terminal } from '../support/terminal.js';
import {
  begin,
  endAll,
  HEADWATER,
  headwater,
  LOOK_INTERVAL_MS,
  type Outcome,
  Served,
  temporaryDirectory,
} from './command-line.js';

const PATIENCE = { patienceMs: 20_000, everyMs: 20 };

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
      const seen = async () => {
        const all = lines();
        if (all.slice(from).some((one) => pattern.test(one))) return all;
        throw new Error(`saw:\n${all.join('\n')}`);
      };
      return eventually(`a line like ${pattern}`, seen, PATIENCE);
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
    node = await Served.fresh();
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
      assert.match(
        line,
        new RegExp(`^\\d\\d:\\d\\d:\\d\\d  leader ${node.address}  offset 0  0 commands/s over the last minute  log `),
      );
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
    const { code } = (JSON.parse(failed) as { error: { code: string } }).error;
    assert(['unreachable', 'deadline_exceeded'].includes(code), failed);
    await Served.start(['--data', data, '--listen', other.address]);
    await view.line(/leader/, seen.length);
    assert.deepEqual([(await view.interrupt()).status, (await json.interrupt()).status], [0, 0]);
  });

  it('has a label before each follower that is away', async () => {
    const client = await Client.connect(node.address);
    const status = await client.status();
    await client.close();
    const away = (nodeId: string) => ({
      nodeId,
      address: `${nodeId}:1`,
      connected: false,
      keepsPlace: true,
      appendedOffset: 0,
      lastSeenMs: 0,
      leftBytes: undefined,
      leftMs: undefined,
    });
    const text = describeStatus({ ...status, knownFollowers: [away('a'), away('b')] });
    assert.deepEqual(text.match(/^away +\w:1/gm), ['away            a:1', 'away            b:1']);
    assert.match(text, /seen [\d,]+ d ago, 1970-01-01T00:00:00\.000Z: /);
    const ahead = describeStatus({ ...status, knownFollowers: [{ ...away('a'), lastSeenMs: 8e15 }] });
    assert.match(ahead, /seen \+?\d+-\S+Z: /);
  });

  it('refuses a time that is none, with status 2', async () => {
    const { status, stderr } = await node.run(['status', '--watch', 'often']);
    assert.equal(status, 2);
    assert.match(stderr, /--watch.*Expected a time above zero/);
  });

  it('redraws the screen of a terminal, and gives it back at q', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const terminal = onTerminal(['status', '--watch', '100ms']);
    const screen = await terminal.shows(/^role +leader$/m);
    assert.match(screen, /^\d\d:\d\d:\d\d, every 100ms; q or Ctrl-C ends\n\nnode +[0-9a-f]{32} /);
    assert(terminal.screen({ colours: true }).includes('\x1b['));
    terminal.press('q');
    assert.doesNotMatch(await terminal.shows(/^ended with 0$/m), /role/);
  });

  it('fits its lines to the terminal, also after a resize', async function () {
    skipUnless(this, hasTerminal, 'tmux');
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
    skipUnless(this, hasTerminal, 'tmux');
    const terminal = onTerminal(['status'], { env: { NO_COLOR: '1' } });
    await terminal.shows(/^role +leader$/m);
    assert(!terminal.screen({ colours: true }).includes('\x1b['));
  });
});

describe('monitor', function () {
  this.timeout(60_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh();
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
    while (!done) {
      await node.run(args);
      await sleep(PATIENCE.everyMs);
    }
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
    const other = await Served.fresh();
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

describe('top', function () {
  this.timeout(60_000);
  let leader: Served;
  let middle: Served;
  let below: Served;
  const terminals: Terminal[] = [];

  interface Node {
    readonly [field: string]: unknown;
    readonly address: string;
    readonly state: string;
  }

  before(async () => {
    leader = await Served.inOwnProcess();
    middle = await Served.fresh('--follow', leader.address);
    below = await Served.inOwnProcess('--follow', middle.address);
    await leader.run(['set', 'a', '1']);
  });
  after(endAll);
  afterEach(() => {
    for (const terminal of terminals.splice(0)) terminal.close();
  });

  async function look(from: Served | string, ...more: string[]): Promise<{ leader: string | null; nodes: Node[] }> {
    const address = typeof from === 'string' ? from : from.address;
    const { status, stdout, stderr } = await headwater(['--connect', address, '--json', 'top', '--once', ...more]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout.toString());
  }

  async function lookUntil(from: Served, holds: (nodes: Node[]) => boolean): Promise<Node[]> {
    const seen = async () => {
      const { nodes } = await look(from);
      if (holds(nodes)) return nodes;
      throw new Error(JSON.stringify(nodes));
    };
    return eventually('the tree', seen, { ...PATIENCE, everyMs: LOOK_INTERVAL_MS });
  }

  it('finds the whole tree from any node, and asks each node itself', async () => {
    await lookUntil(leader, (nodes) => nodes.length === 3 && nodes.every(({ offset }) => offset === 1));
    for (const from of [leader, middle, below]) {
      const seen = await look(from);
      assert.equal(seen.leader, leader.address);
      assert.deepEqual(
        seen.nodes.map(({ address, depth, role, state, offset, answers }) => [
          address,
          depth,
          role,
          state,
          offset,
          answers,
        ]),
        [
          [leader.address, 0, 'leader', 'leader', 1, true],
          [middle.address, 1, 'follower', 'streaming', 1, true],
          [below.address, 2, 'follower', 'streaming', 1, true],
        ],
      );
      assert(seen.nodes.slice(1).every(({ lag_commands }) => lag_commands === 0));
    }
  });

  it('prints a table once, or a line a look into a pipe', async () => {
    const once = await below.run(['top', '--once']);
    assert.match(
      once.stdout.toString(),
      new RegExp(`^leader ${leader.address}, epoch 1, offset 1; 3 nodes, all answer\n`),
    );
    assert.match(once.stdout.toString(), new RegExp(`^ {4}${below.address} +streaming +1 +0 +\\d+ ms`, 'm'));
    const view = viewOf(['--connect', below.address, 'top', '--every', '100ms']);
    const lines = await view.line(/./, 1);
    assert.match(
      lines[1] ?? '',
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d  ${leader.address} leader, offset 1, .*${below.address} streaming`),
    );
    assert.equal((await view.interrupt()).status, 0);
  });

  it('shows the rate of writes between two looks', async () => {
    const view = viewOf(['--connect', leader.address, '--json', 'top', '--every', '300ms']);
    await view.line(/./);
    const records = Array.from({ length: 20_000 }, (_, i) => `{"key":"${i}","value":"x"}\n`).join('');
    await leader.run(['import', '-'], { stdin: records });
    await view.line(/^.{0,250}"commands_per_second":\d{4,}/);
    await view.interrupt();
    await lookUntil(leader, (nodes) => nodes.every(({ offset }) => offset === 20_001));
  });

  it('shows a node that does not answer as such, with what its upstream reports', async () => {
    process.kill(below.pid, 'SIGSTOP');
    try {
      const { nodes } = await look(leader, '--timeout', '500ms');
      const frozen = nodes.find(({ address }) => address === below.address);
      assert.deepEqual([frozen?.answers, frozen?.state, frozen?.offset], [false, 'streaming, no answer', 20_001]);
      assert.match(String(frozen?.error), /no answer within/);
      const text = (await leader.run(['top', '--once', '--timeout', '500ms'])).stdout.toString();
      assert.match(text, /; 3 nodes, 2 answer$/m);
      assert.match(text, new RegExp(`^${below.address}: no answer: `, 'm'));
    } finally {
      process.kill(below.pid, 'SIGCONT');
    }
  });

  it('shows the rest of the tree if the leader does not answer', async () => {
    process.kill(leader.pid, 'SIGSTOP');
    try {
      const seen = await look(below, '--timeout', '500ms');
      assert.equal(seen.leader, null);
      assert.deepEqual(
        seen.nodes.map(({ address, depth }) => [address, depth]),
        [
          [middle.address, 0],
          [below.address, 1],
        ],
      );
    } finally {
      process.kill(leader.pid, 'SIGCONT');
    }
  });

  it('draws the screen of a terminal, and q ends it', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const terminal = new Terminal(
      [process.execPath, HEADWATER, '--connect', below.address, 'top', '--every', '100ms'],
      {
        columns: 90,
      },
    );
    terminals.push(terminal);
    const screen = await terminal.shows(/^ {4}127\.0\.0\.1:\d+ +streaming/m);
    assert.match(screen, /^headwater top, \d\d:\d\d:\d\d, every 100ms; q or Ctrl-C ends\nleader /);
    assert.match(screen, /^node +state +offset +behind +lag +commands\/s +headroom$/m);
    assert.match(screen, /^not shown in 90 columns: resyncs, log, memory, loop p99, up$/m);
    terminal.resize(160, 40);
    const wide = await terminal.shows(/^node .* headroom +resyncs +log +memory +loop p99 +up$/m);
    assert.doesNotMatch(wide, /not shown/);
    terminal.press('q');
    await terminal.shows(/^ended with 0$/m);
  });

  it('prints no line of the table once that a terminal would wrap', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const words = [process.execPath, HEADWATER, '--connect', below.address, 'top', '--once'];
    const terminal = new Terminal(words, { columns: 80 });
    terminals.push(terminal);
    const screen = await terminal.shows(/^ended with 0$/m);
    assert.match(screen, /^not shown in 80 columns: .*resyncs, log, memory, loop p99, up$/m);
    assert.match(screen, /^node +state +offset .*\n.* leader .*\n.* streaming .*\n.* streaming .*\nnot shown/m);
  });

  it('shows a follower that is away, and its place in the log', async () => {
    await below.end('SIGKILL');
    const nodes = await lookUntil(leader, (seen) => seen.some(({ away }) => away === true));
    const gone = nodes.find(({ address }) => address === below.address);
    assert.deepEqual([gone?.state, gone?.depth, gone?.answers], ['away', 2, false]);
  });
});

describe('latency', function () {
  this.timeout(60_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh();
  });
  after(endAll);

  it('measures for a time, and prints what it saw', async () => {
    const { status, stdout } = await node.run(['--json', 'latency', '--every', '5ms', '--for', '300ms']);
    assert.equal(status, 0);
    const seen = JSON.parse(stdout.toString()) as Record<string, number>;
    const { samples = 0, min_ms = 0, p50_ms = 0, p99_ms = 0, max_ms = 0 } = seen;
    assert(samples > 0 && min_ms > 0 && min_ms <= p50_ms && p50_ms <= p99_ms && p99_ms <= max_ms, stdout.toString());
    assert.deepEqual([seen.failed, typeof seen.event_loop_delay_p99_ms], [0, 'number']);
  });

  it('prints a line for each window with --history, until Ctrl-C', async () => {
    const view = viewOf(['--connect', node.address, 'latency', '--history', '200ms']);
    const lines = await view.line(/./, 1);
    assert.match(
      lines[1] ?? '',
      /^\d\d:\d\d:\d\d {2}min [\d.]+, avg .* ms \(\d+ samples?\); node: event loop delay p99 /,
    );
    const samples = lines.map((line) => Number(/\((\d+) samples?\)/.exec(line)?.[1]));
    assert(
      samples.every((count) => count > 0 && count <= 60),
      samples.join(),
    );
    assert.equal((await view.interrupt()).status, 0);
  });

  it('counts pings that fail, and goes on', async () => {
    const other = await Served.fresh();
    const view = viewOf(['--connect', other.address, '--json', 'latency', '--history', '200ms']);
    await view.line(/"failed":0/);
    await other.end();
    await view.line(/"failed":[1-9]\d*,"error":"[^"]+/);
    assert.equal((await view.interrupt()).status, 0);
  });

  it('fits into 80 columns, and leaves the figures behind when the screen is gone', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const words = [process.execPath, HEADWATER, '--connect', node.address, 'latency'];
    const terminal = new Terminal(words, { columns: 80 });
    try {
      await terminal.shows(/^samples +min +avg +p50 +p90 +p99 +p99\.9 +max$/m);
      await terminal.shows(/^ +writes wait for the disk .* ms now, at most .* ms in [\d,]+ (ms|s|min)$/m);
      terminal.press('C-c');
      // The line is wider than the terminal, which may break it at a space.
      const ended = (await terminal.shows(/^ended with 0$/m)).replaceAll('\n', '');
      assert.match(ended, /\d\d:\d\d:\d\d {2}min .* ms ?\(\d+ ?samples?\)/);
    } finally {
      terminal.close();
    }
  });
});

describe('a live view in the shell', function () {
  this.timeout(60_000);
  after(endAll);

  it('takes the keys while it runs, and gives them back', async function () {
    skipUnless(this, hasTerminal, 'tmux');
    const node = await Served.fresh();
    const state = temporaryDirectory();
    const words = [process.execPath, HEADWATER, '--connect', node.address, 'shell'];
    const terminal = new Terminal(words, { env: { XDG_STATE_HOME: state } });
    try {
      await terminal.shows(/leader>$/m);
      for (const [view, shown, key] of [
        ['top --every 100ms', /^headwater top, /m, 'q'],
        ['status --watch 100ms', /^role +leader$/m, 'C-c'],
        ['latency', /^samples +min/m, 'q'],
      ] as const) {
        terminal.press('C-l', view, 'Enter');
        await terminal.shows(shown);
        terminal.press(key);
        await terminal.shows(/leader>$/m);
        terminal.press('C-l', 'set a 1', 'Enter');
        await terminal.shows(/^OK$/m);
      }
      terminal.press('exit', 'Enter');
      await terminal.shows(/ended with 0$/m);
    } finally {
      terminal.close();
    }
  });
});
