/**
 * A bucket of an object store that speaks S3, as a place of backups and archives. The objects lie under one prefix.
 *
 * An object appears when it is whole. `If-None-Match: *` keeps it from replacing another one, and a provider that does
 * not know this header is asked by HEAD before. Each write has an ID in the metadata of its object, by which a writer
 * whose answer was lost knows its own object again.
 *
 * The SDK tries each request, and each part of a large object, several times. A body that breaks off in the middle is
 * read on from there.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ListMultipartUploadsCommand, ListMultipartUploadsCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { unlessAborted } from '../base/abort.js';
import { type Clock, sleep, systemClock } from '../base/clock.js';
import { HeadwaterError } from '../base/errors.js';
import {
  BUCKET_ATTEMPTS,
  BUCKET_CONNECT_MS_MAX,
  BUCKET_PART_BYTES,
  BUCKET_PARTS_TOGETHER,
  BUCKET_SILENCE_MS_MAX,
} from '../base/limits.js';
import { errorOfBucket, mayPass, NOT_IMPLEMENTED, type Refusal } from './bucket-errors.js';
import { bucketRetries, bucketRetryMs } from './bucket-retries.js';
import { alreadyThere } from './folder.js';
import type { Place, PlaceWriter, Tail, Unfinished } from './place.js';

/** How a bucket is reached. The credentials come from the environment, the files or the machine, as the SDK of AWS finds them. */
export interface BucketOptions {
  /** The URL of a provider other than AWS. Buckets are parts of the path there. */
  readonly endpoint?: string | undefined;
  /** By default the one of the environment or of the files of AWS. With an endpoint, `us-east-1`. */
  readonly region?: string | undefined;
  readonly clock?: Clock;
  /** Ends all requests when it aborts. */
  readonly ended?: AbortSignal;
  /** Bytes of a part of a large object: 5 MiB at least. */
  readonly partBytes?: number;
}

/** The packages that speak S3, which are loaded only here. */
interface Sdk {
  readonly s3: typeof import('@aws-sdk/client-s3');
  readonly storage: typeof import('@aws-sdk/lib-storage');
}

/** The version that this package was tested with. Later ones may need a later Node. */
const INSTALL = 'npm install @aws-sdk/client-s3@3.1175.0 @aws-sdk/lib-storage@3.1175.0';

async function loadSdk(url: string): Promise<Sdk> {
  // Nobody who runs a node can do anything about the versions of Node that the next SDK will need.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  try {
    const [s3, storage] = await Promise.all([import('@aws-sdk/client-s3'), import('@aws-sdk/lib-storage')]);
    return { s3, storage };
  } catch (cause) {
    const message = `${url}: expected the packages of the AWS SDK, which a bucket needs, found none. Run "${INSTALL}"`;
    throw new HeadwaterError('invalid_argument', message, { cause });
  }
}

/** The name of the metadata of an object that has the ID of its write. */
const WRITE_ID = 'headwater-write';

/** The name differs from the fields of the SDK: the compiler would rename those with a class of their name. */
export class BucketPlace implements Place {
  readonly name: string;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #bucket: string;
  /** The prefix of all keys, with a slash at its end, or empty. */
  readonly #prefix: string;
  readonly #clock: Clock;
  readonly #partBytes: number;
  /** Whether the provider may know `If-None-Match`. */
  #isConditional = true;

  private constructor(sdk: Sdk, { bucket, prefix }: { bucket: string; prefix: string }, options: BucketOptions) {
    this.#sdk = sdk;
    this.#bucket = bucket;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#clock = options.clock ?? systemClock;
    this.#partBytes = options.partBytes ?? BUCKET_PART_BYTES;
    this.name = `s3://${[bucket, prefix].filter((part) => part !== '').join('/')}`;
    this.#client = new sdk.s3.S3Client(configOf(options));
    if (options.ended) this.#endWith(options.ended);
    this.#askOnceForConditions();
  }

  /**
   * @param url `s3://BUCKET/PREFIX`.
   * @throws HeadwaterError `invalid_argument` for another URL, or if the packages are not installed.
   */
  static async open(url: string, options: BucketOptions = {}): Promise<BucketPlace> {
    const parts = parseBucketUrl(url);
    return new BucketPlace(await loadSdk(url), parts, options);
  }

  pathOf(file: string): string {
    return `s3://${this.#bucket}/${this.#prefix}${file}`;
  }

  async prepare(): Promise<void> {}

  async list(prefix = ''): Promise<string[]> {
    const names: string[] = [];
    const query = { Bucket: this.#bucket, Prefix: `${this.#prefix}${prefix}`, Delimiter: '/' };
    let token: string | undefined;
    do {
      const command = new this.#sdk.s3.ListObjectsV2Command({ ...query, ContinuationToken: token });
      const { Contents = [], NextContinuationToken } = await this.#asked(this.name, () => this.#client.send(command));
      for (const { Key = '' } of Contents) if (Key !== this.#prefix) names.push(Key.slice(this.#prefix.length));
      if (token !== undefined && token === NextContinuationToken) throw this.#standsStill('lists the same page again');
      token = NextContinuationToken;
    } while (token);
    return names.sort();
  }

  async tail(file: string, count: number): Promise<Tail> {
    // Not every provider knows a range from the end.
    const head = new this.#sdk.s3.HeadObjectCommand(this.#key(file));
    const { ContentLength: size = 0 } = await this.#asked(this.pathOf(file), () => this.#client.send(head));
    const pieces: Buffer[] = [];
    for await (const piece of this.read(file, Math.max(0, size - count))) pieces.push(piece);
    return { bytes: Buffer.concat(pieces), size };
  }

  async *read(file: string, from = 0): AsyncGenerator<Buffer> {
    let at = from;
    let end: number | undefined;
    for (let failures = 0; end === undefined || at < end; ) {
      try {
        const { Body, ContentRange, ContentLength = 0 } = await this.#get(file, at > 0 ? `bytes=${at}-` : undefined);
        const begin = Number(/^bytes (\d+)-/.exec(ContentRange ?? '')?.[1] ?? 0);
        if (begin !== at) throw this.#standsStill(`sends ${file} from byte ${begin}, where byte ${at} was asked for`);
        end ??= Number(/\/(\d+)$/.exec(ContentRange ?? '')?.[1] ?? ContentLength);
        for await (const bytes of Body as Readable) {
          at += (bytes as Buffer).length;
          failures = 0;
          yield bytes as Buffer;
        }
        if (at < end) throw new Error(`the body of ${this.pathOf(file)} ended at byte ${at} of ${end}`);
      } catch (error) {
        await this.#pause(file, error, failures++);
      }
    }
  }

  async create(): Promise<PlaceWriter> {
    let pieces: Buffer[] = [];
    return {
      append: async (bytes) => void pieces.push(bytes),
      finish: async (name) => {
        // An object of this name holds the same.
        if (!(await this.#writeOf(name))) await this.#upload(name, pieces);
        pieces = [];
      },
      abandon: async () => {
        pieces = [];
      },
    };
  }

  async write(file: string, source: AsyncIterable<Buffer>): Promise<void> {
    if (await this.#writeOf(file)) throw alreadyThere(this.pathOf(file));
    if (!(await this.#upload(file, source))) throw alreadyThere(this.pathOf(file));
  }

  async remove(file: string): Promise<void> {
    const command = new this.#sdk.s3.DeleteObjectCommand(this.#key(file));
    await this.#asked(this.pathOf(file), () => this.#client.send(command));
  }

  async unfinished(): Promise<Unfinished[]> {
    const found: Unfinished[] = [];
    const query = { Bucket: this.#bucket, Prefix: this.#prefix, Delimiter: '/' };
    let behind: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
    while (behind) {
      const command: ListMultipartUploadsCommand = new this.#sdk.s3.ListMultipartUploadsCommand({
        ...query,
        ...behind,
      });
      const page: ListMultipartUploadsCommandOutput | undefined = await this.#client
        .send(command)
        .catch((error: Refusal) => {
          // A provider that cannot list its uploads ends them by a rule of its own.
          if (error.$metadata?.httpStatusCode === NOT_IMPLEMENTED) return undefined;
          throw errorOfBucket(this.name, error);
        });
      for (const { Key = '', UploadId, Initiated } of page?.Uploads ?? []) {
        const file = Key.slice(this.#prefix.length);
        const abort = new this.#sdk.s3.AbortMultipartUploadCommand({ ...this.#key(file), UploadId });
        const end = async () => void (await this.#asked(this.pathOf(file), () => this.#client.send(abort)));
        // Without its time, the upload may have begun just now.
        found.push({ file, begunMs: Initiated?.getTime() ?? Number.POSITIVE_INFINITY, end });
      }
      const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page ?? {};
      const isSame = behind.KeyMarker === KeyMarker && behind.UploadIdMarker === UploadIdMarker;
      if (page?.IsTruncated && isSame) throw this.#standsStill('lists the same uploads again');
      behind = page?.IsTruncated ? { KeyMarker, UploadIdMarker } : undefined;
    }
    return found;
  }

  /** The error of a provider that would keep this node asking for ever. */
  #standsStill(what: string): HeadwaterError {
    return new HeadwaterError('unreachable', `${this.name}: the provider ${what}. Use another provider`);
  }

  #key(file: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${file}` };
  }

  #get(file: string, range: string | undefined) {
    return this.#client.send(new this.#sdk.s3.GetObjectCommand({ ...this.#key(file), Range: range }));
  }

  /** The ID of the write that made the object, or another text if it has none. Undefined if there is no object. */
  async #writeOf(file: string): Promise<string | undefined> {
    const command = new this.#sdk.s3.HeadObjectCommand(this.#key(file));
    try {
      const { Metadata } = await this.#client.send(command);
      return Metadata?.[WRITE_ID] ?? 'unknown';
    } catch (error) {
      if ((error as Refusal).$metadata?.httpStatusCode === 404) return undefined;
      throw errorOfBucket(this.pathOf(file), error);
    }
  }

  /** @returns whether the object is the one that was written: otherwise there was one of this name. */
  async #upload(file: string, source: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<boolean> {
    const id = randomUUID();
    let failure: unknown;
    const body = watched(source, (error) => {
      failure = error;
    });
    // The stream holds one piece of the source, beside the parts on their way.
    const stream = Readable.from(body, { highWaterMark: 1 });
    try {
      const upload = new this.#sdk.storage.Upload({
        client: this.#client,
        params: { ...this.#key(file), Body: stream, Metadata: { [WRITE_ID]: id }, IfNoneMatch: '*' },
        partSize: this.#partBytes,
        queueSize: BUCKET_PARTS_TOGETHER,
      });
      await upload.done();
      return true;
    } catch (error) {
      // The failure of the source, which has nothing to do with the bucket. If a part fails, the source is ended, too.
      if (failure !== undefined && failure === error) throw failure;
      // The answer may have been lost after the object was complete. Then a repeated request is refused.
      const found = await this.#writeOf(file);
      if (found === id) return true;
      if (found !== undefined) return false;
      throw errorOfBucket(this.pathOf(file), error);
    } finally {
      stream.destroy();
    }
  }

  async #asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw errorOfBucket(what, error);
    }
  }

  /** Waits before another attempt. @throws the error if there is to be none. */
  async #pause(file: string, error: unknown, failures: number): Promise<void> {
    if (!mayPass(error) || failures + 1 >= BUCKET_ATTEMPTS) throw errorOfBucket(this.pathOf(file), error);
    await sleep(this.#clock, bucketRetryMs(failures + 1));
  }

  /**
   * Ends each attempt when the signal aborts, and each later one at once. A connection that says nothing times out by
   * itself.
   */
  #endWith(ended: AbortSignal): void {
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        ended.throwIfAborted();
        return await unlessAborted(next(args), ended);
      },
      { step: 'finalizeRequest', priority: 'low', name: 'headwaterEnd' },
    );
  }

  /** Repeats a request without `If-None-Match` if the provider does not know that header, and leaves it out then. */
  #askOnceForConditions(): void {
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const { headers } = args.request as { headers: Record<string, string> };
        if (!this.#isConditional) delete headers['if-none-match'];
        try {
          return await next(args);
        } catch (error) {
          const isRefused = (error as Refusal).$metadata?.httpStatusCode === NOT_IMPLEMENTED;
          if (!isRefused || headers['if-none-match'] === undefined) throw error;
          this.#isConditional = false;
          delete headers['if-none-match'];
          return await next(args);
        }
      },
      { step: 'build', name: 'headwaterConditions' },
    );
  }
}

/** Passes a source on, and remembers its failure. */
async function* watched(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  failed: (error: unknown) => void,
): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    failed(error);
    throw error;
  }
}

/**
 * The checksums of the SDK's default are not understood by many providers. The files have checksums of their own, and
 * requests are signed over their content.
 */
function configOf({ endpoint, region, ended }: BucketOptions): ConstructorParameters<typeof S3Client>[0] & object {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: BUCKET_ATTEMPTS,
    retryStrategy: bucketRetries(ended),
    requestHandler: { connectionTimeout: BUCKET_CONNECT_MS_MAX, socketTimeout: BUCKET_SILENCE_MS_MAX },
  };
}

/** @throws HeadwaterError `invalid_argument` unless the text is `s3://BUCKET` or `s3://BUCKET/PREFIX`. */
export function parseBucketUrl(url: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket = '', path = ''] = /^s3:\/\/([a-z0-9][a-z0-9._-]{1,253})(?:\/(.*))?$/is.exec(url) ?? [];
  const parts = path.split('/').filter((part) => part !== '');
  if (bucket === '' || parts.some((part) => part === '.' || part === '..'))
    throw new HeadwaterError('invalid_argument', `expected s3://BUCKET or s3://BUCKET/PREFIX, received ${url}`);
  return { bucket, prefix: parts.join('/') };
}
