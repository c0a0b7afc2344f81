/** Reads numbers and strings as LevelDB's files hold them (util/coding.h). */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Reads a number up to 2^53. No file is larger. */
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || shift > 2 ** 49) throw new Error('a number has no end');
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }

  bytes(count: number): Buffer {
    if (this.#at + count > this.#bytes.length)
      throw new Error(`expected ${count} bytes more, received ${this.#bytes.length - this.#at}`);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  /** Reads a length, then that many bytes. */
  string(): Buffer {
    return this.bytes(this.varint());
  }
}
