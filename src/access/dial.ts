/** The things that a dial of a node needs beside the address: the certificates, if the connection is to be secure. */
import type { SecureContext } from 'node:tls';

export interface DialTls {
  /** The certificates of this moment. Files that have changed take effect at the next dial. */
  readonly context: SecureContext;
  /** The name that the certificate of the node must have. Undefined for the host of the address. */
  readonly serverName: string | undefined;
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
