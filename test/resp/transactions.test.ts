/** MULTI, EXEC, DISCARD, WATCH and UNWATCH of Redis clients, byte for byte. */
import assert from 'node:assert/strict';
import { eventually } from '../../benchmarks/waiting.js';
import { Client } from '../../src/client/index.js';
import type { Node } from '../../src/index.js';
import { ARGUMENT_COST_BYTES } from '../../src/resp/codec/request-parser.js';
import { TransactionState } from '../../src/resp/session/transaction-state.js';
import { Door, request } from './door.js';

const OK = '+OK\r\n';
const QUEUED = '+QUEUED\r\n';
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n';

describe('transactions of Redis clients', () => {
  const door = new Door();
  afterEach(() => door.close());

  async function flush(node: Node): Promise<void> {
    const client = await Client.connect(node.address);
    await client.flushAll();
    await client.close();
  }

  it('queue commands, and do them together', async () => {
    const node = await door.node();
    const requests = 'MULTI\r\nSET a 1\r\nINCR a\r\nGET a\r\nPING\r\nGET b\r\nEXEC\r\nGET a\r\n';
    const replies = `${OK}${QUEUED.repeat(5)}*5\r\n${OK}:2\r\n$1\r\n2\r\n+PONG\r\n$-1\r\n$1\r\n2\r\n`;
    assert.equal(await door.exchange(node, requests), replies);
  });

  it('travel together if they came together, and their replies leave in one write', async () => {
    const wire = door.open(await door.node());
    let writes = 0;
    wire.socket.on('data', () => writes++);
    const count = 100;
    wire.send('MULTI\r\nINCR a\r\nGET b\r\nINCR a z\r\nDISCARD\r\nMULTI\r\nINCR a\r\nGET b\r\nEXEC\r\n'.repeat(count));
    const replies = Array.from({ length: count }, (_, i) => {
      const discarded = `${OK}${QUEUED}${QUEUED}-ERR wrong number of arguments for 'incr' command\r\n${OK}`;
      return `${discarded}${OK}${QUEUED}${QUEUED}*2\r\n:${i + 1}\r\n$-1\r\n`;
    });
    const expected = replies.join('');
    assert.equal(await wire.reads(expected), expected);
    assert.ok(writes <= 3, `received ${writes} pieces`);
  });

  it('show others nothing before EXEC, and all of it after', async () => {
    const node = await door.node();
    const [one, other] = [door.open(node), door.open(node)];
    await one.dialogue([
      ['MULTI', OK],
      ['SET a 1', QUEUED],
    ]);
    await other.asks('GET a', '$-1\r\n');
    await one.asks('EXEC', `*1\r\n${OK}`);
    await other.asks('GET a', '$1\r\n1\r\n');
  });

  it('go on behind a command that fails when it runs', async () => {
    const node = await door.node();
    await door.open(node).dialogue([
      ['MULTI', OK],
      ['SET a x', QUEUED],
      ['INCR a', QUEUED],
      ['INCRBY b z', QUEUED],
      ['SET b 2', QUEUED],
      ['EXEC', `*4\r\n${OK}${'-ERR value is not an integer or out of range\r\n'.repeat(2)}${OK}`],
      ['GET a', '$1\r\nx\r\n'],
      ['GET b', '$1\r\n2\r\n'],
    ]);
  });

  it('word a refusal as the command words it when it is alone', async () => {
    const node = await door.node();
    await door.open(node).dialogue([
      ['MULTI', OK],
      ['SETRANGE a 536870912 x', QUEUED],
      ['SETRANGE a 0 x', QUEUED],
      ['EXEC', '*2\r\n-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n:1\r\n'],
    ]);
  });

  it('do nothing if a command was refused when it was queued', async () => {
    const node = await door.node();
    const refused: Array<readonly [command: string, reply: string]> = [
      ['nope a b', "-ERR unknown command 'nope', with args beginning with: 'a' 'b' \r\n"],
      ['GET', "-ERR wrong number of arguments for 'get' command\r\n"],
      ['CLIENT NOPE', "-ERR unknown subcommand 'NOPE'. Try CLIENT HELP.\r\n"],
      ['DISCARD x', "-ERR wrong number of arguments for 'discard' command\r\n"],
      ['MULTI x', "-ERR wrong number of arguments for 'multi' command\r\n"],
      ['WATCH', "-ERR wrong number of arguments for 'watch' command\r\n"],
    ];
    const wire = door.open(node);
    for (const exchange of refused)
      await wire.dialogue([['MULTI', OK], ['SET a 1', QUEUED], exchange, ['EXEC', ABORTED], ['GET a', '$-1\r\n']]);
  });

  it('answer commands that stand in the wrong place', async () => {
    const node = await door.node();
    await door.open(node).dialogue([
      ['EXEC', '-ERR EXEC without MULTI\r\n'],
      ['DISCARD', '-ERR DISCARD without MULTI\r\n'],
      ['UNWATCH', OK],
      ['MULTI', OK],
      ['MULTI', '-ERR MULTI calls can not be nested\r\n'],
      ['WATCH a', '-ERR WATCH inside MULTI is not allowed\r\n'],
      ['SET a 1', QUEUED],
      ['EXEC', `*1\r\n${OK}`],
      ['MULTI', OK],
      ['EXEC', '*0\r\n'],
      ['MULTI', OK],
      ['EXEC x', "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"],
      ['EXEC', '-ERR EXEC without MULTI\r\n'],
      ['EXEC x', "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"],
    ]);
  });

  it('end at DISCARD, at RESET and at QUIT', async () => {
    const node = await door.node();
    const wire = door.open(node);
    for (const [command, reply] of [
      ['DISCARD', OK],
      ['RESET', '+RESET\r\n'],
    ] as const) {
      await wire.dialogue([
        ['MULTI', OK],
        ['SET a 1', QUEUED],
        [command, reply],
        ['GET a', '$-1\r\n'],
        ['EXEC', '-ERR EXEC without MULTI\r\n'],
      ]);
    }
    assert.equal(await door.exchange(node, 'MULTI\r\nSET a 1\r\nQUIT\r\nEXEC\r\n'), `${OK}${QUEUED}${OK}`);
    await wire.asks('GET a', '$-1\r\n');
  });

  it('answer in the protocol of the client, which may change within', async () => {
    const node = await door.node();
    const all = await door.exchange(node, 'MULTI\r\nGET x\r\nHELLO 3\r\nGET x\r\nEXEC\r\n');
    assert.match(all, /\*3\r\n\$-1\r\n%7\r\n.*\*0\r\n_\r\n$/s);
    const aborted = await door.exchange(node, 'HELLO 3\r\nWATCH w\r\nSET w 2\r\nMULTI\r\nEXEC\r\n');
    assert.match(aborted, new RegExp(`${'\\+OK\\r\\n'.repeat(3)}_\\r\\n$`));
  });

  describe('under WATCH', () => {
    let node: Node;
    beforeEach(async () => {
      node = await door.node();
      await door.exchange(node, 'SET a 1\r\nSET b 1\r\n');
    });

    const cases: Array<[watched: string, meanwhile: string, isAborted: boolean]> = [
      ['WATCH a', 'GET a', false],
      ['WATCH a', 'SET a 1', true],
      ['WATCH a', 'DEL a', true],
      ['WATCH a', 'EXPIRE a 100', true],
      ['WATCH a', 'RENAME b a', true],
      ['WATCH a', 'DEL a\r\nSET a 1', true],
      ['WATCH b', 'SET a 1', false],
      ['WATCH b b a', 'SET a 1', true],
      ['WATCH b\r\nWATCH a', 'SET a 1', true],
      ['WATCH b\r\nWATCH a\r\nUNWATCH', 'SET a 1', false],
      ['WATCH a\r\nMULTI\r\nDISCARD', 'SET a 1', false],
      ['WATCH a\r\nMULTI\r\nEXEC', 'SET a 1', false],
      ['WATCH a\r\nRESET', 'SET a 1', false],
      ['WATCH absent', 'GET absent', false],
      ['WATCH absent', 'SET absent 1', true],
      ['WATCH absent', 'SET absent 1\r\nDEL absent', true],
      ['WATCH absent', 'SET absent 1\r\nEXPIRE absent -1', true],
      ['WATCH absent', 'RENAME b absent\r\nRENAME absent b', true],
      ['WATCH absent', 'DEL absent\r\nSET other 1', false],
      ['WATCH absent\r\nUNWATCH\r\nWATCH absent other', 'GET absent', false],
      ['WATCH absent\r\nMULTI\r\nEXEC', 'SET absent 1\r\nDEL absent', false],
      ['WATCH a', 'FLUSHALL', true],
      ['WATCH absent', 'FLUSHALL', false],
      ['SET a 1\r\nWATCH a', 'GET a', false],
    ];
    for (const [watched, meanwhile, isAborted] of cases) {
      const name = `${watched.replaceAll('\r\n', ', ')} and then ${meanwhile.replaceAll('\r\n', ', ')}`;
      it(`${name}: ${isAborted ? 'nothing is done' : 'all is done'}`, async () => {
        const wire = door.open(node);
        const replies: Record<string, string> = { EXEC: '*0\r\n', RESET: '+RESET\r\n' };
        await wire.dialogue(watched.split('\r\n').map((command) => [command, replies[command] ?? OK]));
        if (meanwhile === 'FLUSHALL') await flush(node);
        else await door.exchange(node, `${meanwhile}\r\n`);
        await wire.dialogue([
          ['MULTI', OK],
          ['SET done 1', QUEUED],
          ['EXEC', isAborted ? '*-1\r\n' : `*1\r\n${OK}`],
          ['EXISTS done', isAborted ? ':0\r\n' : ':1\r\n'],
          // The keys are not watched any more.
          ['MULTI', OK],
          ['SET done 2', QUEUED],
          ['EXEC', `*1\r\n${OK}`],
        ]);
      });
    }

    it('writes of the client itself count, also if they come with EXEC', async () => {
      const wire = door.open(node);
      await wire.dialogue([['WATCH absent', OK]]);
      wire.send('SET absent 1\r\nDEL absent\r\nMULTI\r\nSET b 2\r\nEXEC\r\nGET b\r\n');
      const expected = `${OK}:1\r\n${OK}${QUEUED}*-1\r\n$1\r\n1\r\n`;
      assert.equal(await wire.reads(expected), expected);
    });

    it('a full resync counts as a write of an absent key', async () => {
      const leader = await door.node();
      await door.exchange(leader, 'SET x 1\r\n');
      const wire = door.open(node);
      await wire.dialogue([['WATCH absent', OK]]);
      await node.follow(leader.address, { acceptDataLoss: true, full: true });
      await eventually('the resync', async () => (await door.exchange(node, 'GET x\r\n')) === '$1\r\n1\r\n');
      await wire.dialogue([
        ['MULTI', OK],
        ['GET x', QUEUED],
        ['EXEC', '*-1\r\n'],
      ]);
    });

    it('the client itself counts too', async () => {
      await door.open(node).dialogue([
        ['WATCH a', OK],
        ['SET a 2', OK],
        ['MULTI', OK],
        ['EXEC', '*-1\r\n'],
      ]);
    });

    it('a key that expires meanwhile has changed, and one that was expired has not', async () => {
      const wire = door.open(node);
      await wire.dialogue([
        ['PEXPIRE a 500', ':1\r\n'],
        ['WATCH a', OK],
      ]);
      await eventually('the key to expire', async () => (await door.exchange(node, 'EXISTS a\r\n')) === ':0\r\n');
      await wire.dialogue([
        ['MULTI', OK],
        ['PING', QUEUED],
        ['EXEC', '*-1\r\n'],
        ['WATCH a', OK],
        ['MULTI', OK],
        ['PING', QUEUED],
        ['EXEC', '*1\r\n+PONG\r\n'],
      ]);
    });

    it('commands alone are aborted too, such as those of Sentinel', async () => {
      const wire = door.open(node);
      await wire.asks('WATCH a', OK);
      await door.exchange(node, 'SET a 2\r\n');
      await wire.dialogue([
        ['MULTI', OK],
        ['CLIENT SETNAME me', QUEUED],
        ['EXEC', '*-1\r\n'],
        ['CLIENT GETNAME', '$-1\r\n'],
      ]);
    });
  });

  it('do commands that are no data commands behind the data, with the replies in their places', async () => {
    const node = await door.node();
    await door.open(node).dialogue([
      ['MULTI', OK],
      ['CLIENT SETNAME me', QUEUED],
      ['SET a 1', QUEUED],
      ['CLIENT GETNAME', QUEUED],
      ['SELECT 7', QUEUED],
      ['ECHO hi', QUEUED],
      ['SET b 1', QUEUED],
      ['EXEC', `*6\r\n${OK}${OK}$2\r\nme\r\n-ERR DB index is out of range\r\n$2\r\nhi\r\n${OK}`],
    ]);
  });

  it('refuse writes on a follower when they are queued, and answer reads', async () => {
    const leader = await door.node();
    const follower = await door.node({ follow: leader.address });
    await door.open(follower).dialogue([
      ['MULTI', OK],
      ['SET a 1', "-READONLY You can't write against a read only replica.\r\n"],
      ['GET a', QUEUED],
      ['EXEC', ABORTED],
      ['WATCH a', OK],
      ['MULTI', OK],
      ['GET a', QUEUED],
      ['EXEC', '*1\r\n$-1\r\n'],
    ]);
  });

  it('refuse writes when they are queued while too few followers are there, and answer reads', async () => {
    const node = await door.node({ minFollowers: 1 });
    const refusal = '-NOREPLICAS Not enough good replicas to write.\r\n';
    const wire = door.open(node);
    await wire.dialogue([
      ['MULTI', OK],
      ['GET a', QUEUED],
      ['SET a 1', refusal],
      ['EXEC', ABORTED],
      ['MULTI', OK],
      ['GET a', QUEUED],
      ['EXEC', '*1\r\n$-1\r\n'],
    ]);
    wire.send('MULTI\r\nSET a 1\r\nINCR a\r\nEXEC\r\nGET a\r\n');
    const expected = `${OK}${refusal}${refusal}${ABORTED}$-1\r\n`;
    assert.equal(await wire.reads(expected), expected);
  });

  it('refuse writes when they are queued while the disk is full, and answer reads', async () => {
    const node = await door.node({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    const wire = door.open(node);
    await wire.dialogue([
      ['MULTI', OK],
      ['GET a', QUEUED],
    ]);
    wire.command('SET', 'a', '1');
    assert.match((await wire.lines(1))[0] ?? '', /^-MISCONF the disk of .* is full/);
    await wire.dialogue([
      ['EXEC', ABORTED],
      ['MULTI', OK],
      ['GET a', QUEUED],
      ['EXEC', '*1\r\n$-1\r\n'],
    ]);
  });

  it('are sent to the leader by a follower that forwards writes', async () => {
    const leader = await door.node();
    const follower = await door.node({ follow: leader.address, forwardWrites: true });
    const wire = door.open(follower);
    await wire.dialogue([
      ['SET a x', OK],
      ['WATCH a', OK],
      ['MULTI', OK],
      ['INCR a', QUEUED],
      ['SET b 1', QUEUED],
      ['PING', QUEUED],
      ['EXEC', `*3\r\n-ERR value is not an integer or out of range\r\n${OK}+PONG\r\n`],
      ['WATCH b', OK],
    ]);
    await door.exchange(leader, 'SET b 2\r\n');
    await wire.dialogue([
      ['MULTI', OK],
      ['SET b 3', QUEUED],
      ['EXEC', '*-1\r\n'],
    ]);
    assert.equal(await door.exchange(leader, 'GET b\r\n'), '$1\r\n2\r\n');
  });

  it('are refused if the node has become a follower since', async () => {
    const leader = await door.node();
    const node = await door.node();
    const wire = door.open(node);
    await wire.dialogue([
      ['MULTI', OK],
      ['SET a 1', QUEUED],
    ]);
    await node.follow(leader.address, { acceptDataLoss: false, full: false });
    const reply =
      "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.\r\n";
    await wire.asks('EXEC', reply);
  });

  it('hold no more bytes than the largest transaction', async () => {
    const node = await door.node({ transactionBytesMax: 64 * 1024, valueBytesMax: 32 * 1024 });
    const wire = door.open(node);
    const value = 'v'.repeat(30_000);
    await wire.asks('MULTI', OK);
    for (let i = 0; i < 2; i++) {
      wire.command('SET', 'a', value);
      await wire.hears(QUEUED);
    }
    wire.command('SET', 'a', value);
    const refusal = '-ERR a transaction: expected at most 65536 bytes, received 90948 bytes\r\n';
    await wire.hears(refusal);
    await wire.dialogue([
      ['EXEC', ABORTED],
      ['MULTI', OK],
      ['SET a 1', QUEUED],
      ['EXEC', `*1\r\n${OK}`],
    ]);
  });

  it('are whole whatever the cuts between their bytes are, also one that is larger than a chunk', async () => {
    const wire = door.open(await door.node());
    wire.socket.setNoDelay(true);
    const value = 'v'.repeat(300);
    const small = `MULTI\r\n${`SET a ${value}\r\nINCR n\r\n`.repeat(3)}EXEC\r\n`;
    const large = `MULTI\r\n${`SET a ${value}\r\n`.repeat(400)}GET n\r\nEXEC\r\n`;
    const all = Buffer.from(`${small.repeat(50)}${large}${small.repeat(50)}`);
    let n = 0;
    const ofSmall = () => `${OK}${QUEUED.repeat(6)}*6\r\n${`${OK}:#\r\n`.repeat(3)}`.replace(/#/g, () => `${++n}`);
    const ofLarge = () => `${OK}${QUEUED.repeat(401)}*401\r\n${OK.repeat(400)}$3\r\n${n}\r\n`;
    const many = () => Array.from({ length: 50 }, ofSmall).join('');
    const expected = `${many()}${ofLarge()}${many()}`;
    for (let start = 0; start < all.length; start += 4_999) {
      await new Promise<void>((resolve) => wire.socket.write(all.subarray(start, start + 4_999), () => resolve()));
    }
    assert.equal(await wire.reads(expected), expected);
  });

  it('answer a client that sends them and reads nothing, once it reads', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.socket.pause();
    // Nothing of these needs the store. The answers are more than the sockets hold.
    const requests = 'MULTI\r\nMULTI\r\nNOPE\r\nDISCARD\r\n'.repeat(10_000);
    const part = `${OK}-ERR MULTI calls can not be nested\r\n-ERR unknown command 'NOPE', with args beginning with: \r\n${OK}`;
    const rounds = 16;
    for (let round = 0; round < rounds; round++) wire.send(requests);
    let [held, looks] = [0, 0];
    await eventually('the node to stop reading', async () => {
      const bytes = Number(/omem=([0-9]+)/.exec(await door.exchange(node, 'CLIENT LIST ID 1\r\n'))?.[1]);
      looks = bytes > 0 && bytes === held ? looks + 1 : 0;
      held = bytes;
      return looks > 9;
    });
    assert.ok(held < 6 * 1024 * 1024, `the node holds ${held} bytes of replies`);
    let bytes = 0;
    wire.socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    wire.socket.resume();
    await eventually('all answers', async () => bytes === rounds * 10_000 * part.length);
  });

  it('count the memory of all that they keep, and keep no received bytes', () => {
    const state = new TransactionState();
    const chunk = Buffer.alloc(64 * 1024, 'k');
    state.watch(chunk.subarray(0, 10), 7, 1_000);
    assert.equal(state.bytes, 2 * (10 + ARGUMENT_COST_BYTES));
    state.begin();
    state.add({ command: {}, mayWrite: true, isAlone: false }, [chunk.subarray(0, 3), chunk.subarray(5, 9)], 1_000);
    state.keep();
    assert.equal(state.bytes, 4 * ARGUMENT_COST_BYTES + 27);
    assert.throws(() => state.watch(chunk.subarray(0, 300), 7, 1_000), { code: 'too_large' });
    const [queued] = state.open?.queue ?? [];
    assert.deepEqual(queued?.request, [Buffer.from('kkk'), Buffer.from('kkkk')]);
    for (const argument of queued.request) assert.equal(argument.buffer.byteLength, 7);
    const [condition] = state.end();
    assert.deepEqual(condition, { key: Buffer.from('k'.repeat(10)), test: 'version', version: 7 });
    assert.equal(state.bytes, 0);
  });

  it('keep copies of the arguments, whatever the cuts between the bytes are', async () => {
    const node = await door.node();
    const wire = door.open(node);
    wire.socket.setNoDelay(true);
    const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const bytes = Buffer.concat(
      [['MULTI'], ['SET', 'k', value], ['GET', 'k'], ['EXEC']].map((words) => request(...words)),
    );
    for (const byte of bytes) await new Promise<void>((resolve) => wire.socket.write(Buffer.of(byte), () => resolve()));
    const expected = `${OK}${QUEUED}${QUEUED}*2\r\n${OK}$256\r\n${value.toString('latin1')}\r\n`;
    await wire.hears(expected);
  });
});
