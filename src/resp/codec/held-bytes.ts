/**
 * The bytes of a connection that cannot be used yet, because a line or a bulk string is not complete, or because the
 * client waits for a command. They are held as they came. A buffer that grows would be copied again and again, and the
 * buffers that it leaves behind break the memory of the process into pieces of all sizes.
 *
 * Invariant: the memory is at most twice the bytes that have come, and `ROOM_BYTES_MIN`.
 */

import { Fifo } from '../../base/fifo.js';

/** Larger chunks are held as they are. Smaller ones are copied together. */
const CHUNK_BYTES_MIN = 16 * 1024;
const ROOM_BYTES_MIN = 256;
const ROOM_BYTES_MAX = 64 * 1024;

export class HeldBytes {
  readonly #pieces = new Fifo<Buffer>();
  #piecesBytes = 0;
  /** The last piece, which has room for more. */
  #room: Buffer | undefined;
  #roomBytes = 0;

  /** The bytes that have come. */
  get length(): number {
    return this.#piecesBytes + this.#roomBytes;
  }

  /** The memory that the bytes take. */
  get memory(): number {
    return this.#piecesBytes + (this.#room?.length ?? 0);
  }

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    // A part of a buffer would keep the whole buffer.
    if (bytes.length >= CHUNK_BYTES_MIN && bytes.buffer.byteLength === bytes.length) {
      this.#endRoom();
      this.#push(bytes);
    } else this.#copy(bytes);
  }

  /** All bytes in one piece. Nothing is held behind it. */
  take(): Buffer {
    this.#endRoom();
    const bytes = this.#piecesBytes;
    const pieces = this.#pieces.takeAll();
    this.#piecesBytes = 0;
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, bytes);
  }

  /** Takes the first piece. There has to be one. */
  shift(): Buffer {
    if (this.#pieces.length === 0) this.#endRoom();
    const piece = this.#pieces.shift() as Buffer;
    this.#piecesBytes -= piece.length;
    return piece;
  }

  clear(): void {
    this.#pieces.takeAll();
    this.#piecesBytes = 0;
    this.#room = undefined;
    this.#roomBytes = 0;
  }

  #push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#piecesBytes += piece.length;
  }

  #copy(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const room = this.#roomFor(bytes.length - at);
      const copied = bytes.copy(room, this.#roomBytes, at);
      this.#roomBytes += copied;
      at += copied;
    }
  }

  /** A piece with room for some bytes. The room doubles, so that a client of single bytes costs no more. */
  #roomFor(count: number): Buffer {
    const room = this.#room;
    if (room && this.#roomBytes < room.length) return room;
    if (room && room.length >= ROOM_BYTES_MAX) this.#endRoom();
    const wanted = Math.max(ROOM_BYTES_MIN, this.#roomBytes * 2, this.#roomBytes + count);
    const larger = Buffer.allocUnsafeSlow(Math.min(wanted, ROOM_BYTES_MAX));
    this.#room?.copy(larger, 0, 0, this.#roomBytes);
    this.#room = larger;
    return larger;
  }

  #endRoom(): void {
    if (!this.#room) return;
    this.#push(this.#room.subarray(0, this.#roomBytes));
    this.#room = undefined;
    this.#roomBytes = 0;
  }
}
