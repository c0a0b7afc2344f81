/** An accepted connection: its socket, its stage, and its end. */
import type net from 'node:net';
import { formatAddress, hostOfPeer } from '../base/address.js';
import type { HeadwaterError } from '../base/errors.js';
import type { Stage } from './connection-counts.js';
import type { Occupant } from './places.js';

export class Connection implements Occupant {
  /** The socket that its receiver gets: with TLS, the one on top of the socket that was accepted. */
  socket: net.Socket;
  readonly host: string;
  stage: Stage = 'silent';
  /** True if the node closed the connection because it was silent, or because another needed its place. */
  isDropped = false;
  /** True once the connection counts as refused. */
  isRefused = false;
  /** True once the connection has asked for the health of the node, for which no user is needed. */
  isProbe = false;
  /** True if the connection begins with a request of HTTP/1, and reads its refusal as an answer of HTTP. */
  isHttp = false;
  /** The reason why nothing is done for the client. */
  refusal: HeadwaterError | undefined;

  constructor(socket: net.Socket) {
    const { remoteAddress = '', remotePort = 0 } = socket;
    this.socket = socket;
    this.host = hostOfPeer(formatAddress({ host: remoteAddress, port: remotePort })) ?? remoteAddress;
  }

  drop(): void {
    this.isDropped = true;
    this.close();
  }

  close(): void {
    this.socket.destroy();
  }
}
