/**
 * The memory of a node of a cluster, on its disk as `cluster.json`: the ID that the node gives to a cluster that it
 * founds, the place and the ID of the store of its cluster, and the highest revision of the store that it has seen. An
 * etcd that was restored from a backup shows a lower one.
 *
 * A node that was started with another name, or another etcd, would find no cluster there, found one, and lead beside the
 * leader of its own. So it refuses both. A node that has seen no store yet may go anywhere.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Folder } from '../store/folder.js';

export const CLUSTER_FILE = 'cluster.json';

/** The way out for a person who moves a cluster. */
const MOVED = `If the cluster moves there, stop all nodes, and remove ${CLUSTER_FILE} in the data directory of each`;

/** The content of the file. A node of an earlier version has written neither a place nor the ID of a store. */
interface Remembered {
  readonly proposedClusterId: string;
  readonly seenRevision: number;
  readonly place: string | undefined;
  readonly storeId: string | undefined;
}

export class ClusterMemory {
  readonly #folder: Pick<Folder, 'replace'>;
  readonly #place: string;
  #remembered: Remembered;
  #writing: Promise<void> | undefined;

  private constructor(folder: Pick<Folder, 'replace'>, place: string, remembered: Remembered) {
    this.#folder = folder;
    this.#place = place;
    this.#remembered = remembered;
  }

  /**
   * The proposed ID is on the disk when this resolves.
   * @param place the kind of the store and the name of the cluster there.
   * @throws HeadwaterError `corrupt` if the file is not one that a node wrote; `invalid_argument` if the node belongs to
   *   another place; `disk_full`.
   */
  static async open(
    folder: Pick<Folder, 'read' | 'replace'>,
    place: string,
    randomBytes: (count: number) => Buffer,
  ): Promise<ClusterMemory> {
    const text = await folder.read(CLUSTER_FILE);
    if (text !== undefined) {
      const remembered = parse(text);
      refuseAnother(remembered.place, place);
      return new ClusterMemory(folder, place, remembered);
    }
    const proposedClusterId = randomBytes(16).toString('hex');
    const unseen = { seenRevision: 0, place: undefined, storeId: undefined };
    const memory = new ClusterMemory(folder, place, { proposedClusterId, ...unseen });
    await memory.#write(memory.#remembered);
    return memory;
  }

  get proposedClusterId(): string {
    return this.#remembered.proposedClusterId;
  }

  get seenRevision(): number {
    return this.#remembered.seenRevision;
  }

  /** The ID of the store, if it has one and was seen. */
  get storeId(): string | undefined {
    return this.#remembered.storeId;
  }

  /**
   * Remembers a revision, if it is the highest. A call while another one writes does nothing. The next call has the
   * newer revision.
   * @param storeId the ID of the store that has shown it.
   * @throws HeadwaterError `disk_full`
   */
  async saw(revision: number, storeId: string | undefined): Promise<void> {
    if (revision <= this.seenRevision || this.#writing) return;
    const { proposedClusterId, storeId: before } = this.#remembered;
    const next = { proposedClusterId, seenRevision: revision, place: this.#place, storeId: storeId ?? before };
    this.#writing = this.#write(next);
    try {
      await this.#writing;
      this.#remembered = next;
    } finally {
      this.#writing = undefined;
    }
  }

  #write({ proposedClusterId, seenRevision, place, storeId }: Remembered): Promise<void> {
    const fields = {
      proposed_cluster_id: proposedClusterId,
      seen_revision: seenRevision,
      place,
      store_id: storeId,
    };
    return this.#folder.replace(CLUSTER_FILE, `${JSON.stringify(fields)}\n`);
  }
}

function refuseAnother(expected: string | undefined, received: string): void {
  if (expected === undefined || expected === received) return;
  throw new HeadwaterError(
    'invalid_argument',
    `cluster: expected ${expected}, the cluster that this node belongs to by its ${CLUSTER_FILE}, received ${received}. Start the node with the name of its own cluster. ${MOVED}`,
  );
}

function parse(text: string): Remembered {
  try {
    const { proposed_cluster_id, seen_revision, place, store_id } = JSON.parse(text) as Record<string, unknown>;
    if (typeof proposed_cluster_id !== 'string' || !Number.isSafeInteger(seen_revision))
      throw new TypeError('expected an ID and a revision');
    return {
      proposedClusterId: proposed_cluster_id,
      seenRevision: seen_revision as number,
      place: textOrNone(place),
      storeId: textOrNone(store_id),
    };
  } catch (error) {
    throw new HeadwaterError(
      'corrupt',
      `${CLUSTER_FILE}: expected what the node remembers of its cluster, received other text. Restore the file from a backup of the node, or remove it if the store of the cluster was never restored`,
      { cause: error },
    );
  }
}

function textOrNone(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new TypeError('expected text');
}
