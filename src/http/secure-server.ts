/** The HTTP port with TLS. A client without TLS reads an answer that says so. */
import type http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import { SERVER_OPTIONS, TLS_HANDSHAKE } from '../access/tls/handshake.js';
import type { NodeTls } from '../access/tls/node-tls.js';

/** @param silenceMs the time of a client until its first byte. */
export function secureServer(
  tls: NodeTls,
  options: http.ServerOptions & net.ServerOpts,
  serve: http.RequestListener,
  { refusePlain, silenceMs }: { refusePlain: (socket: net.Socket) => void; silenceMs: number },
): https.Server {
  const server = https.createServer(
    { ...options, ...SERVER_OPTIONS, requestCert: tls.clients !== 'off', handshakeTimeout: silenceMs },
    serve,
  );
  tls.serve((context) => server.setSecureContext(context));
  const handshakes = server.listeners('connection') as Array<(socket: net.Socket) => void>;
  server.removeAllListeners('connection');
  server.on('connection', (socket: net.Socket) => {
    const giveUp = () => socket.destroy();
    socket.on('error', giveUp);
    socket.setTimeout(silenceMs, giveUp);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0);
      socket.off('timeout', giveUp);
      socket.pause();
      socket.unshift(first);
      if (first[0] !== TLS_HANDSHAKE) return refusePlain(socket);
      for (const handshake of handshakes) handshake.call(server, socket);
    });
  });
  return server;
}
