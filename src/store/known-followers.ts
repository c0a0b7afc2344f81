/**
 * The followers that this node has had, in `followers.json`. A leader that may have lost its tail asks them. While they
 * are away, the log keeps the blocks that they have not received yet (places.ts). The file is replaced whole, and
 * seldom: at once if a follower is new, has moved or has gone, else on request.
 *
 * Invariant: the log keeps all that follows the places in the file, since a place moves on only once that is on disk.
 * So a kill costs no follower its place.
 */
import { KNOWN_FOLLOWERS_MAX } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { Log } from '../log/log.js';
import { Places } from './places.js';

export interface KnownFollower {
  readonly nodeId: string;
  /** host:port. */
  readonly address: string;
  /** The last offset that the follower reported to have in its log, or came with. */
  readonly appendedOffset: number;
  /** The history that the follower has at that offset: 40 hexadecimal characters; empty if that is not known. */
  readonly replicationId: string;
  /** The time of the last contact, milliseconds since the epoch. */
  readonly lastSeenMs: number;
  /**
   * Whether the log is to keep the blocks that the follower has not received. False if its place was released, or if it
   * was sent elsewhere.
   */
  readonly keepsPlace: boolean;
  /** Whether the follower is connected now; not in the file. */
  readonly connected: boolean;
}

export class KnownFollowers {
  readonly #write: (text: string) => Promise<void>;
  readonly #places: Places;
  #known: ReadonlyMap<string, KnownFollower>;
  /** The content of the file, without the values that may be old; undefined if that is not known. */
  #saved: string | undefined;
  #saving: Promise<void> = Promise.resolve();

  /**
   * @param text the content of the file; undefined if there is none. Content that cannot be read is ignored, which
   * costs a resync at worst.
   * @param write replaces the file, durably.
   */
  constructor(text: string | undefined, logger: Logger, write: (text: string) => Promise<void>) {
    this.#write = write;
    this.#known = byId(parse(text));
    this.#saved = gist(this.all);
    this.#places = new Places(logger, (nodeId) => this.#letGo(nodeId));
  }

  get all(): readonly KnownFollower[] {
    return [...this.#known.values()];
  }

  /** Moves the places to another log that is in use now: it keeps those places that lie in it. */
  keepPlacesIn(log: Log): void {
    this.#places.keepIn(log, this.all);
  }

  /** Whether the log keeps the blocks that the follower has not received yet. */
  keepsPlaceOf(nodeId: string): boolean {
    return this.#places.has(nodeId);
  }

  /**
   * Takes in what is known of `followers`, which include all that follow now, and saves it. All other followers count
   * as not connected. Nothing is written if nothing has changed.
   */
  note(followers: readonly KnownFollower[]): Promise<void> {
    const noted = byId(followers);
    // A node that is new at the address of one that is away has taken its place. Two that were here together share an
    // address, as behind one translation: neither replaces the other.
    const taken = new Set(followers.filter((one) => this.#isNewThere(one)).map(({ address }) => address));
    const others = this.all
      .filter(({ nodeId, address }) => !noted.has(nodeId) && !taken.has(address))
      .map((one) => ({ ...one, connected: false }));
    const newest = [...followers, ...others].sort((a, b) => b.lastSeenMs - a.lastSeenMs);
    return this.#become(newest.slice(0, KNOWN_FOLLOWERS_MAX));
  }

  /** Forgets a follower, and the log keeps nothing for it. If the promise rejects, the follower is known as before. */
  async forget(nodeId: string): Promise<void> {
    const forgotten = this.#known.get(nodeId);
    if (!forgotten) return;
    try {
      await this.#become(this.all.filter((one) => one !== forgotten));
    } catch (error) {
      if (!this.#known.has(nodeId)) this.#known = byId([...this.all, forgotten]);
      throw error;
    }
  }

  /** Resolves when no write is running any more. */
  async settled(): Promise<void> {
    await this.#saving.catch(() => {});
  }

  #isNewThere({ nodeId, address }: KnownFollower): boolean {
    return this.#known.get(nodeId)?.address !== address;
  }

  /**
   * Ends the place of a follower whose pin the log has released. @returns whether the follower loses by it: a connected
   * follower has a place by its session as well.
   */
  #letGo(nodeId: string): boolean {
    const follower = this.#known.get(nodeId);
    if (!follower || follower.connected) return false;
    this.#become(this.all.map((one) => (one === follower ? { ...one, keepsPlace: false } : one))).catch(() => {});
    return true;
  }

  async #become(known: readonly KnownFollower[]): Promise<void> {
    this.#known = byId(known);
    this.#places.keep(known);
    const wanted = gist(known);
    if (wanted !== this.#saved) {
      this.#saved = wanted;
      const write = async () => {
        try {
          await this.#write(`${JSON.stringify(known.map(toRow), undefined, 2)}\n`);
        } catch (error) {
          this.#saved = undefined;
          throw error;
        }
      };
      this.#saving = this.#saving.then(write, write);
    }
    const still = () => known.filter(({ nodeId }) => this.#known.has(nodeId));
    try {
      await this.#saving;
    } catch (error) {
      // The places move all the same: a log that cannot be trimmed would keep a full disk full.
      this.#places.follow(still());
      throw error;
    }
    this.#places.follow(still());
    // A follower that is being forgotten keeps its place until that is on disk.
    this.#places.retain([...known, ...this.all]);
  }
}

function byId(followers: readonly KnownFollower[]): ReadonlyMap<string, KnownFollower> {
  return new Map(followers.map((follower) => [follower.nodeId, follower]));
}

/** The row of a follower in the file. */
function toRow(follower: KnownFollower): Omit<KnownFollower, 'connected'> {
  const { nodeId, address, appendedOffset, replicationId, lastSeenMs, keepsPlace } = follower;
  return { nodeId, address, appendedOffset, replicationId, lastSeenMs, keepsPlace };
}

/** The values whose change is worth a write: all but the times of contact. */
function gist(followers: readonly KnownFollower[]): string {
  const rows = followers.map(({ nodeId, address, appendedOffset, replicationId, keepsPlace }) =>
    [nodeId, address, appendedOffset, replicationId, keepsPlace].join(' '),
  );
  return rows.sort().join('\n');
}

function parse(text: string | undefined): KnownFollower[] {
  if (text === undefined) return [];
  try {
    const rows = JSON.parse(text) as KnownFollower[];
    return rows.map((row) => ({ ...UNSAID, ...row, connected: false })).filter(isWhole);
  } catch {
    return [];
  }
}

/** Values of the fields that earlier versions did not write. */
const UNSAID = { replicationId: '', keepsPlace: true };

function isWhole(row: KnownFollower): boolean {
  const { nodeId, address, appendedOffset, replicationId, lastSeenMs, keepsPlace } = row;
  return (
    [nodeId, address, replicationId].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(appendedOffset) &&
    Number.isFinite(lastSeenMs) &&
    typeof keepsPlace === 'boolean'
  );
}
