/** The bytes of one connection, cut into replies. The bytes of a reply stay as they are. */

const CR = 13;
const LINE_END_BYTES = 2;

/** The end of the reply that begins at `start`, or -1 if it is not complete. */
function endOfReply(bytes: Buffer, start: number): number {
  const lineEnd = bytes.indexOf(CR, start);
  if (lineEnd < 0 || lineEnd + 1 >= bytes.length) return -1;
  const next = lineEnd + LINE_END_BYTES;
  const type = String.fromCharCode(bytes[start] ?? 0);
  if (!'$=*%~>'.includes(type)) return next;
  const length = Number(bytes.toString('latin1', start + 1, lineEnd));
  if (length < 0) return next;
  if (type === '$' || type === '=') {
    const end = next + length + LINE_END_BYTES;
    return end <= bytes.length ? end : -1;
  }
  return endOfItems(bytes, next, type === '%' ? 2 * length : length);
}

function endOfItems(bytes: Buffer, start: number, items: number): number {
  let end = start;
  for (let item = 0; item < items && end >= 0; item++) end = endOfReply(bytes, end);
  return end;
}

export class Replies {
  #bytes: Buffer = Buffer.alloc(0);

  /** Returns the replies that are complete with these bytes, as text with one character for each byte. */
  take(bytes: Buffer): string[] {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const replies: string[] = [];
    let start = 0;
    while (start < this.#bytes.length) {
      const end = endOfReply(this.#bytes, start);
      if (end < 0) break;
      replies.push(this.#bytes.toString('latin1', start, end));
      start = end;
    }
    this.#bytes = this.#bytes.subarray(start);
    return replies;
  }
}
