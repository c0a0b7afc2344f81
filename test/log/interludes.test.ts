/** What is said between blocks: kept in its place, for as long as there is room. */
import assert from 'node:assert/strict';
import { type Interlude, type InterludeReader, Interludes } from '../../src/log/interludes.js';

const mark = (markId: string): Interlude => ({ kind: 'mark', markId });
const message = (bytes: number): Interlude => ({
  kind: 'message',
  channel: Buffer.from('c'),
  data: Buffer.alloc(bytes),
});

const idsOf = ({ placed }: ReturnType<InterludeReader['take']>) =>
  placed.map(({ interlude }) => {
    if (interlude.kind === 'mark') return interlude.markId;
    return interlude.kind === 'message' ? interlude.data.length : `missed ${interlude.count}`;
  });

describe('interludes', () => {
  it('are given in order, each once, to a reader, from when it came and as far as it has read', () => {
    const interludes = new Interludes();
    interludes.push(1, mark('a'));
    const reader = interludes.reader();
    assert.equal(reader.isBehind, false);
    interludes.push(1, mark('b'));
    interludes.push(5, mark('c'));
    assert.equal(reader.isBehind, true);
    const { placed, missed } = reader.take(4);
    assert.deepEqual([idsOf({ placed, missed }), placed[0]?.offset, missed], [['b'], 1, 0]);
    assert.deepEqual(idsOf(reader.take(4)), []);
    assert.equal(reader.isBehind, true);
    assert.deepEqual(idsOf(reader.take(5)), ['c']);
    assert.equal(reader.isBehind, false);
  });

  it('leave when there are too many bytes of them, and who comes too late hears how many messages', () => {
    const interludes = new Interludes(3_000);
    for (let i = 0; i < 2; i++) interludes.push(i, message(500 + i));
    const reader = interludes.reader();
    interludes.push(2, mark('gone'));
    interludes.push(2, { kind: 'missed', count: 7 });
    for (let i = 2; i < 10; i++) interludes.push(i, message(500 + i));
    const { placed, missed } = reader.take(10);
    assert.deepEqual(idsOf({ placed, missed }), [506, 507, 508, 509]);
    assert.equal(missed, 4 + 7);
    interludes.push(10, message(500));
    assert.equal(reader.take(10).missed, 0);
  });

  it('keep the last one, however large it is', () => {
    const interludes = new Interludes(100);
    const reader = interludes.reader();
    interludes.push(1, message(10));
    interludes.push(2, message(5_000));
    assert.deepEqual(idsOf(reader.take(2)), [5_000]);
  });
});
