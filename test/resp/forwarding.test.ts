/** A follower that forwards writes (`--forward-writes`): what the leader gets, what later reads see, and failures. */
import assert from 'node:assert/strict';
import type { Node } from '../../src/index.js';
import { Door, streams } from './door.js';

describe('a follower that forwards writes', () => {
  const door = new Door();
  let leader: Node;
  let follower: Node;

  beforeEach(async () => {
    leader = await door.node();
    follower = await door.follower(leader, { forwardWrites: true });
  });
  afterEach(() => door.close());

  it('answers with the replies of the leader, and a later read sees the write', async () => {
    const wire = door.open(follower);
    for (let i = 0; i < 200; i++) {
      wire.command('SET', 'a', `${i}`);
      await wire.hears('+OK\r\n');
      const value = `$${`${i}`.length}\r\n${i}\r\n`;
      wire.command('GET', 'a');
      await wire.hears(value);
    }
    assert.equal(await door.exchange(leader, 'GET a\r\n'), '$3\r\n199\r\n');
  });

  it('keeps the order of a pipeline of reads and writes', async () => {
    const requests = 'SET a 1\r\nGET a\r\nINCR a\r\nGET a\r\nDEL a\r\nGET a\r\nGET b\r\n';
    const replies = '+OK\r\n$1\r\n1\r\n:2\r\n$1\r\n2\r\n:1\r\n$-1\r\n$-1\r\n';
    assert.equal(await door.exchange(follower, requests), replies);
  });

  it('carries out a transaction at the leader', async () => {
    const requests = 'WATCH a\r\nMULTI\r\nSET a 1\r\nINCR a\r\nEXEC\r\nGET a\r\n';
    const replies = '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n$1\r\n2\r\n';
    assert.equal(await door.exchange(follower, requests), replies);
  });

  it('passes on refusals, in the words of Redis', async () => {
    assert.equal(
      await door.exchange(follower, 'SET a x\r\nINCR a\r\n'),
      '+OK\r\n-ERR value is not an integer or out of range\r\n',
    );
  });

  it('writes by itself once it leads', async () => {
    await follower.promote();
    assert.equal(await door.exchange(follower, 'SET a 1\r\nGET a\r\n'), '+OK\r\n$1\r\n1\r\n');
    assert.equal(await door.exchange(leader, 'GET a\r\n'), '$-1\r\n');
  });

  it('forwards to the new leader after a hand-over', async () => {
    const other = await door.follower(leader);
    assert.equal(await door.exchange(follower, 'SET a 1\r\n'), '+OK\r\n');
    await leader.failover({ to: other.address, timeoutMs: 5_000 });
    await streams(follower);
    assert.equal(await door.exchange(follower, 'SET a 2\r\nGET a\r\n'), '+OK\r\n$1\r\n2\r\n');
    assert.equal(await door.exchange(other, 'GET a\r\n'), '$1\r\n2\r\n');
  });

  it('asks the leader for the durability, and says that a write stays which missed it', async () => {
    const requests = [
      'HEADWATER DURABILITY FOLLOWERS 1',
      'SET a 1',
      'HEADWATER DURABILITY FOLLOWERS 2 50',
      'SET a 2',
      'HEADWATER DURABILITY SYNCED',
      'MULTI',
      'INCR a',
      'EXEC',
      'GET a',
    ];
    const text = await door.exchange(follower, `${requests.join('\r\n')}\r\n`);
    assert.match(
      text,
      /^\+OK\r\n\+OK\r\n\+OK\r\n-NOREPLICAS .*\r\n\+OK\r\n\+OK\r\n\+QUEUED\r\n\*1\r\n:3\r\n\$1\r\n3\r\n$/,
    );
  });

  it('answers MASTERDOWN if no leader is there', async () => {
    const wire = door.open(follower);
    wire.command('SET', 'a', '1');
    await wire.hears('+OK\r\n');
    await leader.stop();
    wire.command('SET', 'a', '2');
    await wire.hears('-MASTERDOWN ');
  }).timeout(15_000);

  it('refuses writes without the option', async () => {
    const plain = await door.follower(leader);
    assert.equal(
      await door.exchange(plain, 'SET a 1\r\n'),
      "-READONLY You can't write against a read only replica.\r\n",
    );
  });
});
