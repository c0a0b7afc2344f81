/**
 * How a command starts. Time is measured against Node that loads the gRPC library, in the same run, and as processor
 * time, since the machine may be busy. Node alone starts from a snapshot, so a machine that compiles slowly changes the
 * ratio to Node alone.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater, Served, temporaryDirectory } from './command-line.js';

/**
 * The files that a command to a node loads: the entry, the command line, the client, errors and codecs. Measured: 14,
 * since esbuild makes a file of what several late imports share. Without a bundle there are some 190.
 */
const FILES_MAX = 25;
/** Measured: 1.84 to 1.97, beside other work too. Without a bundle, the ratio is 2.96 to 3.26. */
const TIMES_LIBRARY_MAX = 2.4;
const LIBRARY = ['-e', "require('@grpc/grpc-js')"];
const ROUNDS = 7;

/** The processor time of a process that ends well, in ms. */
function cpuMs(args: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; time "$0" "$@" > /dev/null';
  const text = execFileSync('bash', ['-c', `(${script}) 2>&1`, process.execPath, ...args], { encoding: 'utf8' });
  const [user = Number.NaN, system = Number.NaN] = text.trim().split(' ').map(Number);
  return (user + system) * 1_000;
}

describe('the start of a command', function () {
  this.timeout(120_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh();
    await node.run(['set', 'k', 'v']);
  });
  after(endAll);

  it('loads a few files, and nothing of the server', async () => {
    const coverage = temporaryDirectory();
    const { status } = await node.run(['get', 'k'], { env: { NODE_V8_COVERAGE: coverage } });
    assert.equal(status, 0);
    const [report = ''] = readdirSync(coverage);
    const { result } = JSON.parse(readFileSync(path.join(coverage, report), 'utf8')) as { result: { url: string }[] };
    const files = result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
    assert(files.some((file) => file.endsWith('dist/bin/headwater.js')) && files.length > 3, files.join('\n'));
    assert(files.length <= FILES_MAX, files.join('\n'));
    const ofServer = /src\/(store|log|keyspace|disk|commands|rpc)\/|node_modules/;
    assert.deepEqual(
      files.filter((file) => ofServer.test(file)),
      [],
    );
  });

  it(`takes at most ${TIMES_LIBRARY_MAX} times the time of Node with the gRPC library`, () => {
    const entry = path.join(import.meta.dirname, '../../dist/bin/headwater.cjs');
    const library: number[] = [];
    const command: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      library.push(cpuMs(LIBRARY));
      command.push(cpuMs([entry, '--connect', node.address, 'get', 'k']));
    }
    const [ofLibrary, ofCommand] = [Math.min(...library), Math.min(...command)];
    assert(ofLibrary > 0);
    const times = `the library ${library.join(', ')} ms, a command ${command.join(', ')} ms`;
    assert(ofCommand < TIMES_LIBRARY_MAX * ofLibrary, times);
  });

  it('shows the licences of the packages that it contains', async () => {
    const licences = readFileSync(path.join(import.meta.dirname, '../../dist/bin/LICENSES.txt'), 'utf8');
    for (const name of ['commander', '@grpc/grpc-js']) assert.match(licences, new RegExp(`^${name} [0-9.]+ \\(`, 'm'));
    assert.equal((await headwater(['--version'])).status, 0);
  });
});
