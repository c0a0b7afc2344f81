/**
 * The blocks of one node, as its disk has reported them: which ones were ever whole
 * in a log there, and which of these no power cut can have taken.
 */
import { type History, keyOf } from '../checks/history.js';
import type { Journal } from '../journal.js';
import type { BlockObserver } from './observed.js';

export class StoredBlocks {
  /** The keys of blocks that are, or were, whole in a log of the node. */
  readonly stored = new Set<string>();
  /** Those of them that a power cut cannot have taken from the log that they were in. */
  readonly durable = new Set<string>();
  /** The end of what no power cut may take from the log in use; undefined if the node does not serve. */
  readonly #current: () => number | undefined;
  /** The same, as the node last reported it. */
  #reported = 0;
  /** The offset that the latest power cut left; undefined once the node has served again. */
  durableAtPowerCut: number | undefined;
  /** Stored since the last durable point began. */
  #unsynced: string[] = [];

  constructor(current: () => number | undefined) {
    this.#current = current;
  }

  /** The end of what no power cut could take from the log that the node was last seen with. */
  get durableOffset(): number {
    return this.#current() ?? this.durableAtPowerCut ?? this.#reported;
  }

  /** Notes the durable offset of a node that serves: a power cut must not take what lies before it. */
  noteDurable(): void {
    this.#reported = this.#current() ?? this.#reported;
  }

  powerCut(): void {
    this.durableAtPowerCut = Math.min(this.#reported, this.durableAtPowerCut ?? Number.POSITIVE_INFINITY);
  }

  /** Sees every block that is put into the log: it is part of the history. */
  observer(history: History, journal: Journal): BlockObserver {
    return {
      appending: (block) => journal.checked(() => void history.add(block)),
      appended: (block) => {
        this.stored.add(keyOf(block.position));
        this.#unsynced.push(keyOf(block.position));
      },
      syncing: () => this.#syncing(),
      synced: (block) => void this.durable.add(keyOf(block.position)),
    };
  }

  #syncing(): () => void {
    const covered = this.#unsynced;
    this.#unsynced = [];
    return () => {
      for (const key of covered) this.durable.add(key);
    };
  }
}
