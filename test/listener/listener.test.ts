import assert from 'node:assert/strict';
import net from 'node:net';
import { parseAddress } from '../../src/base/address.js';
import { FIRST_BYTES_MS_MAX, REFUSED_HANG_UP_MS_MAX } from '../../src/base/limits.js';
import { Listener, type ListenerOptions } from '../../src/listener/listener.js';
import type { ConnectionPlace } from '../../src/rpc/connection-place.js';
import { TestClock, until } from '../support/clock.js';
import { RecordingLogger } from '../support/store.js';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A receiver that records what it gets, and closes only when the other side does. */
class Door {
  readonly sockets: net.Socket[] = [];
  readonly places: ConnectionPlace[] = [];
  text = '';

  receive(socket: net.Socket, place?: ConnectionPlace): void {
    this.sockets.push(socket);
    if (place) this.places.push(place);
    socket.resume();
    socket.on('data', (bytes) => {
      this.text += bytes.toString('latin1');
    });
  }
}

/** A client that records what it gets. */
class Peer {
  readonly socket: net.Socket;
  text = '';
  isEnded = false;
  isClosed = false;

  constructor(address: string, allowHalfOpen = false) {
    const { port } = parseAddress(address);
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen });
    this.socket.on('error', () => {});
    this.socket.on('data', (bytes) => {
      this.text += bytes.toString();
    });
    this.socket.on('end', () => {
      this.isEnded = true;
    });
    this.socket.on('close', () => {
      this.isClosed = true;
    });
  }
}

describe('the listener', () => {
  let clock: TestClock;
  let logger: RecordingLogger;
  let grpc: Door;
  let redis: Door;
  let listener: Listener;
  const peers: Peer[] = [];

  beforeEach(() => {
    clock = new TestClock();
    logger = new RecordingLogger();
    [grpc, redis] = [new Door(), new Door()];
  });

  afterEach(async () => {
    for (const { socket } of peers.splice(0)) socket.destroy();
    await listener?.close();
    assert.equal(clock.waiting, 0, 'timers that were left');
  });

  async function listen(options: Partial<ListenerOptions> = {}): Promise<void> {
    listener = await Listener.listen({ address: '127.0.0.1:0', grpc, redis, clock, logger, ...options });
  }

  function peer(address = listener.address): Peer {
    const made = new Peer(address);
    peers.push(made);
    return made;
  }

  const openNow = () => {
    const { grpc, redis, silent } = listener.status;
    return grpc + redis + silent;
  };
  const allGone = () => until('all are closed', () => openNow() === 0);

  describe('hands over', () => {
    it('the preface to the gRPC server and all else to the Redis door, with every byte', async () => {
      await listen();
      peer().socket.write(PREFACE);
      peer().socket.write('PING\r\n');
      await until('both are there', () => grpc.text === PREFACE && redis.text === 'PING\r\n');
      assert.deepEqual([listener.status.grpc, listener.status.redis, listener.status.silent], [1, 1, 0]);
    });

    it('bytes that arrive one by one, in order', async () => {
      await listen();
      for (const [text, door] of [
        [PREFACE, grpc],
        ['PING\r\nPRI * HTTP/2.0', redis],
      ] as const) {
        const { socket } = peer();
        socket.setNoDelay(true);
        const heard = () => listener.status.silent === 0 && door.text.length;
        for (let at = 0; at < text.length; at++) {
          const before = socket.bytesWritten;
          socket.write(text[at] as string);
          await until('the byte is sent', () => socket.bytesWritten > before && socket.writableLength === 0);
          await until('the byte is read', () => !heard() || door.text.length === at + 1);
        }
        await until('all is there', () => door.text === text);
      }
    });

    it('a large first chunk whole', async () => {
      await listen();
      const text = `*1\r\n$300000\r\n${'x'.repeat(300_000)}\r\n`;
      peer().socket.write(text);
      await until('all is there', () => redis.text === text);
    });

    it('sockets without delay', async () => {
      await listen();
      // The kernel's own view of the option is not in reach of Node. An option of the server sets it for every socket.
      peer().socket.write('*');
      await until('the socket is there', () => redis.sockets.length === 1);
      assert.equal((redis.sockets[0] as unknown as Record<symbol, unknown>)[noDelaySymbol(redis.sockets[0])], true);
    });

    it('everything at the second address to the Redis door', async () => {
      await listen({ redisAddress: '127.0.0.1:0' });
      assert.notEqual(listener.redisAddress, listener.address);
      peer(listener.redisAddress).socket.write('P');
      await until('the byte is there', () => redis.text === 'P');
      peer(listener.redisAddress).socket.write(PREFACE);
      await until('the preface is there', () => redis.text === `P${PREFACE}`);
      assert.equal(grpc.sockets.length, 0);
    });
  });

  describe('closes', () => {
    it('a client that sends two bytes of the preface and stops, after the deadline', async () => {
      await listen();
      const slow = peer();
      slow.socket.write('PR');
      await until('it is there', () => listener.status.silent === 1);
      await clock.advance(FIRST_BYTES_MS_MAX - 1);
      assert.equal(slow.isClosed, false);
      await clock.advance(1);
      await until('it is closed', () => slow.isClosed);
      await allGone();
      assert.deepEqual([listener.status.refusedSilent, listener.status.refusedRedis], [1, 0]);
    });

    it('each silent client at a deadline of its own, however many bytes it drips', async () => {
      await listen();
      const first = peer();
      await until('the first is there', () => listener.status.silent === 1);
      await clock.advance(FIRST_BYTES_MS_MAX / 2);
      const second = peer();
      await until('the second is there', () => listener.status.silent === 2);
      first.socket.write('P');
      second.socket.write('P');
      await clock.advance(FIRST_BYTES_MS_MAX / 2);
      await until('the first is closed', () => first.isClosed);
      assert.equal(second.isClosed, false);
      await clock.advance(FIRST_BYTES_MS_MAX / 2);
      await until('the second is closed', () => second.isClosed);
      await allGone();
    });

    it('nobody who has shown a protocol', async () => {
      await listen();
      peer().socket.write(PREFACE);
      await until('it is there', () => grpc.sockets.length === 1);
      assert.equal(clock.waiting, 0);
      await clock.advance(10 * FIRST_BYTES_MS_MAX);
      assert.equal(listener.status.grpc, 1);
    });

    it('its end of a connection that the client has ended or reset in its first bytes', async () => {
      await listen();
      peer().socket.end('PR');
      const reset = peer();
      reset.socket.write('PR');
      await until('both were there', () => listener.status.silent > 0);
      reset.socket.resetAndDestroy();
      await allGone();
      assert.equal(listener.status.refusedSilent, 0, 'the clients have left by themselves');
      assert.deepEqual([grpc.sockets.length, redis.sockets.length], [0, 0]);
    });
  });

  describe('with the Redis protocol off', () => {
    it('answers in that protocol, closes, and counts', async () => {
      await listen({ redis: undefined });
      const client = peer();
      client.socket.write('*1\r\n$4\r\nPING\r\n');
      await until('it is closed', () => client.isClosed);
      assert.match(client.text, /^-ERR the Redis protocol is off at this address\. .*--no-redis\r\n$/);
      await allGone();
      assert.equal(listener.status.refusedRedis, 1);
    });

    it('does not wait for a client that never hangs up', async () => {
      await listen({ redis: undefined });
      const client = new Peer(listener.address, true);
      peers.push(client);
      client.socket.write('PING\r\n');
      await until('it has its answer', () => client.isEnded);
      assert.equal(listener.status.redis, 1);
      await clock.advance(REFUSED_HANG_UP_MS_MAX);
      await allGone();
    });
  });

  describe('without a place for another client', () => {
    /** Eight places: six for clients, two in reserve. */
    const EIGHT = { descriptorsFor: 8 };

    async function fill(): Promise<void> {
      await listen(EIGHT);
      for (let count = 1; count <= 6; count++) {
        peer().socket.write('PING\r\n');
        await until('it is there', () => redis.sockets.length === count);
      }
    }

    it('answers a Redis client as Redis does, and closes', async () => {
      await fill();
      const client = peer();
      client.socket.write('PING\r\n');
      await until('it is closed', () => client.isClosed);
      assert.equal(client.text, '-ERR max number of clients reached\r\n');
      assert.deepEqual([listener.status.refusedRedis, redis.sockets.length], [1, 6]);
      assert(logger.said(/too many connections of clients: expected at most 6/, 'warn') === 1);
    });

    it('hands a gRPC connection over all the same, with the reserve as its place', async () => {
      await fill();
      peer().socket.write(PREFACE);
      await until('it is there', () => grpc.places.length === 1);
      const [place] = grpc.places;
      assert.equal(place?.claim()?.code, 'overloaded');
      assert.equal(place?.claim()?.code, 'overloaded');
      assert.equal(listener.status.refusedGrpc, 1, 'a connection counts once');
      redis.sockets[0]?.destroy();
      await until('a place is free', () => listener.status.redis === 5);
      assert.equal(place?.claim(), undefined);
    });

    it('keeps the reserve for those who replicate, however many others come', async () => {
      await fill();
      const follower = peer();
      follower.socket.write(PREFACE);
      await until('it is there', () => grpc.places.length === 1);
      grpc.places[0]?.prove();
      const others = Array.from({ length: 50 }, () => peer());
      await until('all but one are closed', () => others.filter(({ isClosed }) => isClosed).length === 49);
      assert.equal(follower.isClosed, false);
      assert.equal(openNow(), 8);
      assert.equal(listener.status.refusedSilent, 49);
      const operator = peer();
      operator.socket.write(PREFACE);
      await until('the operator is there', () => grpc.places.length === 2);
    });

    it('closes a connection at once if all of the reserve is in use', async () => {
      await fill();
      for (let count = 1; count <= 2; count++) {
        peer().socket.write(PREFACE);
        await until('it is there', () => grpc.places.length === count);
        grpc.places.at(-1)?.prove();
      }
      const last = peer();
      await until('it is closed', () => last.isClosed);
      assert.equal(openNow(), 8);
      assert.equal(listener.status.refusedSilent, 1);
    });

    it('refuses those of one address beyond its bound', async () => {
      await listen({ connectionsPerAddress: 1 });
      peer().socket.write('PING\r\n');
      await until('it is there', () => redis.sockets.length === 1);
      const second = peer();
      second.socket.write('PING\r\n');
      await until('it is closed', () => second.isClosed);
      assert.equal(second.text, '-ERR max number of clients reached\r\n');
      assert(logger.said(/from 127\.0\.0\.1: expected at most 1/, 'warn') === 1);
    });
  });

  describe('at a stop', () => {
    it('closes silent connections at once, leaves the others to their receivers, and takes no more', async () => {
      await listen();
      const [silent, served] = [peer(), peer()];
      served.socket.write(PREFACE);
      await until('both are there', () => listener.status.grpc === 1 && listener.status.silent === 1);
      listener.stop();
      await until('the silent one is closed', () => silent.isClosed);
      assert.equal(served.isClosed, false);
      const late = peer();
      await until('the late one is refused', () => late.isClosed);
      await listener.close();
      await until('the other is closed', () => served.isClosed);
      assert.equal(openNow(), 0);
    });

    it('may be stopped and closed twice', async () => {
      await listen();
      listener.stop();
      listener.stop();
      await Promise.all([listener.close(), listener.close()]);
      await listener.close();
    });
  });

  it('keeps no address if the second one is in use', async () => {
    await listen();
    const port = parseAddress(listener.address).port;
    const free = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => free.once('listening', resolve));
    const address = `127.0.0.1:${(free.address() as net.AddressInfo).port}`;
    await new Promise((resolve) => free.close(resolve));
    const options = { address, redisAddress: `127.0.0.1:${port}`, grpc, redis, clock, logger };
    await assert.rejects(Listener.listen(options), { code: 'address_in_use' });
    const other = await Listener.listen({ ...options, redisAddress: undefined });
    await other.close();
  });
});

/** Node keeps the option in a field with a symbol of its own. */
function noDelaySymbol(socket: object | undefined): symbol {
  const found = Object.getOwnPropertySymbols(socket ?? {}).find(({ description }) => description === 'kSetNoDelay');
  assert(found, 'Node has no such field');
  return found;
}
