import type { Clock } from '../clock.js';

/**
 * Tells once, if ever, that a peer has been silent for too long. It is looked
 * at now and four times in every `timeoutMs`.
 * @param silentMs how long it has been silent so far.
 * @param dead is told how long, in whole milliseconds, once that is over `timeoutMs`.
 * @returns ends it.
 */
export function watchSilence(
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
  silentMs: () => number,
  dead: (forMs: number) => void,
): () => void {
  let cancel = () => {};
  const look = () => {
    const forMs = silentMs();
    if (forMs > timeoutMs) dead(Math.round(forMs));
    else cancel = clock.after(timeoutMs / 4, look);
  };
  look();
  return () => cancel();
}
