/** Keys that are overwritten again and again: what a layer pins stays in proportion to what it needs. */
import assert from 'node:assert/strict';
import { DueKeys } from '../../src/keyspace/due-notes.js';
import { TOMBSTONE } from '../../src/keyspace/entry-table.js';
import { hashKey } from '../../src/keyspace/key-table.js';
import { Layer } from '../../src/keyspace/layer.js';
import { sealBlock } from '../../src/log/block.js';
import type { Command } from '../../src/model/command.js';
import { NO_HISTORY } from '../../src/model/position.js';
import { seededRandom, seedOfThisRun } from '../support/random.js';

const KEYS = 5_000;
const MiB = 1024 * 1024;

describe('a layer whose keys are overwritten for long', () => {
  it('holds every last value, and releases the blocks that it does not need', () => {
    const seed = seedOfThisRun();
    const random = seededRandom(seed);
    const layer = new Layer(0);
    const expected = new Map<string, string | undefined>();
    let previous = { offset: 0, checksum: 0 };
    let bytesMax = 0;
    while (layer.logBytes < 48 * MiB) {
      const commands = Array.from({ length: 200 }, (): Command => {
        // Some keys are hardly ever written: their blocks are what would stay pinned.
        const key = `key:${Math.floor(random() ** 8 * KEYS)}`;
        if (random() < 0.02) {
          expected.set(key, undefined);
          return { kind: 'del', key: Buffer.from(key) };
        }
        const value = String(random()).padEnd(Math.floor(random() * 400), '.');
        expected.set(key, value);
        return { kind: 'put', key: Buffer.from(key), value: Buffer.from(value), expiresAtMs: 0, type: 0 };
      });
      const block = sealBlock({ commands, previous, replicationId: NO_HISTORY, timeMs: 1 });
      previous = { offset: block.lastOffset, checksum: block.checksum };
      layer.apply(block);
      bytesMax = Math.max(bytesMax, layer.bytes);
    }
    for (const [key, value] of expected) {
      const bytes = Buffer.from(key);
      const entry = layer.find(bytes, 0, bytes.length, hashKey(bytes, 0, bytes.length));
      assert.ok(entry >= 0, `seed ${seed}: ${key} is in the layer`);
      if (value === undefined) assert.equal(layer.kind(entry), TOMBSTONE, `seed ${seed}: ${key}`);
      else assert.equal(layer.read(entry).value.toString(), value, `seed ${seed}: ${key}`);
    }
    assert.ok(bytesMax < 10 * MiB, `seed ${seed}: at most ${bytesMax} bytes pinned for about 1 MB of data`);
  });
});

describe('a layer with keys that expire', () => {
  it('counts a note for each write, also of one key', () => {
    const layer = new Layer(0);
    let previous = { offset: 0, checksum: 0 };
    for (let i = 0; i < 100; i++) {
      const commands = Array.from(
        { length: 1_000 },
        (): Command => ({ kind: 'put', key: Buffer.from('one'), value: Buffer.from('v'), expiresAtMs: 5_000, type: 0 }),
      );
      const block = sealBlock({ commands, previous, replicationId: NO_HISTORY, timeMs: 1 });
      previous = { offset: block.lastOffset, checksum: block.checksum };
      layer.apply(block);
    }
    const before = layer.bytes;
    assert.ok(before >= 8 * 100_000, `${before} bytes for 100,000 numbers`);
    for (let left = 100_000; left > 0; left -= 200) layer.takeDue(10_000, new DueKeys(200));
    assert.ok(layer.bytes < before / 8, `${layer.bytes} bytes once they are taken`);
  });

  it('counts the list of each second if each key expires at another one', () => {
    const layer = new Layer(0);
    const seconds = 50_000;
    let previous = { offset: 0, checksum: 0 };
    for (let second = 0; second < seconds; second += 1_000) {
      const commands = Array.from(
        { length: 1_000 },
        (_, i): Command => ({ kind: 'touch', key: Buffer.from('one'), expiresAtMs: 1_000 * (1 + second + i) }),
      );
      const block = sealBlock({ commands, previous, replicationId: NO_HISTORY, timeMs: 1 });
      previous = { offset: block.lastOffset, checksum: block.checksum };
      layer.apply(block);
    }
    // Measured: 97 bytes of the heap for each.
    assert.ok(layer.bytes >= 90 * seconds, `${layer.bytes} bytes for ${seconds} lists`);
    layer.takeDue(2_000 * seconds, new DueKeys(seconds));
    assert.ok(layer.bytes < seconds, `${layer.bytes} bytes once they are taken`);
  });
});
