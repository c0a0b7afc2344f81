/**
 * The room that the overlay has for further writes. While a flush writes one layer out, the next one may fill. The
 * second half of the next layer fills only as fast as the flush writes the layer before. So under load each write waits
 * for a moment, and none waits at the end for a whole flush.
 */
import { FROZEN_LAYERS_MAX } from '../base/limits.js';
import type { Overlay } from '../keyspace/overlay.js';
import type { CheckpointState } from './checkpoint-state.js';

interface RoomOptions {
  readonly overlay: Pick<Overlay, 'active' | 'frozenLayers'>;
  /** The memory of a layer at which it is written out. */
  readonly layerBytesMax: number;
  state(): CheckpointState;
}

export class OverlayRoom {
  readonly #options: RoomOptions;
  readonly #waiting: Array<() => void> = [];
  /** The number of callers that want pending writes to finish even while the disk cannot be read. */
  #letThrough = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** The promise that a committer awaits first; undefined unless the overlay is full and its flush is behind. */
  wait(): Promise<void> | undefined {
    if (this.#isThere) return undefined;
    const { name } = this.#options.state();
    // Nothing will make room any more, since the store is about to be closed or reopened.
    if (name === 'closed' || name === 'failed') return undefined;
    // The wait could be long, and would block everything else.
    if (name === 'no_room' || (name === 'unreadable' && this.#letThrough > 0)) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Lets accepted writes through a disk that cannot be read, since the role is about to change or the store to close.
   * Memory holds these writes over its budget.
   * @returns a function that ends this.
   */
  letThrough(): () => void {
    this.#letThrough++;
    this.releaseFromUnreadable();
    let isOver = false;
    return () => {
      if (!isOver) this.#letThrough--;
      isOver = true;
    };
  }

  /** Ends all waits. */
  release(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Ends all waits if there is room now. */
  releaseIfThere(): void {
    if (this.#isThere) this.release();
  }

  /** Ends all waits for a disk that cannot be read, if writes are to be let through. */
  releaseFromUnreadable(): void {
    if (this.#letThrough > 0 && this.#options.state().name === 'unreadable') this.release();
  }

  get #isThere(): boolean {
    const { overlay, layerBytesMax } = this.#options;
    if (overlay.frozenLayers < FROZEN_LAYERS_MAX) return true;
    const state = this.#options.state();
    const share = state.name === 'flushing' ? (1 + state.share) / 2 : 1;
    return overlay.active.bytes < share * layerBytesMax;
  }
}
