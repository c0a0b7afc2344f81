/**
 * A full resync at the follower. Writes that would be lost are saved first. The
 * new data are built beside the old data, and replace them once count and
 * digest are proven. If the resync is given up before that, the old data are
 * unchanged. If its session ends, load-keeper.ts keeps the loaded part for the
 * next session.
 */
import { HeadwaterError } from '../../base/errors.js';
import { isOutOfSpace } from '../../disk/files.js';
import type { Block } from '../../log/block.js';
import { Lineage, type LineageRow } from '../../model/lineage.js';
import type { LivePlace } from '../../model/live-place.js';
import type { StoreData } from '../../store/data.js';
import type { Intake } from '../../store/intake.js';
import type { LostWrites } from '../../store/lost-writes.js';
import type { NodeIdentity } from '../../store/node-identity.js';
import type { Replacement } from '../../store/replacement.js';
import type { Space } from '../../store/space.js';
import type { FullResync } from '../frames.js';
import type { LoadKeeper } from './load-keeper.js';

/** The parts of the store that this file needs. */
export interface SnapshotLoadStore {
  readonly data: Pick<StoreData, 'generation' | 'incomplete' | 'log'>;
  readonly intake: Pick<Intake, 'adopt' | 'beginReplacement'>;
  readonly lostWrites: Pick<LostWrites, 'save'>;
  readonly space: Pick<Space, 'refusalOf'>;
  readonly identity: Pick<NodeIdentity, 'clusterId'>;
}

export class SnapshotLoad {
  readonly why: Pick<FullResync, 'reason' | 'message' | 'details'>;
  readonly replacement: Replacement;
  readonly #store: SnapshotLoadStore;
  readonly #frame: FullResync;
  #isSound = true;

  private constructor(store: SnapshotLoadStore, replacement: Replacement, frame: FullResync) {
    this.#store = store;
    this.replacement = replacement;
    this.#frame = frame;
    const { reason, message, details } = frame;
    this.why = { reason, message, details };
  }

  /**
   * @throws HeadwaterError `protocol_violation` if a person would have to
   *   accept the loss, and has not; `disk_full`.
   */
  static async begin(
    store: SnapshotLoadStore,
    frame: FullResync,
    { acceptDataLoss, keeper }: { acceptDataLoss: boolean; keeper: LoadKeeper },
  ): Promise<SnapshotLoad> {
    if (!acceptDataLoss) refuseWiping(store, frame);
    const { branchOffset, position, lineage, upstream, positionTimeMs = upstream.timeMs } = frame;
    if (branchOffset !== undefined)
      await withRoom(store, FOR_LOST_WRITES, 0, () => store.lostWrites.save(branchOffset));
    if (frame.logFrom) return new SnapshotLoad(store, keeper.resume(frame), frame);
    await keeper.drop();
    const replacement = await withRoom(store, FOR_RESYNC, 0, () =>
      store.intake.beginReplacement(position, Lineage.received(lineage), positionTimeMs),
    );
    return new SnapshotLoad(store, replacement, frame);
  }

  /** Whether the loaded part of an interrupted resync is the beginning of this one. */
  get isResumed(): boolean {
    return this.#frame.logFrom !== undefined;
  }

  /** Whether all that was added is in place, so that another session may continue. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /** Loaded keys, and the estimate of all keys, for display. */
  get progress(): { keys: number; keysEstimate: number } {
    return { keys: this.replacement.keys, keysEstimate: this.keysEstimate };
  }

  get keysEstimate(): number {
    return this.#frame.keysEstimate;
  }

  /** Bytes of the snapshot's keys and records loaded so far. */
  get bytes(): number {
    return this.replacement.bytes;
  }

  get clusterId(): string {
    return this.#frame.upstream.clusterId;
  }

  addEntries(keys: readonly Buffer[], records: readonly Buffer[]): Promise<void> {
    const bytes = records.reduce((sum, record) => sum + record.length, 0);
    return this.#soundOr(withRoom(this.#store, FOR_RESYNC, bytes, () => this.replacement.addEntries(keys, records)));
  }

  appendBlocks(blocks: readonly Block[], rows: readonly LineageRow[]): Promise<void> {
    const bytes = blocks.reduce((sum, block) => sum + block.bytes.length, 0);
    return this.#soundOr(withRoom(this.#store, FOR_RESYNC, bytes, () => this.replacement.appendBlocks(blocks, rows)));
  }

  /**
   * Proves the snapshot by its count and digest. Nothing more may be added afterwards.
   * @param stop ends a proof that takes long.
   */
  prove(proof: { keys: number; digest: Buffer }, stop: AbortSignal): Promise<void> {
    return this.#soundOr(namingRoom(FOR_RESYNC, () => this.replacement.finish(proof, stop)));
  }

  /** Replaces the old data by the proven data. */
  adopt(live: LivePlace | undefined): Promise<void> {
    return namingRoom(FOR_RESYNC, () => this.#store.intake.adopt(this.replacement, this.clusterId, live));
  }

  /** After a failure nobody knows which part is in place. */
  async #soundOr(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#isSound = false;
      throw error;
    }
  }
}

const FOR_RESYNC = 'for a full resync beside the old data';
const FOR_LOST_WRITES = 'for saving lost writes to lost-writes/ before a full resync';

/**
 * Runs a part of a resync that writes `bytes`, if the disk has room. If it has
 * none, the data in use stay as they are.
 * @param whatFor the purpose of the room, for the message.
 * @throws HeadwaterError `disk_full`.
 */
async function withRoom<T>(
  store: SnapshotLoadStore,
  whatFor: string,
  bytes: number,
  work: () => Promise<T>,
): Promise<T> {
  const refusal = store.space.refusalOf(bytes);
  if (refusal) throw noRoom(whatFor, refusal);
  return namingRoom(whatFor, work);
}

/** @throws HeadwaterError `disk_full` if `work` fails for lack of room. */
async function namingRoom<T>(whatFor: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isOutOfSpace(error) ? noRoom(whatFor, HeadwaterError.from(error)) : error;
  }
}

function noRoom(whatFor: string, cause: HeadwaterError): HeadwaterError {
  const { message, details } = cause;
  return new HeadwaterError('disk_full', `there is no room ${whatFor}: ${message}`, { cause, details });
}

/** Checks the upstream's decision, since the upstream may have decided by other rules. */
function refuseWiping(store: SnapshotLoadStore, frame: FullResync): void {
  const { position, lineage, upstream, reason } = frame;
  const own = store.data.generation.lineage;
  const reach = Math.max(store.data.log.end.offset, store.data.generation.keyspaceOffset);
  const holdsNothing = reach === 0 && !store.data.incomplete;
  if (holdsNothing) return;
  const isOther =
    store.identity.clusterId !== '' && upstream.clusterId !== '' && store.identity.clusterId !== upstream.clusterId;
  const branch = Lineage.received(lineage).branch(position.offset, own, reach);
  // If even the log could not be opened, only the cluster is known of this node's past.
  const known = reach === 0 || branch !== undefined;
  if (position.offset > 0 && !isOther && known) {
    if (branch !== undefined && branch < reach) refuseLosingTail(store, frame, branch, reach);
    return;
  }
  throw new HeadwaterError(
    'protocol_violation',
    `the upstream would replace ${reach} commands of the cluster ${store.identity.clusterId} with ${position.offset} commands of the cluster ${upstream.clusterId || 'none'} (${reason}). The two have no common history. To accept that, follow with --accept-data-loss`,
  );
}

/**
 * Checks that commands after the branch are saved before they are dropped. That
 * needs a log of this node that holds all of them.
 */
function refuseLosingTail(
  { data: { log, incomplete } }: SnapshotLoadStore,
  { branchOffset, reason }: FullResync,
  branch: number,
  reach: number,
): void {
  const saved = branchOffset !== undefined && branchOffset <= branch;
  const held = !incomplete && log.base.offset <= branch;
  if (saved && held) return;
  const holds = log.end.offset > log.base.offset ? `${log.base.offset + 1} to ${log.end.offset}` : 'nothing';
  const asked = branchOffset === undefined ? 'none' : `only those after offset ${branchOffset}`;
  const why = saved ? `the log of this node holds ${holds}` : `the upstream asks this node to save ${asked}`;
  throw new HeadwaterError(
    'protocol_violation',
    `the upstream would drop the commands of this node after offset ${branch}, up to ${reach} (${reason}). This node cannot save all of them first: ${why}. Update the upstream, or follow it with --accept-data-loss`,
  );
}
