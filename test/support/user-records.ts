/** The records of users in memory, as a store keeps them. */
export class UserRecords {
  readonly all = new Map<string, Buffer>();
  readonly #listeners: Array<() => void> = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  async change(
    decide: (records: ReadonlyMap<string, Buffer>) => ReadonlyMap<string, Buffer | undefined>,
  ): Promise<number> {
    for (const [name, value] of decide(this.all)) {
      if (value) this.all.set(name, value);
      else this.all.delete(name);
    }
    for (const listener of this.#listeners) listener();
    return 1;
  }
}
