/**
 * The same random commands to a node and to a real redis-server: the bytes of all replies are the same, but for the
 * listed exceptions. Skipped, visibly, where there is no redis-server of version 7.
 *
 * HEADWATER_COMMANDS sets the number of commands, and HEADWATER_SEED repeats a run. Half of the commands ask in RESP2,
 * and the others in RESP3.
 */
import assert from 'node:assert/strict';
import { redisVersion } from '../../benchmarks/peers/versions.js';
import { parseAddress } from '../../src/base/address.js';
import { Dice } from '../support/dice.js';
import { skipUnless } from '../support/installed.js';
import { seedOfThisRun } from '../support/random.js';
import { RedisServer } from '../support/redis-server.js';
import { NAMES, randomCommands } from './differential/commands.js';
import { EXCEPTIONS, isMeant } from './differential/exceptions.js';
import { Peer, requestsOf } from './differential/peer.js';
import { Replies } from './differential/replies.js';
import { randomTransaction } from './differential/transactions.js';
import { Door } from './door.js';

const COMMANDS = Number(process.env.HEADWATER_COMMANDS ?? 20_000);
const BATCH = 500;
const TRANSACTIONS_PART = 0.03;
const COMMANDS_PER_SECOND_MIN = 300;
/** Commands before a difference that its report shows. */
const SHOWN = 8;

type Command = readonly string[];

interface Exchange {
  readonly command: Command;
  readonly ours: string;
  readonly theirs: string;
}

/** Both servers, asked the same. */
class Comparison {
  readonly #dice: Dice;
  readonly #ours: Peer;
  readonly #theirs: Peer;
  /** The newest exchanges, to explain a difference. */
  #recent: Exchange[] = [];
  readonly answered = new Set<string>();
  count = 0;

  constructor(dice: Dice, ours: Peer, theirs: Peer) {
    this.#dice = dice;
    this.#ours = ours;
    this.#theirs = theirs;
  }

  /** Turns both connections to this version of the protocol. */
  async speak(version: 2 | 3): Promise<void> {
    await this.#ask([['HELLO', String(version)]]);
  }

  async run(commands: number): Promise<void> {
    for (const end = this.count + commands; this.count < end; ) {
      const batch: Command[] = [];
      while (batch.length < BATCH) batch.push(...this.#next());
      const [ours, theirs] = await this.#ask(batch);
      for (const [index, command] of batch.entries()) {
        this.#compare({ command, ours: ours[index] ?? '', theirs: theirs[index] ?? '' });
      }
    }
  }

  #next(): Command[] {
    return this.#dice.chance(TRANSACTIONS_PART) ? randomTransaction(this.#dice) : randomCommands(this.#dice);
  }

  #ask(batch: readonly Command[]): Promise<[ours: string[], theirs: string[]]> {
    const requests = requestsOf(batch);
    return Promise.all([this.#ours.ask(requests, batch.length), this.#theirs.ask(requests, batch.length)]);
  }

  #compare(exchange: Exchange): void {
    const { command, ours, theirs } = exchange;
    this.count += 1;
    if (ours !== theirs && !isMeant(command, ours, theirs)) assert.fail(this.#report(exchange));
    if (!ours.startsWith('-')) this.answered.add((command[0] ?? '').toUpperCase());
    this.#recent.push(exchange);
    if (this.#recent.length > 2 * BATCH) this.#recent = this.#recent.slice(BATCH);
  }

  #report({ command, ours, theirs }: Exchange): string {
    const keys = new Set(command.slice(1));
    const before = this.#recent.filter((earlier) => earlier.command.slice(1).some((word) => keys.has(word)));
    const lines = before
      .slice(-SHOWN)
      .map((earlier) => `  ${shownCommand(earlier.command)} -> ${shown(earlier.theirs)}`);
    return [
      `command ${this.count}: ${shownCommand(command)}`,
      `expected ${shown(theirs)}, as redis-server answers, received ${shown(ours)}. Before it:`,
      ...lines,
    ].join('\n');
  }
}

function shown(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}...` : text);
}

function shownCommand(command: Command): string {
  return command.map(shown).join(' ');
}

describe('a node and a real redis-server', () => {
  const door = new Door();
  afterEach(() => door.close());

  it(`answer ${COMMANDS} random commands with the same bytes`, async function () {
    skipUnless(this, redisVersion()?.startsWith('7.'), 'redis-server 7');
    this.timeout(60_000 + (COMMANDS / COMMANDS_PER_SECOND_MIN) * 1_000);
    const seed = seedOfThisRun();
    await using redis = await RedisServer.start();
    const node = await door.node();
    const ours = new Peer({ host: '127.0.0.1', port: parseAddress(node.address).port });
    const theirs = new Peer({ path: redis.path });
    const comparison = new Comparison(new Dice(seed), ours, theirs);
    try {
      for (const version of [2, 3] as const) {
        await comparison.speak(version);
        await comparison.run(COMMANDS / 2);
      }
    } catch (failure) {
      throw new Error(`seed ${seed} (HEADWATER_SEED repeats it): ${(failure as Error).message}`, { cause: failure });
    } finally {
      ours.close();
      theirs.close();
    }
    const names = [...NAMES, 'WATCH', 'MULTI', 'EXEC', 'DISCARD'];
    const unanswered = names.filter((name) => name !== 'FOO' && !comparison.answered.has(name));
    assert.deepEqual(unanswered, []);
  });
});

describe('the comparison with redis-server', () => {
  it('cuts the bytes of a connection into replies', () => {
    const replies = ['+OK\r\n', '$-1\r\n', '$4\r\na\r\nb\r\n', '*2\r\n%1\r\n_\r\n,1.5\r\n*0\r\n', ':1\r\n'];
    const bytes = Buffer.from(replies.join(''));
    for (let cut = 0; cut <= bytes.length; cut++) {
      const parser = new Replies();
      assert.deepEqual([...parser.take(bytes.subarray(0, cut)), ...parser.take(bytes.subarray(cut))], replies);
    }
  });

  it('allows only the differences that are listed', () => {
    assert.equal(EXCEPTIONS.length, 5);
    assert.ok(isMeant(['keys', '*'], '*2\r\n$1\r\na\r\n$1\r\nb\r\n', '*2\r\n$1\r\nb\r\n$1\r\na\r\n'));
    assert.ok(!isMeant(['keys', '*'], '*1\r\n$1\r\na\r\n', '*2\r\n$1\r\nb\r\n$1\r\na\r\n'));
    const [page, other] = ['*2\r\n$1\r\n0\r\n*0\r\n', '*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n'];
    assert.ok(isMeant(['SCAN', '17'], page, other));
    assert.ok(isMeant(['SCAN', '-17'], page, other));
    assert.ok(!isMeant(['SCAN', '0'], page, other));
    assert.ok(!isMeant(['SCAN', '17'], page, '-ERR invalid cursor\r\n'));
    assert.ok(isMeant(['ttl', 'a'], ':100\r\n', ':101\r\n'));
    assert.ok(!isMeant(['ttl', 'a'], ':100\r\n', ':-1\r\n'));
    assert.ok(!isMeant(['PEXPIRETIME', 'a'], ':100\r\n', ':101\r\n'));
    assert.ok(isMeant(['BITPOS', 'a', '1', 'x'], '-ERR value is not an integer or out of range\r\n', ':-1\r\n'));
    assert.ok(!isMeant(['BITPOS', 'a', '1'], ':3\r\n', ':-1\r\n'));
    assert.ok(!isMeant(['GET', 'a'], '$-1\r\n', '$1\r\n1\r\n'));
  });
});
