import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Fifo } from '../../src/base/fifo.js';
import { collected } from '../support/collected.js';

describe('a queue', () => {
  it('gives its items in order, and finds each by its place', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ kind: fc.constant('putBack' as const), count: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ kind: fc.constant('takeAll' as const), count: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new Fifo<number>();
        let model: number[] = [];
        let next = 0;
        for (const { kind, count } of steps) {
          const items = Array.from({ length: count }, () => next++);
          if (kind === 'push') for (const item of items) queue.push(item);
          if (kind === 'push') model.push(...items);
          if (kind === 'shift') for (const _ of items) assert.equal(queue.shift(), model.shift());
          if (kind === 'putBack') queue.putBack(items);
          if (kind === 'putBack') model = [...items, ...model];
          if (kind === 'takeAll') assert.deepEqual(queue.takeAll(), model);
          if (kind === 'takeAll') model = [];
          assert.equal(queue.length, model.length);
          assert.equal(queue.last, model.at(-1));
          for (let i = 0; i <= model.length; i++) assert.equal(queue.at(i), model[i]);
        }
      }),
    );
  });

  it('refers no more to an item that has left', async () => {
    const queue = new Fifo<object>();
    const left = (() => {
      const items = [{}, {}, {}];
      for (const item of items) queue.push(item);
      queue.shift();
      return new WeakRef(items[0] as object);
    })();
    await collected(left);
    assert.equal(queue.length, 2);
  });
});
