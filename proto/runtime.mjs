/**
 * The last step of the build: puts the runtime of protobufjs beside the compiled codecs, and the generated code without
 * its comments. gRPC brings protobufjs 7, and the codecs need protobufjs 8. With the runtime in the package, an
 * install has one copy of protobufjs and one install script less, and a client loads one file instead of fifteen.
 */
import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { build, transform } from 'esbuild';

const RUNTIME = 'protobufjs/minimal.js';
const TARGET = 'node20';
const folder = 'dist/src/protobuf';

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
const { code } = await transform(generated, { target: TARGET, minifyWhitespace: true });
await writeFile(path.join(folder, 'generated.js'), code);

for (const name of await readdir(folder)) {
  if (!name.endsWith('.js') || name === 'runtime.js') continue;
  const file = path.join(folder, name);
  const text = await readFile(file, 'utf8');
  if (text.includes(RUNTIME)) await writeFile(file, text.replace(/(["'])protobufjs\/minimal\.js\1/g, '"./runtime.js"'));
}
