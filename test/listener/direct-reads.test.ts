import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { readingDirectly } from '../../src/listener/direct-reads.js';
import { until } from '../support/clock.js';

const CHUNK_BYTES = 64 * 1024;

describe('a socket that reads into shared memory', () => {
  let server: net.Server;
  let client: net.Socket;
  let accepted: net.Socket;
  let socket: net.Socket;
  let chunks: Buffer[];

  /** Connects, lets the accepted socket read `first` as the listener does, and takes its place. */
  const open = async (first: Buffer | string = '*') => {
    server = net.createServer({ noDelay: true, allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    client = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    client.on('error', () => {});
    const [connection] = (await once(server, 'connection')) as [net.Socket];
    accepted = connection;
    client.write(first);
    await new Promise<void>((resolve) => {
      accepted.once('data', (bytes: Buffer) => {
        accepted.pause();
        accepted.unshift(bytes);
        process.nextTick(resolve);
      });
    });
    socket = readingDirectly(accepted);
    socket.on('error', () => {});
    socket.allowHalfOpen = true;
    chunks = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  };
  const received = () => Buffer.concat(chunks).toString('latin1');

  afterEach(async () => {
    client.destroy();
    socket.destroy();
    server.close();
    await once(server, 'close');
  });

  it('takes the place of the accepted one', async () => {
    await open();
    assert.notEqual(socket, accepted);
  });

  it('gets the first bytes first, and then all others', async () => {
    await open('first ');
    client.write('second ');
    await until('both are there', () => received() === 'first second ');
    client.write('third');
    await until('all are there', () => received() === 'first second third');
  });

  it('gets a first chunk and more bytes that are larger than a read', async () => {
    const text = `${'a'.repeat(3 * CHUNK_BYTES)}${'b'.repeat(2 * CHUNK_BYTES)}c`;
    await open(text);
    await until('all is there', () => received() === text);
    client.write(text);
    await until('all is there again', () => received() === text + text);
    assert.equal(socket.bytesRead, 2 * text.length);
  });

  it('keeps each chunk as it came, though later ones are read into the same memory', async () => {
    await open('0');
    for (let i = 1; i < 50; i++) {
      client.write(String(i % 10).repeat(200));
      await until('the chunk is there', () => received().length === 1 + 200 * i);
    }
    for (const [i, chunk] of chunks.entries()) assert.equal(chunk.toString(), String(i % 10).repeat(i === 0 ? 1 : 200));
  });

  it('holds no more memory for a small chunk than a page of many', async () => {
    await open();
    client.write('small');
    await until('it is there', () => received() === '*small');
    assert.ok((chunks.at(-1) as Buffer).buffer.byteLength <= Buffer.poolSize);
  });

  it('reads nothing while it is paused, and the client waits', async () => {
    await open();
    await until('the first byte is there', () => received() === '*');
    socket.pause();
    const sent = 16 * 1024 * 1024;
    client.write(Buffer.alloc(sent, 'x'));
    await until('the client waits', () => client.writableLength > 0);
    const { bytesRead } = socket;
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([received(), socket.bytesRead], ['*', bytesRead]);
    assert.ok(bytesRead <= 1, `${bytesRead} bytes were read`);
    chunks = [];
    socket.resume();
    await until('all is there', () => socket.bytesRead === sent + 1);
    assert.equal(Buffer.concat(chunks).length, sent);
  });

  it('can be paused within a chunk', async () => {
    await open();
    await until('the first byte is there', () => received() === '*');
    let count = 0;
    socket.on('data', () => {
      count++;
      socket.pause();
    });
    client.write(Buffer.alloc(10 * CHUNK_BYTES, 'x'));
    for (let chunk = 1; socket.bytesRead < 10 * CHUNK_BYTES + 1; chunk++) {
      await until('a chunk is there', () => count === chunk);
      socket.resume();
    }
    await until('all is there', () => received().length === 10 * CHUNK_BYTES + 1);
  });

  it('answers a client that has shut down its side', async () => {
    await open();
    let answer = '';
    client.on('data', (bytes) => {
      answer += bytes.toString();
    });
    const ended = once(socket, 'end');
    client.end('last');
    await ended;
    assert.equal(received(), '*last');
    socket.end('answer');
    await until('the answer is there', () => answer === 'answer');
    assert.equal(socket.bytesWritten, 6);
    await until('both are closed', () => socket.closed && accepted.closed);
  });

  it('closes with a client that resets the connection, and so does the accepted one', async () => {
    await open();
    await until('the first byte is there', () => received() === '*');
    client.resetAndDestroy();
    await until('both are closed', () => socket.closed && accepted.closed);
  });

  it('ends the connection when it is destroyed, and the server counts it no more', async () => {
    await open();
    socket.destroy();
    await until('the client is closed', () => client.closed || client.readableEnded || client.destroyed);
    await until('both are closed', () => socket.closed && accepted.closed);
    const connections = await new Promise((resolve) => server.getConnections((_, count) => resolve(count)));
    assert.equal(connections, 0);
  });

  it('knows both ends of its connection', async () => {
    await open();
    const { port } = server.address() as net.AddressInfo;
    assert.deepEqual([socket.localPort, socket.remotePort], [port, client.localPort]);
  });
});
