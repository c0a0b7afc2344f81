/**
 * Frames that are too large for one message. A sender cuts the encoded frame into parts, and the receiver joins them.
 * Only the transport sees parts.
 */
import { HeadwaterError } from '../base/errors.js';

/** A piece of an encoded frame. */
export interface Part {
  readonly kind: 'part';
  readonly data: Buffer;
  readonly last: boolean;
}

/**
 * The parts of an encoded frame, in order.
 * @param bytesMax the size of a part, asked before each part.
 */
export function* partsOf(bytes: Buffer, bytesMax: () => number): Generator<Part> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + bytesMax();
    yield { kind: 'part', data: bytes.subarray(at, end), last: end >= bytes.length };
    at = end;
  }
}

/** Takes messages, and returns each frame once it is complete. */
export class Assembler<Frame extends { readonly kind: string }> {
  readonly #decode: (bytes: Buffer) => Frame | Part;
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  /** @param bytesMax the largest size of a frame in parts. */
  constructor(decode: (bytes: Buffer) => Frame | Part, bytesMax: number) {
    this.#decode = decode;
    this.#bytesMax = bytesMax;
  }

  /**
   * @returns undefined while the frame is not complete.
   * @throws HeadwaterError `protocol_violation`.
   */
  take(message: Buffer): Frame | undefined {
    const frame = this.#decode(message);
    if (!isPart(frame)) {
      if (this.#parts.length === 0) return frame;
      throw new HeadwaterError(
        'protocol_violation',
        `expected the next part of a frame, received a ${frame.kind} frame`,
      );
    }
    this.#parts.push(frame.data);
    this.#bytes += frame.data.length;
    if (this.#bytes > this.#bytesMax)
      throw new HeadwaterError(
        'protocol_violation',
        `expected a frame of at most ${this.#bytesMax} bytes, received more`,
      );
    return frame.last ? this.#whole() : undefined;
  }

  #whole(): Frame {
    const joined = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    const frame = this.#decode(joined);
    if (!isPart(frame)) return frame;
    throw new HeadwaterError(
      'protocol_violation',
      'expected a whole frame, received a part of a frame inside another part',
    );
  }
}

function isPart(frame: { readonly kind: string }): frame is Part {
  return frame.kind === 'part';
}
