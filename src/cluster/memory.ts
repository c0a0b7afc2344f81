/**
 * The memory of a node of a cluster, on its disk as `cluster.json`: the ID that the node gives to a cluster that it
 * founds, and the highest revision of the store that it has seen. An etcd that was restored from a backup shows a lower
 * one.
 */
import { HeadwaterError } from '../base/errors.js';
import type { Folder } from '../store/folder.js';

export const CLUSTER_FILE = 'cluster.json';

export class ClusterMemory {
  readonly proposedClusterId: string;
  readonly #folder: Pick<Folder, 'replace'>;
  #seenRevision: number;
  #writing: Promise<void> | undefined;

  private constructor(folder: Pick<Folder, 'replace'>, proposedClusterId: string, seenRevision: number) {
    this.#folder = folder;
    this.proposedClusterId = proposedClusterId;
    this.#seenRevision = seenRevision;
  }

  /**
   * The proposed ID is on the disk when this resolves.
   * @throws HeadwaterError `corrupt` if the file is not one that a node wrote; `disk_full`.
   */
  static async open(
    folder: Pick<Folder, 'read' | 'replace'>,
    randomBytes: (count: number) => Buffer,
  ): Promise<ClusterMemory> {
    const text = await folder.read(CLUSTER_FILE);
    if (text !== undefined) {
      const { proposed_cluster_id, seen_revision } = parse(text);
      return new ClusterMemory(folder, proposed_cluster_id, seen_revision);
    }
    const memory = new ClusterMemory(folder, randomBytes(16).toString('hex'), 0);
    await memory.#write();
    return memory;
  }

  get seenRevision(): number {
    return this.#seenRevision;
  }

  /**
   * Remembers a revision, if it is the highest. A call while another one writes does nothing. The next call has the
   * newer revision.
   * @throws HeadwaterError `disk_full`
   */
  async saw(revision: number): Promise<void> {
    if (revision <= this.#seenRevision || this.#writing) return;
    const before = this.#seenRevision;
    this.#seenRevision = revision;
    this.#writing = this.#write();
    try {
      await this.#writing;
    } catch (error) {
      this.#seenRevision = before;
      throw error;
    } finally {
      this.#writing = undefined;
    }
  }

  #write(): Promise<void> {
    const fields = { proposed_cluster_id: this.proposedClusterId, seen_revision: this.#seenRevision };
    return this.#folder.replace(CLUSTER_FILE, `${JSON.stringify(fields)}\n`);
  }
}

function parse(text: string): { readonly proposed_cluster_id: string; readonly seen_revision: number } {
  try {
    const { proposed_cluster_id, seen_revision } = JSON.parse(text) as Record<string, unknown>;
    if (typeof proposed_cluster_id !== 'string' || !Number.isSafeInteger(seen_revision))
      throw new TypeError('expected an ID and a revision');
    return { proposed_cluster_id, seen_revision: seen_revision as number };
  } catch (error) {
    throw new HeadwaterError(
      'corrupt',
      `${CLUSTER_FILE}: expected what the node remembers of its cluster, received other text. Restore the file from a backup of the node, or remove it if the store of the cluster was never restored`,
      { cause: error },
    );
  }
}
