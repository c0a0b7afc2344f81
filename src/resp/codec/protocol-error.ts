/** A break of the Redis protocol by a client. The server answers with the message and closes the connection. */
export class ProtocolError extends Error {
  /** @param reason the reason in Redis's own words, since clients and tests compare them. */
  constructor(reason: string) {
    super(`Protocol error: ${reason}`);
    this.name = 'ProtocolError';
  }
}
