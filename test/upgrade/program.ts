/**
 * The program of a version as one small file, for the test of rolling upgrades: the node, without the command line, with
 * all packages but those with native code. It takes `serve --OPTION VALUE` and says when it is ready, as `headwater`
 * does. A tarball would be ten times as large, and a checkout of an earlier commit is not in every clone.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { aboutOf, read } from './fixture.js';

/** Packages with native code, and one that reads a file beside its own. They are taken from node_modules. */
const OUTSIDE = ['level', '@node-rs/crc32', 'lz4-napi', 'snappy', 'grpc-health-check'];
/** Packages for options that the test does not give. */
const LEFT_OUT = ['prom-client', '@grpc/proto-loader'];

/** Packages of CommonJS ask for these. */
const BANNER = `import { createRequire as requireIn } from 'node:module';
const require = requireIn(import.meta.url);
const __dirname = import.meta.dirname;
`;

const MAIN = `
import { Node } from './dist/src/node.js';
const [, , , ...words] = process.argv;
const options = {};
for (let i = 0; i < words.length; i += 2) options[words[i].slice(2)] = words[i + 1];
const node = await Node.start(options).catch((error) => {
  console.error(error.message);
  process.exit(3);
});
process.once('SIGTERM', () => node.stop().then(() => process.exit(0)));
console.error(JSON.stringify({ event: 'ready', address: node.address }));
`;

/** @param root a checkout that is built. @returns the program. */
export async function bundleProgram(root: string): Promise<Buffer> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: MAIN, resolveDir: root },
    outfile: 'program.mjs',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    legalComments: 'none',
    external: [...OUTSIDE, ...LEFT_OUT],
    banner: { js: BANNER },
    logLevel: 'error',
  });
  return Buffer.from((outputFiles[0] as { contents: Uint8Array }).contents);
}

/** Unpacks the program of a fixture into a directory. @returns the file to run. */
export function unpackProgram(name: string, directory: string): string {
  mkdirSync(directory, { recursive: true });
  const { version } = aboutOf(name);
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'headwater', version, type: 'module' }));
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), path.join(directory, 'node_modules'));
  const file = path.join(directory, 'program.mjs');
  writeFileSync(file, read(name, 'program.mjs.br'));
  return file;
}
