/** CLIENT: connections listed, closed, paused and silenced, byte for byte as Redis 7 answers. */
import assert from 'node:assert/strict';
import type { Node } from '../../src/index.js';
import { turns } from '../support/clock.js';
import { Door, type Wire } from './door.js';

/** Fields of a line of CLIENT LIST. */
function fieldsOf(line: string): Map<string, string> {
  return new Map(line.split(' ').map((field) => field.split('=', 2) as [string, string]));
}

describe('CLIENT LIST', () => {
  const door = new Door();
  afterEach(() => door.close());

  /** The lines that a new connection sees, by the numbers of the clients. */
  async function list(node: Node, options = ''): Promise<Map<number, Map<string, string>>> {
    const text = await door.exchange(node, `CLIENT LIST${options}\r\n`);
    assert.match(text, /^\$\d+\r\n[\s\S]*\r\n$/);
    const lines = text
      .slice(text.indexOf('\n') + 1, -2)
      .split('\n')
      .slice(0, -1);
    return new Map(lines.map((line) => [Number(fieldsOf(line).get('id')), fieldsOf(line)]));
  }

  it('has a line for each client with the fields of Redis in their order', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('HELLO 3 SETNAME bob', '');
    await wire.asks('CLIENT ID', '');
    wire.send(
      'CLIENT SETINFO lib-name mine\r\nCLIENT SETINFO lib-ver 1.0\r\nCLIENT NO-EVICT ON\r\nSET a 1\r\nGET a\r\n',
    );
    const end = '+OK\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n1\r\n';
    await wire.readsUpTo(end);
    const lines = await list(node);
    assert.deepEqual([...lines.keys()], [1, 2]);
    const line = lines.get(1) as Map<string, string>;
    assert.deepEqual(
      [...line.keys()].join(' '),
      'id addr laddr fd name age idle flags db sub psub ssub multi watch qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem events cmd user redir resp lib-name lib-ver tot-net-in tot-net-out tot-cmds',
    );
    const { localAddress, localPort } = wire.socket;
    assert.equal(line.get('addr'), `${localAddress}:${localPort}`);
    assert.equal(line.get('laddr'), node.address);
    const shown = ['name', 'flags', 'db', 'multi', 'cmd', 'user', 'redir', 'resp', 'lib-name', 'lib-ver', 'tot-cmds'];
    assert.deepEqual(
      shown.map((name) => line.get(name)),
      ['bob', 'e', '0', '-1', 'get', 'default', '-1', '3', 'mine', '1.0', '7'],
    );
    assert.equal(line.get('tot-net-in'), String(wire.socket.bytesWritten));
    assert.equal(lines.get(2)?.get('cmd'), 'client|list');
    assert.equal(lines.get(2)?.get('flags'), 'N');
  });

  it('counts requests that waited behind a blocked command', async () => {
    const node = await door.node();
    const wire = door.open(node);
    const pings = 30_000;
    wire.send(`WAIT 1 100\r\n${'PING\r\n'.repeat(pings)}ECHO end\r\n`);
    await wire.readsUpTo('end\r\n');
    assert.equal((await list(node)).get(1)?.get('tot-cmds'), String(pings + 2));
  });

  it('shows the bytes of a request that is not complete', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('PING', '+PONG\r\n');
    wire.send('*2\r\n$4\r\nECHO\r\n$900000\r\n');
    for (let held = 0; held < 900_000; held = Number((await list(node)).get(1)?.get('qbuf')))
      wire.send('x'.repeat(9_000));
  });

  it('chooses by type or by number', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('PING', '+PONG\r\n');
    assert.deepEqual([...(await list(node, ' TYPE normal')).keys()], [1, 2]);
    assert.deepEqual([...(await list(node, ' ID 7 1')).keys()], [1]);
    for (const type of ['pubsub', 'master', 'replica', 'slave'])
      await wire.asks(`CLIENT LIST TYPE ${type}`, '$0\r\n\r\n');
    await wire.asks('CLIENT LIST TYPE foo', "-ERR Unknown client type 'foo'\r\n");
    await wire.asks('CLIENT LIST ID x', '-ERR Invalid client ID\r\n');
    for (const wrong of ['ID', 'foo', 'TYPE normal ID 1'])
      await wire.asks(`CLIENT LIST ${wrong}`, '-ERR syntax error\r\n');
  });

  it('is text for a person in RESP3, and CLIENT INFO is the own line', async () => {
    const node = await door.node();
    const text = await door.exchange(node, 'HELLO 3\r\nCLIENT INFO\r\n');
    assert.match(text, /=\d+\r\ntxt:id=1 addr=127\.0\.0\.1:\d+ .* cmd=client\|info .* resp=3 [^\n]*\n\r\n$/);
  });
});

describe('CLIENT KILL', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function clients(node: Node, count: number): Promise<Wire[]> {
    const wires = Array.from({ length: count }, () => door.open(node));
    for (const wire of wires) await wire.asks('PING', '+PONG\r\n');
    return wires;
  }

  it('closes the client at an address, and knows no other', async () => {
    const node = await door.node();
    const [first, second] = (await clients(node, 2)) as [Wire, Wire];
    await first.asks(`CLIENT KILL 127.0.0.1:${second.socket.localPort}`, '+OK\r\n');
    assert.equal(await second.all(), '');
    await first.asks(`CLIENT KILL 127.0.0.1:${second.socket.localPort}`, '-ERR No such client\r\n');
    first.send(`CLIENT KILL 127.0.0.1:${first.socket.localPort}\r\nPING\r\n`);
    assert.equal(await first.all(), '+OK\r\n');
  });

  it('closes the clients that all filters are true for, spares the asking one, and counts', async () => {
    const node = await door.node();
    const [asker, second, third] = (await clients(node, 3)) as [Wire, Wire, Wire];
    await asker.asks('CLIENT KILL ID 2 TYPE pubsub', ':0\r\n');
    await asker.asks('CLIENT KILL ID 2 TYPE normal USER default', ':1\r\n');
    assert.equal(await second.all(), '');
    await asker.asks(`CLIENT KILL LADDR ${node.address}`, ':1\r\n');
    assert.equal(await third.all(), '');
    await asker.asks('CLIENT KILL ID 1', ':0\r\n');
    await asker.asks('CLIENT KILL MAXAGE 1000', ':0\r\n');
    for (const type of ['master', 'replica', 'slave']) await asker.asks(`CLIENT KILL TYPE ${type}`, ':0\r\n');
  });

  it('answers a client that ends itself, and drops what follows', async () => {
    const node = await door.node();
    assert.equal(await door.exchange(node, 'CLIENT KILL ID 1 SKIPME no\r\nSET a 1\r\n'), ':1\r\n');
    assert.equal(await door.exchange(node, 'GET a\r\n'), '$-1\r\n');
  });

  it('refuses filters as Redis does', async () => {
    const node = await door.node();
    const [wire] = (await clients(node, 1)) as [Wire];
    for (const wrong of ['ID 1 foo', 'foo bar', 'SKIPME maybe'])
      await wire.asks(`CLIENT KILL ${wrong}`, '-ERR syntax error\r\n');
    for (const id of ['str', '-1', '0'])
      await wire.asks(`CLIENT KILL ID ${id}`, '-ERR client-id should be greater than 0\r\n');
    await wire.asks('CLIENT KILL TYPE foo', "-ERR Unknown client type 'foo'\r\n");
    await wire.asks('CLIENT KILL USER foo', "-ERR No such user 'foo'\r\n");
    await wire.asks('CLIENT KILL', "-ERR wrong number of arguments for 'client|kill' command\r\n");
  });
});

describe('CLIENT REPLY', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('turns replies off and on again, also those of data commands in one chunk', async () => {
    const node = await door.node();
    const requests = 'CLIENT REPLY OFF\r\nPING\r\nSET a 1\r\nGET a\r\nnope\r\nCLIENT REPLY ON\r\nGET a\r\n';
    assert.equal(await door.exchange(node, requests), '+OK\r\n$1\r\n1\r\n');
  });

  it('skips one reply, and ON takes the skip back', async () => {
    const node = await door.node();
    const requests = 'CLIENT REPLY SKIP\r\nPING a\r\nPING b\r\nCLIENT REPLY SKIP\r\nGET x\r\nGET x\r\n';
    assert.equal(await door.exchange(node, requests), '$1\r\nb\r\n$-1\r\n');
    assert.equal(await door.exchange(node, 'CLIENT REPLY SKIP\r\nCLIENT REPLY ON\r\nPING\r\n'), '+OK\r\n+PONG\r\n');
    assert.equal(await door.exchange(node, 'CLIENT REPLY foo\r\n'), '-ERR syntax error\r\n');
  });

  it('OFF ends with RESET, and a reply to RESET can be skipped', async () => {
    const node = await door.node();
    assert.equal(await door.exchange(node, 'CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n'), '+PONG\r\n');
    assert.equal(await door.exchange(node, 'CLIENT REPLY OFF\r\nPING\r\nRESET\r\nPING\r\n'), '+RESET\r\n+PONG\r\n');
  });
});

describe('CLIENT PAUSE', () => {
  const door = new Door();
  afterEach(() => door.close());

  /** Resolves when a client is shown as blocked. */
  async function isOneBlocked(asker: Wire): Promise<void> {
    for (let list = ''; !/ flags=x?b /.test(list); list = await asker.readsUpTo('\n\r\n'))
      asker.send('CLIENT LIST\r\n');
  }

  it('WRITE holds writes back, and lets reads and refusals through', async () => {
    const node = await door.node();
    const [asker, other] = [door.open(node), door.open(node)];
    await asker.asks('SET a 1', '+OK\r\n');
    await other.asks('PING', '+PONG\r\n');
    await asker.asks('CLIENT PAUSE 60000 WRITE', '+OK\r\n');
    other.send('GET a\r\nSET a\r\nGET a\r\nSET a 2\r\nGET a\r\n');
    const before = "$1\r\n1\r\n-ERR wrong number of arguments for 'set' command\r\n$1\r\n1\r\n";
    await other.hears(before);
    await isOneBlocked(asker);
    await asker.asks('GET a', '$1\r\n1\r\n');
    await asker.asks('CLIENT UNPAUSE', '+OK\r\n');
    await other.hears('+OK\r\n$1\r\n2\r\n');
  });

  it('WRITE holds back a transaction that publishes', async () => {
    const node = await door.node();
    const [asker, other] = [door.open(node), door.open(node)];
    await other.asks('MULTI', '+OK\r\n');
    await other.asks('PUBLISH a b', '+QUEUED\r\n');
    await asker.asks('CLIENT PAUSE 60000 WRITE', '+OK\r\n');
    other.send('EXEC\r\n');
    await isOneBlocked(asker);
    await asker.asks('CLIENT UNPAUSE', '+OK\r\n');
    await other.hears('*1\r\n:0\r\n');
  });

  it('ALL holds everything back, but the end of the pause', async () => {
    const node = await door.node();
    const [asker, other] = [door.open(node), door.open(node)];
    await other.asks('PING', '+PONG\r\n');
    await asker.asks('CLIENT PAUSE 60000', '+OK\r\n');
    const { bytesRead } = other.socket;
    other.send('PING\r\n');
    await turns(100);
    assert.equal(other.socket.bytesRead, bytesRead);
    await asker.asks('CLIENT UNPAUSE', '+OK\r\n');
    await other.hears('+PONG\r\n');
  });

  it('ends with its time, and another pause makes it no shorter and no weaker', async () => {
    const node = await door.node();
    const [asker, other] = [door.open(node), door.open(node)];
    await other.asks('PING', '+PONG\r\n');
    const beganMs = performance.now();
    await asker.asks('CLIENT PAUSE 300 ALL', '+OK\r\n');
    await asker.asks('CLIENT PAUSE 1 WRITE', '');
    await other.asks('GET a', '$-1\r\n');
    assert.ok(performance.now() - beganMs >= 300);
    await asker.hears('+OK\r\n');
  });

  it('drops the commands that wait if the node stops', async () => {
    const node = await door.node();
    const [asker, other] = [door.open(node), door.open(node)];
    await other.asks('PING', '+PONG\r\n');
    await asker.asks('CLIENT PAUSE 60000 WRITE', '+OK\r\n');
    other.send('SET a 2\r\n');
    await isOneBlocked(asker);
    await node.stop();
    assert.equal(await other.all(), '');
  });

  it('refuses times and modes as Redis does', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('CLIENT PAUSE x', '-ERR timeout is not an integer or out of range\r\n');
    await wire.asks('CLIENT PAUSE -1', '-ERR timeout is negative\r\n');
    await wire.asks('CLIENT PAUSE 1 foo', '-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n');
    await wire.asks('CLIENT PAUSE 0', '+OK\r\n');
    await wire.asks(
      'CLIENT PAUSE 1 ALL x',
      "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n",
    );
  });
});

describe('CLIENT', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('tells that tracking is off, and refuses to turn it on', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks('CLIENT GETREDIR', ':-1\r\n');
    await wire.asks(
      'CLIENT TRACKINGINFO',
      '*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n',
    );
    await wire.asks('CLIENT TRACKING OFF', '+OK\r\n');
    await wire.asks('CLIENT TRACKING foo', '-ERR syntax error\r\n');
    await wire.asks(
      'CLIENT TRACKING ON',
      '-ERR client-side caching over this protocol is not supported. To invalidate a cache,',
    );
  });

  it('CACHING needs tracking, UNBLOCK a client that waits, and wishes are on or off', async () => {
    const node = await door.node();
    const wire = door.open(node);
    await wire.asks(
      'CLIENT CACHING yes',
      '-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled\r\n',
    );
    await wire.asks('CLIENT UNBLOCK 1', ':0\r\n');
    await wire.asks('CLIENT UNBLOCK x', '-ERR value is not an integer or out of range\r\n');
    await wire.asks('CLIENT UNBLOCK 1 foo', '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n');
    await wire.asks('CLIENT NO-TOUCH on', '+OK\r\n');
    await wire.asks('CLIENT NO-EVICT foo', '-ERR syntax error\r\n');
    await wire.asks('CLIENT', "-ERR wrong number of arguments for 'client' command\r\n");
    await wire.asks('CLIENT foo', "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
  });
});
