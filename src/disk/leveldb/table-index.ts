/** Reads from an open table file: bytes, and the index that the footer names. Synchronous. */
import { fstatSync, readSync } from 'node:fs';
import { HeadwaterError } from '../../base/errors.js';
import {
  blockIn,
  damageOfBlock,
  endsAsTable,
  FOOTER_BYTES,
  type IndexEntry,
  indexSteps,
  placesIn,
  TRAILER_BYTES,
} from './table.js';

/** @returns the bytes read into `bytes`: all, or fewer if the file ends. */
export function readAt(descriptor: number, offset: number, bytes: Buffer): Buffer {
  let length = 0;
  while (length < bytes.length) {
    const got = readSync(descriptor, bytes, length, bytes.length - length, offset + length);
    if (got === 0) break;
    length += got;
  }
  return bytes.subarray(0, length);
}

/** @throws HeadwaterError `corrupt`, with the file and the byte. */
export function readIndex(descriptor: number, file: string): IndexEntry[] {
  const { size } = fstatSync(descriptor);
  const footerAt = Math.max(0, size - FOOTER_BYTES);
  const footer = readAt(descriptor, footerAt, Buffer.alloc(Math.min(size, FOOTER_BYTES)));
  if (!endsAsTable(footer)) throw damageAt(file, footerAt, 'the end of the file is not the end of a table');
  try {
    const { index: place } = placesIn(footer);
    // A damaged footer may name any size.
    const bytes = readAt(descriptor, place.offset, Buffer.alloc(Math.min(size, place.size + TRAILER_BYTES)));
    const why = damageOfBlock(bytes, place, place.offset);
    if (why !== undefined) throw new Error(why);
    const steps = indexSteps(blockIn(bytes, place, place.offset));
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  } catch (error) {
    throw damageAt(file, footerAt, `the index cannot be read: ${(error as Error).message}`);
  }
}

export function damageAt(file: string, byte: number, why: string): HeadwaterError {
  return new HeadwaterError('corrupt', `${file} is damaged at byte ${byte}: ${why}`);
}
