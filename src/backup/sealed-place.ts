/**
 * A place whose new files are sealed with a key, around a folder or a bucket (sealed-format.ts). Files that are not sealed are
 * read as they are. Without a key, nothing is sealed, and a sealed file is refused by the ID of its key.
 */
import type { BackupKey } from './backup-key.js';
import { ByteReader } from './byte-reader.js';
import type { Place, PlaceWriter, Tail, Unfinished } from './place.js';
import {
  isSealed,
  Opener,
  plainSizeOf,
  SEALED_CHUNK_BYTES,
  SEALED_HEAD_BYTES,
  Sealer,
  STORED_CHUNK_BYTES,
} from './sealed-format.js';

export class SealedPlace implements Place {
  readonly name: string;
  readonly #inner: Place;
  readonly #key: BackupKey | undefined;

  constructor(inner: Place, key: BackupKey | undefined) {
    this.name = inner.name;
    this.#inner = inner;
    this.#key = key;
  }

  pathOf(file: string): string {
    return this.#inner.pathOf(file);
  }

  prepare(): Promise<void> {
    return this.#inner.prepare();
  }

  list(prefix?: string): Promise<string[]> {
    return this.#inner.list(prefix);
  }

  remove(file: string): Promise<void> {
    return this.#inner.remove(file);
  }

  unfinished(): Promise<Unfinished[]> {
    return this.#inner.unfinished();
  }

  async tail(file: string, count: number): Promise<Tail> {
    const head = await this.#head(file);
    if (!isSealed(head)) return await this.#inner.tail(file, count);
    const opener = new Opener(head, this.#key, this.pathOf(file));
    // The last chunk may be short, so the count may reach into one chunk more.
    const chunksMax = Math.ceil(count / SEALED_CHUNK_BYTES) + 1;
    const { bytes, size: stored } = await this.#inner.tail(file, chunksMax * STORED_CHUNK_BYTES);
    const last = Math.max(0, Math.ceil((stored - SEALED_HEAD_BYTES) / STORED_CHUNK_BYTES) - 1);
    const from = stored - bytes.length;
    const first = Math.max(0, Math.ceil((from - SEALED_HEAD_BYTES) / STORED_CHUNK_BYTES));
    const plain: Buffer[] = [];
    for (let chunk = first; chunk <= last; chunk++) {
      const at = SEALED_HEAD_BYTES + chunk * STORED_CHUNK_BYTES - from;
      plain.push(opener.open(bytes.subarray(at, at + STORED_CHUNK_BYTES), chunk, chunk === last));
    }
    return { bytes: Buffer.concat(plain).subarray(-count), size: plainSizeOf(stored) };
  }

  async *read(file: string, from = 0): AsyncGenerator<Buffer> {
    if (from === 0) return yield* unsealed(this.#inner.read(file), this.#key, this.pathOf(file));
    const head = await this.#head(file);
    if (!isSealed(head)) return yield* this.#inner.read(file, from);
    const first = Math.floor(from / SEALED_CHUNK_BYTES);
    const source = new ByteReader(this.#inner.read(file, SEALED_HEAD_BYTES + first * STORED_CHUNK_BYTES));
    let skip = from - first * SEALED_CHUNK_BYTES;
    try {
      for await (const plain of chunksOf(source, new Opener(head, this.#key, this.pathOf(file)), first)) {
        yield plain.subarray(skip);
        skip = 0;
      }
    } finally {
      await source.close();
    }
  }

  async create(writer: string, bytesMax: number): Promise<PlaceWriter> {
    const inner = await this.#inner.create(writer, bytesMax);
    if (!this.#key) return inner;
    const sealer = new Sealer(this.#key);
    return {
      append: (bytes) => inner.append(sealer.add(bytes)),
      finish: async (name) => {
        await inner.append(sealer.end());
        await inner.finish(name);
      },
      abandon: () => inner.abandon(),
    };
  }

  write(file: string, source: AsyncIterable<Buffer>): Promise<void> {
    return this.#inner.write(file, this.#key ? sealed(source, this.#key) : source);
  }

  async #head(file: string): Promise<Buffer> {
    const source = new ByteReader(this.#inner.read(file));
    try {
      return await source.take(SEALED_HEAD_BYTES);
    } finally {
      await source.close();
    }
  }
}

/** Seals the bytes of a file. */
export async function* sealed(source: AsyncIterable<Buffer>, key: BackupKey): AsyncGenerator<Buffer> {
  const sealer = new Sealer(key);
  for await (const bytes of source) {
    const stored = sealer.add(bytes);
    if (stored.length > 0) yield stored;
  }
  yield sealer.end();
}

/**
 * Opens a whole file that may be sealed.
 * @throws HeadwaterError `corrupt` if the bytes are not those that were sealed, or `unknown_format` if another key opens it.
 */
export async function* unsealed(
  stored: AsyncIterable<Buffer>,
  key: BackupKey | undefined,
  file: string,
): AsyncGenerator<Buffer> {
  const source = new ByteReader(stored);
  try {
    if (!isSealed(await source.peek(SEALED_HEAD_BYTES))) return yield* wholeOf(source);
    yield* chunksOf(source, new Opener(await source.take(SEALED_HEAD_BYTES), key, file));
  } finally {
    await source.close();
  }
}

async function* chunksOf(source: ByteReader, opener: Opener, first = 0): AsyncGenerator<Buffer> {
  for (let chunk = first, isLast = false; !isLast; chunk++) {
    const stored = await source.take(STORED_CHUNK_BYTES);
    isLast = (await source.peek(1)).length === 0;
    yield opener.open(stored, chunk, isLast);
  }
}

async function* wholeOf(source: ByteReader): AsyncGenerator<Buffer> {
  for (;;) {
    const bytes = await source.take(SEALED_CHUNK_BYTES);
    if (bytes.length === 0) return;
    yield bytes;
  }
}
