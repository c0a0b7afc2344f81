/** CONFIG and TIME: the parameters of Redis with the values of a node. */
import assert from 'node:assert/strict';
import { LOG_LEVEL } from '../../bin/serve-options.js';
import { Door } from './door.js';

/** A reply of CONFIG GET in RESP2 as pairs. */
function pairsOf(reply: string): Array<[string, string]> {
  const [, ...lines] = reply.split('\r\n').slice(0, -1);
  const texts = lines.filter((_, at) => at % 2 === 1);
  return texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] as string] as [string, string]] : []));
}

function failed(name: string, reason: string): string {
  return `-ERR CONFIG SET failed (possibly related to argument '${name}') - ${reason}\r\n`;
}

describe('CONFIG GET', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('answers what redis-benchmark asks, several patterns, and names as they were typed', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('CONFIG GET save', '*2\r\n$4\r\nsave\r\n$0\r\n\r\n');
    await wire.asks('CONFIG GET appendonly', '*2\r\n$10\r\nappendonly\r\n$3\r\nyes\r\n');
    await wire.asks('CONFIG GET SAVE s?ve nosuch', '*4\r\n$4\r\nSAVE\r\n$0\r\n\r\n$4\r\nsave\r\n$0\r\n\r\n');
    await wire.asks('CONFIG GET nosuch', '*0\r\n');
    await wire.asks('CONFIG GET', "-ERR wrong number of arguments for 'config|get' command\r\n");
  });

  it('is a map in RESP3', async () => {
    const node = await door.node();
    const text = await door.exchange(node, 'HELLO 3\r\nCONFIG GET databases\r\n');
    assert.ok(text.endsWith('%1\r\n$9\r\ndatabases\r\n$1\r\n1\r\n'));
  });

  it('shows the options of the node under the names of Redis', async () => {
    const node = await door.node({ fsync: 'always', maxLagMs: 7_000, minFollowers: 0, valueBytesMax: 1_000_000 });
    const shown = new Map(pairsOf(await door.exchange(node, 'CONFIG GET *\r\n')));
    assert.ok(shown.size > 100);
    const [host = '', port] = node.address.split(':');
    const expected: Record<string, string | undefined> = {
      port,
      bind: host,
      appendfsync: 'always',
      maxmemory: '0',
      'maxmemory-policy': 'noeviction',
      databases: '1',
      timeout: '0',
      'proto-max-bulk-len': '1000000',
      'min-replicas-to-write': '0',
      'min-slaves-max-lag': '7',
      'replica-read-only': 'yes',
      'slave-read-only': 'yes',
      'notify-keyspace-events': '',
      replicaof: '',
      'hash-max-ziplist-entries': '512',
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(shown.get(name), value, name);
    assert.match(shown.get('dir') ?? '', /\/data$/);
    const debugged = await door.node({ redisDebug: true });
    assert.match(await door.exchange(debugged, 'CONFIG GET enable-debug-command\r\n'), /\r\nyes\r\n$/);
  });
});

describe('CONFIG SET', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('takes every value that CONFIG GET * shows, and changes nothing by it', async () => {
    const node = await door.node();
    const before = pairsOf(await door.exchange(node, 'CONFIG GET *\r\n'));
    const wire = door.open(node);
    for (const [name, value] of before) await wire.asks(`CONFIG SET ${name} "${value}"`, '+OK\r\n');
    assert.deepEqual(pairsOf(await door.exchange(node, 'CONFIG GET *\r\n')), before);
  });

  it('keeps valid values of parameters that tune the inside of Redis, under both names', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks(
      'CONFIG SET zset-max-ziplist-entries 7 LAZYFREE-LAZY-EXPIRE YES stream-node-max-bytes 10mb',
      '+OK\r\n',
    );
    await wire.asks('CONFIG GET zset-max-listpack-entries', '*2\r\n$25\r\nzset-max-listpack-entries\r\n$1\r\n7\r\n');
    await wire.asks('CONFIG GET lazyfree-lazy-expire', '*2\r\n$20\r\nlazyfree-lazy-expire\r\n$3\r\nyes\r\n');
    await wire.asks('CONFIG GET stream-node-max-bytes', '*2\r\n$21\r\nstream-node-max-bytes\r\n$8\r\n10485760\r\n');
  });

  it('refuses what this node does not do, with the option that changes it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks(
      'CONFIG SET appendonly no',
      failed(
        'appendonly',
        "expected 'yes', received 'no'. The node always writes its log, and makes checkpoints by itself.",
      ),
    );
    await wire.asks(
      'CONFIG SET requirepass secret',
      failed(
        'requirepass',
        "expected '', received a secret. Users are in the log, so that all nodes have them. Use ACL SETUSER, or `headwater user`.",
      ),
    );
    await wire.asks(
      'CONFIG SET repl-timeout 60',
      failed('repl-timeout', "expected '5', received '60'. The node takes this at its start: use --link-timeout."),
    );
    await wire.asks(
      'CONFIG SET loglevel debug',
      failed('loglevel', "expected 'notice', received 'debug'. The program that has the node in it decides this."),
    );
  });

  it('refuses values in the words of Redis, and then sets nothing', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('CONFIG SET nosuch 1', "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\r\n");
    await wire.asks('CONFIG SET maxmemory 10mb save', '-ERR syntax error\r\n');
    await wire.asks('CONFIG SET save', "-ERR wrong number of arguments for 'config|set' command\r\n");
    const refusals: Array<[string, string, string]> = [
      ['maxmemory', 'x', 'argument must be a memory value'],
      ['hash-max-listpack-entries', '-1', 'argument must be between 0 and 9223372036854775807 inclusive'],
      ['slowlog-log-slower-than', '9007199254740992', 'argument must be between -1 and 9007199254740991 inclusive'],
      ['hash-max-listpack-entries', 'x', "argument couldn't be parsed into an integer"],
      ['appendonly', 'foo', "argument must be 'yes' or 'no'"],
      ['appendfsync', 'foo', 'argument(s) must be one of the following: always, everysec, no'],
    ];
    for (const [name, value, reason] of refusals)
      await wire.asks(`CONFIG SET hz 99 ${name} ${value}`, failed(name, reason));
    await wire.asks('CONFIG SET hz 99 hz 99', failed('hz', 'duplicate parameter'));
    await wire.asks('CONFIG GET hz', '*2\r\n$2\r\nhz\r\n$2\r\n10\r\n');
  });
});

describe('CONFIG SET of an option that changes at run time', () => {
  const door = new Door();
  afterEach(() => door.close());

  /** The parameters that are options, a value of each, and the option with its value. */
  const LIVE: ReadonlyArray<readonly [parameter: string, value: string, option: string, becomes: unknown]> = [
    ['maxclients', '77', 'max-connections', 77],
    ['proto-max-bulk-len', '1mb', 'max-value-bytes', 1_048_576],
    ['client-query-buffer-limit', '2mb', 'max-transaction-bytes', 1_048_576],
    ['replica-serve-stale-data', 'no', 'serve-stale-reads', false],
    ['slave-serve-stale-data', 'yes', 'serve-stale-reads', true],
    ['repl-backlog-size', '10mb', 'log-retention-bytes', 10_485_760],
    ['min-replicas-to-write', '2', 'min-followers', 2],
    ['slowlog-log-slower-than', '5000', 'slow-log-microseconds', 5_000],
    ['slowlog-log-slower-than', '9007199254740991', 'slow-log-microseconds', 2 ** 53 - 1],
    ['slowlog-log-slower-than', '-1', 'slow-log', false],
    ['slowlog-max-len', '7', 'slow-log-length', 7],
    ['min-slaves-to-write', '0', 'min-followers', 0],
    ['min-slaves-max-lag', '7', 'max-lag', 7_000],
    ['shutdown-timeout', '3', 'shutdown-timeout', 3_000],
  ];

  it('changes it, as `config set` does, and CONFIG GET shows it', async () => {
    const node = await door.node();
    const wire = door.open(node);
    for (const [parameter, value, name, becomes] of LIVE) {
      await wire.asks(`CONFIG SET ${parameter} ${value}`, '+OK\r\n');
      const [option] = node.options.get([name]);
      assert.equal(option?.value, becomes, parameter);
      assert.match(option?.place ?? '', /^the Redis client 127\.0\.0\.1:\d+$/);
      const [[, shown] = []] = pairsOf(await door.exchange(node, `CONFIG GET ${parameter}\r\n`));
      assert.equal(shown, value.endsWith('mb') ? String(Number.parseInt(value, 10) * 2 ** 20) : value, parameter);
    }
  });

  it('changes the level of the log, if the node has one', async () => {
    const taken: unknown[] = [];
    const program = {
      rows: [LOG_LEVEL],
      values: new Map(),
      origins: new Map(),
      take: (_: string, value: unknown) => void taken.push(value),
    };
    const node = await door.node({}, { program });
    const wire = door.open(node);
    await wire.asks('CONFIG GET loglevel', '*2\r\n$8\r\nloglevel\r\n$6\r\nnotice\r\n');
    await wire.asks('CONFIG SET loglevel debug', '+OK\r\n');
    await wire.asks('CONFIG GET loglevel', '*2\r\n$8\r\nloglevel\r\n$5\r\ndebug\r\n');
    await wire.asks('CONFIG SET loglevel warning', '+OK\r\n');
    assert.deepEqual(taken, ['debug', 'warn']);
  });

  it('refuses what breaks a rule of the options, and then sets nothing', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks(
      'CONFIG SET hz 99 maxclients 5 min-slaves-max-lag 0',
      failed('min-slaves-max-lag', 'max-lag: expected a whole number of ms from 10 to 3600000, received 0 ms'),
    );
    await wire.asks(
      'CONFIG SET min-replicas-to-write 1 min-replicas-max-lag 1',
      failed(
        'min-replicas-max-lag',
        'max-lag: expected at least 2000 ms, twice --heartbeat-interval (1000 ms), because an idle follower reports only once an interval, received 1000 ms',
      ),
    );
    assert.deepEqual(
      node.options.get(['max-connections', 'min-followers', 'max-lag']).map(({ source }) => source),
      ['default', 'default', 'default'],
    );
    await wire.asks('CONFIG GET hz', '*2\r\n$2\r\nhz\r\n$2\r\n10\r\n');
  });
});

describe('CONFIG and TIME', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('RESETSTAT begins the counts of INFO again, and REWRITE has nothing to do', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('PING', '+PONG\r\n');
    await wire.asks('CONFIG RESETSTAT', '+OK\r\n');
    await wire.asks('CONFIG REWRITE', '+OK\r\n');
    assert.match(await door.exchange(node, 'INFO stats\r\n'), /total_connections_received:1\r\n/);
    await wire.asks('CONFIG foo', "-ERR unknown subcommand 'foo'. Try CONFIG HELP.\r\n");
  });

  it('TIME has seconds and microseconds', async () => {
    const node = await door.node();
    const beforeMs = Date.now();
    const [, , seconds, , microseconds] = (await door.exchange(node, 'TIME\r\n')).split('\r\n');
    const timeMs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
    assert.ok(timeMs >= beforeMs && timeMs <= Date.now());
    assert.equal(await door.exchange(node, 'TIME x\r\n'), "-ERR wrong number of arguments for 'time' command\r\n");
  });
});
