/** The bytes of a backup on their way into a file or a bucket. */
import { HeadwaterError } from '../src/base/errors.js';
import type { BackupPart } from '../src/client/index.js';
import { Progress } from './progress.js';

export interface Copied {
  /** The last part, which describes the whole. */
  readonly last: BackupPart;
  /** Bytes of the file. */
  readonly bytes: number;
}

/** The bytes of the parts, counted and with progress. Parts without an end fail before the bytes end. */
export class CountedBytes {
  readonly #parts: AsyncIterable<BackupPart>;
  #last: BackupPart | undefined;
  #bytes = 0;

  constructor(parts: AsyncIterable<BackupPart>) {
    this.#parts = parts;
  }

  /** The sum over all parts, once they are taken. */
  get result(): Copied {
    if (!this.#last?.end) throw noEnd();
    return { last: this.#last, bytes: this.#bytes };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    let progress: Progress | undefined;
    try {
      for await (const part of this.#parts) {
        progress ??= new Progress('backed up', { records: part.head.keysEstimate });
        yield part.bytes;
        this.#bytes += part.bytes.length;
        progress.report(part.keys);
        this.#last = part;
      }
      // Before the reader takes this for the end of the file: a bucket would give the file its name.
      if (!this.#last?.end) throw noEnd();
    } finally {
      progress?.stop();
    }
  }
}

export function noEnd(): HeadwaterError {
  return new HeadwaterError('corrupt', 'the backup has no end');
}
