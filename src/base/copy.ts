/** The length above which a call of the runtime is faster than a loop. */
const LOOP_BYTES_MAX = 256;

/**
 * Copies `from[start..end)` to `to` at `at`.
 * @returns the position behind the copy.
 *
 * `Buffer.copy` makes two views for each call. For the few bytes of a key or a small value that costs more
 * than the copying.
 */
export function copyBytes(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > LOOP_BYTES_MAX) return at + from.copy(to, at, start, end);
  let next = at;
  for (let i = start; i < end; i++) to[next++] = from[i] as number;
  return next;
}
