/**
 * The states of a link, and the moves between them:
 *
 *   connecting → handshake → streaming
 *                          → loading → streaming
 *                          → waiting → streaming | loading | refused
 *                          → refused
 *   any        → connecting (the session ended) | stopped
 */
import { invariant } from '../../base/invariant.js';

export type LinkStateName = 'connecting' | 'handshake' | 'waiting' | 'loading' | 'streaming' | 'refused' | 'stopped';

const NEXT: Readonly<Record<LinkStateName, readonly LinkStateName[]>> = {
  connecting: ['connecting', 'handshake', 'stopped'],
  handshake: ['connecting', 'waiting', 'loading', 'streaming', 'refused', 'stopped'],
  waiting: ['connecting', 'waiting', 'loading', 'streaming', 'refused', 'stopped'],
  loading: ['connecting', 'streaming', 'stopped'],
  streaming: ['connecting', 'stopped'],
  refused: ['connecting', 'stopped'],
  stopped: ['connecting', 'stopped'],
};

export class LinkState {
  #name: LinkStateName = 'stopped';

  get name(): LinkStateName {
    return this.#name;
  }

  /** @throws InvariantViolation if the table has no such move. */
  to(name: LinkStateName): void {
    invariant(NEXT[this.#name].includes(name), `a link does not go from ${this.#name} to ${name}`);
    this.#name = name;
  }
}
