/**
 * One in-memory layer of the keyspace: the effects of the commands since the
 * last freeze. Keys are latin1 strings (one character a byte), values are
 * positions in the buffers of the blocks that brought them, so that an entry
 * costs no buffer object. Values pin their block: the memory of a layer is
 * bounded by the log since its start, which `bytes` counts together with a
 * cost per entry. Owned by keyspace.ts.
 */
import type { Position } from '../position.js';

/** What the newest command in the layer did to a key. */
export interface LayerEntry {
  /** 0 and above: the type of a whole record; else TOMBSTONE or TOUCH. */
  type: number;
  block: Buffer;
  start: number;
  end: number;
  expiresAtMs: number;
  version: number;
}

export const TOMBSTONE = -1;
/** Only the expiry is known here; the rest lies in a layer below, if anywhere. */
export const TOUCH = -2;

/** Map slot, key string, entry object: measured at 170 to 190 bytes for keys of 10 to 20. */
const ENTRY_COST_BYTES = 180;

/** One large Map rehashes for tens of milliseconds; many small ones do not. */
const SHARDS = 64;

export class Layer {
  readonly #shards: Array<Map<string, LayerEntry>> = Array.from({ length: SHARDS }, () => new Map());
  /** The epoch that the entries belong to. */
  epoch: number;
  /** Whether a `clear` happened in this layer: nothing below it shows. */
  cleared = false;
  /** Pinned block bytes and the cost of the entries. */
  bytes = 0;
  entries = 0;
  /** Block bytes alone: what a restart would have to replay. */
  logBytes = 0;
  /** The end of the last block applied; set when the layer is frozen. */
  position: Position | undefined;
  /** Keys by the second in which they expire. */
  readonly #due = new Map<number, string[]>();
  /** The last second for which all due keys were taken. */
  #dueTakenUpTo = 0;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  get isEmpty(): boolean {
    return this.entries === 0 && !this.cleared;
  }

  get(key: string): LayerEntry | undefined {
    return this.#shard(key).get(key);
  }

  set(key: string, entry: LayerEntry): void {
    const shard = this.#shard(key);
    const size = shard.size;
    shard.set(key, entry);
    if (shard.size !== size) {
      this.entries++;
      this.bytes += ENTRY_COST_BYTES;
    }
    if (entry.expiresAtMs !== 0) this.#noteDue(key, entry.expiresAtMs);
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear();
    this.#due.clear();
    this.bytes -= this.entries * ENTRY_COST_BYTES;
    this.entries = 0;
    this.cleared = true;
    this.epoch++;
  }

  /** Counts a block whose bytes the entries may now pin. */
  pinned(blockBytes: number): void {
    this.bytes += blockBytes;
    this.logBytes += blockBytes;
  }

  /** All entries, in chunks of `size`. */
  *chunks(size: number): Generator<Array<readonly [string, LayerEntry]>> {
    let chunk: Array<readonly [string, LayerEntry]> = [];
    for (const shard of this.#shards) {
      for (const pair of shard) {
        chunk.push(pair);
        if (chunk.length < size) continue;
        yield chunk;
        chunk = [];
      }
    }
    if (chunk.length > 0) yield chunk;
  }

  /** Takes out the keys noted for the seconds up to `nowMs`, at most about `limit`. */
  takeDue(nowMs: number, limit: number): string[] {
    const taken: string[] = [];
    const now = Math.floor(nowMs / 1000);
    if (now === this.#dueTakenUpTo) return taken;
    for (const [second, keys] of this.#due) {
      if (second > now) continue;
      taken.push(...keys.splice(0, limit - taken.length));
      if (keys.length === 0) this.#due.delete(second);
      if (taken.length >= limit) return taken;
    }
    this.#dueTakenUpTo = now;
    return taken;
  }

  #noteDue(key: string, expiresAtMs: number): void {
    const second = Math.ceil(expiresAtMs / 1000);
    if (second <= this.#dueTakenUpTo) this.#dueTakenUpTo = 0;
    const keys = this.#due.get(second);
    if (keys) keys.push(key);
    else this.#due.set(second, [key]);
  }

  #shard(key: string): Map<string, LayerEntry> {
    const length = key.length;
    let hash = length;
    // The end of a key varies most, in what people name keys.
    for (let i = Math.max(0, length - 4); i < length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
    return this.#shards[(hash ^ (hash >>> 6)) & (SHARDS - 1)] as Map<string, LayerEntry>;
  }
}
