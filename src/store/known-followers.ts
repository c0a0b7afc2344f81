/**
 * Who has followed this node, in `followers.json`: a leader that may have lost
 * its tail asks them. The file is replaced whole, and seldom: at once where
 * somebody is new or has moved, else when somebody asks for it to be saved.
 */
import { KNOWN_FOLLOWERS_MAX } from '../limits.js';

export interface KnownFollower {
  readonly nodeId: string;
  /** host:port. */
  readonly address: string;
  /** The last offset that it has said to have in its log. */
  readonly appendedOffset: number;
  /** Milliseconds since the epoch. */
  readonly lastSeenMs: number;
}

export class KnownFollowers {
  readonly #write: (text: string) => Promise<void>;
  #known: ReadonlyMap<string, KnownFollower>;
  #saving: Promise<void> = Promise.resolve();
  /** The last saving has failed. */
  #isUnsaved = false;

  /**
   * @param text of the file; undefined where there is none. What cannot be read
   *   counts for nothing: it is only about whom to ask.
   * @param write replaces the file, durably.
   */
  constructor(text: string | undefined, write: (text: string) => Promise<void>) {
    this.#write = write;
    this.#known = new Map(parse(text).map((follower) => [follower.nodeId, follower]));
  }

  get all(): readonly KnownFollower[] {
    return [...this.#known.values()];
  }

  /** Takes in what is known of those that follow now, and saves it. Without effect where nothing has changed. */
  note(followers: readonly KnownFollower[]): Promise<void> {
    const changed = followers.filter((follower) => {
      const known = this.#known.get(follower.nodeId);
      return known?.address !== follower.address || known.appendedOffset !== follower.appendedOffset;
    });
    if (changed.length > 0 || this.#isUnsaved) {
      const all = new Map([...this.#known, ...changed.map((one) => [one.nodeId, one] as const)]);
      const newest = [...all.values()].sort((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, KNOWN_FOLLOWERS_MAX);
      this.#known = new Map(newest.map((one) => [one.nodeId, one]));
      const write = async () => {
        this.#isUnsaved = false;
        await this.#write(`${JSON.stringify(newest, undefined, 2)}\n`).catch((error: unknown) => {
          this.#isUnsaved = true;
          throw error;
        });
      };
      this.#saving = this.#saving.then(write, write);
    }
    return this.#saving;
  }

  /** Resolves when nothing is being written any more. */
  async settled(): Promise<void> {
    await this.#saving.catch(() => {});
  }
}

function parse(text: string | undefined): KnownFollower[] {
  if (text === undefined) return [];
  try {
    return (JSON.parse(text) as KnownFollower[]).filter(
      ({ nodeId, address, appendedOffset, lastSeenMs }) =>
        typeof nodeId === 'string' &&
        typeof address === 'string' &&
        Number.isSafeInteger(appendedOffset) &&
        Number.isFinite(lastSeenMs),
    );
  } catch {
    return [];
  }
}
