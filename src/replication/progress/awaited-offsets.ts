/**
 * The offsets up to which somebody waits for nodes below. A feed that sends
 * blocks up to them asks for an acknowledgement at once. About blocks that were
 * sent before, the followers are asked again.
 */

/** Offsets up to which blocks are to be appended below, and to be durable there. */
export interface Awaited {
  readonly appended: number;
  readonly synced: number;
}

/** A follower that can be asked. */
interface Asked {
  /** Runs when more is awaited than before. */
  ask(): void;
}

const NOTHING: Awaited = { appended: 0, synced: 0 };

export class AwaitedOffsets implements Awaited {
  readonly #followers: ReadonlySet<Asked>;
  #all = NOTHING;
  /** The part that the upstream has asked for. */
  #above = NOTHING;
  #asking = false;

  constructor(followers: ReadonlySet<Asked>) {
    this.#followers = followers;
  }

  get appended(): number {
    return this.#all.appended;
  }

  get synced(): number {
    return this.#all.synced;
  }

  /** The part that the upstream has asked for. */
  get above(): Awaited {
    return this.#above;
  }

  /** The upstream wants to know as soon as nodes below have blocks up to `offset`. */
  raiseFromAbove(offset: number, { acknowledge, sync }: { acknowledge: boolean; sync: boolean }): void {
    const awaited = { appended: acknowledge ? offset : 0, synced: sync ? offset : 0 };
    this.#above = furthest(this.#above, awaited);
    this.raise(awaited);
  }

  /** Raises the offsets, and asks the followers that have been sent such blocks already. */
  raise(wanted: Awaited): void {
    const awaited = furthest(this.#all, wanted);
    if (awaited.appended === this.#all.appended && awaited.synced === this.#all.synced) return;
    this.#all = awaited;
    if (this.#asking || this.#followers.size === 0) return;
    this.#asking = true;
    // All requests of this turn become one.
    queueMicrotask(() => {
      this.#asking = false;
      for (const follower of this.#followers) follower.ask();
    });
  }

  /** Drops the offsets, since this node leads no more and every wait has failed. */
  clear(): void {
    this.#all = this.#above = NOTHING;
  }
}

function furthest(a: Awaited, b: Awaited): Awaited {
  return { appended: Math.max(a.appended, b.appended), synced: Math.max(a.synced, b.synced) };
}
