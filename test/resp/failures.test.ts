/**
 * Bugs in commands. A command that fails as nobody foresaw ends at most its own connection: the operator reads of it in
 * the log, the other clients are answered, and the node goes on. A broken invariant alone ends the node.
 */
import assert from 'node:assert/strict';
import { InvariantViolation } from '../../src/base/invariant.js';
import { DRAIN_MS_MAX } from '../../src/base/limits.js';
import type { Logger } from '../../src/base/logger.js';
import type { Node } from '../../src/index.js';
import { asked, type Command } from '../../src/resp/command.js';
import { Refusal } from '../../src/resp/replies/refusal.js';
import { TABLE } from '../../src/resp/table/table.js';
import { Door } from './door.js';

const BUG = new TypeError('a planted bug');
const INTERNAL = '-ERR unexpected failure in the node. See the log of the node\r\n';
const operation = { kind: 'get', key: Buffer.from('k') } as const;

const fails = (): never => {
  throw BUG;
};

/** Commands with a bug each. */
const PLANTED: Record<string, Command> = {
  'planted-ask': { ask: fails },
  'planted-answer': { ask: () => asked(operation, fails) },
  'planted-half': {
    ask: () =>
      asked(operation, (out) => {
        out.begin('array', 2);
        fails();
      }),
  },
  'planted-sentence': {
    ask: () => asked({ kind: 'increment', key: Buffer.from('k'), by: 1n }, fails, fails),
  },
  'planted-run': { run: fails },
  'planted-later': {
    run: async () => {
      await Promise.resolve();
      fails();
    },
  },
  'planted-run-half': {
    run: ({ out }) => {
      out.begin('array', 2);
      fails();
    },
  },
  'planted-later-half': {
    run: async (session) => {
      session.out.begin('array', 2);
      await session.flushed();
      fails();
    },
  },
  'planted-refusal-half': {
    run: ({ out }) => {
      out.begin('array', 2);
      throw new Refusal('ERR a planted refusal');
    },
  },
  'planted-endless': {
    run: async (session) => {
      for (;;) await session.execute([operation], 1);
    },
  },
  'planted-invariant': {
    ask: () =>
      asked(operation, () => {
        throw new InvariantViolation('planted');
      }),
  },
};

describe('a bug in a command', () => {
  const door = new Door();
  let node: Node;
  let logged: string[];

  before(() => {
    const commands = TABLE.commands as Map<string, object>;
    const facts = { arity: -1, flags: [], keyStart: 0, keyStop: 0, step: 0 };
    for (const [name, command] of Object.entries(PLANTED))
      commands.set(name, { name, facts, command, subcommands: new Map() });
  });

  after(() => {
    for (const name of Object.keys(PLANTED)) (TABLE.commands as Map<string, object>).delete(name);
  });

  beforeEach(async () => {
    logged = [];
    const note = (_fields: object, message: string) => logged.push(message);
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    node = await door.node({}, { logger });
  });

  afterEach(() => door.close());

  const isLogged = () => logged.some((line) => line.includes('failed unexpectedly: a planted bug'));

  for (const name of ['planted-ask', 'planted-run', 'planted-later']) {
    it(`is answered with an error if nothing of the reply was written: ${name}`, async () => {
      const replies = await door.exchange(node, `SET k v\r\n${name}\r\nGET k\r\n`);
      assert.equal(replies, `+OK\r\n${INTERNAL}$1\r\nv\r\n`);
      assert(isLogged());
    });
  }

  for (const name of ['planted-answer', 'planted-half', 'planted-sentence', 'planted-run-half', 'planted-later-half']) {
    it(`ends its own connection alone if the replies are no longer in step: ${name}`, async () => {
      const other = door.open(node);
      other.command('SET', 'k', 'v');
      await other.hears('+OK\r\n');
      const wire = door.open(node);
      wire.send(`${name}\r\n`);
      assert.doesNotMatch(await wire.all(), /-ERR/);
      assert(isLogged());
      other.command('GET', 'k');
      await other.hears('$1\r\nv\r\n');
    });
  }

  it('is not seen in a refusal in the middle of a reply, which ends the connection all the same', async () => {
    const wire = door.open(node);
    wire.send('planted-refusal-half\r\n');
    assert.doesNotMatch(await wire.all(), /-ERR/);
    assert.deepEqual(
      logged.filter((line) => line.includes('failed unexpectedly')),
      [],
    );
  });

  it('does not hold up a stop: a command that asks the store again and again ends', async () => {
    const wire = door.open(node);
    wire.send('PING\r\nplanted-endless\r\nPING\r\n');
    await wire.hears('+PONG\r\n');
    const startedMs = performance.now();
    await node.stop();
    assert(performance.now() - startedMs < DRAIN_MS_MAX / 2);
    assert.match(await wire.all(), /^-\S+ the node is shutting down[^\r]*\r\n$/);
  });

  it('ends the node if an invariant is broken', async () => {
    const wire = door.open(node);
    wire.send('planted-invariant\r\n');
    assert((await node.failed) instanceof InvariantViolation);
  });
});
