/**
 * A place whose new files are sealed with a key, around a folder or a bucket (sealed-format.ts). With a key, a file that is
 * not sealed is refused unless the reader accepts it: anybody who can write to the place could have put it there. Without a
 * key, nothing is sealed, and a sealed file is refused by the ID of its key.
 */
import { HeadwaterError } from '../base/errors.js';
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

/** How sealed files are read. */
export interface Unsealing {
  /** Undefined if only files that are not sealed can be read. */
  readonly key: BackupKey | undefined;
  /** Whether files that are not sealed are read too, though there is a key. */
  readonly acceptsPlain: boolean;
}

export class SealedPlace implements Place {
  readonly name: string;
  readonly #inner: Place;
  readonly #how: Unsealing;

  constructor(inner: Place, how: Unsealing) {
    this.name = inner.name;
    this.#inner = inner;
    this.#how = how;
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
    if (!this.#isSealed(head, file)) return await this.#inner.tail(file, count);
    const opener = new Opener(head, this.#how.key, this.pathOf(file));
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
    if (from === 0) return yield* unsealed(this.#inner.read(file), this.#how, this.pathOf(file));
    const head = await this.#head(file);
    if (!this.#isSealed(head, file)) return yield* this.#inner.read(file, from);
    const first = Math.floor(from / SEALED_CHUNK_BYTES);
    const source = new ByteReader(this.#inner.read(file, SEALED_HEAD_BYTES + first * STORED_CHUNK_BYTES));
    let skip = from - first * SEALED_CHUNK_BYTES;
    try {
      for await (const plain of chunksOf(source, new Opener(head, this.#how.key, this.pathOf(file)), first)) {
        yield plain.subarray(skip);
        skip = 0;
      }
    } finally {
      await source.close();
    }
  }

  async create(writer: string, bytesMax: number): Promise<PlaceWriter> {
    const inner = await this.#inner.create(writer, bytesMax);
    if (!this.#how.key) return inner;
    const sealer = new Sealer(this.#how.key);
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
    return this.#inner.write(file, sealedWith(this.#how.key, source));
  }

  #isSealed(head: Buffer, file: string): boolean {
    if (isSealed(head)) return true;
    refusePlain(this.#how, this.pathOf(file));
    return false;
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

/** The bytes of a file that is sealed if there is a key. */
export function sealedWith(key: BackupKey | undefined, source: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  return key ? sealed(source, key) : source;
}

async function* sealed(source: AsyncIterable<Buffer>, key: BackupKey): AsyncGenerator<Buffer> {
  const sealer = new Sealer(key);
  for await (const bytes of source) {
    const stored = sealer.add(bytes);
    if (stored.length > 0) yield stored;
  }
  yield sealer.end();
}

function refusePlain({ key, acceptsPlain }: Unsealing, file: string): void {
  if (key === undefined || acceptsPlain) return;
  throw new HeadwaterError(
    'unknown_format',
    `${file} is not encrypted: expected a file encrypted with the key ${key.id.toString('hex')}. Anybody who can write there could have put it in place of yours. To read such files too, add --accept-unencrypted`,
  );
}

/**
 * Opens a whole file that may be sealed.
 * @throws HeadwaterError `corrupt` if the bytes are not those that were sealed. `unknown_format` if another key opens it, or
 *   if it is not sealed and has to be.
 */
export async function* unsealed(stored: AsyncIterable<Buffer>, how: Unsealing, file: string): AsyncGenerator<Buffer> {
  const source = new ByteReader(stored);
  try {
    if (!isSealed(await source.peek(SEALED_HEAD_BYTES))) {
      refusePlain(how, file);
      return yield* wholeOf(source);
    }
    yield* chunksOf(source, new Opener(await source.take(SEALED_HEAD_BYTES), how.key, file));
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
