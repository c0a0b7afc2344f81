/** Commands of an operator, byte for byte as Redis 7 answers them where it has the same answer. */
import assert from 'node:assert/strict';
import { Node, type StopOptions } from '../../src/index.js';
import { until } from '../support/clock.js';
import { temporaryDirectory } from '../support/database.js';
import { list } from './conversation.js';
import { Door } from './door.js';

const NO_CLUSTER = '-ERR This instance has cluster support disabled\r\n';

describe('commands of an operator', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function answers(
    expected: ReadonlyArray<readonly [request: string, reply: string]>,
    hello = '',
  ): Promise<void> {
    const node = await door.node();
    for (const [request, reply] of expected) {
      const said = await door.exchange(node, `${hello}${request}\r\n`);
      assert.equal(hello === '' ? said : said.slice(said.indexOf('modules') + 13), reply, request);
    }
  }

  it('about slow commands, latency and modules give what a server without any gives', () =>
    answers([
      ['CONFIG SET slowlog-log-slower-than -1', '+OK\r\n'],
      ['SLOWLOG RESET', '+OK\r\n'],
      ['SLOWLOG GET', '*0\r\n'],
      ['SLOWLOG GET -1', '*0\r\n'],
      ['SLOWLOG GET -2', '-ERR count should be greater than or equal to -1\r\n'],
      ['SLOWLOG GET x', '-ERR count should be greater than or equal to -1\r\n'],
      ['SLOWLOG GET 1 2', "-ERR unknown subcommand or wrong number of arguments for 'get'. Try SLOWLOG HELP.\r\n"],
      ['SLOWLOG LEN', ':0\r\n'],
      ['SLOWLOG RESET', '+OK\r\n'],
      ['SLOWLOG NOSUCH', "-ERR unknown subcommand 'NOSUCH'. Try SLOWLOG HELP.\r\n"],
      ['LATENCY LATEST', '*0\r\n'],
      ['LATENCY HISTORY command', '*0\r\n'],
      ['LATENCY RESET', ':0\r\n'],
      ['LATENCY RESET a b', ':0\r\n'],
      ['LATENCY GRAPH x', "-ERR No samples available for event 'x'\r\n"],
      ['LATENCY HISTOGRAM', '*0\r\n'],
      ['MEMORY PURGE', '+OK\r\n'],
      ['MEMORY MALLOC-STATS', '$45\r\nStats not supported for the current allocator\r\n'],
      ['MODULE LIST', '*0\r\n'],
      ['MODULE LOAD /x', '-ERR Headwater loads no modules\r\n'],
    ]));

  it('about users name everybody while none is in force', () =>
    answers([
      ['ACL WHOAMI', '$7\r\ndefault\r\n'],
      ['ACL USERS', '*1\r\n$7\r\ndefault\r\n'],
      ['ACL LIST', '*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n'],
      ['ACL CAT transaction', list('multi', 'exec', 'discard', 'watch', 'unwatch')],
      ['ACL CAT GEO', '*0\r\n'],
      ['ACL CAT nosuch', "-ERR Unknown category 'nosuch'\r\n"],
      ['ACL GETUSER bob', '$-1\r\n'],
      [
        'ACL GETUSER default',
        '*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$5\r\n+@all\r\n$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n$9\r\nselectors\r\n*0\r\n',
      ],
      ['ACL CAT nosuch', "-ERR Unknown category 'nosuch'\r\n"],
      ['ACL LOG', '*0\r\n'],
      ['ACL LOG x', '-ERR value is not an integer or out of range\r\n'],
      ['ACL LOG RESET', '+OK\r\n'],
      [
        'ACL SETUSER bob',
        '-ERR Error in ACL SETUSER modifier: roles: expected some of +@read, +@write, +publish, +psync and +@all, received none\r\n',
      ],
    ]));

  it('about scripts, functions and clusters say that there are none', () =>
    answers([
      ['FUNCTION FLUSH', '+OK\r\n'],
      ['FUNCTION FLUSH SYNC', '+OK\r\n'],
      ['FUNCTION FLUSH x', '-ERR FUNCTION FLUSH only supports SYNC|ASYNC option\r\n'],
      ['FUNCTION LIST', '*0\r\n'],
      ['FUNCTION LIST LIBRARYNAME * WITHCODE', '*0\r\n'],
      ['FUNCTION LIST x', '-ERR Unknown argument x\r\n'],
      ['FUNCTION STATS', '*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*0\r\n'],
      ['FUNCTION KILL', '-NOTBUSY No scripts in execution right now.\r\n'],
      ['SCRIPT EXISTS a b', '*2\r\n:0\r\n:0\r\n'],
      ['SCRIPT FLUSH ASYNC', '+OK\r\n'],
      ['SCRIPT FLUSH x', '-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n'],
      ['SCRIPT KILL', '-NOTBUSY No scripts in execution right now.\r\n'],
      ['READONLY', NO_CLUSTER],
      ['READWRITE', NO_CLUSTER],
      ['ASKING', NO_CLUSTER],
      ['CLUSTER NODES', NO_CLUSTER],
      ['CLUSTER NOSUCH', "-ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.\r\n"],
    ]));

  it('have maps and sets in RESP3', () =>
    answers(
      [
        ['LATENCY HISTOGRAM', '%0\r\n'],
        ['FUNCTION STATS', '%2\r\n$14\r\nrunning_script\r\n_\r\n$7\r\nengines\r\n%0\r\n'],
        ['ACL GETUSER bob', '_\r\n'],
      ],
      'HELLO 3\r\n',
    ));

  it('about memory and latency have figures for people and for programs', async () => {
    const node = await door.node();
    const stats = await door.exchange(node, 'SET a 1\r\nMEMORY STATS\r\n');
    assert.match(stats, /\$10\r\nkeys\.count\r\n:1\r\n/);
    assert.match(stats, /\$13\r\nfragmentation\r\n\$\d+\r\n\d+\.\d+\r\n/);
    assert.match(await door.exchange(node, 'MEMORY DOCTOR\r\n'), /The process occupies \d+\.\d MiB/);
    assert.match(await door.exchange(node, 'LATENCY DOCTOR\r\n'), /The delay of the event loop was at most/);
    assert.match(await door.exchange(node, 'ACL GENPASS\r\n'), /^\$64\r\n[0-9a-f]{64}\r\n$/);
    assert.match(await door.exchange(node, 'ACL GENPASS 5\r\n'), /^\$2\r\n[0-9a-f]{2}\r\n$/);
    for (const name of ['SLOWLOG', 'LATENCY', 'MEMORY', 'MODULE', 'ACL', 'FUNCTION', 'SCRIPT', 'CLUSTER'])
      assert.match(await door.exchange(node, `${name} HELP\r\n`), new RegExp(`^\\*\\d+\\r\\n\\+${name} <subcommand>`));
  });

  it('make checkpoints, and LASTSAVE has the time of the last one', async () => {
    const node = await door.node();
    const beganS = Math.floor(Date.now() / 1_000);
    assert.equal(await door.exchange(node, 'SET a 1\r\nSAVE\r\n'), '+OK\r\n+OK\r\n');
    const [, lastS] = /^:(\d+)\r\n$/.exec(await door.exchange(node, 'LASTSAVE\r\n')) ?? [];
    assert.ok(Number(lastS) >= beganS, `${lastS} is before ${beganS}`);
    const { checkpointOffset, offset } = await node.status();
    assert.equal(checkpointOffset, offset);

    const replies = await door.exchange(node, 'SET a 2\r\nBGSAVE\r\nBGSAVE SCHEDULE\r\nBGREWRITEAOF\r\nBGSAVE x\r\n');
    const started = '+Background saving started\r\n';
    const rewriting = '+Background append only file rewriting started\r\n';
    assert.equal(replies, `+OK\r\n${started}${started}${rewriting}-ERR syntax error\r\n`);
    await until('the checkpoint is made', async () => (await node.status()).checkpointOffset === offset + 1);
  });

  it('refuse a command that does not exist in the words of Redis, with a way to the same end', () =>
    answers([
      ['NOSUCH a', "-ERR unknown command 'NOSUCH', with args beginning with: 'a' \r\n"],
      [
        'hset k f v',
        "-ERR unknown command 'hset', with args beginning with: 'k' 'f' 'v' Headwater has no hashes yet. Use a key for each field, such as user:1:name\r\n",
      ],
      [
        'EVAL "return 1" 0',
        "-ERR unknown command 'EVAL', with args beginning with: 'return 1' '0' Headwater runs no scripts. Use WATCH, MULTI and EXEC instead\r\n",
      ],
    ]));

  describe('SHUTDOWN', () => {
    it('is refused by a node inside a program, and with wrong words', () =>
      answers([
        ['SHUTDOWN x', '-ERR syntax error\r\n'],
        ['SHUTDOWN SAVE NOSAVE', '-ERR syntax error\r\n'],
        ['SHUTDOWN ABORT NOW', '-ERR syntax error\r\n'],
        ['SHUTDOWN ABORT', '-ERR No shutdown in progress.\r\n'],
        [
          'SHUTDOWN',
          '-ERR this node runs inside another program, and no client can end it. End the program instead\r\n',
        ],
      ]));

    it('hands the order to the program, and ends the connection with the node', async () => {
      const orders: StopOptions[] = [];
      const data = `${await temporaryDirectory()}/data`;
      const onShutdown = (options: StopOptions) => {
        orders.push(options);
        void node.stop(options);
      };
      const node: Node = await Node.start({ data, listen: '127.0.0.1:0' }, { onShutdown });
      assert.equal(await door.exchange(node, 'SET a 1\r\nSHUTDOWN NOW NOSAVE\r\nGET a\r\n'), '+OK\r\n');
      assert.deepEqual(orders, [{ now: true, checkpoint: false }]);
      await node.stop();
    });
  });

  describe('DEBUG', () => {
    it('is not allowed without --redis-debug', () =>
      answers([
        ['DEBUG SLEEP 0', '-ERR DEBUG command not allowed. Start the node with --redis-debug to allow it\r\n'],
      ]));

    it('stops the whole node for a while, and switches the deletion of expired keys', async () => {
      const node = await door.node({ redisDebug: true });
      const sent = performance.now();
      assert.equal(await door.exchange(node, 'DEBUG SLEEP 0.2\r\nPING\r\n'), '+OK\r\n+PONG\r\n');
      assert.ok(performance.now() - sent >= 200);
      assert.equal(
        await door.exchange(node, 'DEBUG JMAP\r\n'),
        "-ERR unknown subcommand or wrong number of arguments for 'JMAP'. Try DEBUG HELP.\r\n",
      );
      assert.equal(await door.exchange(node, 'DEBUG SLEEP x\r\n'), '-ERR value is not a valid float\r\n');

      await door.exchange(node, 'DEBUG SET-ACTIVE-EXPIRE 0\r\nSET a 1\r\nPEXPIRE a 1\r\n');
      const { offset } = await node.status();
      await until('the key is hidden', async () => (await door.exchange(node, 'GET a\r\n')) === '$-1\r\n');
      assert.equal((await node.status()).offset, offset, 'nothing was deleted');
      await door.exchange(node, 'DEBUG SET-ACTIVE-EXPIRE 1\r\n');
      await until('the key is deleted', async () => (await node.status()).offset === offset + 1);
    });
  });
});
