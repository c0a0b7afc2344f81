/** The options of a real node change while it runs: by its config file and SIGHUP, and by `config set`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { SERVE_ROWS } from '../../bin/serve-options.js';
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
