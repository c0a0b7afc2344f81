/** The version of this package. */
import { readFileSync } from 'node:fs';
import { packageFile } from './base/package-root.js';

/** The version of this package, as in `package.json`. */
export const VERSION: string = (JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string })
  .version;
