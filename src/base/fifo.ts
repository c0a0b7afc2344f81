/**
 * A queue that gives up its items from the front. An item that has left is unreferenced at once, so a queue keeps only
 * its present items in memory. Places in the array are cut off later, several together, so that a removal takes
 * constant time.
 */

/** The least number of free places that are cut off; they must also outnumber the items. */
const FREE_PLACES_MIN = 32;

export class Fifo<T> {
  #places: Array<T | undefined> = [];
  /** The index of the first item; the places before it are free. */
  #head = 0;

  get length(): number {
    return this.#places.length - this.#head;
  }

  /** The item at `index`, counted from the front; undefined beyond the end. */
  at(index: number): T | undefined {
    return this.#places[this.#head + index];
  }

  get last(): T | undefined {
    return this.at(this.length - 1);
  }

  push(item: T): void {
    this.#places.push(item);
  }

  /** Takes out the first item; undefined from an empty queue. */
  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.#places[this.#head];
    this.vacate(this.#head++);
    if (this.#head === this.#places.length) this.#restart([]);
    else if (this.#head >= FREE_PLACES_MIN && this.#head * 2 > this.#places.length)
      this.#restart(this.#places.slice(this.#head));
    return item;
  }

  /** All items that the queue refers to in memory; items that have left are not among them. */
  referenced(): T[] {
    return this.#places.filter((item): item is T => item !== undefined);
  }

  vacate(place: number): void {
    this.#places[place] = undefined;
  }

  /** Puts items before all others, in their order. */
  putBack(items: readonly T[]): void {
    this.#restart([...items, ...this.#places.slice(this.#head)]);
  }

  /** Takes out all items, in order. */
  takeAll(): T[] {
    const items = this.#places.slice(this.#head) as T[];
    this.#restart([]);
    return items;
  }

  #restart(places: Array<T | undefined>): void {
    this.#places = places;
    this.#head = 0;
  }
}
