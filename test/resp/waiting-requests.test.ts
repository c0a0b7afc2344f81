/** Complete requests that wait for their answers: their memory is bounded over all connections, and small ones pass. */
import assert from 'node:assert/strict';
import { REDIS_REQUESTS_PART, REQUEST_BYTES_MAX } from '../../src/base/limits.js';
import { Door, request, type Wire } from './door.js';

const MiB = 1024 * 1024;
const BOUND_BYTES = REQUEST_BYTES_MAX * REDIS_REQUESTS_PART;
const VALUE_BYTES = 4 * MiB;
const CLIENTS = 30;
const CHUNKS_BYTES = 2 * 64 * 1024;
/** Looks at a count that did not change, until it is taken for settled. */
const LOOKS = 10;
/** The bytes of a look itself. */
const LOOK_BYTES = 1024;

describe('large requests of Redis clients that wait for their answers', function () {
  this.timeout(60_000);
  const door = new Door();

  afterEach(() => door.close());

  async function receivedBytes(wire: Wire): Promise<number> {
    wire.command('INFO', 'stats');
    const [, bytes] = /total_net_input_bytes:(\d+)/.exec(await wire.readsUpTo('total_error_replies:')) ?? [];
    await wire.lines(2);
    return Number(bytes);
  }

  it('are read up to a bound over all connections, and the others when they are answered', async () => {
    const node = await door.node();
    const whole = request('SET', 'k', Buffer.alloc(VALUE_BYTES, 'v'));
    const wires = Array.from({ length: CLIENTS }, () => door.open(node));
    for (const wire of wires) {
      wire.command('HEADWATER', 'DURABILITY', 'FOLLOWERS', '1', '60000');
      assert.equal(await wire.reads('+OK\r\n'), '+OK\r\n');
      wire.send(whole);
    }
    const watcher = door.open(node);
    let bytes = 0;
    for (let looks = 0; looks < LOOKS; looks++) {
      const now = await receivedBytes(watcher);
      if (now > bytes + LOOK_BYTES || now < BOUND_BYTES / 2) looks = 0;
      bytes = now;
    }
    const most = BOUND_BYTES * 1.5 + whole.length + CLIENTS * CHUNKS_BYTES;
    assert(bytes <= most, `${bytes} bytes were read, expected at most ${most}`);
    // The answers come with the first follower.
    await door.node({ follow: node.address });
    for (const wire of wires) assert.equal(await wire.reads('+OK\r\n'), '+OK\r\n');
    assert((await receivedBytes(watcher)) > CLIENTS * VALUE_BYTES);
  });
});
