/** Commands without an end of their own. */

/** The first Ctrl-C, or SIGTERM, ends the loop in good order. */
export async function untilInterrupted(loop: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interrupted = new AbortController();
  const end = () => interrupted.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    await loop(interrupted.signal);
  } finally {
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
  }
}
