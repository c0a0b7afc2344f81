/**
 * A store on a MemoryDisk, in a directory of its own, under a clock of the
 * test's: it can be closed, killed and opened again with what its disk holds.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Logger } from '../../src/base/logger.js';
import { systemFiles } from '../../src/disk/files.js';
import { blockKey } from '../../src/log/rows.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import type { RoleWanted } from '../../src/store/node-record.js';
import { Store } from '../../src/store/store.js';
import type { StoreOptions } from '../../src/store/store-options.js';
import { TestClock } from './clock.js';
import { type DiskOperation, MemoryDisk, temporaryDirectory } from './database.js';

const MiB = 1024 * 1024;

/** Notes what it is told. */
export class RecordingLogger implements Logger {
  /** Hears each line too. */
  onLine: (level: string, message: string) => void = () => {};
  readonly lines: Array<{ level: keyof Logger; message: string; fields: object }> = [];

  debug = this.#note('debug');
  info = this.#note('info');
  warn = this.#note('warn');
  error = this.#note('error');

  #note(level: keyof Logger) {
    return (fields: object, message: string): void => {
      this.lines.push({ level, message, fields });
      this.onLine(level, message);
    };
  }

  /** Messages of a level, or of all. */
  said(pattern: RegExp, level?: keyof Logger): number {
    return this.lines.filter((line) => (level === undefined || line.level === level) && pattern.test(line.message))
      .length;
  }
}

export type Options = Partial<Omit<StoreOptions, 'directory' | 'clock' | 'logger' | 'onFatal'>>;

export class TestStore {
  readonly directory: string;
  readonly disk: MemoryDisk;
  readonly clock: TestClock;
  readonly logger: RecordingLogger;
  /** Another one after a power cut. */
  bootId = 'boot 1';
  /** What would have ended the process. */
  readonly fatal: Error[] = [];
  store: Store;
  readonly #options: Options;

  private constructor(
    directory: string,
    disk: MemoryDisk,
    clock: TestClock,
    logger: RecordingLogger,
    options: Options,
  ) {
    this.logger = logger;
    this.directory = directory;
    this.disk = disk;
    this.clock = clock;
    this.#options = options;
    this.store = undefined as never;
  }

  static async open(
    options: Options & {
      role?: RoleWanted;
      clock?: TestClock;
      directory?: string;
      disk?: MemoryDisk;
      logger?: RecordingLogger;
    } = {},
  ): Promise<TestStore> {
    const {
      role,
      clock = new TestClock(),
      directory = path.join(await temporaryDirectory(), 'data'),
      disk = new MemoryDisk(),
      logger = new RecordingLogger(),
      ...rest
    } = options;
    const made = new TestStore(directory, disk, clock, logger, rest);
    await made.open(role);
    return made;
  }

  /** A follower of nobody in particular. */
  static follower(
    options: Options & { clock?: TestClock; directory?: string; disk?: MemoryDisk } = {},
  ): Promise<TestStore> {
    return TestStore.open({ ...options, role: { role: 'follower', upstream: '127.0.0.1:1' } });
  }

  async open(role?: RoleWanted): Promise<void> {
    this.store = await Store.open(
      {
        openDatabase: this.disk.open,
        files: systemFiles,
        randomBytes,
        fsync: 'never',
        bootId: () => this.bootId,
        limits: { keyBytesMax: 64 * 1024, valueBytesMax: 16 * MiB, transactionBytesMax: 64 * MiB },
        budget: { overlayBytesMax: 48 * MiB, replayBytesMax: 64 * MiB },
        // Small, so that it is full now and then.
        readCacheBytes: 64 * 1024,
        ...this.#options,
        directory: this.directory,
        clock: this.clock,
        logger: this.logger,
        onFatal: (error) => void this.fatal.push(error),
      },
      role,
    );
  }

  /** A store with other options on the same directory, disk and clock. */
  another(options: Options = {}): Promise<TestStore> {
    const { directory, disk, clock } = this;
    return TestStore.open({ ...options, directory, disk, clock });
  }

  /** As after SIGKILL: what is on the disk is there, nothing else. */
  async restart(role?: RoleWanted): Promise<void> {
    this.disk.crash();
    this.disk.fault = undefined;
    await this.open(role);
  }

  async reopen(role?: RoleWanted): Promise<void> {
    await this.store.close();
    await this.open(role);
  }

  /**
   * A leader's append fails while everything is checkpointed, and when the
   * store opens anew, its log has lost the block that ends at `offset`.
   */
  async loseTail(offset: number): Promise<void> {
    await (await this.store.snapshots.at()).release();
    this.disk.fault = async (operation) => {
      if (isAppend(operation)) throw new Error('EIO');
      if (operation.kind !== 'open' || !operation.location.endsWith('/log')) return;
      this.disk.fault = undefined;
      await this.disk.raw(operation.location).del(blockKey(offset));
    };
    await assert.rejects(this.set('fails'), { code: 'outcome_unknown' });
  }

  /** Databases of the generation in use. */
  location(name: 'log' | 'keyspace', generation = 1): string {
    return path.join(this.directory, `gen-${String(generation).padStart(6, '0')}`, name);
  }

  async submit(...operations: Operation[]): Promise<Reply[]> {
    const { replies } = await this.store.writes.submit(operations, { bytes: 100 * operations.length, ordered: false });
    return replies;
  }

  async set(name: string, value: string | Buffer = 'v', ttlMs?: number): Promise<void> {
    await this.submit(set(name, value, ttlMs));
  }

  async get(name: string): Promise<string | undefined> {
    const [reply] = await this.submit({ kind: 'get', key: key(name) });
    if (reply?.kind === 'error') throw reply.error;
    assert(reply?.kind === 'get');
    return reply.value?.toString();
  }
}

export const key = (name: string): Buffer => Buffer.from(name, 'latin1');

export function set(name: string, value: string | Buffer = 'v', ttlMs?: number): Operation {
  return {
    kind: 'set',
    key: key(name),
    value: Buffer.from(value),
    expiry: ttlMs === undefined ? undefined : { ttlMs },
  };
}

export const increment = (name: string): Operation => ({ kind: 'increment', key: key(name), by: 1n });

/** Whether a write to the disk is the append of a block. */
export function isAppend({ kind, location, keys }: DiskOperation): boolean {
  return (
    (kind === 'put' || kind === 'batch') &&
    location.endsWith('/log') &&
    keys.some((bytes) => bytes[0] === 'b'.charCodeAt(0))
  );
}

/** Holds what matches until `release`; what follows passes. */
export function hold(
  disk: MemoryDisk,
  matches: (operation: DiskOperation) => boolean,
): { release(error?: Error): void; held(): boolean } {
  let open: (() => void) | undefined;
  let fail: ((error: Error) => void) | undefined;
  let used = false;
  disk.fault = async (operation) => {
    if (used || !matches(operation)) return;
    used = true;
    await new Promise<void>((resolve, reject) => {
      open = resolve;
      fail = reject;
    });
  };
  return {
    release: (error) => {
      if (error) fail?.(error);
      else open?.();
    },
    held: () => used,
  };
}
