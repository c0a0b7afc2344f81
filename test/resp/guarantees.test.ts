/** Guarantees for Redis clients: WAIT, WAITAOF and HEADWATER, byte for byte. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import type { Node } from '../../src/index.js';
import { Door, type Wire } from './door.js';

const OK = '+OK\r\n';
const NO_REPLICAS =
  '-NOREPLICAS the write is done and stays, but did not reach its durability in time: not synced at the leader (--fsync never), appended at 0 and synced at 0 followers\r\n';
const TOKEN = /^\$\d+\r\n([0-9a-f]{40}:\d+:[0-9a-f]{8})\r\n$/;

describe('guarantees for Redis clients', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function isWaiting(node: Node): Promise<void> {
    await eventually('a client to wait', async () =>
      (await door.exchange(node, 'INFO clients\r\n')).includes('blocked_clients:1'),
    );
  }

  describe('WAIT', () => {
    it('answers with the number of followers that have the writes of the client', async () => {
      const leader = await door.node();
      const wire = door.open(leader);
      await wire.dialogue([
        ['WAIT 0 0', ':0\r\n'],
        ['WAIT -1 0', ':0\r\n'],
        ['SET a 1', OK],
        ['WAIT 1 20', ':0\r\n'],
      ]);
      wire.command('WAIT', '1', '0');
      const follower = await door.node({ follow: leader.address });
      await wire.hears(':1\r\n');
      await wire.dialogue([
        ['SET a 2', OK],
        ['WAIT 1 0', ':1\r\n'],
        ['WAIT 0 0', ':1\r\n'],
        ['WAIT 2 20', ':1\r\n'],
      ]);
      assert.equal(await door.exchange(follower, 'GET a\r\n'), '$1\r\n2\r\n');
      await door.open(leader).asks('WAIT 1 0', ':1\r\n');
    });

    it('refuses arguments in the words of Redis', async () => {
      const node = await door.node();
      await door.open(node).dialogue([
        ['WAIT x 0', '-ERR value is not an integer or out of range\r\n'],
        ['WAIT 0 x', '-ERR timeout is not an integer or out of range\r\n'],
        ['WAIT 0 -1', '-ERR timeout is negative\r\n'],
        ['WAIT 1', "-ERR wrong number of arguments for 'wait' command\r\n"],
      ]);
    });

    it('is refused on a follower', async () => {
      const leader = await door.node();
      const follower = await door.node({ follow: leader.address });
      const sentence =
        '-ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated.\r\n';
      await door.open(follower).dialogue([
        ['WAIT 0 0', sentence],
        ['WAIT x y', sentence],
      ]);
    });

    it('does not wait within a transaction', async () => {
      const node = await door.node();
      await door.open(node).dialogue([
        ['MULTI', OK],
        ['SET a 1', '+QUEUED\r\n'],
        ['WAIT 1 0', '+QUEUED\r\n'],
        ['EXEC', `*2\r\n${OK}:0\r\n`],
      ]);
    });

    it('ends at CLIENT UNBLOCK', async () => {
      const node = await door.node();
      const [wire, other] = [door.open(node), door.open(node)];
      await wire.dialogue([
        ['CLIENT ID', ':1\r\n'],
        ['SET a 1', OK],
      ]);
      for (const [how, reply] of [
        ['TIMEOUT', ':0\r\n'],
        ['ERROR', '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n'],
      ] as const) {
        wire.command('WAIT', '1', '0');
        await eventually('the client to wait', async () => {
          other.command('CLIENT', 'UNBLOCK', '1', how);
          return (await other.reads(':1\r\n')) === ':1\r\n';
        });
        await wire.hears(reply);
      }
      await wire.asks('GET a', '$1\r\n1\r\n');
    });

    it('ends with the connection if the node begins to follow', async () => {
      const leader = await door.node();
      const node = await door.node();
      const wire = door.open(node);
      await wire.asks('SET a 1', OK);
      wire.command('WAIT', '1', '0');
      await isWaiting(node);
      await node.follow(leader.address, { acceptDataLoss: true, full: false });
      assert.equal(
        await wire.all(),
        '-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n',
      );
    });

    it('does not hold up a stop', async () => {
      const node = await door.node();
      const wire = door.open(node);
      await wire.asks('SET a 1', OK);
      wire.command('WAIT', '1', '0');
      await isWaiting(node);
      await node.stop();
      assert.equal(await wire.all(), '-ERR the node is shutting down\r\n');
    });
  });

  describe('WAITAOF', () => {
    it('answers whether the writes are on the disk here, and on the disks of how many followers', async () => {
      const leader = await door.node({ fsync: 'never' });
      const wire = door.open(leader);
      await wire.dialogue([
        ['WAITAOF 0 0 0', '*2\r\n:1\r\n:0\r\n'],
        ['SET a 1', OK],
        ['WAITAOF 0 0 0', '*2\r\n:0\r\n:0\r\n'],
        ['WAITAOF 1 0 0', '*2\r\n:1\r\n:0\r\n'],
        ['WAITAOF 1 1 20', '*2\r\n:1\r\n:0\r\n'],
      ]);
      await door.node({ follow: leader.address });
      await wire.asks('WAITAOF 1 1 0', '*2\r\n:1\r\n:1\r\n');
    });

    it('refuses arguments in the words of Redis', async () => {
      const leader = await door.node();
      const follower = await door.node({ follow: leader.address });
      await door.open(leader).dialogue([
        ['WAITAOF x 0 0', '-ERR value is not an integer or out of range\r\n'],
        ['WAITAOF 2 0 0', '-ERR value is out of range, value must between 0 and 1\r\n'],
        ['WAITAOF 0 -1 0', '-ERR value is out of range, must be positive\r\n'],
        ['WAITAOF 0 0 -1', '-ERR timeout is negative\r\n'],
      ]);
      await door.open(follower).dialogue([
        [
          'WAITAOF 0 0 0',
          '-ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not propagated.\r\n',
        ],
        ['WAITAOF 2 0 0', '-ERR value is out of range, value must between 0 and 1\r\n'],
      ]);
    });
  });

  describe('HEADWATER', () => {
    async function tokenOf(wire: Wire): Promise<string> {
      wire.command('HEADWATER', 'TOKEN');
      const head = await wire.reads('$50\r\n');
      const rest = await wire.reads(' '.repeat(Number(head.slice(1)) + 2));
      return TOKEN.exec(head + rest)?.[1] ?? assert.fail(head + rest);
    }

    it('lets a follower answer with all that the client has seen at the leader', async () => {
      const leader = await door.node();
      const [writer, node] = [door.open(leader), await door.node()];
      await writer.asks('SET a 1', OK);
      const token = await tokenOf(writer);
      const reader = door.open(node);
      await reader.dialogue([
        ['GET a', '$-1\r\n'],
        [`HEADWATER ATLEAST ${token}`, OK],
      ]);
      // The node does not know the leader yet, so the reads wait.
      for (const command of ['GET', 'KEYS', 'SCAN']) reader.command(command, command === 'SCAN' ? '0' : 'a');
      await node.follow(leader.address, { acceptDataLoss: false, full: false });
      const replies = '$1\r\n1\r\n*1\r\n$1\r\na\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n';
      await reader.hears(replies);
      assert.equal(await tokenOf(reader), token);
      await reader.dialogue([
        ['MULTI', OK],
        ['GET a', '+QUEUED\r\n'],
        ['EXEC', '*1\r\n$1\r\n1\r\n'],
        ['HEADWATER RESET', OK],
        ['GET a', '$1\r\n1\r\n'],
      ]);
    });

    it('gives a token for what was read too, and for a client that has seen nothing', async () => {
      const leader = await door.node();
      const [one, other] = [door.open(leader), door.open(leader)];
      const empty = await tokenOf(one);
      await one.asks('SET a 1', OK);
      const written = await tokenOf(one);
      assert.notEqual(written, empty);
      assert.equal(await tokenOf(other), written);
      await one.asks('SET a 2', OK);
      assert.equal(await tokenOf(other), written);
      await other.asks('GET a', '$1\r\n2\r\n');
      assert.equal(await tokenOf(other), await tokenOf(one));
    });

    it('refuses a token of a lost history, and words that are none', async () => {
      const node = await door.node();
      const wire = door.open(node);
      await wire.asks('SET a 1', OK);
      const token = await tokenOf(wire);
      await wire.dialogue([
        [
          'HEADWATER ATLEAST 12',
          '-ERR a position token: expected ID:OFFSET:CHECKSUM (40 hexadecimal characters, a number, 8 hexadecimal characters), received "12"\r\n',
        ],
        ['HEADWATER', "-ERR wrong number of arguments for 'headwater' command\r\n"],
        ['HEADWATER TOKEN x', "-ERR wrong number of arguments for 'headwater|token' command\r\n"],
        ['HEADWATER NOPE', "-ERR unknown subcommand 'NOPE'. Try HEADWATER HELP.\r\n"],
        [`HEADWATER ATLEAST ${token.slice(0, -8)}00000000 100`, OK],
      ]);
      wire.command('GET', 'a');
      assert.match(await wire.reads('-ERR expected offset'), /^-ERR expected offset$/);
    });

    it('answers writes when they are as durable as wanted, and says so if they are not', async () => {
      const leader = await door.node({ fsync: 'never' });
      const wire = door.open(leader);
      await wire.dialogue([
        ['HEADWATER DURABILITY FOLLOWERS 1 20', OK],
        ['SET a 1', NO_REPLICAS],
        ['SET a 2 NX', '$-1\r\n'],
        ['INCRBY a x', '-ERR value is not an integer or out of range\r\n'],
        ['GET a', '$1\r\n1\r\n'],
        ['MULTI', OK],
        ['SET a 2', '+QUEUED\r\n'],
        ['EXEC', NO_REPLICAS],
        ['GET a', '$1\r\n2\r\n'],
        ['HEADWATER DURABILITY synced', OK],
        ['SET a 3', OK],
        ['WAITAOF 0 0 0', '*2\r\n:1\r\n:0\r\n'],
        ['HEADWATER DURABILITY followers_synced 1', OK],
      ]);
      wire.command('SET', 'a', '4');
      await door.node({ follow: leader.address });
      await wire.hears(OK);
      await wire.dialogue([
        ['WAIT 1 0', ':1\r\n'],
        ['HEADWATER RESET', OK],
        ['SET a 5', OK],
      ]);
    });

    it('refuses a durability that is none', async () => {
      const node = await door.node();
      const levels = 'appended, synced, followers, followers_synced';
      await door.open(node).dialogue([
        ['HEADWATER DURABILITY nope', `-ERR durability: expected one of ${levels}, received nope\r\n`],
        ['HEADWATER DURABILITY followers', "-ERR wrong number of arguments for 'headwater|durability' command\r\n"],
        ['HEADWATER DURABILITY synced 1 2', "-ERR wrong number of arguments for 'headwater|durability' command\r\n"],
        ['HEADWATER DURABILITY followers x', '-ERR value is not an integer or out of range\r\n'],
        [
          'HEADWATER DURABILITY followers 0',
          '-ERR durability: expected followers with 1 to 1000 followers, received 0\r\n',
        ],
        ['HEADWATER DURABILITY synced 0', '-ERR durability: expected a timeout from 1 to 60000 ms, received 0\r\n'],
      ]);
    });

    it('bounds the age of what a follower answers', async () => {
      const leader = await door.node({ heartbeatIntervalMs: 100 });
      const follower = await door.node({ follow: leader.address });
      const wire = door.open(follower);
      await wire.dialogue([
        ['HEADWATER MAXSTALENESS 60000', OK],
        ['GET a', '$-1\r\n'],
        ['HEADWATER MAXSTALENESS -1', '-ERR value is out of range, value must between 0 and 9007199254740991\r\n'],
        ['HEADWATER MAXSTALENESS 1 2 3', "-ERR wrong number of arguments for 'headwater|maxstaleness' command\r\n"],
        ['HEADWATER MAXSTALENESS 1 50', OK],
      ]);
      await leader.stop();
      wire.command('GET', 'a');
      const reply = await wire.reads('-MASTERDOWN expected data at most 1 ms old');
      assert.equal(reply, '-MASTERDOWN expected data at most 1 ms old');
    });

    it('explains itself', async () => {
      const node = await door.node();
      const help = await door.exchange(node, 'HEADWATER HELP\r\n');
      assert.match(
        help,
        /^\*\d+\r\n\+HEADWATER <subcommand> \[<arg> \[value\] \[opt\] \.\.\.\]\. Subcommands are:\r\n/,
      );
      for (const word of ['TOKEN', 'ATLEAST', 'MAXSTALENESS', 'DURABILITY', 'RESET', 'HELP'])
        assert.match(help, new RegExp(`\\+${word}`));
    });
  });
});
