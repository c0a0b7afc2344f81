/**
 * Keys that are known to be on disk, because a recent flush put them there:
 * the next flush need not ask. Bounded; what was not flushed again for a while
 * is forgotten. Exact: a key is never in it that is not on disk.
 */
export class RecentKeys {
  readonly #max: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** @param max about how many keys are remembered at the most. */
  constructor(max: number) {
    this.#max = max;
  }

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  add(key: string): void {
    this.#young.add(key);
    if (this.#young.size * 2 < this.#max) return;
    this.#old = this.#young;
    this.#young = new Set();
  }

  delete(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
