/**
 * node.json: the identity of a node, its role and its upstream. Changes run one after another, and each is durable
 * before it counts.
 */
import { isArchivePlace } from '../base/address.js';
import { HeadwaterError } from '../base/errors.js';
import { unknownFormat } from '../base/unknown-format.js';
import type { Folder } from './folder.js';

const NAME = 'node.json';
/** The format of the file, if it has no field `format`. A later version that changes the meaning of a field adds one. */
const FORMAT = 1;

export type Role = 'leader' | 'follower';

/** The role that a start option asks for. */
export interface RoleWanted {
  readonly role: Role;
  readonly upstream: string;
  /** Whether the option counts even if a hand-over or a promotion has changed the role since. */
  readonly overrules?: boolean;
}

export interface NodeRecord {
  readonly node_id: string;
  /** Empty until the node first leads or follows. */
  readonly cluster_id: string;
  readonly role: Role;
  /** host:port; empty on a leader. */
  readonly upstream: string;
  /** Set on a former leader from when it stepped down until it knows that its upstream leads. */
  readonly handing_over?: HandingOver | undefined;
  /** Set on a leader that was promoted, by a person or by a hand-over: a start option does not overrule that. */
  readonly promoted?: true | undefined;
  /** Set on a leader that takes no writes, because another one continues its history. */
  readonly superseded_by?: SupersededBy | undefined;
  /** Set while the log's clock is set back and the expiry of some keys has not been moved with it. */
  readonly clock_step?: ClockStep | undefined;
  /** The answers of this node to those that handed the leadership over to it, newest last. */
  readonly grants?: Grants | undefined;
}

/** A hand-over of the leadership to a node that holds everything up to `offset`. */
export interface HandingOver {
  /** A random ID for this one attempt. */
  readonly grant: string;
  readonly node_id: string;
  /** host:port. */
  readonly address: string;
  /** The offset at which the logs of both nodes end. */
  readonly offset: number;
}

export interface SupersededBy {
  readonly node_id: string;
  /** host:port; may be empty. */
  readonly address: string;
  readonly epoch: number;
}

/** A step of the log's clock back, which also moves the expiry of keys (clock-step.ts). */
export interface ClockStep {
  /** Keys whose last write has no later offset are moved. */
  readonly up_to: number;
  readonly by_ms: number;
}

export interface Grants {
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

export class NodeFile {
  readonly #folder: Folder;
  #record: NodeRecord;
  /** Changes run one after another: each begins with the result of the one before. */
  #updating: Promise<unknown> = Promise.resolve();

  private constructor(folder: Folder, record: NodeRecord) {
    this.#folder = folder;
    this.#record = record;
  }

  /** @returns undefined if there is no file. @throws HeadwaterError `corrupt` or `unknown_format`. */
  static async read(folder: Folder): Promise<NodeFile | undefined> {
    const text = await folder.read(NAME);
    if (text === undefined) return undefined;
    const record = parse(text);
    const { format = FORMAT } = (record ?? {}) as { readonly format?: unknown };
    if (Number.isInteger(format) && format !== FORMAT)
      throw unknownFormat({ subject: `${folder.path}/${NAME}`, name: 'format', found: format, read: [FORMAT] });
    if (isNodeRecord(record)) return new NodeFile(folder, record);
    throw new HeadwaterError(
      'corrupt',
      `${folder.path}/${NAME} is damaged: expected the fields of a node, received ${JSON.stringify(text.slice(0, 80))}`,
    );
  }

  /** Makes the file of a new node, a leader. */
  static async create(folder: Folder, randomBytes: (count: number) => Buffer): Promise<NodeFile> {
    const node_id = randomBytes(16).toString('hex');
    const node = new NodeFile(folder, { node_id, cluster_id: '', role: 'leader', upstream: '' });
    await folder.write(NAME, textOf(node.record));
    return node;
  }

  get record(): NodeRecord {
    return this.#record;
  }

  /**
   * Changes the record, durably when the promise resolves.
   * @param change the fields to change, or a function that derives them from the record before.
   */
  async update(change: Partial<NodeRecord> | ((node: NodeRecord) => Partial<NodeRecord>)): Promise<void> {
    const updated = this.#updating.then(async () => {
      const changed = typeof change === 'function' ? change(this.#record) : change;
      const record = { ...this.#record, ...changed };
      await this.#folder.replace(NAME, textOf(record));
      this.#record = record;
    });
    this.#updating = updated.catch(() => {});
    await updated;
  }

  /**
   * Takes the role that a start option asks for, if the node may have it. A leadership taken by "promote" or by a
   * hand-over is newer than the options with which the node is started each time. A hand-over that is not done is newer
   * too.
   * @returns why the option does not count; undefined if it does. The change is durable then.
   */
  async takeRole({ role, upstream, overrules = false }: RoleWanted): Promise<string | undefined> {
    const { record: node } = this;
    if (role === node.role && upstream === node.upstream) return undefined;
    const stays = role === 'follower' && !overrules && (node.handing_over || (node.promoted && !node.superseded_by));
    if (stays) return this.whyNotFollowing(upstream);
    await this.update({ role, upstream, handing_over: undefined, superseded_by: undefined, promoted: undefined });
    return undefined;
  }

  /** Makes a leader a follower without an upstream, durably: the cluster says whom it follows, or that it leads. */
  async standBy(): Promise<void> {
    const { role, handing_over, superseded_by } = this.record;
    if (role === 'follower' && !handing_over) return;
    if (role === 'follower') return this.update({ handing_over: undefined });
    const change = { role: 'follower', upstream: '', promoted: undefined, clock_step: undefined } as const;
    await this.update({ ...change, ...(superseded_by && { superseded_by: undefined }) });
  }

  /** Says why this node leads though it was started to follow, and what to do. */
  whyNotFollowing(upstream: string): string {
    const { handing_over } = this.record;
    if (handing_over)
      return `this node is handing over to ${handing_over.address}, and asks that node first. To cancel the hand-over, send "follow ${upstream}" to the running node`;
    const order = isArchivePlace(upstream) ? '' : `send "follow ${upstream}" to the running node, or `;
    return `this node was promoted and leads. To make it follow, ${order}add --accept-data-loss at the start`;
  }
}

function textOf(record: NodeRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/** Returns undefined if the text is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNodeRecord(value: unknown): value is NodeRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { node_id, cluster_id, role, upstream } = value as Partial<Record<keyof NodeRecord, unknown>>;
  const isNamed = typeof node_id === 'string' && /^[0-9a-f]{32}$/.test(node_id);
  const isPlaced = typeof cluster_id === 'string' && typeof upstream === 'string';
  return isNamed && isPlaced && (role === 'leader' || role === 'follower');
}
