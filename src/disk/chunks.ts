/** Reads the rows of a range in chunks, and closes the iterator whenever the reader ends. */
import type { Database, IterateOptions } from './level.js';

/** @param step rows of a chunk, at the most. */
export async function* chunksOf(
  db: Database,
  range: IterateOptions,
  step: number,
): AsyncGenerator<Array<[key: Buffer, value: Buffer]>> {
  const entries = db.iterate(range);
  try {
    for (let chunk = await entries.next(step); chunk.length > 0; chunk = await entries.next(step)) yield chunk;
  } finally {
    await entries.close();
  }
}
