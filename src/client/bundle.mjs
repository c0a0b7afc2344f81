/**
 * The last step of the build. A program that wants a client loads few files, and an install has one copy of protobufjs.
 *
 * The runtime of protobufjs goes beside the compiled codecs: gRPC brings protobufjs 7, the codecs need protobufjs 8, and
 * a user's install cannot merge the two. The generated code loses its comments. The client becomes one file, and a second
 * one for clients of a cluster in etcd. It shares three files with the server: the errors, so that there is one class of
 * them, and the two large ones.
 */
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, transform } from 'esbuild';

const RUNTIME = 'protobufjs/minimal.js';
const TARGET = 'node20';
const SOURCE = path.resolve('dist/src');
const folder = path.join(SOURCE, 'protobuf');
const client = path.join(SOURCE, 'client');

await build({
  entryPoints: [`node_modules/${RUNTIME}`],
  outfile: path.join(folder, 'runtime.js'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: TARGET,
  minifyWhitespace: true,
});
for (const name of ['protobufjs', 'long'])
  await copyFile(`node_modules/${name}/LICENSE`, path.join(folder, `runtime.LICENSE.${name}`));

const generated = await readFile('src/protobuf/generated.js', 'utf8');
// V8 reads all of this file before a program runs. Short names make it a sixth smaller, and nobody reads its lines.
const { code } = await transform(generated, { target: TARGET, minify: true });
await writeFile(path.join(folder, 'generated.js'), code);

// V8 reads a table as JSON in less time than as a part of a program (measured: 4 ms of the import of the client).
const tables = path.join(folder, 'generated.schema.js');
const asJson = (_, name, table) =>
  `export const ${name} = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(table)))});`;
await writeFile(tables, (await readFile(tables, 'utf8')).replace(/^export const (\w+) = (\{.*\});$/gm, asJson));

for (const name of await readdir(folder)) {
  if (!name.endsWith('.js') || name === 'runtime.js') continue;
  const file = path.join(folder, name);
  const text = await readFile(file, 'utf8');
  if (text.includes(RUNTIME)) await writeFile(file, text.replace(/(["'])protobufjs\/minimal\.js\1/g, '"./runtime.js"'));
}

/** The client loads this file late, and only for the address of a cluster. */
const DIRECTORY = 'client/etcd-directory.js';
const SHARED = ['base/errors.js', 'protobuf/generated.js', 'protobuf/runtime.js', DIRECTORY];

const shared = {
  name: 'shared',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\./ }, ({ path: specifier, resolveDir }) => {
      const file = path.relative(SOURCE, path.resolve(resolveDir, specifier));
      return SHARED.includes(file) ? { path: `../${file}`, external: true } : undefined;
    }),
};

/** The client, and the relay of a node, which loads the relay only if it forwards writes. */
const ENTRIES = ['index.js', 'relay.js', path.basename(DIRECTORY)];

const { outputFiles } = await build({
  entryPoints: ENTRIES.map((name) => path.join(client, name)),
  outdir: client,
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: TARGET,
  packages: 'external',
  plugins: [shared],
});
for (const name of await readdir(client)) if (name.endsWith('.js')) await rm(path.join(client, name));
// esbuild calls a class that names itself `_Client`. Its option `keepNames` would cost a call for each closure of a command.
for (const { path: outfile, text } of outputFiles) {
  const renamed = text.matchAll(/^var (\w+) = class _(\w+)/gm);
  const names = Array.from(
    renamed,
    ([, variable, name]) => `Object.defineProperty(${variable}, 'name', { value: '${name}' });\n`,
  );
  await writeFile(outfile, text + names.join(''));
}
