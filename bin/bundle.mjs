/*
 * The last step of the build for the command line. A command loads 14 files rather than some 190, and starts in 0.7 of
 * the time: this file bundles the modules of `bin` with commander, the client and gRPC. Code that only some commands need
 * stays a file of its own, because those commands import it late. The node that `serve` loads is a second bundle, one
 * file rather than some 170, beside the program of its thread for backups.
 *
 * The bundle shares the class of errors and the codecs with `dist/src`, so that there is one of each. The lines are not
 * shortened: a stack trace names a line that a person can read.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const DIST = path.resolve('dist');
const BIN = path.join(DIST, 'bin');
const ENTRIES = ['headwater.js', 'demo.js'];
const KEPT = ['headwater.cjs'];
const CLIENT = 'src/client/index.js';
const NODE = 'src/node.js';
/** The node starts this file by its place beside its own. */
const THREAD = 'src/backup/worker.js';
const SHARED = ['src/base/errors.js', 'src/protobuf/generated.js', 'src/protobuf/runtime.js'];
/** Packages with worker threads, and one that gRPC loads only for a service that no command has. */
const EXTERNAL = ['pino', '@grpc/proto-loader'];
/** Packages that find their native code beside their own files. */
const NATIVE = ['level', '@node-rs/crc32', 'lz4-napi', 'snappy'];

const fromDist = {
  name: 'from-dist',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ path: specifier, resolveDir, kind }) => {
      const file = path.relative(DIST, path.resolve(resolveDir, specifier));
      const isLate = kind === 'dynamic-import' && file.startsWith('src/') && file !== CLIENT;
      if (isLate && file === NODE) return { path: './node.js', external: true };
      return isLate || SHARED.includes(file) ? { path: `../${file}`, external: true } : undefined;
    }),
};

const options = {
  outdir: BIN,
  write: false,
  metafile: true,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  // Packages of CommonJS ask for Node's own modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
  external: [...EXTERNAL, ...NATIVE],
  plugins: [fromDist],
};
const bundles = [
  await build({ ...options, entryPoints: ENTRIES.map((name) => path.join(BIN, name)), splitting: true }),
  await build({ ...options, entryPoints: [NODE, THREAD].map((name) => path.join(DIST, name)), entryNames: '[name]' }),
];

for (const name of await readdir(BIN))
  if (!KEPT.includes(name)) await rm(path.join(BIN, name), { recursive: true, force: true });
await mkdir(BIN, { recursive: true });
for (const { path: file, contents } of bundles.flatMap(({ outputFiles }) => outputFiles))
  await writeFile(file, contents);
await writeFile(
  path.join(BIN, 'LICENSES.txt'),
  await licensesOf(bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
);

/** The licences of the packages that the bundle contains. */
async function licensesOf(files) {
  const folders = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  const texts = await Promise.all(
    [...folders]
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map(async (folder) => {
        const { name, version, license } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
        const names = (await readdir(folder)).filter((one) => /^(licen[cs]e|notice)/i.test(one));
        const parts = await Promise.all(names.map((one) => readFile(path.join(folder, one), 'utf8')));
        return [`${name} ${version} (${license})`, ...parts].join('\n\n');
      }),
  );
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
