/*
 * The last step of the build for the command line. It makes programs of few files out of some 190 modules and the
 * packages that they need:
 *
 * - headwater.cjs: the entry, which starts one of the next two.
 * - commands.cjs: every command but `serve`.
 * - serve.cjs: the same commands, with the node. A command starts faster without it.
 * - certificates.cjs, which is larger than all commands together, and which one command needs.
 * - worker.js: the node's thread for backups.
 * - demo.js, which is not part of the package.
 *
 * They are files of CommonJS, because V8 can keep the compiled code of a script and not that of an ES module. The first line
 * of a program has a hash, by which that cache is named (compiled-code.ts).
 *
 * The lines are not shortened: a stack trace names a line that a person can read.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';

const DIST = path.resolve('dist');
const BIN = path.join(DIST, 'bin');
const NODE = 'src/node.js';
const CERTIFICATES = 'bin/certificates.js';
/** The node starts this file by its place beside its own. */
const THREAD = 'src/backup/worker.js';
/**
 * One package that gRPC loads only for a service that no command has, and one of which the receiver of spans has to find
 * the same copy. Those for buckets are there only if somebody has installed them.
 */
const EXTERNAL = ['@grpc/proto-loader', '@opentelemetry/api', '@aws-sdk/client-s3', '@aws-sdk/lib-storage'];
/** Packages that find their native code beside their own files. */
const NATIVE = ['level', '@node-rs/crc32', 'lz4-napi', 'snappy'];

/** The modules of `dist`, with the node or without it. */
const fromDist = ({ hasNode }) => ({
  name: 'from-dist',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^\./ }, ({ path: specifier, resolveDir }) => {
      const file = path.relative(DIST, path.resolve(resolveDir, specifier));
      if (file === NODE && !hasNode) return { path: file, namespace: 'left-out' };
      return file === CERTIFICATES ? { path: './certificates.cjs', external: true } : undefined;
    });
    onLoad({ filter: /./, namespace: 'left-out' }, ({ path: file }) => ({
      contents: `throw new Error('this program was built without ${file}')`,
    }));
  },
});

const options = {
  outdir: BIN,
  write: false,
  metafile: true,
  bundle: true,
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  external: [...EXTERNAL, ...NATIVE],
};
/** Only a worker or a demo is a module. */
const modules = {
  ...options,
  format: 'esm',
  // Packages of CommonJS ask for Node's own modules by `require`.
  banner: { js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);" },
};
const commonJs = {
  ...options,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // The compiled code of a script has no loader of modules, so a late import of a package is a `require` there.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'here', 'import.meta.dirname': '__dirname' },
  banner: { js: "const here = require('node:url').pathToFileURL(__filename).href;" },
};
const inBin = (name) => path.join(BIN, name);
const PROGRAM = inBin('headwater.js');
const PROGRAMS = ['commands.cjs', 'serve.cjs'];
const bundles = [
  await build({ ...modules, entryPoints: [path.join(DIST, THREAD)], entryNames: '[name]' }),
  await build({ ...modules, entryPoints: [inBin('demo.js')], plugins: [fromDist({ hasNode: false })] }),
  await build({ ...commonJs, entryPoints: { commands: PROGRAM }, plugins: [fromDist({ hasNode: false })] }),
  await build({ ...commonJs, entryPoints: { serve: PROGRAM }, plugins: [fromDist({ hasNode: true })] }),
  await build({ ...commonJs, entryPoints: { certificates: path.join(DIST, CERTIFICATES) } }),
  await build({ ...commonJs, entryPoints: { headwater: inBin('entry.js') } }),
];

await rm(BIN, { recursive: true });
await mkdir(BIN, { recursive: true });
for (const { path: file, text } of bundles.flatMap(({ outputFiles }) => outputFiles))
  await writeFile(file, PROGRAMS.includes(path.basename(file)) ? named(text) : text);
await writeFile(
  path.join(BIN, 'LICENSES.txt'),
  await licensesOf(bundles.flatMap(({ metafile }) => Object.keys(metafile.inputs))),
);

/** A program whose first line is a hash of the rest. Only its comments may have characters that are not ASCII. */
function named(program) {
  const text = program.replaceAll(/[^\0-\x7f]/g, '?');
  return `// ${createHash('sha256').update(text).digest('hex').slice(0, 32)}\n${text}`;
}

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
