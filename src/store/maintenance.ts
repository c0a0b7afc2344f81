/**
 * The mark of a node that is about to be stopped. Such a node says that it is not ready for clients, and refuses to take
 * over the leadership that it would have to hand over again. The node serves all calls until its end. A restart takes the mark back.
 */
export class Maintenance {
  #isDraining = false;
  /** Called with each change. */
  onChange: (isDraining: boolean) => void = () => {};

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @param isDraining false takes the mark back. */
  drain(isDraining: boolean): void {
    if (isDraining === this.#isDraining) return;
    this.#isDraining = isDraining;
    this.onChange(isDraining);
  }
}
