/**
 * A keyspace on a MemoryDisk beside a plain Map that says what it must hold,
 * and the log that would replay it: blocks go to both.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Database } from '../../src/disk/level.js';
import { KeyCounter } from '../../src/keyspace/key-counter.js';
import { KeyEstimate } from '../../src/keyspace/key-estimate.js';
import { Keyspace } from '../../src/keyspace/keyspace.js';
import { layEntries, type RangeWanted, sortLayers } from '../../src/keyspace/laid-entries.js';
import { KeyspaceMemory } from '../../src/keyspace/memory.js';
import { ReadCache } from '../../src/keyspace/read-cache.js';
import { ABSENT } from '../../src/keyspace/value-place.js';
import type { Block } from '../../src/log/block.js';
import { type Command, type Entry, isExpired } from '../../src/model/command.js';
import { isInRange } from '../../src/model/key-range.js';
import { History } from '../log/blocks.js';
import { MemoryDisk } from '../support/database.js';

/** Small, so that the cache is full now and then. */
const READ_CACHE_BYTES = 64 * 1024;

type State = Map<string, Entry>;

export class Bench {
  readonly disk = new MemoryDisk();
  readonly history = new History();
  /** By the key as latin1. */
  state: State = new Map();
  /** The state at each block's end, for snapshots. */
  readonly states = new Map<number, State>();
  keyspace: Keyspace;
  db: Database;
  counter!: KeyCounter;
  estimate!: KeyEstimate;
  /** Reads that memory answered, as the Map does. */
  recalled = 0;
  #memory!: KeyspaceMemory;
  #isCounting = false;

  private constructor(db: Database, keyspace: Keyspace) {
    this.db = db;
    this.keyspace = keyspace;
    this.states.set(0, this.state);
  }

  static async open(): Promise<Bench> {
    const bench = new Bench(undefined as never, undefined as never);
    await bench.#open();
    return bench;
  }

  async #open(): Promise<void> {
    this.db = await this.disk.database();
    const cache = new ReadCache(READ_CACHE_BYTES);
    this.keyspace = await Keyspace.open(this.db, cache);
    this.#memory = new KeyspaceMemory(this.keyspace.overlay, cache);
    this.counter = new KeyCounter(this.db, this.keyspace);
    this.estimate = new KeyEstimate(this.db, this.keyspace);
  }

  /** One block. */
  apply(...commands: Command[]): void {
    this.#model(this.history.block(...commands));
    this.keyspace.apply(this.history.blocks.at(-1) as Block);
  }

  #model(block: Block): void {
    const state: State = new Map(this.state);
    let version = block.firstOffset - 1;
    for (const command of block.commands()) {
      version++;
      if (command.kind === 'message') continue;
      if (command.kind === 'clear') {
        state.clear();
        continue;
      }
      const key = command.key.toString('latin1');
      const known = state.get(key);
      if (command.kind === 'del') state.delete(key);
      else if (command.kind === 'put')
        state.set(key, { type: command.type, value: command.value, expiresAtMs: command.expiresAtMs, version });
      else if (known) state.set(key, { ...known, expiresAtMs: command.expiresAtMs, version });
    }
    this.state = state;
    this.states.set(block.lastOffset, state);
  }

  /** Freezes, and writes out all that is frozen. Reads then go to the disk. */
  async flushAll(): Promise<void> {
    await this.flushAndKeep();
    this.keyspace.overlay.forgetWritten();
  }

  /** As `flushAll`, but memory keeps what it has written, as it does in a node. */
  async flushAndKeep(): Promise<void> {
    this.keyspace.freeze();
    while (this.keyspace.overlay.frozenLayers > 0) await this.keyspace.flush(this.history.rows);
  }

  async flushOne(): Promise<void> {
    await this.keyspace.flush(this.history.rows);
  }

  /** A restart after a clean stop or a crash: opens what is on disk and replays the log after the checkpoint. */
  async restart(options?: { readsPrints: boolean }): Promise<void> {
    await this.reopenWithoutReplay(options);
    this.replay();
  }

  /** @param options.readsPrints whether the prints of the keys are read here, as a node does in the background. */
  async reopenWithoutReplay({ readsPrints } = { readsPrints: true }): Promise<void> {
    this.disk.crash();
    this.disk.fault = undefined;
    await this.#open();
    if (readsPrints) await this.keyspace.indexes.prints.load();
  }

  /** Replays up to an offset, by default to the end. */
  replay(through = Number.MAX_SAFE_INTEGER): void {
    for (const block of this.history.blocks) {
      if (block.firstOffset > this.keyspace.applied.offset && block.lastOffset <= through) this.keyspace.apply(block);
    }
  }

  /** The process dies before the `nth` batch of a flush takes effect, counted from 1. */
  async crashInFlush(nth: number): Promise<boolean> {
    let batches = 0;
    let crashed = () => {};
    const dead = new Promise<'crashed'>((resolve) => {
      crashed = () => resolve('crashed');
    });
    this.disk.fault = ({ kind }) => {
      if (kind !== 'batch' || ++batches !== nth) return;
      this.disk.crash();
      crashed();
    };
    const outcome = await Promise.race([this.flushOne(), dead]);
    this.disk.fault = undefined;
    return outcome === 'crashed';
  }

  /** Rejects where one of the records is damaged. */
  async read(...keys: string[]): Promise<ReadonlyArray<Entry | undefined>> {
    this.#memory.warm(keys.map((key) => Buffer.from(key, 'latin1')));
    for (const key of keys) this.#checkMemory(key);
    const { entries, damaged } = await this.keyspace.read(keys.map((key) => Buffer.from(key, 'latin1')));
    for (const error of damaged?.values() ?? []) throw error;
    return entries;
  }

  /** If memory knows a key, its value is that of the Map. */
  #checkMemory(key: string): void {
    const place = this.#memory.recall(Buffer.from(key, 'latin1'));
    // During a replay, the keyspace is behind the Map. Some tests apply blocks that the Map does not have.
    if (!place || this.states.get(this.keyspace.applied.offset) !== this.state) return;
    const { type, bytes, start, end, expiresAtMs } = place;
    const entry = this.state.get(key);
    if (type === ABSENT) assert.equal(entry, undefined, key);
    else
      assert.deepEqual(
        { type, value: Buffer.from(bytes.subarray(start, end)), expiresAtMs },
        entry && { type: entry.type, value: Buffer.from(entry.value), expiresAtMs: entry.expiresAtMs },
        key,
      );
    this.recalled++;
  }

  /** Every key that was ever written reads as the Map says, as of this call. */
  async check(): Promise<void> {
    const keys = new Set<string>();
    for (const state of this.states.values()) for (const key of state.keys()) keys.add(key);
    const names = [...keys, 'never written'];
    const { state } = this;
    const read = await this.read(...names);
    assert.deepEqual(
      names.map((name, i) => [name, read[i]]),
      names.map((name) => [name, state.get(name)]),
    );
  }

  /** A count of all keys is that of the Map when it began. All who ask meanwhile share it. */
  async checkCount(): Promise<void> {
    if (this.#isCounting) return;
    this.#isCounting = true;
    const { size } = this.state;
    const counted = await this.counter.count();
    this.#isCounting = false;
    if (counted !== undefined) assert.equal(counted, size);
  }

  /**
   * A range as a scan reads it, with memory laid over the disk, is that of the Map at one block's end. Returns whether
   * memory held little enough of the range.
   */
  async checkRange(wanted: RangeWanted, nowMs: number): Promise<boolean> {
    const { overlay } = this.keyspace;
    assert(await sortLayers(overlay, () => false));
    const laid = layEntries(overlay, wanted, nowMs);
    if (!laid) return false;
    const snapshot = this.keyspace.snapshot(() => {}, laid);
    const { range, reverse, limit, keysOnly, keys } = wanted;
    const found: Array<[string, Entry]> = [];
    const isWanted = (key: Buffer, entry: Entry) => keys.matches(key) && !isExpired(entry.expiresAtMs, nowMs);
    for await (const chunk of snapshot.entries(range, { reverse, limit })) {
      for (const [key, entry] of chunk) if (isWanted(key, entry)) found.push([key.toString('latin1'), entry]);
      if (found.length >= limit) break;
    }
    await snapshot.release();
    const state = this.states.get(snapshot.position.offset) as State;
    const expected = [...state]
      .map(([name, entry]) => [Buffer.from(name, 'latin1'), entry] as const)
      .filter(([key, entry]) => isInRange(key, range) && isWanted(key, entry))
      .sort(([a], [b]) => Buffer.compare(a, b) * (reverse ? -1 : 1));
    const shown = ({ value, ...entry }: Entry) => ({ ...entry, value: keysOnly ? '' : String(value) });
    assert.deepEqual(
      found.slice(0, limit).map(([key, entry]) => [key, shown(entry)]),
      expected.slice(0, limit).map(([key, entry]) => [key.toString('latin1'), shown(entry)]),
    );
    return true;
  }

  /** What is on disk, all flushed: count and digest are those of the Map, by the book. */
  async checkDisk(): Promise<void> {
    const snapshot = this.keyspace.snapshot();
    const state = this.states.get(snapshot.position.offset) as State;
    const { keys, digest } = await snapshot.digest();
    await snapshot.release();
    assert.equal(keys, state.size);
    assert.equal(digest.toString('hex'), digestOf(state));
    if (this.keyspace.checkpoint.keys !== null)
      assert.equal(this.keyspace.checkpoint.keys, state.size, 'the count that is kept');
  }
}

/** SHA-256 as design.md and snapshot.ts describe it, from the description. */
export function digestOf(state: State): string {
  const hash = createHash('sha256');
  const number = (bytes: 4 | 8, value: number) => {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 4) buffer.writeUInt32BE(value);
    else buffer.writeBigUInt64BE(BigInt(value));
    hash.update(buffer);
  };
  const entries = [...state].map(([key, entry]) => [Buffer.from(key, 'latin1'), entry] as const);
  for (const [key, entry] of entries.sort((a, b) => Buffer.compare(a[0], b[0]))) {
    number(4, key.length);
    hash.update(key);
    hash.update(Buffer.from([entry.type]));
    number(8, entry.expiresAtMs);
    number(4, entry.value.length);
    hash.update(entry.value);
  }
  return hash.digest('hex');
}
