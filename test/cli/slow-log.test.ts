/** `headwater slowlog` and SLOWLOG of one process: the same list, changed at run time, and empty after a reset. */
import assert from 'node:assert/strict';
import net from 'node:net';
import { parseAddress } from '../../src/base/address.js';
import { endAll, Served } from './command-line.js';

describe('headwater slowlog', function () {
  this.timeout(120_000);
  let node: Served;

  before(async () => {
    node = await Served.fresh();
  });
  after(endAll);

  /** The replies to inline commands of a Redis client. */
  function redis(...lines: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(parseAddress(node.address).port, '127.0.0.1');
      let replies = '';
      socket.on('data', (bytes) => {
        replies += bytes.toString();
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(replies));
      socket.end(lines.map((line) => `${line}\r\n`).join(''));
    });
  }

  it('shows what both protocols took long for, as JSON and as text', async () => {
    await node.run(['config', 'set', 'slow-log-microseconds', '0']);
    await redis('CLIENT SETNAME worker', 'SET a "x y"', 'AUTH some-secret');
    await node.run(['set', 'b', 'v']);
    const rows = (await node.run(['slowlog', '--json', '--count', '1000'])).stdout.toString().trimEnd().split('\n');
    const commands = rows.map((row) => JSON.parse(row));
    const words = commands.map((row) => row.words.map(({ value }: { value: string }) => value).join(' '));
    for (const one of ['SET a x y', 'set b v', 'AUTH (redacted)']) assert.ok(words.includes(one), `${words}`);
    const set = commands[words.indexOf('SET a x y')];
    assert.equal(set.client_name, 'worker');
    assert.equal(set.user, 'default');
    assert.match(set.client, /^127\.0\.0\.1:\d+$/);
    assert.ok(set.duration_us >= 0 && Math.abs(Date.parse(set.time) - Date.now()) < 60_000);
    const ids = commands.map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => b - a),
    );
    const text = (await node.run(['slowlog', '--count', '1000'])).stdout.toString();
    assert.match(text, /^\d{4}-\S+Z {2}[\d.,]+ ms {2}127\.0\.0\.1:\d+ worker default {2}SET "a" "x y"$/m);
    assert.equal((await node.run(['slowlog', '--count', '2'])).stdout.toString().trimEnd().split('\n').length, 2);
  });

  it('empties the list for both, and says what is recorded', async () => {
    await redis('CONFIG SET slowlog-log-slower-than 900000000', 'SET a 1');
    const { stdout } = await node.run(['slowlog', '--reset']);
    assert.ok(stdout.length > 0);
    assert.equal(await redis('SLOWLOG LEN'), ':0\r\n');
    const empty = await node.run(['slowlog']);
    assert.equal(empty.status, 0);
    assert.match(
      empty.stderr,
      /the slow log is empty\. The node records commands of 900,000 ms or longer: "config set/,
    );
    await redis('CONFIG SET slowlog-max-len 0 slowlog-log-slower-than 0', 'SET a 1');
    assert.match(
      (await node.run(['slowlog'])).stderr,
      /keeps no commands, since slow-log-length is 0: "config set slow-log-l/,
    );
    await redis('CONFIG SET slowlog-log-slower-than -1');
    assert.match((await node.run(['slowlog'])).stderr, /the node records nothing: "config set slow-log true"/);
    assert.match((await node.run(['config', 'get', 'slow-log'])).stdout.toString(), /false/);
  });
});
