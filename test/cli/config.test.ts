/** `config`: the mistakes of a file, the values in force with their places, and the example. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater, type RunOptions, Served, temporaryDirectory } from './command-line.js';

describe('config', function () {
  this.timeout(30_000);
  let directory = '';
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  after(endAll);

  function write(name: string, text: string): void {
    writeFileSync(path.join(directory, name), text);
  }

  async function run(type: readonly string[], options: RunOptions = {}) {
    const { stdout, ...rest } = await headwater(['config', ...type], { cwd: directory, ...options });
    return { stdout: stdout.toString(), ...rest };
  }

  describe('check', () => {
    it('says how many options a good file has', async () => {
      write('a.toml', '# text\nfsync = "always"\n\nmin-followers = 1\n');
      assert.deepEqual(await run(['check', 'a.toml']), {
        status: 0,
        stdout: 'a.toml: 2 options, no mistakes\n',
        stderr: '',
      });
      assert.equal((await run(['check'], { env: { HEADWATER_CONFIG: 'a.toml' } })).status, 0);
    });

    it('reads the upstream as Redis writes it, and takes one', async () => {
      write('a.toml', 'slaveof = "db-1 7420"\n');
      const { stdout } = await run(['print', '--given', '--config', 'a.toml']);
      assert.equal(stdout, 'follow = "db-1:7420"\n');
      write('b.toml', 'replicaof = "::1 7420"\n');
      assert.equal((await run(['print', '--given', '--config', 'b.toml'])).stdout, 'follow = "[::1]:7420"\n');
      write('c.toml', 'follow = "db-1:7420"\nslaveof = "db-2 7421"\n');
      assert.deepEqual(await run(['check', 'c.toml']), {
        status: 1,
        stdout: 'c.toml:2: slaveof: expected one upstream, received two. Keep one of the lines\n',
        stderr: '',
      });
    });

    it('finds every mistake, with its line', async () => {
      write(
        'a.toml',
        [
          'fsnc = "always"',
          'max-key-bytes = "5MiB"',
          'replicaof = "127.0.0.1:1"',
          'masterauth = "x"',
          'log-level = 7',
          'appendfsync = "no"',
          'archive = """',
          'min-followers = 1"""',
          'min-followers = -1',
        ].join('\n'),
      );
      const { status, stdout } = await run(['check', 'a.toml']);
      assert.equal(status, 1);
      const lines = stdout.trimEnd().split('\n');
      const expected = [
        /^a\.toml:1: unknown option fsnc: did you mean fsync\?$/,
        /^a\.toml:2: max-key-bytes: expected a whole number of bytes from 1 to 1048576, received 5242880 bytes$/,
        /^a\.toml:3: unknown option replicaof: use follow, such as follow = "db-1\.example:7420"$/,
        /^a\.toml:4: unknown option masterauth: use upstream-credentials, such as upstream-credentials = ".*"$/,
        /^a\.toml:5: log-level: expected one of debug, info, warn, error, received "7"$/,
        /^a\.toml:6: unknown option appendfsync: use fsync, such as fsync = "everysec"$/,
        /^a\.toml:9: min-followers: expected a whole number such as 0 or 2, received "-1"$/,
      ];
      assert.equal(lines.length, expected.length, stdout);
      for (const [at, one] of expected.entries()) assert.match(lines[at] ?? '', one);
      const { mistakes } = JSON.parse((await run(['check', 'a.toml', '--json'])).stdout) as { mistakes: object[] };
      assert.deepEqual(mistakes[0], { line: 1, message: 'unknown option fsnc: did you mean fsync?' });
    });

    it('finds options that contradict each other', async () => {
      write('a.toml', 'link-timeout = "3s"\nheartbeat-interval = "2s"\n');
      const { status, stdout } = await run(['check', 'a.toml']);
      assert.equal(status, 1);
      assert.match(stdout, /^a\.toml:2: heartbeat-interval: expected at most 1000 ms, .*received 2000 ms\n$/);
    });
  });

  describe('print', () => {
    it('shows each value with its place, of which the later weighs more', async () => {
      write('a.toml', '\nfsync = "always"\nlink-timeout = 9\nmax-key-bytes = "1KiB"\n');
      const env = { HEADWATER_LINK_TIMEOUT: '8s', HEADWATER_MAX_KEY_BYTES: '2KiB' };
      const type = ['print', '--origin', '--config', 'a.toml', '--max-key-bytes', '3KiB', '--no-redis'];
      const { status, stdout, stderr } = await run(type, { env });
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /^fsync = "always" +# a\.toml:2$/m);
      assert.match(stdout, /^link-timeout = "8s" +# environment variable HEADWATER_LINK_TIMEOUT$/m);
      assert.match(stdout, /^max-key-bytes = "3KiB" +# --max-key-bytes$/m);
      assert.match(stdout, /^redis = false +# --no-redis$/m);
      assert.match(stdout, /^heartbeat-interval = "1s" +# default$/m);
      assert.match(stdout, /^# follow is not set: the role that the node had last; a new node leads$/m);
      write('b.toml', stdout);
      assert.equal((await run(['check', 'b.toml'])).status, 0);
    });

    it('prints with --given only what somebody gave, and with --json the places as fields', async () => {
      write('a.toml', 'fsync = "always"\n');
      const { stdout } = await run(['print', '--given', '--json', '--config', 'a.toml', '--link-timeout', '9s']);
      assert.deepEqual(
        stdout
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as object),
        [
          { name: 'fsync', value: 'always', origin: 'file', file: 'a.toml', line: 1 },
          { name: 'link-timeout', value: 9_000, unit: 'ms', origin: 'flag', flag: '--link-timeout' },
        ],
      );
    });

    it('turns an older file of JSON into TOML', async () => {
      write('old.json', JSON.stringify({ 'log-retention-bytes': '4GiB', fsync: 'never', 'auto-repair': true }));
      const { status, stdout, stderr } = await run(['print', '--given', '--config', 'old.json']);
      assert.equal(status, 0);
      assert.equal(stdout, 'log-retention-bytes = "4GiB"\nfsync = "never"\nauto-repair = true\n');
      assert.match(stderr, /^headwater: config file old\.json is JSON, .*config print --given --config old\.json.*\n$/);
    });

    it('names a variable of TLS that may be meant for a client, and changes what the node requires', async () => {
      const env = { HEADWATER_TLS_CA: 'ca.pem' };
      const own = ['--tls-cert', 'node.pem', '--tls-key', 'node-key.pem'];
      const { stderr } = await run(['print', ...own], { env });
      assert.match(stderr, /^headwater: environment variable HEADWATER_TLS_CA: .*unset it, or .*--tls-clients off\n$/);
      const both = { ...env, HEADWATER_TLS_CERT: 'node.pem', HEADWATER_TLS_KEY: 'node-key.pem' };
      for (const [args, variables] of [
        [[...own, '--tls-clients', 'required'], env],
        [[...own, '--tls-ca', 'ca.pem'], env],
        [[], both],
      ] as const)
        assert.equal((await run(['print', ...args], { env: variables })).stderr, '');
    });

    it('names an environment variable that looks like an option, and no other', async () => {
      const env = { HEADWATER_FSNC: 'always', HEADWATER_SERVICE_HOST: '10.0.0.1', HEADWATER_TIMEOUT: '1s' };
      const { status, stderr } = await run(['print'], { env });
      assert.equal(status, 0);
      assert.equal(
        stderr,
        'headwater: environment variable HEADWATER_FSNC is no option: did you mean HEADWATER_FSYNC?\n',
      );
    });
  });

  it('example prints a file that check accepts', async () => {
    write('a.toml', (await run(['example'])).stdout);
    assert.equal((await run(['check', 'a.toml'])).stdout, 'a.toml: 0 options, no mistakes\n');
  });

  it('serve reads the file, and says of JSON that it is the older form', async () => {
    const options = (value: string) => `data = "${path.join(directory, value)}"\nlisten = "127.0.0.1:0"\n`;
    write('a.toml', options('from-toml'));
    const node = await Served.start(['--config', 'a.toml'], { cwd: directory });
    assert.doesNotMatch(node.log, /"event":"config"/);
    write('a.json', JSON.stringify({ data: path.join(directory, 'from-json'), listen: '127.0.0.1:0' }));
    const older = await Served.start(['--config', 'a.json'], { cwd: directory });
    assert.match(older.log, /"event":"config".*config file a\.json is JSON/);
  });
});
