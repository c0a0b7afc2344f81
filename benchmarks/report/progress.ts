/** Progress on stderr, while a question is measured: one line that changes on a terminal, and lines elsewhere. */

/** ANSI: to the beginning of the line, and the rest of it cleared. */
const AGAIN = '\r\u001b[K';

export function showProgress(text: string): void {
  process.stderr.write(
    process.stderr.isTTY ? `${AGAIN}${text.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${text}\n`,
  );
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write(AGAIN);
}
