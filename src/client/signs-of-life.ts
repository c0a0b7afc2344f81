/**
 * The signs of life of a node: when anything came from it last, by any call over the connection. Bytes without a complete
 * message count too, because a large reply takes long over a slow link.
 */

/** Bytes that gRPC and HTTP/2 add to a small message. */
const MESSAGE_FRAMING_BYTES = 14;

export class SignsOfLife {
  readonly #receivedBytes: () => number;
  /** Bytes received by calls beside the pipeline so far. */
  #besideBytes = 0;
  /** For bytes without a complete message, the time at which they were noticed. */
  #heardMs = 0;
  #heardBytes = 0;

  /** @param receivedBytes returns the bytes that the connection has received so far. */
  constructor(receivedBytes: () => number) {
    this.#receivedBytes = receivedBytes;
  }

  /** The time of the last sign of life. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** The bytes noticed so far for the pipeline. */
  get pipelineBytes(): number {
    return this.#heardBytes - this.#besideBytes;
  }

  heard(): void {
    this.#heardMs = performance.now();
  }

  /** Notes received bytes. A reply that is still arriving is no silence. */
  notice(nowMs: number): void {
    const heardBytes = this.#receivedBytes();
    if (heardBytes !== this.#heardBytes) this.#heardMs = nowMs;
    this.#heardBytes = heardBytes;
  }

  /** Counts the bytes of a call beside the pipeline. They are no part of the next reply. */
  countedBeside<Response>(decode: (bytes: Buffer) => Response): (bytes: Buffer) => Response {
    return (bytes) => {
      this.#besideBytes += bytes.length + MESSAGE_FRAMING_BYTES;
      return decode(bytes);
    };
  }
}
