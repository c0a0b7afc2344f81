/** A replication session's end of a gRPC call: what becomes of a sender whose peer has stopped reading. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { silentLogger } from '../../src/base/logger.js';
import type { DownChannel } from '../../src/replication/channel.js';
import type { DuplexCall } from '../../src/rpc/handler.js';
import { serveDownChannel } from '../../src/rpc/replication-channel.js';
import { dial, replicationService } from '../../src/rpc/replication-service.js';
import { ListeningServer, NOTHING_TO_REPAIR } from './harness.js';

/** A call whose peer takes nothing more. */
const STUCK = {
  write: () => false,
  sending: { bytes: Number.POSITIVE_INFINITY, below: () => new Promise<void>(() => {}) },
  pause() {},
  resume() {},
  receive() {},
  call: { onCancelled() {}, onStopping() {}, cancelled: undefined },
} as unknown as DuplexCall<Buffer, Buffer>;

describe('a channel whose peer has stopped reading', () => {
  it('releases a waiter for room when the session is given up, with the reason', async () => {
    const reason = new HeadwaterError('unreachable', 'the follower was silent for 5000 ms');
    const sent: string[] = [];
    const session = async (channel: DownChannel): Promise<void> => {
      const drained = channel.send({ kind: 'wait', reason: 'a while', sources: [] });
      assert(drained, 'there is no room');
      queueMicrotask(() => channel.close(reason));
      await drained;
      sent.push('let go');
    };
    await assert.rejects(serveDownChannel(STUCK, session), reason);
    assert.deepEqual(sent, ['let go']);
  });
});

describe('a channel over a connection', () => {
  it('knows the address from which the follower dialled', async () => {
    let peerAddress: string | undefined;
    const door = {
      accept: async (channel: DownChannel) => {
        peerAddress = channel.peerAddress;
        channel.close();
      },
    };
    const server = await ListeningServer.listen({
      services: [replicationService({ followers: door, ...NOTHING_TO_REPAIR })],
      reflection: false,
      logger: silentLogger,
      onFatal: assert.fail,
    });
    try {
      const channel = await dial(server.address, { timeoutMs: 5_000 });
      await assert.rejects(channel.receive());
      assert.match(peerAddress ?? '', /^127\.0\.0\.1:\d+$/);
    } finally {
      await server.stop({ graceMs: 100 });
    }
  });
});
