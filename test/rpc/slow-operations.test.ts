/** Operations of gRPC in the slow log: messages without operations, and calls that fail. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { SlowLog } from '../../src/pipeline/slow-log.js';
import { OPERATION_METHODS } from '../../src/rpc/definitions.js';
import { SlowOperations } from '../../src/rpc/slow-operations.js';
import { TestClock } from '../support/clock.js';
import { collected } from '../support/collected.js';
import { FakeStore } from './fake-store.js';
import { call, closeAll, rawClient, serve, set } from './harness.js';

describe('operations of gRPC in the slow log', () => {
  afterEach(closeAll);

  function newLog(clock: TestClock, slowLogMicroseconds: number): SlowLog {
    return new SlowLog(clock, { slowLog: true, slowLogMicroseconds, slowLogLength: 128 });
  }

  function recorded(log: SlowLog): string[] {
    return log.read({ count: 0, reset: false }).commands.map(({ words }) => words.join(' '));
  }

  it('have no time of a message without operations before them, which is forgotten', async () => {
    const clock = new TestClock();
    const log = newLog(clock, 10_000);
    const slow = new SlowOperations(log, { peer: '127.0.0.1:1', intake: { grant: undefined } });
    const empty = (() => {
      const operations: [] = [];
      slow.asked(operations);
      return new WeakRef(operations);
    })();
    await clock.advance(3_000);
    slow.asked([set('a', '1')]);
    slow.answered({ replies: [{ kind: 'set', applied: true }] } as never);
    slow.sent();
    assert.deepEqual(recorded(log), []);
    slow.asked([set('b', '1')]);
    await collected(empty);
    await clock.advance(20);
    slow.answered({ replies: [{ kind: 'set', applied: true }] } as never);
    slow.sent();
    assert.deepEqual(recorded(log), ['set b 1']);
  });

  it('are there if their calls fail', async () => {
    const log = newLog(new TestClock(), 0);
    const store = new FakeStore();
    store.before = () => {
      throw new HeadwaterError('overloaded', 'expected room, found none');
    };
    const { address } = await serve(store, { slowLog: log });
    const method = OPERATION_METHODS.get('set');
    assert.ok(method);
    await assert.rejects(call(rawClient(address), method, set('a', '1') as never), /expected room, found none/);
    assert.deepEqual(recorded(log), ['set a 1']);
  });
});
