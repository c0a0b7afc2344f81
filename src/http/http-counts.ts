/** Counts of the requests to the HTTP port, by page and status. Unknown paths share a row, so no client adds rows. */
export class HttpCounts {
  /** Connections that were closed because a newer one needed the place. */
  displaced = 0;
  readonly #pages: ReadonlySet<string>;
  readonly #counts = new Map<string, { readonly page: string; readonly status: number; count: number }>();

  constructor(pages: readonly string[]) {
    this.#pages = new Set(pages);
  }

  answered(path: string, status: number): void {
    const page = this.#pages.has(path) ? path : 'other';
    const name = `${page} ${status}`;
    const counted = this.#counts.get(name);
    if (counted) counted.count++;
    else this.#counts.set(name, { page, status, count: 1 });
  }

  get rows(): ReadonlyArray<{ readonly page: string; readonly status: number; readonly count: number }> {
    return [...this.#counts.values()];
  }
}
