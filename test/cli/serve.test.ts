/** A node from its start to its end, as its operator sees it. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { endAll, headwaterWithoutNode, Served, temporaryDirectory } from './command-line.js';

const ANY_PORT = ['--listen', '127.0.0.1:0'];

function logLines(log: string): Array<Record<string, unknown>> {
  return log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The names and contents of all files below, to see that nothing was touched. */
function contents(directory: string): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => path.join(parentPath, name)).sort();
  return JSON.stringify(paths.map((file) => [file, readFileSync(file, 'base64')]));
}

describe('headwater serve', function () {
  this.timeout(60_000);
  let directory: string;

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(endAll);

  const start = (...flags: string[]) => Served.start(['--data', path.join(directory, 'data'), ...ANY_PORT, ...flags]);
  const startInOwnProcess = (...flags: string[]) =>
    Served.start(['--data', path.join(directory, 'data'), ...ANY_PORT, ...flags], { hasOwnProcess: true });

  it('logs its address, its ID and that it is ready in one line; logs are JSON lines', async () => {
    const node = await startInOwnProcess();
    const ready = logLines(node.log).find(({ event }) => event === 'ready');
    assert.match(String(ready?.address), /^127\.0\.0\.1:[1-9]\d*$/);
    assert.match(String(ready?.node_id), /^[0-9a-f]{32}$/);
    assert.equal(ready?.role, 'leader');
    assert.equal(ready?.data, path.join(directory, 'data'));
    assert.match(String(ready?.msg), /^ready in \d+ ms: a leader on 127\.0\.0\.1:\d+, at offset 0/);
    for (const { level, time, msg } of logLines(node.log)) {
      assert.equal(level, 'info');
      assert.ok(Date.parse(String(time)) > 0);
      assert.ok(String(msg).length > 0);
    }
  });

  it('has a thread pool wide enough for two databases', async () => {
    const node = await startInOwnProcess();
    const threads = Number(/^Threads:\t(\d+)$/m.exec(readFileSync(`/proc/${node.pid}/status`, 'utf8'))?.[1]);
    assert.ok(threads > 16, `expected the main thread and at least 16 of the pool, saw ${threads}`);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in order at ${signal} with status 0, and has everything when it starts again`, async () => {
      const node = await startInOwnProcess();
      await node.run(['set', 'kept', 'yes']);
      const before = JSON.parse((await node.run(['status', '--json'])).stdout.toString()) as {
        node_id: string;
        offset: number;
      };
      assert.equal(await node.end(signal), 0);
      assert.equal(logLines(node.log).at(-1)?.event, 'stopped');
      const again = await start();
      assert.equal((await again.run(['get', 'kept'])).stdout.toString(), 'yes');
      const after = JSON.parse((await again.run(['status', '--json'])).stdout.toString()) as typeof before;
      assert.deepEqual([after.node_id, after.offset], [before.node_id, before.offset]);
    });
  }

  it('ends at once at a second signal, with status 130', async () => {
    const node = await startInOwnProcess();
    assert.equal(await node.signalTwice('SIGTERM', 'SIGINT'), 130);
  });

  it('has everything that it answered after SIGKILL', async () => {
    const node = await startInOwnProcess();
    const stdin = Array.from({ length: 1_000 }, (_, i) => `{"key":"k${i}","value":"v"}\n`).join('');
    assert.equal((await node.run(['import', '-'], { stdin })).status, 0);
    await node.end('SIGKILL');
    assert.equal((await (await start()).run(['dbsize'])).stdout.toString(), '1000\n');
  });

  it('refuses a data directory that another node uses, and names its process', async () => {
    const node = await startInOwnProcess();
    const second = await headwaterWithoutNode(['serve', '--data', path.join(directory, 'data'), ...ANY_PORT]);
    assert.equal(second.status, 3);
    assert.match(second.stderr, new RegExp(`is in use by process ${node.pid}\\.`));
    assert.equal((await node.run(['ping'])).status, 0);
  });

  it('refuses a port that another process listens on', async () => {
    const node = await start();
    const second = await headwaterWithoutNode([
      'serve',
      '--data',
      path.join(directory, 'other'),
      '--listen',
      node.address,
    ]);
    assert.equal(second.status, 3);
    assert.match(second.stderr, new RegExp(`cannot listen on ${node.address}: another process listens there`));
    assert.equal((await node.run(['ping'])).status, 0);
  });

  it("refuses a directory that is not Headwater's, and does not touch it", async () => {
    writeFileSync(path.join(directory, 'thesis.txt'), 'years of work');
    const before = contents(directory);
    const { status, stderr } = await headwaterWithoutNode(['serve', '--data', directory, ...ANY_PORT]);
    assert.equal(status, 2);
    assert.match(stderr, /not Headwater's \(it holds .*thesis\.txt.*Nothing was changed/);
    assert.equal(contents(directory), before);
  });

  it('refuses a path that is a file', async () => {
    const file = path.join(directory, 'file');
    writeFileSync(file, 'x');
    const { status, stderr } = await headwaterWithoutNode(['serve', '--data', file, ...ANY_PORT]);
    assert.equal(status, 2);
    assert.match(stderr, /file cannot be read/);
    assert.equal(readFileSync(file, 'utf8'), 'x');
  });

  const DAMAGE: ReadonlyArray<readonly [file: string, text: string, says: RegExp, expected?: number]> = [
    ['node.json', '{"node_id":', /node\.json is damaged: expected .*, received/],
    ['CURRENT', 'gen-1\n', /CURRENT is damaged: expected the name of a generation, received/],
    ['format', 'headwater data directory, format 9\n', /has directory format 9; this version reads directory format 1/],
    ['format', 'something else\n', /format is not Headwater's/, 2],
  ];
  for (const [file, text, says, expected = 3] of DAMAGE) {
    it(`refuses a directory whose ${file} holds ${JSON.stringify(text)}, and leaves it as it is`, async () => {
      assert.equal(await (await start()).end(), 0);
      const damaged = path.join(directory, 'data', file);
      writeFileSync(damaged, text);
      const { status, stderr } = await headwaterWithoutNode([
        'serve',
        '--data',
        path.join(directory, 'data'),
        ...ANY_PORT,
      ]);
      assert.equal(status, expected);
      assert.match(stderr, says);
      assert.equal(readFileSync(damaged, 'utf8'), text);
    });
  }

  it('takes flags before the environment, the environment before the file', async () => {
    const config = path.join(directory, 'headwater.json');
    const fromFile = {
      data: path.join(directory, 'from-file'),
      listen: '127.0.0.1:0',
      fsync: 'always',
      'max-key-bytes': '1KiB',
      'link-timeout': '7s',
    };
    writeFileSync(config, JSON.stringify(fromFile));
    const env = {
      HEADWATER_CONFIG: config,
      HEADWATER_FSYNC: 'never',
      HEADWATER_DATA: path.join(directory, 'from-env'),
      HEADWATER_LOG_LEVEL: 'debug',
    };
    const node = await Served.start(['--data', path.join(directory, 'from-flag')], { env });
    assert.equal(logLines(node.log).find(({ event }) => event === 'ready')?.data, path.join(directory, 'from-flag'));
    assert.equal(
      (JSON.parse((await node.run(['status', '--json'])).stdout.toString()) as { fsync: string }).fsync,
      'never',
    );
    assert.match((await node.run(['set', 'k'.repeat(1_025), ''])).stderr, /1024.*1025/);
    assert.deepEqual(readdirSync(directory).sort(), ['from-flag', 'headwater.json']);
  });

  it('keeps its data in ./headwater-data if no directory is given', async () => {
    await mkdir(path.join(directory, 'cwd'));
    await Served.start(ANY_PORT, { cwd: path.join(directory, 'cwd') });
    assert.deepEqual(readdirSync(path.join(directory, 'cwd')), ['headwater-data']);
  });

  it('still serves when its log is no longer read', async () => {
    const node = await startInOwnProcess('--log-level', 'debug');
    node.closeLog();
    assert.equal((await node.run(['follow', node.address])).status, 3);
    assert.equal((await node.run(['set', 'k', 'v'])).status, 0);
    assert.equal(await node.end(), 0);
  });
});
