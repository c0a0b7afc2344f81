/** What is said between blocks: kept in its place, for as long as there is room. */
import assert from 'node:assert/strict';
import { type Interlude, Interludes } from '../../src/log/interludes.js';

const mark = (markId: string): Interlude => ({ kind: 'mark', markId });
const message = (bytes: number): Interlude => ({
  kind: 'message',
  channel: Buffer.from('c'),
  data: Buffer.alloc(bytes),
});

const idsOf = ({ placed }: ReturnType<Interludes['after']>) =>
  placed.map(({ interlude }) => (interlude.kind === 'mark' ? interlude.markId : interlude.data.length));

describe('interludes', () => {
  it('are given in order, each once, to a reader that goes by their count', () => {
    const interludes = new Interludes();
    interludes.push(1, mark('a'));
    const from = interludes.count;
    interludes.push(1, mark('b'));
    interludes.push(5, mark('c'));
    assert.deepEqual(idsOf(interludes.after(from)), ['b', 'c']);
    assert.deepEqual(
      interludes.after(from).placed.map(({ offset }) => offset),
      [1, 5],
    );
    assert.deepEqual(idsOf(interludes.after(interludes.count)), []);
    assert.deepEqual(idsOf(interludes.after(0)), ['a', 'b', 'c']);
  });

  it('leave when there are too many bytes of them, and who comes too late hears how many', () => {
    const interludes = new Interludes(3_000);
    for (let i = 0; i < 10; i++) interludes.push(i, message(500 + i));
    assert.equal(interludes.count, 10);
    const { placed, missed } = interludes.after(2);
    assert.deepEqual(idsOf({ placed, missed }), [506, 507, 508, 509]);
    assert.equal(missed, 4);
  });

  it('keep the last one, however large it is', () => {
    const interludes = new Interludes(100);
    interludes.push(1, message(10));
    interludes.push(2, message(5_000));
    assert.deepEqual(idsOf(interludes.after(0)), [5_000]);
  });
});
