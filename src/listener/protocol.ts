/**
 * Tells the two protocols of a port apart. An HTTP/2 client begins with a fixed preface. Redis clients begin with an
 * array (`*`), or with the name of a command in a line. A line may share the first bytes of the preface, as `PING` does,
 * but no command is called `PRI`.
 */
import type net from 'node:net';

export type Protocol = 'grpc' | 'redis';

/** The first line of the preface, without its end. */
const PREFACE = Buffer.from('PRI * HTTP/2.0');

/** The protocol of a connection that begins with these bytes. Undefined if more bytes are needed. */
export function protocolOf(first: Buffer): Protocol | undefined {
  const count = Math.min(first.length, PREFACE.length);
  if (first.compare(PREFACE, 0, count, 0, count) !== 0) return 'redis';
  return count === PREFACE.length ? 'grpc' : undefined;
}

/** Reads the first bytes, puts them back, and runs `take` in the same turn, with the socket paused. */
export function readFirst(socket: net.Socket, take: (first: Buffer) => void): void {
  socket.once('data', (first: Buffer) => {
    socket.pause();
    socket.unshift(first);
    take(first);
  });
}

/**
 * Reads until the protocol is known, puts the bytes back, and runs `known` in the same turn. A socket that closes first
 * never runs it.
 * @param only the protocol that every connection of the socket's port speaks. A single byte suffices then.
 */
export function readProtocol(
  socket: net.Socket,
  only: Protocol | undefined,
  known: (protocol: Protocol) => void,
): void {
  let first: Buffer | undefined;
  const take = (bytes: Buffer) => {
    // Bytes that leave the protocol open are fewer than the preface, so a client cannot make this grow.
    first = first ? Buffer.concat([first, bytes]) : bytes;
    const protocol = only ?? protocolOf(first);
    if (!protocol) return;
    socket.off('data', take);
    socket.pause();
    socket.unshift(first);
    known(protocol);
  };
  socket.on('data', take);
  // The socket is paused if its first byte was looked at.
  socket.resume();
}
