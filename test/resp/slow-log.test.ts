/** SLOWLOG at the Redis door of a node: what it has of both doors, what it hides, and what does not count as slow. */
import assert from 'node:assert/strict';
import { Client } from '../../src/client/index.js';
import type { Node } from '../../src/index.js';
import { Door, type Wire } from './door.js';

interface Slow {
  readonly id: number;
  readonly microseconds: number;
  readonly words: string;
  readonly client: string;
  readonly name: string;
}

const BIG_BYTES = 16 * 2 ** 20;
const SECRET = 'hidden-secret';

describe('SLOWLOG', () => {
  const door = new Door();
  afterEach(() => door.close());

  /** Sends a command, and waits for a reply of one line. */
  async function line(wire: Wire, ...words: string[]): Promise<string> {
    wire.command(...words);
    const [reply = ''] = await wire.lines(1);
    return reply;
  }

  /** The slow log, the newest first, without the command that reads it. */
  async function slowLog(node: Node): Promise<Slow[]> {
    const wire = door.open(node);
    wire.command('SLOWLOG', 'GET', '-1');
    const next = async () => (await wire.lines(1))[0] ?? '';
    const number = async () => Number((await next()).slice(1));
    const text = async () => {
      await number();
      return next();
    };
    const entries: Slow[] = [];
    for (let left = await number(); left > 0; left--) {
      assert.equal(await next(), '*6');
      const id = await number();
      const seconds = await number();
      assert.ok(Math.abs(seconds - Date.now() / 1_000) < 60, `${seconds}`);
      const microseconds = await number();
      const words: string[] = [];
      for (let more = await number(); more > 0; more--) words.push(await text());
      entries.push({ id, microseconds, words: words.join(' '), client: await text(), name: await text() });
    }
    return entries;
  }

  /** The words of all entries, the oldest first. */
  async function wordsIn(node: Node): Promise<string[]> {
    return (await slowLog(node)).map(({ words }) => words).reverse();
  }

  it('has the slow commands of both doors, with their clients, in one list', async () => {
    const node = await door.node({ slowLogMicroseconds: 0 });
    const wire = door.open(node);
    await line(wire, 'CLIENT', 'SETNAME', 'worker');
    await line(wire, 'SET', 'a', '1');
    await line(wire, 'get', 'nothing');
    const client = await Client.connect(node.address);
    await client.set('b', '2', { ttlMs: 60_000 });
    await client.dbsize();
    for await (const _ of client.scan({ match: 'a*' }));
    await client.publish('news', 'hello');
    await client.close();
    const entries = (await slowLog(node)).reverse();
    const own = entries.filter(({ words }) => !words.startsWith('ping'));
    assert.deepEqual(
      own.map(({ words, name }) => `${words} [${name}]`),
      [
        'CLIENT SETNAME worker [worker]',
        'SET a 1 [worker]',
        'get nothing [worker]',
        'set b 2 expiry=ttl_ms=60000 []',
        'database_size []',
        'scan a* []',
        'publish news hello []',
      ],
    );
    assert.equal(own[0]?.client, own[1]?.client);
    for (const { client } of own) assert.match(client, /^127\.0\.0\.1:\d+$/);
    assert.deepEqual(
      entries.map(({ id }) => id),
      entries.map((_, at) => at),
    );
  });

  it('shows the commands of a transaction in the place of EXEC, and none that was refused', async () => {
    const node = await door.node({ slowLogMicroseconds: 0 });
    await door.exchange(node, 'MULTI\r\nSET a 1\r\nGET a\r\nEXEC\r\nSET a\r\nNOSUCH x\r\n');
    await door.exchange(node, 'MULTI\r\nKEYS *\r\nEXEC\r\n');
    assert.deepEqual(await wordsIn(node), ['MULTI', 'SET a 1', 'GET a', 'MULTI', 'KEYS *']);
  });

  it('shows no secret, and no argument of a command of operators', async () => {
    const node = await door.node({ slowLogMicroseconds: 0 });
    const lines = [
      `AUTH ${SECRET}`,
      `AUTH default ${SECRET}`,
      `HELLO 2 AUTH default ${SECRET} SETNAME x`,
      `ACL SETUSER app >${SECRET} ~* +@read`,
      `MULTI`,
      `AUTH ${SECRET}`,
      `EXEC`,
      `CONFIG SET masterauth ${SECRET}`,
      `DEBUG ${SECRET}`,
      `COMMAND GETKEYS AUTH app ${SECRET}`,
      `command getkeysandflags auth ${SECRET}`,
    ];
    await door.exchange(node, lines.map((one) => `${one}\r\n`).join(''));
    const words = await wordsIn(node);
    assert.equal(words.join('\n').includes(SECRET), false, words.join('\n'));
    assert.deepEqual(words.slice(0, 4), [
      'AUTH (redacted)',
      'AUTH (redacted) (redacted)',
      'HELLO 2 (redacted) (redacted) (redacted) (redacted) (redacted)',
      'ACL SETUSER (redacted) (redacted) (redacted) (redacted)',
    ]);
    assert.ok(words.includes('COMMAND GETKEYS (redacted) (redacted) (redacted)'), words.join('\n'));
  });

  it('has a command that is slow, with its time, and not the quick ones around it', async () => {
    const node = await door.node({ redisDebug: true, slowLogMicroseconds: 300_000 });
    const wire = door.open(node);
    await line(wire, 'SET', 'a', '1');
    await line(wire, 'DEBUG', 'SLEEP', '0.3');
    await line(wire, 'SET', 'a', '1');
    const slow = (await slowLog(node)).filter(({ words }) => words.startsWith('DEBUG'));
    assert.equal(slow.length, 1);
    assert.ok(Number(slow[0]?.microseconds) >= 300_000);
  });

  it('does not count the waits that the client asks for', async () => {
    const node = await door.node({ slowLogMicroseconds: 600_000 });
    const wire = door.open(node);
    await line(wire, 'SET', 'a', '1');
    assert.equal(await line(wire, 'WAIT', '1', '700'), ':0');
    await line(wire, 'HEADWATER', 'DURABILITY', 'FOLLOWERS', '1', '700');
    assert.match(await line(wire, 'SET', 'a', '2'), /^-NOREPLICAS/);
    const client = await Client.connect(node.address);
    const durability = { level: 'followers', followers: 1, timeoutMs: 700 } as const;
    await client.set('b', '1', { durability }).catch(() => {});
    await client.close();
    assert.deepEqual(await wordsIn(node), []);
  });

  it('does not count the time in which a client does not read', async () => {
    const node = await door.node({ slowLogMicroseconds: 1_000_000 });
    const wire = door.open(node);
    wire.command('SET', 'big', Buffer.alloc(BIG_BYTES, 'x'));
    await wire.lines(1);
    wire.socket.pause();
    for (let i = 0; i < 3; i++) wire.command('GET', 'big');
    await door.whenHeldBack(node, wire);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    wire.socket.resume();
    await wire.reads('x'.repeat(3 * BIG_BYTES));
    assert.deepEqual(await wordsIn(node), []);
  });

  it('obeys CONFIG SET at once', async () => {
    const node = await door.node({ slowLogMicroseconds: 60_000_000 });
    const wire = door.open(node);
    await line(wire, 'SET', 'a', '1');
    assert.equal(await line(wire, 'SLOWLOG', 'LEN'), ':0');
    await line(wire, 'CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await line(wire, 'SET', 'a', '2');
    await line(wire, 'SET', 'a', '3');
    await line(wire, 'CONFIG', 'SET', 'slowlog-log-slower-than', '-1', 'slowlog-max-len', '2');
    await line(wire, 'SET', 'a', '4');
    assert.deepEqual(await wordsIn(node), ['SET a 2', 'SET a 3']);
    assert.equal(await line(wire, 'SLOWLOG', 'RESET'), '+OK');
    assert.equal(await line(wire, 'SLOWLOG', 'LEN'), ':0');
  });
});
