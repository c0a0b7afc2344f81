/** Waits under an AbortSignal that leave no listener behind in it: some signals live as long as a node. */

/** Resolves as `promise` does. Rejects with the signal's reason if the signal aborts first. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Aborts with the first of two signals that aborts. AbortSignal.any would keep its listeners in memory until one of the
 * two aborts, even if nothing else refers to them.
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

/**
 * Settles as the first of several waits does. The signal of the waits aborts then, or with `signal`, so that the others
 * end too.
 */
export async function firstOf<T>(signal: AbortSignal, waits: (over: AbortSignal) => Promise<T>[]): Promise<T> {
  const enough = new AbortController();
  try {
    return await Promise.race(waits(eitherAborts(signal, enough.signal)));
  } finally {
    enough.abort();
  }
}
