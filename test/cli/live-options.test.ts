/** The options of a real node change while it runs: by its config file and SIGHUP, and by `config set`. */
import assert from 'node:assert/strict';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { SERVE_ROWS } from '../../bin/serve-options.js';
import { parseAddress } from '../../src/base/address.js';
import { eventually } from '../support/cluster.js';
import { endAll, Served, temporaryDirectory } from './command-line.js';

describe('a node that gets SIGHUP', function () {
  this.timeout(30_000);
  let directory = '';
  let node: Served;

  beforeEach(async () => {
    directory = temporaryDirectory();
    write('listen = "127.0.0.1:0"', 'min-followers = 1', 'log-level = "info"');
    const env = { HEADWATER_DATA: path.join(directory, 'data') };
    node = await Served.start(['--config', 'a.toml', '--max-lag', '9s'], { cwd: directory, env });
  });
  afterEach(endAll);

  function write(...lines: string[]): void {
    writeFileSync(path.join(directory, 'a.toml'), lines.join('\n'));
  }

  /** Sends SIGHUP, and returns the messages that the node has logged since, once one of them matches. */
  async function hangUp(until: RegExp): Promise<string[]> {
    const before = node.log.length;
    process.kill(node.pid, 'SIGHUP');
    const messages = () =>
      node.log
        .slice(before)
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => (JSON.parse(line) as { msg: string }).msg);
    await eventually(`the log to say ${until}`, async () => messages().some((message) => until.test(message)));
    return messages();
  }

  const DONE = /^the options were read again/;

  it('takes what changes at run time, and names the rest', async () => {
    assert.equal((await node.run(['set', 'a', '1'])).status, 3);
    write('listen = "127.0.0.1:0"', 'min-followers = 0', 'fsync = "always"', 'log-level = "debug"', 'max-lag = "8s"');
    assert.deepEqual(await hangUp(DONE), [
      'min-followers is 0 now, and was 1 (a.toml:2)',
      'log-level is debug now, and was info (a.toml:4)',
      'fsync needs a restart: it stays "everysec", and is to be "always" (a.toml:3). Restart the node',
      'the options were read again: 2 changed, 1 need a restart',
    ]);
    assert.equal((await node.run(['set', 'a', '1'])).status, 0);
    assert.deepEqual(await hangUp(DONE), [
      'fsync needs a restart: it stays "everysec", and is to be "always" (a.toml:3). Restart the node',
      'the options were read again: nothing to change at once, 1 need a restart',
    ]);
  });

  it('changes nothing if the file has a mistake, and names it', async () => {
    write('min-followers = 0', 'min-folowers = 0');
    const [message] = await hangUp(/cannot be read again/);
    assert.match(
      message ?? '',
      /^the options cannot be read again, and all stay as they are: config file a\.toml:2: unknown option min-folowers: did you mean min-followers\?\. Correct this, and send SIGHUP again$/,
    );
    write('listen = "127.0.0.1:0"', 'max-lag = "8s"', 'heartbeat-interval = "20s"');
    await hangUp(/all stay as they are: config file a\.toml:3: heartbeat-interval: expected at most/);
    assert.equal((await node.run(['set', 'a', '1'])).status, 3);
    assert.equal(await node.end(), 0);
  });
});

describe('the options of a running node', function () {
  this.timeout(30_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh('--max-lag', '9s');
  });
  after(endAll);

  async function config(...type: string[]) {
    const { status, stdout, stderr } = await node.run(['config', ...type]);
    return { status, stdout: stdout.toString(), stderr };
  }

  it('are all in the output of get, with value, origin and whether they change at run time', async () => {
    const { status, stdout } = await config('get');
    assert.equal(status, 0);
    assert.match(stdout, /^listen = "127\.0\.0\.1:0" +# --listen; needs a restart$/m);
    assert.match(stdout, /^max-lag = "9s" +# --max-lag; changes at run time$/m);
    assert.match(stdout, /^min-free-space = "256MiB" +# default; changes at run time$/m);
    assert.match(stdout, /^# log-retention-time is not set +# default; changes at run time$/m);
    assert.match(stdout, /^log-level = "info" +# default; changes at run time$/m);
    assert.equal(stdout.trimEnd().split('\n').length, SERVE_ROWS.length);
    const lines = (await config('get', '--json', 'overlay-bytes', 'redis')).stdout.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line) as object),
      [
        { name: 'redis', value: true, origin: 'default', place: '', changes: 'restart' },
        { name: 'overlay-bytes', value: 2 ** 25, unit: 'bytes', origin: 'default', place: '', changes: 'run_time' },
      ],
    );
  });

  it('change together by set, and get back what they had by reset', async () => {
    const { status, stdout } = await config('set', 'max-lag', '5s', 'min-followers', '1');
    assert.equal(status, 0);
    assert.match(
      stdout,
      /^min-followers = 1 +# set at run time by the gRPC client 127\.0\.0\.1:\d+\nmax-lag = "5s" +# set at run time by /,
    );
    assert.match((await node.run(['set', 'a', '1'])).stderr, /expected 1 followers within 5000 ms, found 0/);
    assert.equal(
      (await config('reset', 'min-followers', 'max-lag')).stdout,
      'min-followers = 0  # default; changes at run time\nmax-lag = "9s"     # --max-lag; changes at run time\n',
    );
    assert.equal((await node.run(['set', 'a', '1'])).status, 0);
    assert.equal((await config('set', 'log-level', 'debug')).status, 0);
    assert.match(node.log, /"option":"log-level","from":"info","to":"debug"/);
  });

  const REFUSED: ReadonlyArray<readonly [type: string[], says: RegExp]> = [
    [['set', 'min-folowers', '1'], /^headwater: unknown option min-folowers: did you mean min-followers\?\n$/],
    [['get', 'min-folowers'], /^headwater: unknown option min-folowers: did you mean min-followers\?\n$/],
    [['set', 'min-replicas-to-write', '1'], /^headwater: unknown option min-replicas-to-write: use min-followers\n$/],
    [['get', 'appendfsync'], /^headwater: unknown option appendfsync: use fsync\n$/],
    [['set', 'maxmemory', '1gb'], /^headwater: unknown option maxmemory: Data are on disk, so memory has no bound/],
    [['reset', 'maxmemory'], /^headwater: unknown option maxmemory: Data are on disk/],
    [['set', 'max-lag', 'soon'], /^headwater: max-lag: expected a time above zero such as 10s.*, received "soon"\n$/],
    [
      ['set', 'max-lag', '5ms'],
      /^headwater: max-lag: expected a whole number of ms from 10 to 3600000, received 5 ms\n$/,
    ],
    [['set', 'max-lag', '5s', 'max-lag', '6s'], /^headwater: max-lag: expected once, received twice\n$/],
    [
      ['set', 'max-lag', '5s', 'fsync'],
      /^headwater: config set: expected a value behind each name, received none behind fsync/,
    ],
    [
      ['set', 'fsync', 'never'],
      /^headwater: fsync: .*received one that needs a restart\. Change it, and restart the node\n$/,
    ],
    [['set', 'listen', '127.0.0.1:1'], /Change it where it was given \(--listen\), and restart the node\n$/],
    [['set', 'min-free-space', '1'], /^headwater: min-free-space: expected at least \d+ bytes, .* received 1 bytes\n$/],
  ];
  for (const [type, says] of REFUSED)
    it(`config ${type.join(' ')} is refused`, async () => {
      const { status, stdout, stderr } = await config(...type);
      assert.match(stderr, says);
      assert.deepEqual([status, stdout], [2, '']);
    });
});

describe('options that are kept', function () {
  this.timeout(30_000);
  let directory = '';
  let node: Served;
  const FILE = 'a.toml';

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(endAll);

  async function start(lines: readonly string[], flags: readonly string[] = [], file = FILE): Promise<void> {
    writeFileSync(path.join(directory, file), lines.join('\n'));
    const own = ['--data', 'data', '--listen', '127.0.0.1:0', ...flags];
    node = await Served.start([...own, '--config', file], { cwd: directory });
  }

  const text = (file = FILE) => readFileSync(path.join(directory, file), 'utf8');

  async function set(...words: string[]) {
    const { status, stdout, stderr } = await node.run(['config', 'set', '--keep', ...words]);
    return { status, stdout: stdout.toString(), stderr };
  }

  async function redis(...words: string[]): Promise<string> {
    const { host, port } = parseAddress(node.address);
    const client = new Redis({ host, port, lazyConnect: true, retryStrategy: () => null });
    try {
      return String(await client.call(...(words as [string, ...string[]])).catch((error: Error) => error.message));
    } finally {
      client.disconnect();
    }
  }

  it('stand in the lines of the file that they had, with their comments, or behind it', async () => {
    await start(['# ours', "max-lag = '9s'   # as in Berlin", 'redis = true', 'min-followers=1']);
    chmodSync(path.join(directory, FILE), 0o640);
    const { status, stdout } = await set('max-lag', '8s', 'overlay-bytes', '48MiB', 'min-followers', '0');
    assert.equal(status, 0);
    assert.match(stdout, /^overlay-bytes = "48MiB" +# a\.toml:5; changes at run time$/m);
    assert.match(stdout, /^max-lag = "8s" +# a\.toml:2; changes at run time$/m);
    const lines = [
      '# ours',
      'max-lag = "8s"   # as in Berlin',
      'redis = true',
      'min-followers=0',
      'overlay-bytes = "48MiB"',
    ];
    assert.equal(text(), `${lines.join('\n')}\n`);
    assert.equal(statSync(path.join(directory, FILE)).mode & 0o777, 0o640);
    assert.deepEqual(readdirSync(directory).sort(), ['a.toml', 'data']);
    const before = node.log.length;
    process.kill(node.pid, 'SIGHUP');
    await eventually('the file to be read', async () =>
      /were read again: nothing to change/.test(node.log.slice(before)),
    );
  });

  it('are what CONFIG SET of a Redis client has set, and CONFIG REWRITE writes', async () => {
    await start(['min-followers = 0']);
    assert.equal(await redis('CONFIG', 'REWRITE'), 'OK');
    assert.equal(await redis('CONFIG', 'SET', 'maxclients', '500', 'loglevel', 'debug'), 'OK');
    const shown = (await node.run(['config', 'get', 'max-connections', 'log-level'])).stdout.toString();
    assert.match(
      shown,
      /^max-connections = 500 +# set at run time by the Redis client 127\.0\.0\.1:\d+\nlog-level = "debug"/,
    );
    assert.equal(await redis('CONFIG', 'REWRITE'), 'OK');
    assert.equal(text(), 'min-followers = 0\nmax-connections = 500\nlog-level = "debug"\n');
  });

  const REFUSED: ReadonlyArray<
    readonly [title: string, lines: string[], flags: string[], says: RegExp, file?: string]
  > = [
    [
      'beside a flag',
      [''],
      ['--max-lag', '9s'],
      /max-lag: --max-lag weighs more than the config file\. Change it there$/,
    ],
    [
      'in JSON',
      ['{"redis": true}'],
      [],
      /config file a\.json: expected TOML, received JSON\. Turn it into TOML first$/,
      'a.json',
    ],
    [
      'in a value of several lines',
      ['max-lag = """', '9s"""'],
      [],
      /config file a\.toml:1: expected max-lag and its value in one line\. Change it by hand$/,
    ],
  ];
  for (const [title, lines, flags, says, file] of REFUSED)
    it(`cannot be kept ${title}: the value is in force, and the file as before`, async () => {
      await start(lines, flags, file);
      const { status, stderr } = await set('max-lag', '8s');
      assert.equal(status, 2);
      assert.match(stderr.trimEnd(), says);
      assert.match(
        (await node.run(['config', 'get', 'max-lag'])).stdout.toString(),
        /^max-lag = "8s" +# set at run time/,
      );
      assert.match(await redis('CONFIG', 'REWRITE'), /^ERR Rewriting config file: /);
      assert.equal(text(file), lines.join('\n'));
    });

  it('need a config file', async () => {
    node = await Served.fresh();
    const { status, stderr } = await set('max-lag', '8s');
    assert.deepEqual([status, stderr], [2, 'headwater: the node has no config file. Start it with --config FILE\n']);
  });
});
