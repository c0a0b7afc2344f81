/**
 * Runs Valkey's own tests against a node: `npm run valkey -- DIRECTORY [UNIT...]`. The directory is a checkout of
 * valkey-io/valkey, outside of this repository. tclsh and redis-cli have to be installed. The tests in skipped.ts are
 * left out, each with its reason. Everything else has to pass.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Node } from '../../../src/index.js';
import { SKIPPED } from './skipped.js';

/** The units as far as strings go. */
const UNITS = [
  'type/string',
  'type/incr',
  'expire',
  'keyspace',
  'scan',
  'multi',
  'pubsub',
  'protocol',
  'bitops',
  'bitfield',
  'quit',
  'info',
  'info-command',
  'introspection',
  'introspection-2',
  'wait',
  'pause',
];
const TAGS = '-needs:debug -needs:repl -external:skip -large-memory -slow';
const UNIT_MS_MAX = 300_000;
/** The programs that the suite wants to exist. A node is running already, so none of them is started. */
const PROGRAMS = ['valkey-server', 'valkey-cli', 'valkey-benchmark', 'valkey-sentinel', 'valkey-check-aof'];

interface Result {
  readonly passed: number;
  readonly ignored: number;
  readonly skipped: number;
  /** Failed tests, each with the first lines about it. */
  readonly failed: readonly string[];
  readonly hasEnded: boolean;
}

const [checkout, ...asked] = process.argv.slice(2);
if (checkout === undefined) throw new Error('expected the directory of a checkout of valkey-io/valkey, received none');
const root = mkdtempSync(path.join(tmpdir(), 'headwater-valkey-'));
const node = await Node.start({ data: path.join(root, 'data'), listen: '127.0.0.1:0', redisDebug: true });
let failures = 0;
let passed = 0;
try {
  const directory = prepare(path.resolve(checkout));
  for (const unit of asked.length > 0 ? asked : UNITS) {
    const result = resultOf(await run(directory, unit));
    passed += result.passed;
    failures += result.failed.length + (result.hasEnded ? 0 : 1);
    console.log(
      `${unit}: ${result.passed} passed, ${result.failed.length} failed, ${result.skipped} skipped, ${result.ignored} left out by tags${result.hasEnded ? '' : ', DID NOT END'}`,
    );
    for (const failed of result.failed) console.log(failed);
  }
} finally {
  await node.stop();
  rmSync(root, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

/** The tests in a directory of its own, so that the checkout stays as it is. */
function prepare(checkoutDirectory: string): string {
  const directory = path.join(root, 'valkey');
  mkdirSync(path.join(directory, 'src'), { recursive: true });
  mkdirSync(path.join(directory, 'tests', 'tmp'), { recursive: true });
  for (const name of ['assets', 'helpers', 'integration', 'support', 'unit', 'test_helper.tcl', 'instances.tcl'])
    symlinkSync(path.join(checkoutDirectory, 'tests', name), path.join(directory, 'tests', name));
  for (const name of PROGRAMS) {
    const program = path.join(directory, 'src', name);
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    chmodSync(program, 0o755);
  }
  writeFileSync(path.join(directory, 'skipped'), [...SKIPPED.values()].flat().join('\n'));
  return directory;
}

function run(directory: string, unit: string): Promise<string> {
  const [host = '', port = ''] = node.address.split(':');
  const where = ['--host', host, '--port', port, '--single', `unit/${unit}`];
  const how = ['--singledb', '--ignore-encoding', '--ignore-digest', '--durable', '--tags', TAGS];
  const child = spawn('tclsh', ['tests/test_helper.tcl', ...where, ...how, '--skipfile', 'skipped'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = () => process.kill(-(child.pid as number), 'SIGKILL');
  const timer = setTimeout(end, UNIT_MS_MAX);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function resultOf(output: string): Result {
  const lines = stripVTControlCharacters(output).split('\n');
  const count = (mark: string) => lines.filter((line) => line.startsWith(`[${mark}]`)).length;
  const seen = new Set<string>();
  // The suite names each failed test again at its end.
  const failed = lines.flatMap((line, i) =>
    (line.startsWith('[err]') || line.startsWith('[exception]')) && seen.size < seen.add(line).size
      ? [
          lines
            .slice(i, i + 3)
            .map((part) => `  ${part.slice(0, 200)}`)
            .join('\n'),
        ]
      : [],
  );
  return {
    passed: count('ok'),
    ignored: count('ignore'),
    skipped: count('skip'),
    failed,
    hasEnded: lines.some((line) => line.includes('The End')),
  };
}
