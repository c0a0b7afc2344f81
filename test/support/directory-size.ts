/** What a directory takes on the disk, though LevelDB deletes files in it meanwhile. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** The sum of its files, bytes. */
export async function sizeOf(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map((name) => fileSize(path.join(directory, name)));
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** 0 if it has gone since its directory was listed. */
async function fileSize(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
}
