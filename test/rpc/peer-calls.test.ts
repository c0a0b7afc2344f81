/** What a node hears of another one that it fetches from, and that says nothing. */
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { ORIGIN } from '../../src/model/position.js';
import { fetchBlocks, fetchRanges } from '../../src/rpc/peer-calls.js';

describe('fetching from another node', () => {
  const sockets: Socket[] = [];
  let mute: Server;
  let address: string;

  beforeEach(async () => {
    mute = createServer((socket) => void sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const at = mute.address();
    assert.ok(at && typeof at === 'object');
    address = `127.0.0.1:${at.port}`;
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it('ends where it is silent for too long, and says so', async () => {
    const { signal } = new AbortController();
    const request = { after: ORIGIN, through: { ...ORIGIN, offset: 1 } };
    await assert.rejects(fetchBlocks(address, request, { silenceMs: 100, signal }).next(), {
      code: 'unreachable',
      message: `the node at ${address} was silent for 100 ms`,
    });
  });

  it('ends with the reason of whoever gives it up', async () => {
    const over = new AbortController();
    const fetching = fetchRanges(address, { markId: 'repair x', ranges: [] }, { signal: over.signal }).next();
    over.abort(new Error('enough'));
    await assert.rejects(fetching, /enough/);
  });
});
