/** What cannot be meant is refused in one clear line, before anything is touched. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { begin, endAll, headwaterWithoutNode, temporaryDirectory } from './command-line.js';

/** Stands for a fresh directory. */
const HERE = '<here>';
const CONFIG = `${HERE}/c.json`;
const TOML = `${HERE}/c.toml`;

interface Refusal {
  readonly type: readonly string[];
  readonly says: RegExp;
  readonly status?: number;
  readonly env?: Record<string, string>;
  /** The text of CONFIG and of TOML. */
  readonly config?: string;
}

const serve = (...flags: string[]) => ['serve', '--data', `${HERE}/data`, ...flags];

const REFUSALS: readonly Refusal[] = [
  { type: [], says: /Usage: headwater/ },
  { type: ['gte', 'k'], says: /unknown command 'gte'\n\(Did you mean get\?\)/ },
  { type: ['foo'], says: /^headwater: unknown command 'foo'\n\(--help shows the usage\)\n$/ },
  { type: ['help', 'foo'], says: /^headwater: unknown command 'foo'\n\(--help shows the usage\)\n$/ },
  { type: ['help', 'gte'], says: /unknown command 'gte'\n\(Did you mean get\?\)/ },
  { type: ['log', 'dmup'], says: /unknown command 'log dmup'\n\(Did you mean dump\?\)/ },
  { type: ['demote'], says: /unknown command 'demote'\n\(Use follow HOST:PORT: / },
  { type: ['INFO'], says: /unknown command 'INFO'\n\(Use status, / },
  { type: ['decr', 'k'], says: /unknown command 'decr'\n\(Use incr KEY -1\)/ },
  { type: ['MSET', 'a', '1'], says: /unknown command 'MSET'\n\(Use transact FILE: the operation is multiSet\)/ },
  { type: ['slaveof', 'no', 'one'], says: /\n\(Use follow HOST:PORT; for NO ONE, use promote\)/ },
  { type: ['bgsave'], says: /\n\(Use backup FILE: / },
  { type: ['hset', 'k', 'f', 'v'], says: /unknown command 'hset'\n\(All values are strings\. / },
  {
    type: ['SET', 'k', 'v', 'EX', '10'],
    says: /'set'\. Expected 2 arguments, received 4\n\(Use --ttl 10s for EX 10\)/,
  },
  { type: ['set', 'k', 'v', 'nx'], says: /\n\(Use --if-absent for NX\)/ },
  { type: ['scan', '0', 'MATCH', 'a*'], says: /\n\(Leave out the cursor: / },
  { type: ['follow', '127.0.0.1', '7420'], says: /HOST:PORT/ },
  { type: ['help', 'log', 'demote'], says: /unknown command 'log demote'/ },
  { type: ['help', 'demote'], says: /^headwater: unknown command 'demote'\n\(Use follow.*\n.*\n$/ },
  { type: ['get'], says: /missing required argument 'KEY'/ },
  { type: ['get', 'a', 'b'], says: /too many arguments/ },
  { type: ['get', 'a', '--jsn'], says: /unknown option '--jsn'\n\(Did you mean --json\?\)/ },
  { type: ['set', 'k'], says: /missing required argument 'VALUE'/ },
  {
    type: ['set', 'k', 'v', '--ttl', 'soon'],
    says: /^headwater: option '--ttl <TIME>' is invalid\. Expected a time.*received "soon"/,
  },
  { type: ['set', 'k', 'v', '--ttl', '0'], says: /--ttl.*Expected a time above zero.*received "0"/ },
  { type: ['set', 'k', 'v', '--ttl'], says: /argument missing/ },
  {
    type: ['set', 'k', 'v', '--ttl', '9'.repeat(9_000)],
    says: /^.*is invalid.* received "9{100}"…\.\n.*\n$/,
  },
  {
    type: ['set', 'k', 'v', '--if-absent', '--if-present'],
    says: /'--if-absent' cannot be used with option '--if-present'/,
  },
  { type: ['expire', 'k', '-5'], says: /TTL.*received "-5"/ },
  {
    type: ['incr', 'k', '1.5'],
    says: /^headwater: argument 'N' is invalid\. Expected a whole number of at most 64 bits, received "1.5"/,
  },
  { type: ['incr', 'k', '9223372036854775808'], says: /Expected a whole number of at most 64 bits/ },
  { type: ['get', 'a\ufffd'], says: /Expected UTF-8/ },
  { type: ['--connect', 'nowhere', 'get', 'k'], says: /--connect.*Expected HOST:PORT.*received "nowhere"/ },
  {
    type: ['get', 'k'],
    env: { HEADWATER_CONNECT: 'x:99999' },
    says: /option '--connect <HOST:PORT,…>' from env 'HEADWATER_CONNECT' is invalid\. Expected HOST:PORT.*received "x:99999"/,
  },
  { type: ['-h'], says: /option '-h, --host <HOST>' argument missing\n\(--help shows the usage\)/ },
  { type: ['-h', 'a b', 'ping'], says: /--host.*Expected a host name or an IP address, received "a b"/ },
  { type: ['-p', '70000', 'ping'], says: /--port.*Expected a port from 1 to 65535, received "70000"/ },
  {
    type: ['--connect', '127.0.0.1:1', '-p', '2', 'ping'],
    says: /expected either --connect, or --host \(-h\) and --port \(-p\), received both/,
  },
  {
    type: ['-h', '127.0.0.1', '-p', '1', 'ping'],
    env: { HEADWATER_CONNECT: '127.0.0.1:2' },
    status: 3,
    says: /^headwater: cannot reach 127\.0\.0\.1:1: connection refused/,
  },
  {
    type: ['-p', '1', 'ping'],
    env: { HEADWATER_CONNECT: '127.0.0.2:2' },
    status: 3,
    says: /^headwater: cannot reach 127\.0\.0\.2:1: connection refused/,
  },
  {
    type: ['-p', '1', 'ping'],
    env: { HEADWATER_CONNECT: '127.0.0.1:2,127.0.0.1:3' },
    says: /expected the address of one node in HEADWATER_CONNECT beside --host \(-h\) or --port \(-p\), received 2\. Use --connect/,
  },
  { type: ['-h', '::1', '-p', '1', 'ping'], status: 3, says: /^headwater: cannot reach \[::1\]:1: / },
  { type: ['--timeout', '0', 'ping'], says: /--timeout.*received "0"/ },
  { type: ['--timeout', '25d', 'ping'], says: /--timeout.*Expected a time of at most 24 days, received "25d"/ },
  {
    type: ['--connect', '127.0.0.1:1', 'get', 'k'],
    status: 3,
    says: /^headwater: cannot reach 127\.0\.0\.1:1: connection refused: no process listens there\. .*HEADWATER_CONNECT\n$/,
  },
  {
    type: ['--connect', 'no-such-host.invalid:1', 'ping'],
    status: 3,
    says: /^headwater: cannot reach no-such-host\.invalid:1: there is no host of that name\. .*\n$/,
  },
  { type: ['--connect', '127.0.0.1:1', 'status', '--json'], status: 3, says: /cannot reach/ },
  {
    type: ['follow', 's3://bucket/prefix'],
    says: /received the archive "s3:.*headwater serve --follow-archive/,
  },
  { type: ['follow', 'nowhere'], says: /Expected HOST:PORT.*received "nowhere"/ },
  {
    type: serve('--fsync', 'sometimes'),
    says: /--fsync.*Expected one of always, everysec, never, received "sometimes"/,
  },
  { type: serve('--listen', 'nowhere'), says: /listen.* Expected HOST:PORT.*received "nowhere"/ },
  { type: serve('--follow', '127.0.0.1:0'), says: /--follow.*Expected HOST:PORT.*received "127.0.0.1:0"/ },
  { type: serve('--listen', '127.0.0.1:7999', '--follow', '127.0.0.1:7999'), says: /cannot follow itself/ },
  { type: serve('--max-key-bytes', 'many'), says: /--max-key-bytes.*Expected a size.*received "many"/ },
  {
    type: serve('--overlay-bytes', '5'),
    says: /overlay-bytes: expected a whole number of bytes from 1048576 to \d+, received 5 bytes/,
  },
  {
    type: serve('--link-timeout', '1ms'),
    says: /link-timeout: expected a whole number of ms from 100 to \d+, received 1 ms/,
  },
  {
    type: serve('--heartbeat-interval', '2s'),
    says: /heartbeat-interval: expected at most 1666 ms, a third of --link-timeout \(5000 ms\).*, received 2000 ms/,
  },
  { type: serve('--min-followers', 'some'), says: /--min-followers.*Expected a whole number.*received "some"/ },
  {
    type: serve('--min-followers', '1', '--max-lag', '1s'),
    says: /max-lag: expected at least 2000 ms, twice --heartbeat-interval \(1000 ms\).*, received 1000 ms/,
  },
  {
    type: serve('--log-level', 'loud'),
    says: /--log-level.*Expected one of debug, info, warn, error, received "loud"/,
  },
  {
    type: serve('--replicaof', '127.0.0.1', '7420'),
    says: /unknown option '--replicaof'\n\(Use --follow HOST:PORT\)\n\(--help/,
  },
  { type: serve('--slaveof=127.0.0.1:7420'), says: /\n\(Use --follow HOST:PORT\)/ },
  { type: serve('--enable-debug-command'), says: /\n\(Use --redis-debug\)/ },
  { type: ['config', 'print', '--maxmemory', '1gb'], says: /\n\(Data are on disk, so memory has no bound/ },
  { type: ['get', 'k', '--slaveof'], says: /unknown option '--slaveof'\n\(--help/ },
  { type: serve('--lissen', '127.0.0.1:0'), says: /unknown option '--lissen'\n\(Did you mean --listen\?\)/ },
  { type: serve('7420'), says: /too many arguments/ },
  {
    type: serve('-p', '7999'),
    says: /^headwater: serve: expected options of a node, received --port, .*--listen HOST:PORT\n$/,
  },
  { type: ['--json', ...serve()], says: /"message":"serve: expected options of a node, received --json/ },
  {
    type: ['restore', `${HERE}/none`, '--data', HERE],
    says: /^headwater: cannot read .*none: no such file or directory\n$/,
  },
  {
    type: ['verify', '--data', CONFIG],
    config: '',
    says: /^headwater: .*c\.json is no data directory: a part of the path is a file, not a directory\n$/,
  },
  {
    type: ['id', 'renew', '--data', CONFIG],
    config: '',
    says: /^headwater: .*c\.json is no data directory: a part of the path is a file, not a directory\n$/,
  },
  {
    type: ['verify', '--data', 'x'.repeat(300)],
    says: /^headwater: x+ cannot be read: the name is too long\n$/,
  },
  { type: ['serve', '--data', ''], says: /--data.*Expected a path, received ""/ },
  {
    type: serve(),
    env: { HEADWATER_FSYNC: 'x' },
    says: /environment variable HEADWATER_FSYNC: expected one of always.*received "x"/,
  },
  {
    type: serve(),
    env: { HEADWATER_REFLECTION: 'x' },
    says: /environment variable HEADWATER_REFLECTION: expected true or false, received "x"/,
  },
  { type: serve('--config', `${HERE}/none.json`), says: /cannot read .*none\.json: no such file or directory/ },
  { type: serve('--config', CONFIG), config: '{"fsync":', says: /config file .*: not JSON: Unexpected end/ },
  { type: serve('--config', CONFIG), config: '["fsync"]', says: /expected one JSON object.*received \["fsync"\]/ },
  {
    type: serve('--config', CONFIG),
    config: '{"fsnc":"always"}',
    says: /unknown option fsnc: did you mean fsync\?/,
  },
  {
    type: serve('--config', CONFIG),
    config: `{"fsync":${'['.repeat(200_000)}`,
    says: /config file .*: fsync: expected text, a number, true or false, received \[{60}…/,
  },
  {
    type: serve('--config', CONFIG),
    config: '{"fsync":"always","fsync":"never"}',
    says: /config file .*: fsync: expected once, received twice/,
  },
  {
    type: serve('--config', CONFIG),
    config: '{\n"fsync":"always",\n"listen" 1}',
    says: /config file .*: not JSON: Unexpected number in JSON at position \d+, on line 3/,
  },
  { type: serve('--config', CONFIG), config: '\ufeff{"fsync":"x"}', says: /fsync: expected one of always/ },
  {
    type: serve('--config', CONFIG),
    config: '{"archive":"\\ud83d"}',
    says: /archive: expected text, received half a surrogate pair/,
  },
  {
    type: serve('--config', '/dev/zero'),
    says: /cannot read \/dev\/zero: expected at most 1048576 bytes, received more/,
  },
  { type: serve('--config', ''), says: /--config.*Expected a path, received ""/ },
  {
    type: serve('--config', CONFIG),
    config: '{"colour":"blue"}',
    says: /unknown option colour: expected one of data, listen/,
  },
  { type: serve('--config', CONFIG), config: '{"config":"other.json"}', says: /unknown option config: / },
  {
    type: serve('--config', CONFIG),
    config: '{"fsync":"x"}',
    says: /config file .*: fsync: expected one of always.*received "x"/,
  },
  {
    type: serve('--config', CONFIG),
    config: '{"fsync":null}',
    says: /config file .*: fsync: expected text or a number, received null/,
  },
  {
    type: serve('--config', CONFIG),
    config: '{"reflection":"yes"}',
    says: /reflection: expected true or false, received "yes"/,
  },
  {
    type: serve('--config', TOML),
    config: 'fsync = "always"\nport = 6379\nmaxmemory = "1gb"\n',
    says: /^headwater: config file .*c\.toml:2: unknown option port: use listen, such as listen = "127\.0\.0\.1:7420" \(and 1 other mistake: headwater config check .*c\.toml\)\n$/,
  },
  {
    type: serve('--config', TOML),
    config: '# redis\nport 6379\n',
    says: /c\.toml: not TOML: .*, on line 2\. Expected a line such as port = 6379\n$/,
  },
  {
    type: serve('--config', TOML),
    config: 'fsync = "never"\nfsync = "always"\n',
    says: /c\.toml: fsync: expected once, received twice, on line 2\n$/,
  },
  {
    type: serve('--config', TOML),
    config: '[log]\nlevel = "info"\n',
    says: /c\.toml:1: log: expected text, .*received a table\. .*: log-level = …\n$/,
  },
  {
    type: serve('--config', TOML),
    config: 'min-free-space = 1\n',
    says: /config file .*c\.toml:1: min-free-space: expected at least \d+ bytes/,
  },
  {
    type: serve(),
    env: { HEADWATER_MIN_FREE_SPACE: '1' },
    says: /environment variable HEADWATER_MIN_FREE_SPACE: min-free-space: expected at least/,
  },
  {
    type: serve('--config', TOML),
    config: 'data = "\\ud83d"\n',
    says: /not TOML: invalid unicode escape, on line 1\n$/,
  },
  { type: ['config'], says: /Usage: headwater config/ },
  { type: ['config', 'chekc'], says: /unknown command 'config chekc'\n\(Did you mean check\?\)/ },
  { type: ['config', 'check'], says: /^headwater: config check: expected the name of a file, received none\n$/ },
  { type: ['config', 'check', `${HERE}/none.toml`], says: /cannot read .*none\.toml: no such file or directory\n$/ },
  { type: ['config', 'print', '--fsync', 'x'], says: /--fsync.*Expected one of always/ },
  { type: ['config', 'print', '-p', '1'], says: /config print: expected options of a node, received --port/ },
];

describe('bad input', function () {
  this.timeout(30_000);
  let directory = '';

  before(() => {
    directory = temporaryDirectory();
  });
  after(endAll);

  for (const { type, says, status = 2, env = {}, config } of REFUSALS) {
    const typed = type.map((word) => word.slice(0, 60)).join(' ');
    const setting = [
      ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
      config && `file ${config.slice(0, 60).replaceAll('\n', ' ')}`,
    ]
      .filter(Boolean)
      .join(' ');
    it(`headwater ${typed}${setting && `, ${setting}`}`, async () => {
      if (config !== undefined)
        for (const name of ['c.json', 'c.toml']) writeFileSync(path.join(directory, name), config);
      const outcome = await headwaterWithoutNode(
        type.map((word) => word.replace(HERE, directory)),
        { env },
      );
      assert.equal(outcome.status, status, outcome.stderr);
      assert.equal(outcome.stdout.toString(), '', 'what is wrong goes to stderr');
      assert.match(outcome.stderr, says);
      assert.doesNotMatch(outcome.stderr, /\n\s+at /, 'no stack trace');
      assert.equal(existsSync(path.join(directory, 'data')), false, 'nothing was made');
    });
  }

  it('a server that is no node is recognised', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      const outcome = await begin(['--connect', `127.0.0.1:${port}`, '--timeout', '3s', 'ping']).outcome;
      assert.equal(outcome.status, 3);
      assert.match(outcome.stderr, new RegExp(`^headwater: cannot reach 127\\.0\\.0\\.1:${port}: .*\n$`));
    } finally {
      server.close();
    }
  });

  it('a server that never answers is given up after --timeout', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    try {
      // The connection ends with the process.
      const outcome = await begin(['--connect', `127.0.0.1:${port}`, '--timeout', '300ms', 'get', 'k']).outcome;
      assert.equal(outcome.status, 3);
      assert.match(outcome.stderr, /cannot reach .*no answer within 300 ms/);
    } finally {
      server.close();
    }
  });

  for (const args of [['--help'], ['help', 'set'], ['serve', '--help'], ['--version']]) {
    it(`headwater ${args.join(' ')} is no mistake`, async () => {
      const outcome = await headwaterWithoutNode(args);
      assert.equal(outcome.status, 0);
      assert.ok(outcome.stdout.length > 0);
      assert.equal(outcome.stderr, '');
    });
  }
});
