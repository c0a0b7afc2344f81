/**
 * The examples in other languages, run from the .proto files alone against a node. The backup that each makes is restored.
 * If this machine lacks the packages of a language, its test is skipped. .ci/run tries to install them.
 */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { restoreDirectory } from '../../src/tools.js';
import { PYTHON } from '../documents/steps.js';
import { buf, type Finished, finished, PROTO } from '../protobuf/buf.js';
import { Cluster, type Daemon } from '../support/cluster.js';
import { isInstalled, skipUnless } from '../support/installed.js';

const EXAMPLES = path.join(PROTO, 'examples');
const TOOLS = path.join(PROTO, '../node_modules/.bin');
const FILES = ['admin', 'backup', 'command', 'disk', 'error', 'history', 'kv', 'replication', 'stream'].map(
  (name) => `headwater/v1/${name}.proto`,
);

const TOUR = [
  'get: hello',
  'get: no such key',
  'synced: true',
  'order: paid',
  'transact: true 1',
  'transact: false',
  'watch: put user:1 Ada',
  'subscribe: news it rains',
  'backup: 5 keys',
];

/** A look for the compiler and Google's own .proto files. */
const ANY = '-o /dev/null google/protobuf/any.proto';

/** Ends a program that hangs. */
const TIMEOUT_MS = 90_000;

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return finished(command, args, { env: { ...process.env, ...env }, timeout: TIMEOUT_MS });
}

async function mustRun(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { status, output } = await run(command, args, env);
  assert.equal(status, 0, `${command} ${args.join(' ')}\n${output}`);
  return output;
}

describe('an example in another language', function () {
  this.timeout(240_000);
  let folder: string;
  let cluster: Cluster;
  let node: Daemon;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'headwater-example-'));
    cluster = new Cluster();
    node = await cluster.node('node');
    await node.start();
  });
  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  /** The folder with the code that these arguments of protoc generate. */
  async function generated(command: string, args: (out: string) => readonly string[]): Promise<string> {
    const out = path.join(folder, 'generated');
    await mkdir(out);
    await mustRun(command, ['-I', PROTO, ...args(out), ...FILES.map((name) => path.join(PROTO, name))]);
    assert((await readdir(path.join(out, 'headwater/v1'))).length >= FILES.length);
    return out;
  }

  /** Restores the backup that an example has made. */
  async function restored(file: string): Promise<number> {
    const directory = path.join(folder, 'restored');
    const { keys } = await restoreDirectory({ directory, source: createReadStream(file) });
    return keys;
  }

  it('Python does all of the tour', async function () {
    const needs = `command -v grpc_python_plugin && protoc ${ANY} && ${PYTHON} -c "import grpc, google.protobuf"`;
    const packages = 'protobuf-compiler-grpc, libprotobuf-dev, python3-grpcio and python3-protobuf';
    skipUnless(this, isInstalled('bash', '-c', needs), packages);
    const { output: plugin } = await run('bash', ['-c', 'command -v grpc_python_plugin']);
    const out = await generated('protoc', (to) => [
      `--python_out=${to}`,
      `--grpc_out=${to}`,
      `--plugin=protoc-gen-grpc=${plugin}`,
    ]);
    const file = path.join(folder, 'python.backup');
    const said = await mustRun(PYTHON, [path.join(EXAMPLES, 'tour.py'), node.address, file], { PYTHONPATH: out });
    const expected = [...TOUR, 'refused: FAILED_PRECONDITION NOT_AN_INTEGER'];
    assert.deepEqual(said.replace(/True|False/g, (word) => word.toLowerCase()).split('\n'), expected);
    assert.equal(await restored(file), 5);
  });

  it('Ruby does all of the tour', async function () {
    const needs = `grpc_tools_ruby_protoc ${ANY} && ruby -e "require 'grpc'"`;
    skipUnless(this, isInstalled('bash', '-c', needs), 'ruby-grpc-tools, libprotobuf-dev and ruby-grpc');
    const out = await generated('grpc_tools_ruby_protoc', (to) => [`--ruby_out=${to}`, `--grpc_out=${to}`]);
    const file = path.join(folder, 'ruby.backup');
    const said = await mustRun('ruby', ['-I', out, path.join(EXAMPLES, 'tour.rb'), node.address, file]);
    assert.deepEqual(said.split('\n'), [...TOUR, 'refused: FailedPrecondition NOT_AN_INTEGER']);
    assert.equal(await restored(file), 5);
  });

  it('buf curl does all of the tour, by reflection alone', async function () {
    skipUnless(this, (await buf('--version')).status === 0, '@bufbuild/buf, which does not run on this machine');
    const file = path.join(folder, 'buf.backup');
    const tour = [path.join(EXAMPLES, 'tour.sh'), node.address, file];
    const said = await mustRun('bash', tour, { PATH: `${TOOLS}:${process.env.PATH}` });
    assert.deepEqual(said.split('\n'), [
      'get: hello',
      'synced: true',
      'transact: true',
      'transact: failed condition 0',
      'watch: paid',
      'subscribe: it rains',
      'backup: HEADWATER',
      'refused: failed_precondition NOT_AN_INTEGER',
    ]);
    assert.equal(await restored(file), 4);
  });
});
