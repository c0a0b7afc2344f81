/**
 * The events of a piece of work, for a loop that takes them. The work waits while the loop is behind, and ends when the
 * loop is left.
 */
import { HeadwaterError } from '../base/errors.js';

/** Events that were emitted and not taken; a little more if one step emits several. */
const UNTAKEN_MAX = 64;

export interface EventSink<Event> {
  tell(event: Event): void;
  /** Resolves when the loop has caught up. @throws the reason of `signal`. */
  room(): Promise<void>;
  /** Aborts when the loop has been left, or its caller's signal aborts. */
  readonly signal: AbortSignal;
}

/** @throws the error of the work, behind all events that it emitted. */
export async function* eventStream<Event>(
  work: (sink: EventSink<Event>) => Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  const left = new AbortController();
  const over = AbortSignal.any([signal, left.signal]);
  let untaken: Event[] = [];
  let ended = false;
  let wake = () => {};
  let makeRoom = () => {};
  over.addEventListener('abort', () => makeRoom());
  const sink: EventSink<Event> = {
    signal: over,
    tell(event) {
      untaken.push(event);
      wake();
    },
    async room() {
      while (untaken.length >= UNTAKEN_MAX && !over.aborted)
        await new Promise<void>((resolve) => {
          makeRoom = resolve;
        });
      if (over.aborted) throw over.reason;
    },
  };
  const working = work(sink).finally(() => {
    ended = true;
    wake();
  });
  working.catch(() => {});
  try {
    for (;;) {
      const taken = untaken;
      untaken = [];
      makeRoom();
      yield* taken;
      if (untaken.length > 0) continue;
      if (ended) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    await working;
  } finally {
    left.abort(new HeadwaterError('cancelled', 'the caller has ended the stream'));
    await working.catch(() => {});
  }
}
