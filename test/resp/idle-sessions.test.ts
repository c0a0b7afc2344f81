/** Sessions of Redis clients that have nothing to do: they hold no bytes of the requests that were answered. */
import assert from 'node:assert/strict';
import { referencedBytes } from '../support/collected.js';
import { Door } from './door.js';

const MiB = 1024 * 1024;
const CONNECTIONS = 8;

describe('sessions that are idle', () => {
  const door = new Door();
  afterEach(() => door.close());

  it('keep nothing of the last message that came in them', async () => {
    const node = await door.node();
    const wires = Array.from({ length: CONNECTIONS }, () => door.open(node));
    const answered = async (keyBytes: number) => {
      for (const wire of wires) wire.command('EXISTS', ...Array.from({ length: 16 }, () => 'k'.repeat(keyBytes)));
      for (const wire of wires) assert.deepEqual(await wire.lines(1), [':0']);
    };
    await answered(1);
    const before = await referencedBytes();
    await answered(60_000);
    const more = (await referencedBytes()) - before;
    assert.ok(more < 2 * MiB, `${more} bytes more for ${CONNECTIONS} connections`);
  });
});
