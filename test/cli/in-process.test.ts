/** Commands and nodes in the process of the tests do what they do in a process of their own. */
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { begin, endAll, type RunOptions, Served, temporaryDirectory } from './command-line.js';
import { runInProcess } from './in-process.js';

const LINES = '{"key":"a","value":"1"}\n{"key":"b","value":"2"}\n';

describe('a command in the process of the tests', () => {
  let node: Served;
  before(async () => {
    node = await Served.fresh();
    await node.run(['import', '-'], { stdin: LINES });
  });
  after(endAll);

  const both = async (args: readonly string[], env: Record<string, string> = {}, stdin: RunOptions['stdin'] = '') => {
    const given = { ...process.env, HEADWATER_CONNECT: node.address, ...env };
    const { status, stdout, stderr } = await begin(args, { env: given, stdin }).outcome;
    return [{ status, stdout, stderr }, await runInProcess(args, given, stdin)] as const;
  };

  const CASES: ReadonlyArray<readonly [what: string, type: string[], RunOptions?]> = [
    ['a result', ['get', 'a']],
    ['a negative answer', ['get', 'none']],
    ['many results', ['scan']],
    ['results as JSON', ['--json', 'mget', 'a', 'none']],
    ['wrong usage', ['get']],
    ['an unknown command, as JSON', ['--json', 'gett']],
    ['the version', ['--version']],
    ['a help', ['help', 'set']],
    ['lines of stdin', ['import', '-'], { stdin: `${LINES}broken` }],
    ['a script of the shell', ['shell'], { stdin: 'set c 3\nget c\nnone\n' }],
    ['a variable of the environment', ['ping'], { env: { HEADWATER_CONNECT: '127.0.0.1:1' } }],
    ['no such directory', ['log', 'dump', 'none']],
  ];

  for (const [what, type, { env, stdin } = {}] of CASES)
    it(`ends as in a process of its own: ${what}`, async () => {
      const [ofProcess, here] = await both(type, env as Record<string, string>, stdin);
      assert.deepEqual(here, ofProcess);
      assert.notEqual(`${here.stdout}${here.stderr}`, '');
    });

  it('reads a stream, and leaves the process of the tests as it was', async () => {
    const state = () => ({
      status: process.exitCode,
      words: process.argv,
      listeners: process.listenerCount('exit'),
      priority: os.getPriority(),
    });
    const before = state();
    const outcome = await runInProcess(
      ['--connect', node.address, 'import', '-'],
      process.env,
      Readable.from([Buffer.from(LINES.slice(0, 10)), Buffer.from(LINES.slice(10))]),
    );
    assert.equal(outcome.status, 0, outcome.stderr);
    // A backup to a file lowers the priority of its process.
    const backup = path.join(temporaryDirectory(), 'backup');
    assert.equal((await runInProcess(['--connect', node.address, 'backup', backup], process.env)).status, 0);
    assert.deepEqual(state(), before);
  });
});

describe('a node in the process of the tests', () => {
  before(function () {
    if (process.env.HEADWATER_PROCESSES) this.skip();
  });
  afterEach(endAll);

  const OPTIONS = ['--fsync', 'never', '--log-level', 'debug'];

  /** The kinds of its lines, in order. */
  const told = (node: Served) => [...node.log.matchAll(/"event":"(\w+)"/g)].map(([, event]) => event);

  it('logs and ends as in a process of its own', async () => {
    const nodes = [await Served.inOwnProcess(...OPTIONS), await Served.fresh(...OPTIONS)] as const;
    for (const node of nodes) {
      assert.equal((await node.run(['set', 'k', 'v'])).status, 0);
      assert.equal(await node.end('SIGINT'), 0);
    }
    const [other, here] = nodes;
    assert.deepEqual(told(here), told(other));
    assert.deepEqual([told(here).at(0), told(here).at(-1)], ['starting', 'stopped']);
  });

  it('says which status a start ends with that is refused', async () => {
    const flags = ['--follow', '127.0.0.1:1', '--cluster', 'etcd://127.0.0.1:1/a'];
    const why = (start: Promise<Served>) =>
      start.then(
        () => 'it has started',
        ({ message }: Error) => message.slice(-300),
      );
    const [other, here] = [await why(Served.inOwnProcess(...flags)), await why(Served.fresh(...flags))];
    assert.match(here, /ended with 2/);
    assert.equal(here.replace(/headwater-cli-\w+/g, ''), other.replace(/headwater-cli-\w+/g, ''));
  });

  it('refuses the signals that would end the tests, and ends all the same', async () => {
    const node = await Served.fresh();
    await assert.rejects(node.end('SIGKILL'), /SIGKILL would end the tests\. Give it a process of its own/);
    assert.throws(() => node.pid, /in the process of the tests\. Give it a process of its own/);
    const ended = node.end();
    await assert.rejects(node.end(), /a second signal would end the tests/);
    assert.equal(await ended, 0);
  });
});
