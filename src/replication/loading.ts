/**
 * A full resync as the follower sees it: what would be lost is saved, the new
 * data are built beside the old ones, and once they have proven themselves they
 * take their place. Given up at any moment before, the old data are as they were.
 */
import { HeadwaterError } from '../errors.js';
import { Lineage, type LineageRow } from '../lineage.js';
import type { Block } from '../log/block.js';
import type { Replacement } from '../store/replacement.js';
import type { Store } from '../store/store.js';
import type { FullResync } from '../wire/down-frames.js';

export class Loading {
  readonly why: Pick<FullResync, 'reason' | 'message' | 'details'>;
  readonly #store: Store;
  readonly #replacement: Replacement;
  readonly #frame: FullResync;

  private constructor(store: Store, replacement: Replacement, frame: FullResync) {
    this.#store = store;
    this.#replacement = replacement;
    this.#frame = frame;
    const { reason, message, details } = frame;
    this.why = { reason, message, details };
  }

  /** @throws HeadwaterError `protocol_violation` where a person would have to accept the loss, and has not. */
  static async begin(
    store: Store,
    frame: FullResync,
    { acceptDataLoss }: { acceptDataLoss: boolean },
  ): Promise<Loading> {
    if (!acceptDataLoss) refuseWiping(store, frame);
    if (frame.branchOffset !== undefined) await store.saveLostWrites(frame.branchOffset);
    const { position, lineage, upstream } = frame;
    const replacement = await store.beginReplacement(position, Lineage.received(lineage), upstream.timeMs);
    return new Loading(store, replacement, frame);
  }

  /** For showing: so many keys of about so many. */
  get progress(): { keys: number; keysEstimate: number } {
    return { keys: this.#replacement.keys, keysEstimate: this.#frame.keysEstimate };
  }

  /** Of the snapshot, keys and records. */
  get bytes(): number {
    return this.#replacement.bytes;
  }

  get clusterId(): string {
    return this.#frame.upstream.clusterId;
  }

  addEntries(keys: readonly Buffer[], records: readonly Buffer[]): Promise<void> {
    return this.#replacement.addEntries(keys, records);
  }

  appendBlocks(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    return this.#replacement.appendBlocks(blocks, rows);
  }

  /** Proves the snapshot; nothing more of it is open then. */
  prove(proof: { keys: number; digest: Buffer }): Promise<void> {
    return this.#replacement.finish(proof);
  }

  /** What was proven takes the place of the old data. */
  adopt(): Promise<void> {
    return this.#store.adopt(this.#replacement, this.clusterId);
  }

  /** Gives up before it is proven. */
  close(): Promise<void> {
    return this.#replacement.close();
  }
}

/** The upstream has judged already; that it has judged by the same rules is not taken on trust. */
function refuseWiping(store: Store, { position, lineage, upstream, reason }: FullResync): void {
  const own = store.lineageOfData;
  const reach = Math.max(store.log.end.offset, store.keyspaceOffset);
  const holdsNothing = reach === 0 && !store.incomplete;
  if (holdsNothing) return;
  const isOther = store.clusterId !== '' && upstream.clusterId !== '' && store.clusterId !== upstream.clusterId;
  const branch = Lineage.received(lineage).branch(position.offset, own, reach);
  // Where not even the log could be opened, nothing tells of this node's past but its cluster.
  const known = reach === 0 || branch !== undefined;
  if (position.offset > 0 && !isOther && known) return;
  throw new HeadwaterError(
    'protocol_violation',
    `the upstream would replace ${reach} commands of the cluster ${store.clusterId} by its own ${position.offset} of ${upstream.clusterId || 'none'} (${reason}), without a history in common or a person's --accept-data-loss`,
  );
}
