/** The things that a dial of a node needs beside the address: the certificates, if the connection is to be secure. */
import type { SecureContext } from 'node:tls';

export interface DialTls {
  /** The certificates of this moment. Files that have changed take effect at the next dial. */
  readonly context: SecureContext;
  /** The name that the certificate of the node must have. Undefined for the host of the address. */
  readonly serverName: string | undefined;
  /** The words for the other end in reasons of failures. Undefined for a node of Headwater. */
  readonly words?: PeerWords | undefined;
}

/** The other end of a connection in sentences, with advice for each failure that this side can repair. */
export interface PeerWords {
  readonly peer: string;
  /** The advice if no CA that this side trusts has signed the certificate. */
  readonly otherCa: string;
  /** The advice if the certificate is for another name. */
  readonly otherName: string;
  /** The advice if the other end has no TLS. */
  readonly noTls: string;
  /** The advice if the other end closed the connection during the handshake. */
  readonly hungUp: string;
}

export interface DialSettings {
  /** Undefined for a connection without TLS. */
  readonly tls?: DialTls | undefined;
  /**
   * Returns the user and its secret, as `authorization` carries them. Asked for each call, so that a secret that was
   * changed takes effect at the next. Undefined, or without a result, for no user.
   */
  readonly authorization?: (() => string | undefined) | undefined;
}

export const PLAIN: DialSettings = {};
