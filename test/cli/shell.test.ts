/** The shell: as a script from a pipe, and as a person uses it on a terminal. */
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { skipUnless } from '../support/installed.js';
import { begin, endAll, eventually, headwater, Served, temporaryDirectory } from './command-line.js';
import { hasScript, KEYS, Terminal } from './terminal.js';

const NOWHERE = '127.0.0.1:1';

describe('the shell', function () {
  this.timeout(60_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh();
  });
  after(endAll);

  describe('from a pipe', () => {
    const run = (lines: readonly string[], ...options: string[]) =>
      node.run(['shell', ...options], { stdin: lines.map((line) => `${line}\n`).join('') });

    it('runs a command a line, and ends each result with a line end', async () => {
      const { status, stdout, stderr } = await run([
        'set a 1',
        '',
        '# a comment',
        'get a',
        'incr a',
        'headwater GET a',
      ]);
      assert.equal(stderr, '');
      assert.equal(stdout.toString(), 'OK\n1\n2\n2\n');
      assert.equal(status, 0);
    });

    it('has the quotes of redis-cli, for any bytes', async () => {
      const lines = [
        'set "a b" "x\\ty\\n\\x41\\xc3\\xa9\\"\\\\"',
        'get "a b"',
        "set 'it\\'s' '\\n'",
        'get "it\'s"',
        'set "\\xff" "\\x00\\xfe"',
        'get "\\xff" --json',
        'keys "?" --json',
        'rename "\\xff" "\\xfd" --json',
        'del "\\xfd"',
      ];
      const { stdout, stderr } = await run(lines);
      assert.equal(stderr, '');
      assert.deepEqual(
        stdout
          .toString()
          .split('\n')
          .map((line) => line.replace(/,"position":"[^"]+"/, '')),
        [
          'OK',
          'x\ty',
          'Aé"\\',
          'OK',
          '\\n',
          'OK',
          '{"key":"/w==","key_encoding":"base64","value":"AP4=","encoding":"base64"}',
          '{"key":"a"}',
          '{"key":"/w==","key_encoding":"base64"}',
          '{"key":"/w==","key_encoding":"base64","new_key":"/Q==","new_key_encoding":"base64","applied":true}',
          '1',
          '',
        ],
      );
    });

    it('names the line of each error, goes on, and ends with the highest status', async () => {
      const { status, stdout, stderr } = await run(['get none', 'foo', '"x', 'set l 1', 'serve', 'incr l x']);
      assert.equal(stdout.toString(), 'OK\n');
      assert.match(stderr, /^headwater: line 1: no such key "none"$/m);
      assert.match(stderr, /^headwater: line 2: unknown command 'foo'$/m);
      assert.match(stderr, /^headwater: line 3: unbalanced quotes: expected a closing quote for "x$/m);
      assert.match(stderr, /^headwater: line 5: serve: .* Run "headwater serve" outside of the shell$/m);
      assert.match(stderr, /^headwater: line 6: .*'N'/m);
      assert.equal(status, 2);
      assert.equal((await run(['get none', 'ping'])).status, 1);
    });

    it('ends at the first line that fails with --stop-on-error', async () => {
      const { status, stdout } = await run(['ping', 'get none', 'foo'], '-e');
      assert.equal(stdout.toString(), 'PONG\n');
      assert.equal(status, 1);
    });

    it('ends at exit, and at once if the node cannot be reached', async () => {
      assert.equal((await run(['ping', 'exit', 'ping'])).stdout.toString(), 'PONG\n');
      const { status, stderr } = await headwater(['--connect', NOWHERE, 'shell'], { stdin: 'ping\nping\n' });
      assert.equal(status, 3);
      assert.match(stderr, /^headwater: line 1: cannot reach 127\.0\.0\.1:1: .*\. Use "connect HOST:PORT" .*\n$/);
    });

    it('ends at the first line that waits in vain for a node that has gone', async () => {
      const own = await Served.inOwnProcess();
      const stdin = new PassThrough();
      const stdout = path.join(temporaryDirectory(), 'stdout');
      const { outcome } = begin(['--connect', own.address, '--timeout', '500ms', 'shell'], { stdin, stdout });
      stdin.write('ping\n');
      await eventually('the first answer', async () => readFileSync(stdout, 'utf8') === 'PONG\n');
      await own.end('SIGKILL');
      stdin.end('get a\nget b\nget c\n');
      const { status, stderr } = await outcome;
      const lines = [...stderr.matchAll(/^headwater: line (\d): /gm)].map(([, line]) => Number(line));
      // The line that finds the connection broken may fail at once, and the next one waits.
      assert(lines.length >= 1 && lines.length <= 2, stderr);
      assert.equal(status, 3);
    });

    it('uses another node for one line, or from a line on, and ends if it cannot', async () => {
      const lines = [`--connect ${NOWHERE} ping`, 'ping', `connect ${NOWHERE}`, 'flushall'];
      const { status, stdout, stderr } = await run(lines);
      assert.equal(stdout.toString(), 'PONG\n', 'the last line was for another node');
      assert.deepEqual(
        stderr.split('\n').map((line) => line.split(':').slice(0, 2).join(':')),
        ['headwater: line 1', 'headwater: line 3', ''],
      );
      assert.equal(status, 3);
      const moved = await headwater(['-p', '1', 'shell'], { stdin: `connect ${node.address}\nping\n` });
      assert.equal(moved.stdout.toString(), `connected to ${node.address}\nPONG\n`);
    });

    it('forgets the options of a line when the next one runs', async () => {
      const lines = [
        'set once 1 --if-absent',
        'set once 2',
        'get once --json',
        'get once',
        "scan --match 'once' --keys-only",
      ];
      const { stdout, stderr } = await run([...lines, "scan --match 'once'"]);
      assert.equal(stderr, '');
      assert.match(stdout.toString(), /^OK\nOK\n\{.*\}\n2\nonce\nonce\t2\n$/);
    });

    it('prints results and errors as JSON, for all lines or for one', async () => {
      const { stdout, stderr } = await node.run(['--json', 'shell'], { stdin: 'ping\nfoo\n' });
      assert.equal(stdout.toString(), '{"reply":"PONG"}\n');
      assert.deepEqual(JSON.parse(stderr), {
        error: { code: 'usage', message: "unknown command 'foo'", details: {}, line: 2 },
      });
      const mixed = await run(['ping --json', 'ping']);
      assert.equal(mixed.stdout.toString(), '{"reply":"PONG"}\nPONG\n');
    });

    it('lets no command read the stdin that has the lines', async () => {
      const { status, stdout, stderr } = await run(['import -', 'ping']);
      assert.match(stderr, /expected a file, because stdin has the commands of the shell/);
      assert.equal(stdout.toString(), 'PONG\n');
      assert.equal(status, 2);
    });

    it('takes thousands of lines', async () => {
      const lines = Array.from({ length: 3_000 }, (_, i) => `set many:${i} ${i}`);
      const { status, stdout } = await run([...lines, 'get many:2999']);
      assert.equal(status, 0);
      assert.equal(stdout.toString(), `${'OK\n'.repeat(3_000)}2999\n`);
    });

    it('ends at Ctrl-C, after the command that runs', async () => {
      await node.run(['set', 'watched', '1']);
      const stdout = path.join(temporaryDirectory(), 'stdout');
      const stdin = 'watch --from 0 --prefix watched\nping\n';
      const { pid, outcome } = begin(['--connect', node.address, 'shell'], { stdin, stdout });
      await eventually('the watched key', async () => readFileSync(stdout, 'utf8').includes('watched'));
      process.kill(pid, 'SIGINT');
      assert.equal((await outcome).status, 0);
      assert.doesNotMatch(readFileSync(stdout, 'utf8'), /PONG/);
    });
  });

  describe('on a terminal', () => {
    let state = '';
    const open: Terminal[] = [];

    before(function () {
      skipUnless(this, hasScript, 'script, of util-linux');
    });
    beforeEach(() => {
      state = temporaryDirectory();
    });
    afterEach(async () => {
      for (const terminal of open.splice(0)) await terminal.close();
    });

    function start(
      args: readonly string[] = ['--connect', node.address],
      env: Record<string, string> = { NO_COLOR: '1' },
    ): Terminal {
      const terminal = new Terminal(args, { XDG_STATE_HOME: state, ...env });
      open.push(terminal);
      return terminal;
    }

    it('begins without a command, shows the role, types and quotes, and ends at Ctrl-D', async () => {
      const terminal = start();
      await terminal.sees(`${node.address} leader`);
      await terminal.enter('set "bin ary" "\\xff\\x1b[31m"');
      await terminal.sees('OK');
      await terminal.enter('get "bin ary"');
      await terminal.sees('\n"\\xff\\x1b[31m"');
      await terminal.enter('incr number');
      await terminal.sees('(integer) 1');
      await terminal.enter('get none');
      await terminal.sees('\n(no such key "none")');
      await terminal.enter('foo');
      await terminal.sees("\nerror: unknown command 'foo'");
      await terminal.enter('help get');
      await terminal.sees('Usage: headwater get');
      await terminal.sees('leader> ');
      await terminal.press(KEYS.CTRL_D);
      assert.equal(await terminal.ended(), 0);
    });

    it('aligns records, and colours them unless NO_COLOR is set', async () => {
      await node.run(['set', 'row:a', '1']);
      await node.run(['set', 'row:longer', '2']);
      const plain = start();
      await plain.enter("scan --match 'row:*'");
      await plain.sees('"row:a"       "1"\r\n"row:longer"  "2"\r\n');
      const coloured = start(undefined, {});
      await coloured.sees('\u001b[32mleader\u001b[39m');
      await coloured.enter('get row:a');
      await coloured.sees('\u001b[32m"1"\u001b[39m');
    });

    it('completes commands, options, keys and files with Tab', async () => {
      await node.run(['set', 'tab:only key', 'found']);
      const terminal = start();
      await terminal.sees('leader> ');
      await terminal.tab('exis', 'ts ');
      await terminal.tab('tab:o', 'exists "tab:only key" ');
      await terminal.press(KEYS.ENTER);
      await terminal.sees('(integer) 1');
      await terminal.sees('leader> ');
      await terminal.tab('set a b --if-a', 'bsent ');
      await terminal.press(KEYS.CTRL_C);
      await terminal.sees('leader> ');
      await terminal.tab('log d', 'ump ');
      await terminal.tab(state.slice(0, -2), `${state.slice(-2)}/`);
    });

    it('ends a running watch at Ctrl-C, and not the shell', async () => {
      const terminal = start();
      await terminal.enter('watch --prefix seen');
      const again = setInterval(() => void node.run(['set', 'seen', 'yes']), 500);
      await terminal.sees('put\tseen\tyes').finally(() => clearInterval(again));
      await terminal.press(KEYS.CTRL_C);
      await terminal.enter('ping');
      await terminal.sees('PONG');
    });

    it('gives the keys to a live view, and takes them back', async () => {
      const terminal = start();
      await terminal.enter('top');
      await terminal.sees('commands/s');
      await terminal.press('q');
      await terminal.sees('\u001b[?1049l');
      await terminal.enter('ping');
      await terminal.sees('PONG');
    });

    it('gives up a command that waits for a node that stands still, at Ctrl-C', async () => {
      const frozen = await Served.inOwnProcess();
      const terminal = start(['--connect', frozen.address, '--timeout', '1h']);
      await terminal.sees('leader> ');
      process.kill(frozen.pid, 'SIGSTOP');
      await terminal.press('get a', KEYS.ENTER);
      await terminal.sees('get a');
      await terminal.sees('\n');
      await terminal.press(KEYS.CTRL_C);
      await terminal.sees('error: ');
      process.kill(frozen.pid, 'SIGCONT');
      await terminal.enter('ping');
      await terminal.sees('PONG');
      await frozen.end();
    });

    it('ends at a Ctrl-D that is typed while a command runs, behind the lines before it', async () => {
      const frozen = await Served.inOwnProcess();
      const terminal = start(['--connect', frozen.address]);
      await terminal.sees('leader> ');
      process.kill(frozen.pid, 'SIGSTOP');
      await terminal.press('set a 1', KEYS.ENTER);
      await terminal.sees('set a 1');
      await terminal.sees('\n');
      await terminal.press('get a', KEYS.ENTER, KEYS.CTRL_D);
      process.kill(frozen.pid, 'SIGCONT');
      await terminal.sees('OK');
      await terminal.sees('"1"');
      assert.equal(await terminal.ended(), 0);
      await frozen.end();
    });

    it('names the command of the shell that goes to the leader', async () => {
      const data = path.join(state, 'follower');
      const follower = await Served.start(['--data', data, '--listen', '127.0.0.1:0', '--follow', node.address]);
      await eventually('a level follower', async () =>
        /^upstream .* streaming/m.test((await follower.run(['status'])).stdout.toString()),
      );
      const terminal = start(['--connect', follower.address]);
      await terminal.enter('set a 1');
      await terminal.sees(`Use "connect ${node.address}"`);
      await terminal.enter(`connect ${node.address}`);
      await terminal.enter('set a 1');
      await terminal.sees('OK');
      await follower.end();
    });

    it('begins without a node, and uses the node that comes back', async () => {
      const data = path.join(state, 'node');
      const first = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
      await first.end();
      const terminal = start(['--connect', first.address]);
      await terminal.sees(`cannot reach ${first.address}`);
      await terminal.sees('unreachable');
      const second = await Served.start(['--data', data, '--listen', first.address]);
      await terminal.enter('');
      await terminal.sees('leader> ');
      await second.end();
    });

    it('aligns the values of several keys', async () => {
      await node.run(['set', 'a', '1']);
      const terminal = start();
      await terminal.enter('mget a longer');
      await terminal.sees('(no such key)');
      assert.match(stripVTControlCharacters(terminal.shown), /^"a" {7}"1"\r?\n"longer" {2}\(no such key\)/m);
    });

    it('asks before flushall, unless --yes is given', async () => {
      await node.run(['set', 'kept', '1']);
      const terminal = start();
      await terminal.enter('flushall');
      await terminal.sees('and its followers? [y/N] ');
      await terminal.press('n', KEYS.ENTER);
      await terminal.sees('(nothing was deleted)');
      await terminal.enter('exists kept');
      await terminal.sees('(integer) 1');
      await terminal.enter('flushall');
      await terminal.sees('[y/N] ');
      await terminal.press('yes', KEYS.ENTER);
      await terminal.sees('OK');
      await node.run(['set', 'kept', '2']);
      await terminal.enter('flushall');
      await terminal.sees('[y/N] ');
      await terminal.press(KEYS.CTRL_C);
      await terminal.sees('(nothing was deleted)');
      await terminal.enter('get kept');
      await terminal.sees('"2"');
      await terminal.enter('flushall --yes');
      await terminal.sees('OK');
      const alone = start(['--connect', node.address, 'flushall']);
      await alone.sees('[y/N] ');
      await alone.press(KEYS.CTRL_D);
      assert.equal(await alone.ended(), 1);
      assert.match(alone.shown, /\[y\/N] .*\r?\nheadwater: nothing was deleted/);
    });

    it('keeps a history for its owner alone, without secrets', async () => {
      const terminal = start();
      for (const line of ['ping', ' get hidden', 'set password x', 'ping', 'dbsize']) await terminal.enter(line);
      await terminal.sees('leader> ');
      await terminal.press(KEYS.CTRL_D);
      await terminal.ended();
      const file = path.join(state, 'headwater/history');
      assert.equal(readFileSync(file, 'utf8'), 'ping\ndbsize\n');
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const next = start();
      await next.sees('leader> ');
      await next.press(KEYS.UP);
      await next.sees('dbsize');
    });
  });
});
