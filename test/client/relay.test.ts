/** The relay of a follower that forwards writes, without a leader. */
import assert from 'node:assert/strict';
import { Relay } from '../../src/client/relay.js';

describe('the relay of a follower', () => {
  it('dials nobody for a client without a secret while users are in force', async () => {
    const relay = new Relay(
      () => '127.0.0.1:1',
      {},
      () => true,
    );
    const { replies } = await relay.ask([{ kind: 'get', key: Buffer.from('k') }], 1, undefined, undefined);
    const [reply] = replies;
    assert(reply?.kind === 'error');
    assert.equal(reply.error.code, 'permission_denied');
    assert.match(reply.error.message, /expected a client that has signed in with one, received one without/);
    assert.equal(relay.bytes, 0);
    await relay.close();
  });
});
