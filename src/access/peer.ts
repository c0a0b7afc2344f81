/**
 * The identity of the other side of a connection, as its certificate shows it. The listener notes it once, at the end of
 * the handshake. Both doors read it from the socket, also through the proxy that HTTP/2 puts before a socket.
 */
import type net from 'node:net';
import type tls from 'node:tls';

export interface PeerIdentity {
  /**
   * The names in the certificate of the client: DNS names, URIs and email addresses, or the common name if there are
   * none of them. The CA of the node has signed the certificate.
   */
  readonly names: readonly string[];
}

const PEER = Symbol('peer');

const SIGNED_IN = Symbol('signedIn');

interface Identified {
  [PEER]?: PeerIdentity;
  [SIGNED_IN]?: () => void;
}

export function setPeer(socket: net.Socket, peer: PeerIdentity): void {
  (socket as Identified)[PEER] = peer;
}

/** The identity of the client. Undefined if it has shown no certificate. */
export function peerOf(socket: net.Socket): PeerIdentity | undefined {
  return (socket as Identified)[PEER];
}

/** Runs `task` whenever the client of the connection has signed in. */
export function onSignIn(socket: net.Socket, task: () => void): void {
  (socket as Identified)[SIGNED_IN] = task;
}

/** Notes that the client of the connection has signed in, or need not. */
export function signedIn(socket: net.Socket): void {
  (socket as Identified)[SIGNED_IN]?.();
}

/** The identity in a certificate that was verified. */
export function identityOf({ subjectaltname = '', subject }: tls.PeerCertificate): PeerIdentity {
  const names = alternativeNames(subjectaltname);
  const { CN } = subject ?? {};
  return { names: names.length > 0 ? names : [CN ?? []].flat().filter((name) => name !== '') };
}

/** Node writes a name with a comma or a quote in it as JSON, so that no name passes for two. */
const NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** The kinds of names that a person gives to a client. An IP address says where it is, and not who. */
const KINDS: ReadonlySet<string> = new Set(['DNS', 'URI', 'email']);

function alternativeNames(text: string): string[] {
  const names = Array.from(text.matchAll(NAME), ([, kind = '', name = '']) =>
    KINDS.has(kind) ? (name.startsWith('"') ? (JSON.parse(name) as string) : name) : '',
  );
  return [...new Set(names)].filter((name) => name !== '');
}
