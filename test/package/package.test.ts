/**
 * The package as its users meet it: packed, installed into an empty folder, compiled against with three compilers, run.
 * If the registry cannot be reached and npm's cache lacks something, the tests are skipped.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { build } from 'esbuild';
import { Node } from '../../src/index.js';
import { blocksOf } from '../documents/pages.js';
import { skipUnless } from '../support/installed.js';
import { Consumer } from './consumer.js';
import { publicFaults } from './declarations.js';

/** A program that uses all entries, as a module of either kind. */
const PROGRAM = `
import { Node, type NodeOptions, type SetOptions, type Transaction } from 'headwater';
import { Client, type CallOptions, HeadwaterError } from 'headwater/client';
import { OPTIONS, restoreDirectory } from 'headwater/tools';

export async function use(options: NodeOptions): Promise<string | undefined> {
  const node = await Node.start(options);
  const db: Client = await Client.connect(node.address);
  const set: SetOptions & CallOptions = { ttlMs: 60_000, timeoutMs: 1_000 };
  await db.set('greeting', 'hello', set);
  const both: Transaction = { operations: [{ kind: 'set', key: 'a', value: 'b' }] };
  await db.transact(both).catch((error: unknown) => HeadwaterError.is(error, 'wrong_type'));
  for await (const change of db.watch({ prefix: 'a' })) if (change.kind === 'put') console.log(change.value);
  const value = await db.get('greeting');
  const bytes: Buffer | undefined = await db.getBuffer('greeting');
  await db.close();
  await node.stop();
  console.log(typeof restoreDirectory, OPTIONS.listen.default);
  return bytes && value;
}
`;

/** Checks of types, as a consumer writes them. */
const TYPES = await Promise.all(
  ['transaction-types', 'codec-types'].map(async (name) => {
    const text = await readFile(path.join(import.meta.dirname, `../client/${name}.ts`), 'utf8');
    return [`${name}.mts`, text.replace('../../src/client/index.js', 'headwater/client')] as const;
  }),
);

const COMPILERS = ['typescript-5.9', 'typescript-6.0', 'typescript'];
/** Bundlers resolve the same declarations: the oldest and the newest compiler ask for them, with `npm run consumers` all. */
const FOR_BUNDLERS = process.env.HEADWATER_CONSUMERS ? COMPILERS : ['typescript-5.9', 'typescript'];

/** Folders and packages that a client must not need. */
const OF_SERVER =
  /src\/(store|log|keyspace|disk|commands|replication|streams|compare|check)\/|src\/node\.js|classic-level|snappy|lz4|crc32|pino|commander|\.node$/;

/** Prints the files that an import loads, the native add-ons too. */
const LOADED = `
import { createRequire, register } from 'node:module';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
const { port1, port2 } = new MessageChannel();
const hooks = \`let port;
export const initialize = (given) => { port = given; };
export const load = async (url, context, next) => { port.postMessage(url); return next(url, context); };\`;
register('data:text/javascript,' + encodeURIComponent(hooks), { data: port2, transferList: [port2] });
await import(process.argv[2]);
const urls = [];
for (let one; (one = receiveMessageOnPort(port1)); ) urls.push(one.message);
const required = Object.keys(createRequire(import.meta.url).cache);
const native = process.report.getReport().sharedObjects.filter((file) => file.endsWith('.node'));
console.log(JSON.stringify([...new Set([...urls, ...required, ...native])].filter((file) => !file.startsWith('node:'))));
process.exit();
`;

describe('the package', function () {
  this.timeout(300_000);
  let consumer: Consumer;

  before(async function () {
    const made = await Consumer.make();
    skipUnless(this, made, 'the npm registry, which cannot be reached, or all packages in the cache of npm');
    consumer = made;
  });

  after(() => consumer?.remove());

  it('has no benchmarks, no demo, no source maps and no generated declarations in its tarball', () => {
    const unwanted = consumer.packed.filter((file) =>
      /benchmarks\/.*(?<!\.md)$|demo|\.map$|generated.*\.d\.ts$|\.mjs$/.test(file),
    );
    assert.deepEqual(unwanted, []);
    assert(consumer.packed.includes('dist/bin/headwater.cjs'));
    assert(consumer.packed.includes('proto/headwater/v1/kv.proto'));
    if (existsSync('proto/headwater.binpb')) assert(consumer.packed.includes('proto/headwater.binpb'));
  });

  it('has every file that its READMEs link to', async () => {
    const pages = consumer.packed.filter((file) => file.endsWith('README.md'));
    assert(pages.length > 4, pages.join());
    const missing: string[] = [];
    for (const page of pages)
      for (const [, link = ''] of (await consumer.read(page)).matchAll(/\]\(([^)#]+\.(?:md|proto))/g))
        if (!consumer.packed.includes(path.posix.join(path.posix.dirname(page), link)))
          missing.push(`${page}: ${link}`);
    assert.deepEqual(missing, []);
  });

  it('runs no script when it is installed, and has one copy of protobufjs', async () => {
    const { scripts } = JSON.parse(await consumer.read('package.json')) as { scripts: Record<string, string> };
    assert.deepEqual(
      Object.keys(scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name)),
      [],
    );
    const copies = await consumer.npm('ls', 'protobufjs', '--parseable');
    assert.equal(copies.trim().split('\n').length, 1, copies);
  });

  for (const compiler of COMPILERS) {
    const isForBundlers = FOR_BUNDLERS.includes(compiler);
    const kinds = isForBundlers ? 'for Node and for bundlers' : 'for Node';
    it(`type-checks with ${compiler}, from modules and CommonJS, ${kinds}`, async () => {
      await consumer.write('program.mts', PROGRAM);
      await consumer.write('program.cts', PROGRAM);
      for (const [name, text] of TYPES) await consumer.write(name, text);
      const files = ['program.mts', ...TYPES.map(([name]) => name)];
      const strict = ['--noEmit', '--strict', '--target', 'es2022'];
      // The older compilers take longer to check the DOM than everything else.
      if (compiler !== 'typescript') strict.push('--lib', 'es2022');
      const [node, bundler] = await Promise.all([
        consumer.compile(compiler, ...files, 'program.cts', ...strict, '--module', 'nodenext'),
        isForBundlers
          ? consumer.compile(compiler, ...files, ...strict, '--module', 'esnext', '--moduleResolution', 'bundler')
          : '',
      ]);
      assert.equal(node, '');
      assert.equal(bundler, '');
    });
  }

  it('exports every type that a public signature names, and documents every public member', async () => {
    const faults = await publicFaults(consumer);
    assert.deepEqual(faults, [], faults.join('\n'));
  });

  it('has a client that loads no server code and no native add-on', async () => {
    const probe = await consumer.write('loaded.mjs', LOADED);
    const client = JSON.parse(await consumer.node(probe, 'headwater/client')) as string[];
    assert(client.some((file) => file.endsWith('src/client/index.js')) && client.some((file) => /grpc-js/.test(file)));
    assert.deepEqual(
      client.filter((file) => OF_SERVER.test(file)),
      [],
    );
    const all = JSON.parse(await consumer.node(probe, 'headwater')) as string[];
    assert(all.filter((file) => OF_SERVER.test(file)).length > 50, 'expected the probe to see the server in headwater');
  });

  it('has classes and functions in the client that know the names by which they are exported', async () => {
    const program = `import * as client from 'headwater/client';
      const named = Object.entries(client).filter(([, value]) => typeof value === 'function');
      console.log(JSON.stringify(named.map(([name, value]) => [name, value.name])));`;
    const named = JSON.parse(await consumer.node(await consumer.write('names.mjs', program))) as [string, string][];
    assert(named.some(([name]) => name === 'Client') && named.some(([name]) => name === 'DurabilityNotReached'));
    for (const [name, own] of named) assert.equal(own, name);
  });

  it('has a client that esbuild makes one file of, which runs', async () => {
    const entry = await consumer.write('bundled.mjs', "export { Client } from 'headwater/client';");
    const outfile = path.join(consumer.folder, 'bundle.cjs');
    const { metafile, warnings } = await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      metafile: true,
      logLevel: 'silent',
    });
    assert.deepEqual(
      warnings.map(({ text }) => text),
      [],
    );
    assert.deepEqual(
      Object.keys(metafile.inputs).filter((file) => OF_SERVER.test(file)),
      [],
    );
    const program = `const { Client } = require(${JSON.stringify(outfile)});
      (async () => {
        const db = await Client.connect(process.argv[2]);
        await db.set('bundled', 'yes');
        console.log(await db.get('bundled'));
        await db.close();
      })();`;
    await onNode(async (address) => {
      assert.equal(await consumer.node(await consumer.write('run.cjs', program), address), 'yes\n');
    });
  });

  it('has a client that esbuild makes one ES module of, with the banner of its README', async () => {
    const [, banner = ''] = /--banner:js="([^"]+)"/.exec(await consumer.read('src/client/README.md')) ?? [];
    const program = `import { Client } from 'headwater/client';
      const db = await Client.connect(process.argv[2]);
      console.log(await db.strlen('bundled'));
      await db.close();`;
    const entryPoints = [await consumer.write('program-to-bundle.mjs', program)];
    const outfile = path.join(consumer.folder, 'bundle.mjs');
    const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'silent' } as const;
    await build({ ...options, entryPoints, outfile, banner: { js: banner } });
    await onNode(async (address) => {
      assert.equal(await consumer.node(outfile, address), '0\n');
    });
  });

  it('runs and compiles the first samples of the README', async () => {
    const first = async (page: string, language: string) =>
      blocksOf(await consumer.read(page)).find((block) => block.language === language)?.text ?? '';
    const javascript = await first('README.md', 'js');
    const typescript = await first('README.md', 'ts');
    const embedded = await first('src/client/README.md', 'js');
    assert.match(javascript, /await db\.close\(\)/);
    assert.match(typescript, /await using db/);
    await onNode(async (address) => {
      const at = (text: string) => text.replaceAll('127.0.0.1:7420', address);
      assert.equal(await consumer.node(await consumer.write('sample.mjs', at(javascript))), 'hello\n');
      await consumer.write('sample.mts', at(typescript));
      const strict = ['--strict', '--target', 'es2022', '--module', 'nodenext', '--outDir', 'out'];
      assert.equal(await consumer.compile('typescript', 'sample.mts', ...strict), '');
    });
    assert.equal(await consumer.node(await consumer.write('embedded.mjs', embedded)), 'hello\n');
    assert(existsSync(path.join(consumer.folder, 'embedded')), embedded);
  });

  it('starts a node, sets and gets, from a program and by its command', async () => {
    const program = `import { Client, Node } from 'headwater';
      const node = await Node.start({ data: process.argv[2], listen: '127.0.0.1:0' });
      const db = await Client.connect(node.address);
      await db.set('greeting', 'hello');
      console.log(await db.get('greeting'));
      await db.close();
      await node.stop();`;
    const file = await consumer.write('run.mjs', program);
    assert.equal(await consumer.node(file, path.join(consumer.folder, 'data')), 'hello\n');
    const command = path.join(consumer.folder, 'node_modules/.bin/headwater');
    assert(existsSync(command));
    assert.match(await consumer.node(command, '--version'), /^\d+\.\d+\.\d+/);
  });

  async function onNode(use: (address: string) => Promise<void>): Promise<void> {
    const data = path.join(consumer.folder, `data-${Math.random().toString(36).slice(2)}`);
    const node = await Node.start({ data, listen: '127.0.0.1:0' });
    try {
      await use(node.address);
    } finally {
      await node.stop();
    }
  }
});
