/** How many bytes of log stand between two offsets, without asking the disk. */
import assert from 'node:assert/strict';
import { WEIGHT_SEGMENT_BYTES, WEIGHT_SEGMENTS_MAX } from '../../src/base/limits.js';
import { Weight } from '../../src/log/weight.js';

describe('the weight of a log', () => {
  it('is the sum of its blocks, and of a part of a segment its part', () => {
    const weight = new Weight();
    weight.append(0, 10, WEIGHT_SEGMENT_BYTES);
    weight.append(10, 20, 500);
    weight.append(20, 30, 500);
    assert.equal(weight.between(0, 30), WEIGHT_SEGMENT_BYTES + 1_000);
    assert.equal(weight.between(10, 30), 1_000);
    assert.equal(weight.between(15, 20), 250);
    assert.equal(weight.between(30, 40), 0);
  });

  it('counts what is found on disk later once, whatever was appended meanwhile', () => {
    const weight = new Weight();
    weight.append(20, 30, 300);
    weight.found(0, 10, 100);
    weight.append(30, 40, 400);
    weight.found(10, 20, 200);
    weight.found(20, 30, 300);
    assert.equal(weight.between(0, 40), 1_000);
    assert.equal(weight.appendedBytes, 700);
  });

  it('forgets what has left the log', () => {
    const weight = new Weight();
    for (let at = 0; at < 50; at += 10) weight.append(at, at + 10, WEIGHT_SEGMENT_BYTES);
    weight.forget(30);
    assert.equal(weight.between(0, 50), 2 * WEIGHT_SEGMENT_BYTES);
    weight.forget(50);
    assert.equal(weight.between(0, 50), 0);
    weight.append(50, 60, 7);
    assert.equal(weight.between(0, 60), 7);
  });

  it('gives the offset behind which so many bytes stand', () => {
    const weight = new Weight();
    weight.append(20, 30, 300);
    weight.found(0, 10, 100);
    weight.found(10, 20, 100);
    const offsets = [0, 50, 200, 350, 500, 501].map((bytes) => weight.offsetBehind(0, bytes));
    assert.deepEqual(offsets, [0, 5, 20, 25, 30, 30]);
    assert.deepEqual([weight.offsetBehind(10, 100), weight.offsetBehind(25, 30)], [20, 26]);
    weight.forget(10);
    assert.equal(weight.offsetBehind(10, 250), 25);
  });

  it('stays exact in sum if a log has more segments than are kept', () => {
    const weight = new Weight();
    const blocks = WEIGHT_SEGMENTS_MAX + 100;
    for (let at = 0; at < blocks; at++) weight.append(at, at + 1, WEIGHT_SEGMENT_BYTES);
    assert.equal(weight.between(0, blocks), blocks * WEIGHT_SEGMENT_BYTES);
    assert.equal(weight.between(0, blocks / 2), (blocks / 2) * WEIGHT_SEGMENT_BYTES);
  });
});
