/** Refusals of a connection that speaks the Redis protocol: one line of an error, as Redis answers, and the close. */
import type net from 'node:net';
import type { Clock } from '../base/clock.js';
import { REFUSED_HANG_UP_MS_MAX } from '../base/limits.js';

/** The sentence of Redis, by which clients know the case. */
export const NO_PLACE = 'ERR max number of clients reached';

export const REDIS_IS_OFF =
  'ERR the Redis protocol is off at this address. Use a gRPC client of Headwater, or start the node without --no-redis';

export function refuseRedis(socket: net.Socket, line: string, clock: Clock): void {
  refuseWith(socket, `-${line}\r\n`, clock);
}

/**
 * Sends the answer and closes. The socket reads on and drops all bytes. A close with unread bytes would reset the
 * connection, and the client might lose the answer.
 */
export function refuseWith(socket: net.Socket, answer: string, clock: Clock): void {
  const cancel = clock.after(REFUSED_HANG_UP_MS_MAX, () => socket.destroy());
  socket.once('close', cancel);
  socket.resume();
  socket.end(answer);
}
