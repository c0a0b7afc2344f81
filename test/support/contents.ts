/** All that a directory holds, for tests of what must change nothing in it. */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Name, size, time of the last change and digest of everything in it, links and empty directories included. */
export async function contentsOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true });
  return await Promise.all(
    ['.', ...names.sort()].map(async (name) => {
      const file = path.join(directory, name);
      const entry = await stat(file);
      const what = entry.isFile()
        ? createHash('sha256')
            .update(await readFile(file))
            .digest('hex')
        : 'directory';
      return `${name} ${entry.isFile() ? entry.size : ''} ${entry.mtimeMs} ${what}`;
    }),
  );
}
