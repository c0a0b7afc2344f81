/** The options of a running node: their rules, their origins, and the effect of each that changes at run time. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { Client, Node, type NodeOptions } from '../src/index.js';
import { LiveOptions, type LiveProgram, type ProgramOption, type ProgramOptions } from '../src/live-options.js';
import type { OptionOrigin, OptionValue } from '../src/model/node-option.js';
import { type LiveName, OPTIONS, type OptionRow } from '../src/options.js';
import { Door, type Wire } from './resp/door.js';
import { eventually } from './support/cluster.js';
import { removeTemporaryDirectories, temporaryDirectory } from './support/database.js';
import { RecordingLogger } from './support/store.js';

const MiB = 2 ** 20;
const data = '/nowhere';

const LEVEL: ProgramOption = {
  name: 'log-level',
  kind: 'choice',
  word: 'LEVEL',
  choices: ['debug', 'info'],
  default: 'info',
  live: true,
  help: '',
};

function program(
  values: Record<string, OptionValue> = {},
  places: Record<string, OptionOrigin> = {},
): LiveProgram & { readonly taken: string[] } {
  const taken: string[] = [];
  return {
    rows: [LEVEL],
    values: new Map(Object.entries(values)),
    origins: new Map(Object.entries(places)),
    take: (name, value) => void taken.push(`${name}=${value}`),
    taken,
  };
}

function line(number: number): OptionOrigin {
  return { source: 'file', place: `a.toml:${number}` };
}

/** The options as a program gives them that has a file. */
function reading(options: Omit<NodeOptions, 'data'>, values: Record<string, OptionValue> = {}) {
  const names = [
    ...Object.keys(options).map((one) => OPTIONS[one as keyof typeof OPTIONS].name),
    ...Object.keys(values),
  ];
  const places = Object.fromEntries(names.map((name, at) => [name, line(at + 1)]));
  return [{ data, ...options }, program(values, places)] as const satisfies [NodeOptions, ProgramOptions];
}

function begin(...[options, own]: ReturnType<typeof reading>) {
  const logger = new RecordingLogger();
  const live = new LiveOptions(options, logger, own);
  const shown = (name: string) => {
    const [option] = live.get([name]);
    return [option?.value, option?.source, option?.place];
  };
  return { live, shown, taken: own.taken, lines: () => logger.lines.map(({ message }) => message) };
}

describe('the options of a running node', () => {
  it('show each value, its origin, and whether it changes at run time', () => {
    const { live, shown } = begin(...reading({ minFollowers: 1 }, { 'log-level': 'debug' }));
    assert.deepEqual(shown('min-followers'), [1, 'file', 'a.toml:1']);
    assert.deepEqual(shown('log-level'), ['debug', 'file', 'a.toml:2']);
    assert.deepEqual(shown('max-lag'), [10_000, 'default', '']);
    assert.deepEqual(shown('follow'), [undefined, 'default', '']);
    assert.equal(live.get().length, Object.keys(OPTIONS).length + 1);
    assert.deepEqual(
      live.get(['listen', 'max-lag']).map(({ isLive }) => isLive),
      [false, true],
    );
    const embedded = new LiveOptions({ data, minFollowers: 1 }, new RecordingLogger());
    assert.deepEqual(embedded.get(['min-followers'])[0]?.source, 'program');
  });

  it('take several new values together, and say each change once', () => {
    const { live, shown, taken, lines } = begin(...reading({ minFollowers: 1 }));
    let changes = 0;
    live.onChange(() => changes++);
    const set = [
      { name: 'min-followers', value: 2 },
      { name: 'log-level', value: 'debug' },
    ];
    live.set(set, 'CONFIG SET');
    assert.deepEqual(shown('min-followers'), [2, 'run_time', 'CONFIG SET']);
    assert.equal(live.config.minFollowers, 2);
    assert.deepEqual(taken, ['log-level=debug']);
    assert.equal(changes, 1);
    live.set(set, 'CONFIG SET');
    assert.equal(changes, 1);
    assert.deepEqual(lines(), [
      'min-followers is 2 now, and was 1 (CONFIG SET)',
      'log-level is debug now, and was info (CONFIG SET)',
    ]);
  });

  it('have the value of the start again after a change without a value', () => {
    const { live, shown } = begin(...reading({ minFollowers: 1 }));
    live.set([{ name: 'min-followers', value: 2 }], 'x');
    live.set([{ name: 'min-followers', value: undefined }], 'x');
    assert.deepEqual(shown('min-followers'), [1, 'file', 'a.toml:1']);
  });

  it('change a default that depends on them', () => {
    const { live, shown } = begin(...reading({}));
    const [before] = shown('min-free-space');
    live.set([{ name: 'overlay-bytes', value: 128 * MiB }], 'x');
    assert.ok(Number(shown('min-free-space')[0]) > Number(before));
    assert.equal(live.config.minFreeBytes, shown('min-free-space')[0]);
  });

  const REFUSED: ReadonlyArray<readonly [changes: Array<[string, OptionValue]>, says: RegExp]> = [
    [[['min-folowers', 1]], /^unknown option min-folowers: did you mean min-followers\?$/],
    [[['min-replicas-to-write', 1]], /^unknown option min-replicas-to-write: use min-followers$/],
    [[['minFollowers', 1]], /^unknown option minFollowers: did you mean min-followers\?$/],
    [
      [['listen', '127.0.0.1:1']],
      /^listen: expected an option that changes at run time, received one that needs a restart\. Change it where it was given \(a\.toml:1\), and restart the node$/,
    ],
    [[['fsync', 'always']], /received one that needs a restart\. Change it, and restart the node$/],
    [[['min-followers', -1]], /^min-followers: expected a whole number from 0 to 1000, received -1$/],
    [[['min-followers', '1']], /^min-followers: expected a whole number from 0 to 1000, received "1"$/],
    [[['max-lag', 5]], /^max-lag: expected a whole number of ms from 10 to 3600000, received 5 ms$/],
    [[['log-level', 'loud']], /^log-level: expected debug, info, received "loud"$/],
    [[['min-free-space', 1]], /^min-free-space: expected at least \d+ bytes, to open the store again/],
    [
      [
        ['max-lag', 7_000],
        ['max-lag', 8_000],
      ],
      /^max-lag: expected one value, received two\. Leave one of them out$/,
    ],
    [
      [
        ['max-lag', 7_000],
        ['min-followers', 2_000],
      ],
      /^min-followers: expected .*received 2000$/,
    ],
    [
      [
        ['min-followers', 1],
        ['max-lag', 100],
      ],
      /^max-lag: expected at least 2000 ms, twice --heartbeat-interval/,
    ],
  ];
  for (const [changes, says] of REFUSED)
    it(`refuse ${changes.map(([name, value]) => `${name} = ${value}`).join(', ')}, and change nothing`, () => {
      const { live, lines } = begin(...reading({ listen: '127.0.0.1:7420' }));
      const before = live.get();
      const set = changes.map(([name, value]) => ({ name, value }));
      assert.throws(() => live.set(set, 'x'), { code: 'invalid_argument', message: says });
      assert.deepEqual(live.get(), before);
      assert.deepEqual(lines(), []);
    });

  describe('that are read again', () => {
    it('change, or are named because they need a restart', () => {
      const { live, shown } = begin(...reading({ minFollowers: 1, fsync: 'always' }));
      const outcome = live.reread(
        ...reading({ minFollowers: 2, fsync: 'never', maxLagMs: 7_000 }, { 'log-level': 'debug' }),
      );
      assert.deepEqual(outcome, {
        changed: [
          { name: 'min-followers', from: 1, to: 2, place: 'a.toml:1' },
          { name: 'max-lag', from: 10_000, to: 7_000, place: 'a.toml:3' },
          { name: 'log-level', from: 'info', to: 'debug', place: 'a.toml:4' },
        ],
        needRestart: [{ name: 'fsync', from: 'always', to: 'never', place: 'a.toml:2' }],
      });
      assert.deepEqual(shown('fsync'), ['always', 'file', 'a.toml:2']);
      assert.deepEqual(
        live.reread(...reading({ fsync: 'never' })).changed.map(({ name, to, place }) => [name, to, place]),
        [
          ['min-followers', 0, 'default'],
          ['max-lag', 10_000, 'default'],
          ['log-level', 'info', 'default'],
        ],
      );
    });

    it('keep what was set at run time, until the file has another value than before', () => {
      const { live, shown } = begin(...reading({ minFollowers: 1 }));
      live.set([{ name: 'min-followers', value: 3 }], 'x');
      assert.deepEqual(live.reread(...reading({ minFollowers: 1, maxLagMs: 7_000 })).changed.length, 1);
      assert.deepEqual(shown('min-followers'), [3, 'run_time', 'x']);
      live.reread(...reading({ minFollowers: 2 }));
      assert.deepEqual(shown('min-followers'), [2, 'file', 'a.toml:1']);
    });

    it('change nothing if they break a rule', () => {
      const { live } = begin(...reading({}));
      const before = live.get();
      assert.throws(() => live.reread(...reading({ minFollowers: 2, maxLagMs: 20 })), { code: 'invalid_argument' });
      // Together with an option that needs a restart, a value may break a rule until then.
      assert.throws(
        () => live.reread(...reading({ minFollowers: 2, maxLagMs: 200, heartbeatIntervalMs: 50 })),
        /^HeadwaterError: max-lag: expected at least 2000 ms/,
      );
      assert.deepEqual(live.get(), before);
    });
  });
});

const SECRET = 'a-long-secret';

describe('an option that changes at run time', function () {
  this.timeout(30_000);
  const door = new Door();
  const clients: Client[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await door.close();
  });

  interface Subject {
    readonly node: Node;
    readonly client: Client;
    change(value: OptionValue | undefined): void;
  }

  const refusal = async (call: Promise<unknown>) =>
    call.then(
      () => 'done',
      ({ code }: { code: string }) => code,
    );

  /** A connection of the user app, which everybody may be while users are not in force. */
  async function appOf(node: Node, client: Client): Promise<Wire> {
    await client.users.create('app', { roles: ['read', 'write'], secret: SECRET });
    const wire = door.open(node);
    await wire.asks(`AUTH app ${SECRET}`, '+OK\r\n');
    return wire;
  }

  async function slowCommands(node: Node): Promise<number> {
    return Number((await door.exchange(node, 'SLOWLOG LEN\r\n')).slice(1));
  }

  /** The effect of each, with a value that differs from the default. */
  const EFFECTS: Record<LiveName, (subject: Subject) => Promise<void>> = {
    minFollowers: async ({ client, change }) => {
      change(1);
      assert.equal(await refusal(client.set('a', '1')), 'too_few_followers');
      change(0);
      assert.equal(await refusal(client.set('a', '1')), 'done');
    },
    slowLog: async ({ node, client, change }) => {
      node.options.set([{ name: 'slow-log-microseconds', value: 0 }], 'x');
      change(false);
      await client.set('a', '1');
      assert.equal(await slowCommands(node), 0);
    },
    slowLogMicroseconds: async ({ node, client, change }) => {
      change(0);
      await client.set('a', '1');
      assert.ok((await slowCommands(node)) > 0);
    },
    slowLogLength: async ({ node, client, change }) => {
      node.options.set([{ name: 'slow-log-microseconds', value: 0 }], 'x');
      for (const key of 'abcd') await client.set(key, '1');
      change(2);
      assert.equal(await slowCommands(node), 2);
    },
    maxLagMs: async ({ node, change }) => {
      change(7_000);
      assert.equal((await node.status()).maxLagMs, 7_000);
    },
    fullResyncsMax: async ({ node, change }) => {
      change(1);
      assert.equal((await node.status()).fullResyncsMax, 1);
    },
    keyBytesMax: async ({ client, change }) => {
      change(3);
      assert.equal(await refusal(client.set('abcd', '1')), 'too_large');
    },
    valueBytesMax: async ({ node, client, change }) => {
      const wire = door.open(node);
      await wire.asks('SET a 12345', '+OK\r\n');
      change(4);
      assert.equal(await refusal(client.set('a', '12345')), 'too_large');
      change(32 * MiB);
      assert.equal(await refusal(client.set('a', Buffer.alloc(20 * MiB))), 'done');
    },
    transactionBytesMax: async ({ client, change }) => {
      change(1_024);
      const all = client.transaction().set('a', 'x'.repeat(600)).set('b', 'x'.repeat(600));
      assert.equal(await refusal(all.commit()), 'too_large');
    },
    connectionsMax: async ({ node, change }) => {
      await door.open(node).asks('PING', '+PONG\r\n');
      change(1);
      assert.match(await door.exchange(node, 'PING\r\n'), /^-ERR max number of clients reached/);
      assert.equal((await node.status()).connections?.clientsMax, 1);
      change(undefined);
      assert.equal(await door.exchange(node, 'PING\r\n'), '+PONG\r\n');
    },
    connectionsPerAddress: async ({ node, change }) => {
      await door.open(node).asks('PING', '+PONG\r\n');
      change(1);
      assert.match(await door.exchange(node, 'PING\r\n'), /^-ERR max number of clients reached/);
      change(undefined);
      assert.equal(await door.exchange(node, 'PING\r\n'), '+PONG\r\n');
    },
    connectionsPerUser: async ({ node, client, change }) => {
      const wire = await appOf(node, client);
      change(1);
      const second = door.open(node);
      await second.asks('AUTH app wrong', '-WRONGPASS invalid username-password pair or user is disabled.\r\n');
      second.send(`AUTH app ${SECRET}\r\n`);
      assert.match((await second.lines(1))[0] ?? '', /^-BUSY the user app has reached its limit of 1 connections/);
      change(undefined);
      await second.asks(`AUTH app ${SECRET}`, '+OK\r\n');
      await wire.asks('GET a', '$-1\r\n');
    },
    userOperationsPerSecond: async ({ node, client, change }) => {
      const wire = await appOf(node, client);
      change(1);
      wire.send('GET a\r\n'.repeat(50));
      await wire.lines(50);
      wire.send('GET a\r\n');
      assert.match((await wire.lines(1))[0] ?? '', /^-ERR the user app has reached its limit of 1 operations a second/);
      change(undefined);
      await wire.asks('GET a', '$-1\r\n');
    },
    userBytesPerSecond: async ({ node, client, change }) => {
      const wire = await appOf(node, client);
      change(1_024);
      await wire.asks(`SET a ${'x'.repeat(20_000)}`, '+OK\r\n');
      wire.send('GET a\r\n');
      assert.match((await wire.lines(1))[0] ?? '', /^-ERR the user app has reached its limit of 1024 bytes a second/);
      change(undefined);
      await wire.asks('STRLEN a', ':20000\r\n');
    },
    requestBytesMax: async ({ node, change }) => {
      change(144 * MiB);
      assert.match(
        await (await fetch(`http://${node.httpAddress}/metrics`)).text(),
        /request_memory_max_bytes 150994944/,
      );
    },
    minFreeBytes: async ({ node, client, change }) => {
      change(2 ** 50);
      await eventually('the disk to count as full', async () => (await node.status()).diskFull !== '');
      assert.equal(await refusal(client.set('a', '1')), 'disk_full');
      change(undefined);
      await eventually('room', async () => (await refusal(client.set('a', '1'))) === 'done');
    },
    logRetentionBytes: async ({ node, change }) => {
      change(5_000);
      assert.equal((await node.status()).logRetentionBytes, 5_000);
    },
    logRetentionMs: async ({ node, change }) => {
      change(5_000);
      assert.equal((await node.status()).logRetentionMs, 5_000);
      change(undefined);
      assert.equal((await node.status()).logRetentionMs, 0);
    },
    logRetentionPinBytes: async ({ node, change }) => {
      change(2 ** 40);
      assert.equal((await node.status()).logRetentionPinBytes, 2 ** 40);
    },
    overlayBytesMax: async ({ node, client, change }) => {
      change(MiB);
      await client.set('a', Buffer.alloc(2 * MiB));
      await eventually('the overlay to be written out', async () => (await node.status()).checkpointOffset === 1);
    },
    replayBytesMax: async ({ node, client, change }) => {
      change(MiB);
      await client.set('a', Buffer.alloc(2 * MiB));
      await eventually('the overlay to be written out', async () => (await node.status()).checkpointOffset === 1);
    },
    serveStaleReads: async ({ node, change }) => {
      // A follower that has not reached its upstream yet.
      await node.follow('127.0.0.1:1', { acceptDataLoss: false, full: false });
      assert.match(await door.exchange(node, 'GET a\r\n'), /^\$-1/);
      change(false);
      assert.match(await door.exchange(node, 'GET a\r\n'), /^-MASTERDOWN/);
    },
    readyLagMs: async ({ node, change }) => {
      change(1);
      assert.equal(node.options.config.readyLagMs, 1);
    },
    archiveIntervalMs: async ({ node, change }) => {
      change(100);
      assert.equal(node.options.config.archiveIntervalMs, 100);
    },
    shutdownTimeoutMs: async ({ node, change }) => {
      change(2_000);
      assert.match(await door.exchange(node, 'CONFIG GET shutdown-timeout\r\n'), /\r\n2\r\n$/);
    },
  };

  for (const [property, effect] of Object.entries(EFFECTS)) {
    const { name } = OPTIONS[property as LiveName];
    it(`${name} takes effect`, async () => {
      const node = await door.node({ http: '127.0.0.1:0' });
      const client = await Client.connect(node.address, { retry: { attempts: 1 } });
      clients.push(client);
      await effect({ node, client, change: (value) => void node.options.set([{ name, value }], 'a test') });
    });
  }

  it('is every option with this word in its row', () => {
    const live = Object.entries<OptionRow>(OPTIONS).filter(([, row]) => row.live);
    assert.deepEqual(live.map(([property]) => property).sort(), Object.keys(EFFECTS).sort());
  });

  it('reaches a node that was started with another value', async () => {
    const directory = await temporaryDirectory();
    const node = await Node.start({ data: path.join(directory, 'data'), listen: '127.0.0.1:0', minFollowers: 1 });
    try {
      node.options.set([{ name: 'min-followers', value: 0 }], 'a test');
      assert.equal(await door.exchange(node, 'SET a 1\r\n'), '+OK\r\n');
    } finally {
      await node.stop();
      await removeTemporaryDirectories();
    }
  });
});
