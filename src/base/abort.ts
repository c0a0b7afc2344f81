/** What waits under an AbortSignal, and leaves nothing behind in it: some signals live as long as a node. */

/** What `promise` gives; rejects with the signal's reason where that aborts first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Aborts with the first of two that does. AbortSignal.any would keep whoever
 * listens to it alive for as long as neither aborts, though nobody else knew them.
 */
export function eitherAborts(one: AbortSignal, other: AbortSignal): AbortSignal {
  const over = new AbortController();
  const end = ({ target }: { target: EventTarget | null }) => {
    for (const signal of [one, other]) signal.removeEventListener('abort', end);
    over.abort((target as AbortSignal).reason);
  };
  for (const signal of [one, other]) {
    if (signal.aborted) end({ target: signal });
    else if (!over.signal.aborted) signal.addEventListener('abort', end);
  }
  return over.signal;
}
