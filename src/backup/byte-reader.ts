/** Takes exact counts of bytes from pieces of any size. Holds at most one piece more than the caller asks for. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Returns fewer bytes if the source ends. */
  async take(count: number): Promise<Buffer> {
    const bytes = await this.peek(count);
    const rest = this.#joined.subarray(bytes.length);
    this.#pieces = [rest];
    this.#length = rest.length;
    return bytes;
  }

  /** Returns the same bytes without taking them. Fewer if the source ends. */
  async peek(count: number): Promise<Buffer> {
    while (this.#length < count) {
      const next = await this.#source.next();
      if (next.done) break;
      this.#pieces.push(next.value);
      this.#length += next.value.length;
    }
    return this.#joined.subarray(0, count);
  }

  async close(): Promise<void> {
    await this.#source.return?.();
  }

  get #joined(): Buffer {
    const [only] = this.#pieces;
    if (this.#pieces.length === 1 && only) return only;
    const joined = Buffer.concat(this.#pieces);
    this.#pieces = [joined];
    return joined;
  }
}
