/**
 * The exit status of every command at the same fault: other programs decide by
 * it. A command that is new must come into the table, else the first test fails.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  endAll,
  headwater,
  headwaterWithoutNode,
  type Outcome,
  type RunOptions,
  Served,
  temporaryDirectory,
} from './command-line.js';
import { runInProcess } from './in-process.js';

const [DONE, NEGATIVE, USAGE, REFUSED] = [0, 1, 2, 3];
/** Nothing listens there. */
const NOWHERE = '127.0.0.1:1';

interface Row {
  /** As it is typed where nothing is wrong. */
  readonly type: readonly string[];
  /** It talks to a node. */
  readonly asks: boolean;
  /** As it is typed of a key that is not there. */
  readonly missing?: readonly string[];
  /** It prints nothing at the node of this test, or the machine and earlier runs decide what it prints. */
  readonly silent?: true;
}

const ROWS: readonly Row[] = [
  { type: ['serve'], asks: false, silent: true },
  { type: ['shell'], asks: false, silent: true },
  { type: ['help'], asks: false },
  { type: ['get', 'k'], asks: true, missing: ['get', 'none'] },
  { type: ['mget', 'k'], asks: true, missing: ['mget', 'k', 'none'] },
  { type: ['getdel', 'gone'], asks: true, missing: ['getdel', 'none'], silent: true },
  { type: ['set', 'k', 'v'], asks: true, missing: ['set', 'none', 'v', '--if-present'] },
  { type: ['append', 'k', ''], asks: true },
  { type: ['exists', 'k'], asks: true, missing: ['exists', 'none'] },
  { type: ['type', 'k'], asks: true, missing: ['type', 'none'] },
  { type: ['del', 'gone'], asks: true, missing: ['del', 'none'] },
  { type: ['incr', 'n'], asks: true },
  { type: ['incrbyfloat', 'n', '1'], asks: true },
  { type: ['rename', 'k', 'k'], asks: true, missing: ['rename', 'none', 'other'] },
  { type: ['ttl', 'k'], asks: true, missing: ['ttl', 'none'] },
  { type: ['expire', 'k', '1h'], asks: true, missing: ['expire', 'none', '1h'] },
  { type: ['persist', 'none'], asks: true, missing: ['persist', 'none'], silent: true },
  { type: ['keys', '*'], asks: true },
  { type: ['scan'], asks: true },
  { type: ['dbsize'], asks: true },
  { type: ['randomkey'], asks: true },
  { type: ['flushall'], asks: true, silent: true },
  { type: ['transact', '-'], asks: true, silent: true },
  { type: ['publish', 'c', 'm'], asks: true },
  { type: ['subscribe', 'c'], asks: true, silent: true },
  { type: ['watch', '--from', '0'], asks: true },
  { type: ['import', '-'], asks: true },
  { type: ['export', '-'], asks: true },
  { type: ['backup', '-'], asks: true },
  { type: ['restore', '-', '--data', 'absent'], asks: false, silent: true },
  { type: ['archive', 'list', '.'], asks: false, silent: true },
  { type: ['ping'], asks: true },
  { type: ['status'], asks: true },
  { type: ['digest'], asks: true },
  { type: ['follow', NOWHERE], asks: true, silent: true },
  { type: ['promote'], asks: true, silent: true },
  { type: ['failover'], asks: true, silent: true },
  { type: ['forget', 'nobody'], asks: true, silent: true },
  { type: ['drain'], asks: true },
  { type: ['node', 'remove', 'nobody'], asks: true, silent: true },
  { type: ['doctor'], asks: true, silent: true },
  { type: ['cluster'], asks: true, silent: true },
  { type: ['config', 'example'], asks: false },
  { type: ['config', 'print'], asks: false },
  { type: ['config', 'check', 'headwater.toml'], asks: false },
  { type: ['compare'], asks: true },
  { type: ['log', 'dump', 'absent'], asks: false, silent: true },
  { type: ['id', 'renew', '--data', 'absent'], asks: false, silent: true },
  { type: ['verify'], asks: true },
  { type: ['repair'], asks: true, silent: true },
  { type: ['user', 'list'], asks: true },
  { type: ['cert', 'create', 'certificates'], asks: false, silent: true },
  { type: ['top', '--once'], asks: true },
  { type: ['latency', '--for', '100ms'], asks: true },
  { type: ['slowlog'], asks: true, silent: true },
  { type: ['monitor'], asks: true, silent: true },
  { type: ['bench', '-n', '10', '--keys', '5'], asks: true },
  { type: ['completion', 'bash'], asks: false },
  { type: ['man'], asks: false },
];

/**
 * Those that continue until their process ends, and one of each kind of the others: it prints a value, many lines, bytes,
 * or what it knows without a node. `npm run commands` has a process for all.
 */
const OF_PROCESSES = ['watch', 'bench', 'latency', 'top', 'get', 'scan', 'export', 'backup', 'help'];

function needsProcess([command = '']: readonly string[]): boolean {
  return process.env.HEADWATER_PROCESSES !== undefined || OF_PROCESSES.includes(command);
}

describe('exit statuses', function () {
  this.timeout(120_000);
  let directory = '';
  let node: Served;

  const home = process.cwd();
  before(async () => {
    directory = temporaryDirectory();
    // The commands name files by relative paths, in a directory where nothing is.
    process.chdir(directory);
    node = await Served.start(['--data', path.join(directory, 'node'), '--listen', '127.0.0.1:0'], {
      hasOwnProcess: true,
    });
    await node.run(['set', 'k', 'v']);
    writeFileSync(path.join(directory, 'headwater.toml'), 'fsync = "always"\n');
  });
  after(async () => {
    process.chdir(home);
    await endAll();
  });

  /** Each as `type`, a few at a time. */
  async function expectStatus(
    rows: readonly Row[],
    expected: (row: Row) => number,
    run: (row: Row) => Promise<Outcome>,
  ): Promise<void> {
    const waiting = [...rows];
    const work = async () => {
      for (let row = waiting.shift(); row; row = waiting.shift()) {
        const { status, stderr } = await run(row);
        assert.equal(status, expected(row), `${row.type.join(' ')}: ${stderr}`);
        assert.doesNotMatch(stderr, /\n\s+at |a bug/, row.type.join(' '));
      }
    };
    await Promise.all([work(), work(), work()]);
  }

  function run(type: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const all = { env: { HEADWATER_CONNECT: node.address }, ...options };
    // No `serve` of this file becomes a node.
    return type[0] === 'serve' ? headwaterWithoutNode(type, all) : headwater(type, all);
  }

  it('the table has every command', async () => {
    const help = (await headwater(['--help'])).stdout.toString();
    const section = help.slice(help.indexOf('Commands:'));
    const names = [...section.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name as string);
    assert.deepEqual([...new Set(ROWS.map(({ type }) => type[0]))], names);
  });

  it('2: an option that there is not', () =>
    expectStatus(
      ROWS.filter(({ type }) => type[0] !== 'help'),
      () => USAGE,
      ({ type }) => run([...type, '--no-such-option']),
    ));

  it('3: nothing listens at the address of the node', () =>
    expectStatus(
      ROWS.filter(({ asks }) => asks),
      () => REFUSED,
      ({ type }) => run(['--connect', NOWHERE, ...type]),
    ));

  it('1: there is no such key', () =>
    expectStatus(
      ROWS.filter(({ missing }) => missing),
      () => NEGATIVE,
      ({ missing = [] }) => run(missing),
    ));

  const inProcess = (type: readonly string[], stdoutError: 'ENOSPC' | 'EPIPE') =>
    runInProcess(type, { ...process.env, HEADWATER_CONNECT: node.address }, '', stdoutError);

  it('3: the disk under stdout is full', () =>
    expectStatus(
      ROWS.filter(({ silent }) => !silent),
      () => REFUSED,
      ({ type }) => (needsProcess(type) ? run(type, { stdout: '/dev/full' }) : inProcess(type, 'ENOSPC')),
    ));

  it('0: the reader of stdout has gone, unless a part of the output is worth nothing', () =>
    expectStatus(
      ROWS.filter(({ silent }) => !silent),
      ({ type }) => (type[0] === 'backup' ? REFUSED : DONE),
      ({ type }) => (needsProcess(type) ? run(type, { stdout: null }) : inProcess(type, 'EPIPE')),
    ));

  const FILES: ReadonlyArray<readonly [verb: string, type: (file: string) => string[]]> = [
    ['read', (file) => ['import', file]],
    ['read', (file) => ['transact', file]],
    ['read', (file) => ['restore', file, '--data', 'restored']],
    ['read', (file) => ['log', 'dump', file]],
    ['read', (file) => ['verify', '--data', 'absent', '--rebuild', '--backup', file]],
    ['read', (file) => ['serve', '--config', file]],
    ['read', (file) => ['config', 'check', file]],
    ['read', (file) => ['config', 'print', '--config', file]],
    ['write', (file) => ['export', file]],
    ['write', (file) => ['backup', file]],
  ];
  const NAMES: ReadonlyArray<readonly [what: string, name: string, says: string]> = [
    ['that is not there', 'none/x', 'no such file or directory'],
    ['that is a directory', 'empty', 'expected a file, received a directory'],
    ['under a file', 'file/x', 'a part of the path is a file, not a directory'],
    ['with a name that is too long', 'x'.repeat(300), 'the name is too long'],
  ];
  for (const [what, name, says] of NAMES) {
    it(`2: a file ${what}`, async () => {
      mkdirSync(path.join(directory, 'empty'), { recursive: true });
      writeFileSync(path.join(directory, 'file'), '');
      for (const [verb, type] of FILES) {
        const { status, stderr } = await run(type(name));
        assert.equal(stderr, `headwater: cannot ${verb} ${name}: ${says}\n`);
        assert.equal(status, USAGE);
      }
    });
  }

  it('2: such a file, with --json: the code is "file"', async () => {
    for (const [verb, type] of FILES) {
      const words = type('none/x');
      if (words[0] === 'serve') continue;
      const { status, stderr } = await run(['--json', ...words]);
      const { code, message } = JSON.parse(stderr).error as { code: string; message: string };
      assert.deepEqual([code, message, status], ['file', `cannot ${verb} none/x: no such file or directory`, USAGE]);
    }
  });

  it('3: the disk under a file is full', async () => {
    for (const type of [
      ['backup', '/dev/full'],
      ['export', '/dev/full'],
    ]) {
      const { status, stderr } = await run(type);
      assert.equal(stderr.split('\n').at(-2), 'headwater: cannot write /dev/full: no space left on the disk');
      assert.equal(status, REFUSED);
    }
  });

  const STOPPED = [['verify'], ['log', 'dump'], ['id', 'renew']];
  const MADE = [['serve'], ['restore', '-']];
  const DIRECTORIES: ReadonlyArray<readonly [what: string, data: string, types: readonly string[][]]> = [
    ['that is not there', 'none', STOPPED],
    ['that is a file', 'file', [...STOPPED, ...MADE]],
    ['that belongs to something else', 'foreign', [...STOPPED, ...MADE]],
    ['that cannot be made', '/proc/none', MADE],
    ['without a name', '', [...STOPPED, ...MADE]],
  ];
  for (const [what, data, types] of DIRECTORIES) {
    it(`2: a data directory ${what}`, async () => {
      mkdirSync(path.join(directory, 'foreign'), { recursive: true });
      writeFileSync(path.join(directory, 'foreign', 'thesis'), 'years of work');
      writeFileSync(path.join(directory, 'file'), '');
      for (const type of types) {
        const { status, stderr } = await run([...type, '--data', data]);
        assert.equal(status, USAGE, `${type.join(' ')}: ${stderr}`);
      }
    });
  }

  it('3: a data directory that a node has open', async () => {
    for (const type of [...STOPPED, ['serve']]) {
      const { status, stderr } = await run([...type, '--data', 'node']);
      assert.match(stderr, /node is in use by process \d+\. /);
      assert.equal(status, REFUSED, type.join(' '));
    }
  });
});
