/**
 * A place in which files of backups and archives lie: a folder (folder.ts) or a bucket of an object store (bucket.ts).
 * The files themselves are the same in both, byte for byte and by name, so they can be copied between places.
 *
 * A file is whole or not there at all, is never changed, and is never replaced.
 */

/** The end of a file, and the size of the whole. */
export interface Tail {
  readonly bytes: Buffer;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** A file that is being written. Nobody sees it before it is finished. */
export interface PlaceWriter {
  /** Appends all bytes, or rejects. */
  append(bytes: Buffer): Promise<void>;
  /**
   * Resolves when the file is whole, durable and under its name. If there is a file of this name already, that one
   * stays.
   */
  finish(name: string): Promise<void>;
  /** Removes what was written. */
  abandon(): Promise<void>;
}

/** A file whose writer has not come to its end: it was killed, or goes on. */
export interface Unfinished {
  readonly file: string;
  /** The time at which it was begun, milliseconds since the epoch. */
  readonly begunMs: number;
  /** Removes what has been written. */
  end(): Promise<void>;
}

/** A folder or a bucket. Each file is written once, and is read as often as needed. */
export interface Place {
  /** The path or the URL of the place, for messages and for people. */
  readonly name: string;
  /** The path or the URL of a file. */
  pathOf(file: string): string;
  /** Makes the place ready for new files: a folder is made if it does not exist. */
  prepare(): Promise<void>;
  /** The names that begin with the prefix, sorted. */
  list(prefix?: string): Promise<string[]>;
  /** The last bytes of a file, at most `count`, and its size. */
  tail(file: string, count: number): Promise<Tail>;
  /** Reads a file from the byte `from` on. Only a piece or two are in memory at a time. */
  read(file: string, from?: number): AsyncGenerator<Buffer>;
  /**
   * Begins a file that gets its name at its end, of some MiB at most: a bucket keeps it in memory until then.
   * @param writer the name of the writer, whose unfinished file is replaced.
   * @throws HeadwaterError `disk_full` if the place has no room for `bytesMax`.
   */
  create(writer: string, bytesMax: number): Promise<PlaceWriter>;
  /**
   * Writes a file of any size, whose source is read once. Resolves when the file is whole and durable.
   * @throws HeadwaterError `invalid_argument` if there is a file of this name. That one stays.
   */
  write(file: string, source: AsyncIterable<Buffer>): Promise<void>;
  /** Removes a file. Does nothing if there is none. */
  remove(file: string): Promise<void>;
  /** The unfinished uploads of a bucket. A folder has none: the next file of a writer replaces its unfinished one. */
  unfinished(): Promise<Unfinished[]>;
}

/**
 * The places in a list with commas. A path may contain commas too, so a list without a bucket is one path.
 */
export function placesIn(text: string): string[] {
  const parts = text.split(',');
  return parts.some(isBucketUrl) ? parts : [text];
}

/** Whether the text names a bucket, and not a file or a folder. */
export function isBucketUrl(text: string): boolean {
  return /^s3:\/\//i.test(text);
}
