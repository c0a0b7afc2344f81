/**
 * Files that ship with the package but are not code. The search walks up from this file, which lies at different depths
 * in the sources and when compiled.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from './invariant.js';

const NAME = 'headwater';

export function packageFile(name: string): string {
  for (let directory = path.dirname(fileURLToPath(import.meta.url)); ; directory = path.dirname(directory)) {
    const manifest = path.join(directory, 'package.json');
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === NAME) {
      return path.join(directory, name);
    }
    invariant(directory !== path.dirname(directory), `the package ${NAME} lies above its own code`);
  }
}
