/**
 * Random commands with odd arguments over real sockets. The node answers each exactly once, logs no unforeseen failure,
 * and lives. HEADWATER_COMMANDS sets how many, and HEADWATER_SEED repeats a run.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { parseAddress } from '../../src/base/address.js';
import type { Logger } from '../../src/base/logger.js';
import { Dice } from '../support/dice.js';
import { seedOfThisRun } from '../support/random.js';
import { Replies } from './differential/replies.js';
import { Door, request } from './door.js';
import { commandLine } from './fuzz/lines.js';

const COMMANDS = Number(process.env.HEADWATER_COMMANDS ?? 6_000);
const BATCH = 30;
const CONNECTIONS = 4;
const MS_FOR_EACH_COMMAND = 10;
const SILENCE_MS_MAX = 20_000;

describe('random commands of Redis clients', function () {
  this.timeout(60_000 + COMMANDS * MS_FOR_EACH_COMMAND);
  const door = new Door();
  afterEach(() => door.close());

  it('are answered once each, whatever their arguments are', async () => {
    const seed = seedOfThisRun();
    const failures: string[] = [];
    const note = (_fields: object, message: string) => failures.push(message);
    const logger: Logger = { debug() {}, info() {}, warn() {}, error: note };
    const node = await door.node({}, { logger });
    const { port } = parseAddress(node.address);
    const speak = async (index: number) => {
      const dice = new Dice(seed + index);
      const socket = net.connect(port, '127.0.0.1');
      const chunks = socket.iterator({ destroyOnReturn: false });
      try {
        for (let done = 0; done < COMMANDS / CONNECTIONS; done += BATCH) {
          const lines = Array.from({ length: BATCH }, () => commandLine(dice));
          // The batch may have begun a transaction, or may speak RESP3.
          const requests = [...lines.map((line) => request(...line)), request('DISCARD'), request('ECHO', `${done}`)];
          socket.write(Buffer.concat(requests));
          const shown = () =>
            `seed ${seed}: ${lines.map((line) => JSON.stringify(line.join(' ').slice(0, 200))).join('\n')}`;
          const replies = new Replies();
          const found: string[] = [];
          while (found.length < requests.length) {
            const silence = setTimeout(() => socket.destroy(new Error(`no answer, ${shown()}`)), SILENCE_MS_MAX);
            const { value, done: isOver } = await chunks.next();
            clearTimeout(silence);
            assert(!isOver, `the connection ended, ${shown()}`);
            found.push(...replies.take(value as Buffer));
          }
          assert.equal(found.length, requests.length, shown());
          assert.equal(found.at(-1), `$${String(done).length}\r\n${done}\r\n`, shown());
          assert.deepEqual(failures, [], shown());
        }
        socket.end('PING\r\nQUIT\r\n');
        const { value } = await chunks.next();
        assert.match(String(value), /^\+PONG\r\n/);
        if (!socket.closed) await once(socket, 'close');
      } finally {
        socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => speak(index)));
  });
});
