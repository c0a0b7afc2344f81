/** Commands in the process of the tests do what they do in a process of their own. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { begin, endAll, type RunOptions, Served } from './command-line.js';
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
    const before = { status: process.exitCode, words: process.argv, listeners: process.listenerCount('exit') };
    const outcome = await runInProcess(
      ['--connect', node.address, 'import', '-'],
      process.env,
      Readable.from([Buffer.from(LINES.slice(0, 10)), Buffer.from(LINES.slice(10))]),
    );
    assert.equal(outcome.status, 0, outcome.stderr);
    const after = { status: process.exitCode, words: process.argv, listeners: process.listenerCount('exit') };
    assert.deepEqual(after, before);
  });
});
