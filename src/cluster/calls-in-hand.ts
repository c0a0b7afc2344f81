/** The calls of the store that run: at most one of each kind, and a pause after each failure. */
import type { CallKind, Event } from './messages.js';

/** The events that are answers, and their calls. */
const ANSWERS: { readonly [K in Event['kind']]?: CallKind } = {
  view: 'read',
  granted: 'grant',
  kept: 'keep_alive',
  published: 'publish',
  campaigned: 'campaign',
  moved: 'move_leader',
  resigned: 'resign',
  known_set: 'set_known',
  sync_set: 'set_sync',
  request_forgotten: 'forget_request',
};

export class CallsInHand {
  readonly #running = new Set<CallKind>();
  readonly #failedMs = new Map<CallKind, number>();
  readonly #pauseMs: number;

  /** @param pauseMs the time between the failure of a call and the next call of its kind. */
  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
  }

  has(kind: CallKind): boolean {
    return this.#running.has(kind);
  }

  /** @returns whether the call begins now. */
  begin(kind: CallKind, nowMs: number): boolean {
    if (this.#running.has(kind) || nowMs - (this.#failedMs.get(kind) ?? Number.NEGATIVE_INFINITY) < this.#pauseMs)
      return false;
    this.#running.add(kind);
    return true;
  }

  /** Ends the call whose answer the event is, if it is one. */
  ended(event: Event): void {
    const kind = event.kind === 'lease_unknown' ? event.call : ANSWERS[event.kind];
    if (kind) this.#running.delete(kind);
  }

  failed(kind: CallKind, nowMs: number): void {
    this.#running.delete(kind);
    this.#failedMs.set(kind, nowMs);
  }
}
