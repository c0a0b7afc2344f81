/**
 * The part of a feed that sends a snapshot: all its entries in key order, in
 * frames. At the end it sends the number of keys and the digest, by which the
 * follower checks what it has received. If an interrupted full resync resumes,
 * the entries up to the last kept key are read for the digest, and not sent.
 */

import { FRAME_BYTES_MAX } from '../../base/limits.js';
import { type KeyAndRecord, KeyspaceDigest } from '../../keyspace/digest.js';
import type { KeyspaceSnapshot } from '../../keyspace/snapshot.js';
import type { DownFrame } from '../frames.js';

export interface SnapshotOutflowOptions {
  /** Ends the transfer, which rejects with its reason. */
  readonly ended: AbortSignal;
  /** Returns a promise if the follower is behind. */
  send(frame: DownFrame): Promise<void> | undefined;
}

/** The part that a follower has kept of an interrupted full resync. */
export interface KeptPart {
  readonly lastKey: Buffer;
  /** Resolves when the follower was sent the log up to the snapshot. No entry and no end comes before that. */
  caughtUp(): Promise<void>;
}

/** Sends the snapshot, without the kept part if there is one, and releases the snapshot in any case. */
export async function sendSnapshot(
  snapshot: KeyspaceSnapshot,
  to: SnapshotOutflowOptions,
  kept?: KeptPart,
): Promise<void> {
  const digest = new KeyspaceDigest();
  try {
    for await (const chunk of snapshot.chunks()) {
      digest.add(chunk);
      if (to.ended.aborted) throw to.ended.reason;
      for (const group of groupsOf(kept ? behind(kept.lastKey, chunk) : chunk)) {
        await kept?.caughtUp();
        const keys = group.map(([key]) => key);
        const records = group.map(([, record]) => record);
        await to.send({ kind: 'snapshotChunk', keys, records });
        if (to.ended.aborted) throw to.ended.reason;
      }
    }
  } finally {
    await snapshot.release();
  }
  await kept?.caughtUp();
  await to.send({ kind: 'snapshotEnd', keys: digest.keys, digest: digest.finish() });
}

/** The entries of a chunk that come behind a key. */
function behind(lastKey: Buffer, chunk: readonly KeyAndRecord[]): readonly KeyAndRecord[] {
  const first = chunk.findIndex(([key]) => Buffer.compare(key, lastKey) > 0);
  return first < 0 ? [] : chunk.slice(first);
}

/** Cuts entries into groups of about half the bytes of a frame. */
function* groupsOf<T extends readonly [Buffer, Buffer]>(entries: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const entry of entries) {
    group.push(entry);
    bytes += entry[0].length + entry[1].length;
    if (bytes < FRAME_BYTES_MAX / 2) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}
