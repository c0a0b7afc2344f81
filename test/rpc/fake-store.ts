/**
 * A store in memory behind the services, for tests of what lies between a
 * client and a store: real commands on a plain map, with every delay, refusal
 * and failure at the hands of the test.
 */

import { HeadwaterError } from '../../src/base/errors.js';
import { execute } from '../../src/commands/execute.js';
import type { Limits, View } from '../../src/commands/view.js';
import type { RangeWanted } from '../../src/keyspace/laid-entries.js';
import type { KeyAndEntry } from '../../src/keyspace/snapshot.js';
import { type Entry, isExpired } from '../../src/model/command.js';
import { isInRange } from '../../src/model/key-range.js';
import type { Operation, Reply } from '../../src/model/operation.js';
import type { Position } from '../../src/model/position.js';
import { payloadBytes } from '../../src/model/reply-size.js';
import { isWrite } from '../../src/model/write-kinds.js';
import type { PipelineStore } from '../../src/pipeline/pipeline.js';
import type { KeyValueStore } from '../../src/rpc/key-value-service.js';

const nameOf = (key: Buffer): string => key.toString('latin1');

interface Submission {
  readonly operations: readonly Operation[];
  readonly ordered: boolean;
}

export class FakeStore implements KeyValueStore, PipelineStore {
  readonly writes: PipelineStore = this;
  readonly snapshots = {
    range: (wanted: RangeWanted) => this.#snapshot(wanted),
    size: async () => this.entries.size,
    randomKey: async () => this.randomKey,
  };
  readonly clock = { now: () => this.now };
  readonly limits: Limits = {
    keyBytesMax: 1024,
    valueBytesMax: 20 * 1024 * 1024,
    transactionBytesMax: 30 * 1024 * 1024,
  };
  readonly entries = new Map<string, Entry>();
  offset = 0;
  /** The key that a draw finds soon. */
  randomKey: Buffer | undefined;
  now = 1_000_000;
  queuedBytes = 0;
  readonly guards: { termOver: HeadwaterError | undefined } = { termOver: undefined };
  /** Everything that was submitted, in order. */
  readonly submissions: Submission[] = [];
  /** Of all replies so far. */
  replyBytes = 0;
  /** Where the writes go, on a follower. */
  leader: string | undefined;
  /** What happens before a submission is carried out; a rejection is its whole answer. */
  before: (submission: Submission) => Promise<void> | void = () => {};
  /** Snapshots taken and not given back. */
  snapshotsHeld = 0;
  /** Runs before each chunk of a snapshot. */
  beforeChunk: (index: number) => Promise<void> | void = () => {};
  chunkEntries = 256;
  readonly #waiting: Array<{ bytes: number; resolve: () => void }> = [];

  get position(): Position {
    return { replicationId: 'ab'.repeat(20), offset: this.offset, checksum: 7 };
  }

  async submit(
    operations: readonly Operation[],
    { ordered, replyBytesMax = Number.POSITIVE_INFINITY }: { bytes: number; ordered: boolean; replyBytesMax?: number },
  ): Promise<{ replies: Reply[]; position: Position }> {
    const submission = { operations, ordered };
    this.submissions.push(submission);
    const held = this.before(submission);
    if (held) await held;
    const inPart = !ordered && !operations.some(isWrite);
    const replies: Reply[] = [];
    let bytes = 0;
    for (const operation of operations) {
      const reply = this.#run(operation);
      replies.push(reply);
      bytes += payloadBytes(reply);
      if (inPart && bytes >= replyBytesMax) break;
    }
    this.replyBytes += bytes;
    return { replies, position: this.position };
  }

  whenQueueBelow(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#waiting.push({ bytes, resolve });
    });
  }

  setQueuedBytes(bytes: number): void {
    this.queuedBytes = bytes;
    for (const waiter of this.#waiting.splice(0)) {
      if (bytes <= waiter.bytes) waiter.resolve();
      else this.#waiting.push(waiter);
    }
  }

  async #snapshot({ range, reverse }: RangeWanted) {
    this.snapshotsHeld++;
    const entries = [...this.entries]
      .map(([name, entry]): KeyAndEntry => [Buffer.from(name, 'latin1'), entry])
      .filter(([key]) => isInRange(key, range))
      .sort(([a], [b]) => a.compare(b) * (reverse ? -1 : 1));
    const { position } = this;
    const snapshot = {
      position,
      closed: false,
      entries: () => this.#chunks(entries),
      share: () => {
        this.snapshotsHeld++;
      },
      release: async () => {
        this.snapshotsHeld--;
      },
    };
    return { snapshot, nowMs: this.now };
  }

  async *#chunks(entries: readonly KeyAndEntry[]): AsyncGenerator<KeyAndEntry[]> {
    for (let at = 0, index = 0; at < entries.length; at += this.chunkEntries, index++) {
      await this.beforeChunk(index);
      yield entries.slice(at, at + this.chunkEntries);
    }
  }

  #run(operation: Operation): Reply {
    if (this.leader !== undefined && isWrite(operation)) {
      return {
        kind: 'error',
        error: new HeadwaterError('read_only_follower', 'a follower takes no writes', {
          details: { leader: this.leader },
        }),
      };
    }
    try {
      return execute(operation, this.#view());
    } catch (error) {
      if (HeadwaterError.is(error)) return { kind: 'error', error };
      throw error;
    }
  }

  #view(): View {
    return {
      nowMs: this.now,
      limits: this.limits,
      get: (key) => {
        const entry = this.entries.get(nameOf(key));
        return entry && !isExpired(entry.expiresAtMs, this.now) ? entry : undefined;
      },
      put: (key, value, expiresAtMs, type) => {
        this.entries.set(nameOf(key), { value: Buffer.from(value), expiresAtMs, type, version: ++this.offset });
      },
      work: () => {},
      del: (key) => {
        this.offset++;
        this.entries.delete(nameOf(key));
      },
      touch: (key, expiresAtMs) => {
        const entry = this.entries.get(nameOf(key));
        if (entry) this.entries.set(nameOf(key), { ...entry, expiresAtMs, version: ++this.offset });
      },
      clear: () => {
        this.offset++;
        this.entries.clear();
      },
      savepoint: () => 0,
      rollback: () => {},
      join: () => {},
    };
  }
}
