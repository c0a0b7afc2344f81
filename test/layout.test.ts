/**
 * The layout as a rule: a file imports only from lower floors, siblings do not
 * know each other, nothing goes in circles, and each third-party package has
 * its owners. The checker itself is tried on planted violations.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Lowest first. What stands in one line does not import from each other, unless SIDEWAYS says so. */
const FLOORS: string[][] = [
  ['src/base/'],
  ['src/model/', 'src/options.ts', 'src/version.ts', 'src/access/peer.ts', 'src/access/dial.ts'],
  ['src/access/tls/', 'src/access/credentials.ts'],
  ['src/access/cluster-address.ts'],
  ['src/access/addresses.ts'],
  ['src/disk/files.ts', 'src/disk/machine.ts'],
  ['src/disk/leveldb/'],
  ['src/disk/level.ts', 'src/protobuf/'],
  ['src/disk/chunks.ts'],
  ['src/log/', 'src/keyspace/', 'src/commands/'],
  ['src/store/'],
  ['src/replication/', 'src/compare/', 'src/streams/', 'src/backup/'],
  ['src/replication/progress/'],
  ['src/replication/downstream/', 'src/replication/upstream/'],
  ['src/replication/node-place.ts'],
  ['src/replication/leadership/'],
  ['src/replication/replication.ts'],
  ['src/check/', 'src/archive-upstream/'],
  ['src/access/'],
  ['src/pipeline/'],
  ['src/config.ts', 'src/rpc/', 'src/resp/', 'src/http/'],
  ['src/cluster/etcd/', 'src/cluster/view.ts'],
  ['src/cluster/etcd-value.ts', 'src/cluster/leaderships.ts'],
  ['src/cluster/etcd-leaderships.ts'],
  ['src/cluster/etcd-keys.ts'],
  ['src/client/', 'src/listener/', 'src/live-options.ts'],
  ['src/cluster/'],
  ['src/redis-door.ts', 'src/http-door.ts'],
  ['src/node.ts'],
  ['src/index.ts', 'src/tools.ts'],
  ['bin/', 'benchmarks/'],
];

/** Imports between units of one floor, or past a rule, that are meant. */
const SIDEWAYS: Array<[from: string, to: string]> = [
  ['src/keyspace/', 'src/commands/view.ts'],
  ['src/check/rebuild.ts', 'src/backup/reader.ts'],
];

/** The files that `exports` of package.json names. */
const ENTRIES = ['src/index.ts', 'src/client/index.ts', 'src/tools.ts'];

/**
 * The command line and the benchmarks use the package as its users do: they take
 * public names, from an entry or from the files that an entry takes them from.
 */
const ONLY_PUBLIC = ['bin/', 'benchmarks/'];

/** The one question about the parts of the hot path by themselves, which no user meets: it imports the parts. */
const ASKS_ABOUT_PARTS = 'benchmarks/questions/micro.ts';

/** Packages that a command must not wait for unless it needs them (measured: they double the time that it takes to start). */
const LATE = [
  'level',
  'protobufjs',
  '@grpc/',
  '@node-rs/crc32',
  'snappy',
  'lz4-napi',
  'pino',
  'prom-client',
  '@opentelemetry/',
  '@aws-sdk/',
];

/** The client takes nothing of the server but the parts that both ends share. */
const CLIENT_FROM = [
  'src/base/',
  'src/model/',
  'src/protobuf/',
  'src/backup/format.ts',
  'src/rpc/definitions.ts',
  'src/rpc/status.ts',
  'src/rpc/connection.ts',
  'src/access/dial.ts',
  'src/access/addresses.ts',
  'src/access/cluster-address.ts',
  'src/access/credentials.ts',
  'src/access/tls/certificates.ts',
  'src/access/tls/client-tls.ts',
  'src/access/tls/node-url.ts',
  'src/access/tls/secure-connect.ts',
];

/** A client of a cluster in etcd takes these too. */
const CLIENT_OF_ETCD = 'src/client/etcd-directory.ts';
const CLIENT_OF_ETCD_FROM = ['src/cluster/etcd/', 'src/cluster/etcd-keys.ts'];

/** The node alone puts the listener in front of its doors. */
const ONLY_NODE = 'src/listener/';

const OWNERS: Record<string, string[]> = {
  level: ['src/disk/level.ts', 'benchmarks/measure/floors.ts'],
  '@node-rs/crc32': ['src/disk/leveldb/'],
  snappy: ['src/disk/leveldb/'],
  protobufjs: ['src/protobuf/', 'benchmarks/peers/etcd.ts'],
  '@grpc/': ['src/rpc/', 'src/client/', 'src/cluster/etcd/', 'benchmarks/peers/etcd.ts'],
  'lz4-napi': ['src/backup/'],
  'prom-client': ['src/http/metrics/'],
  commander: ['bin/', 'benchmarks/'],
  pino: ['bin/'],
  'smol-toml': ['bin/config/toml-lines.ts'],
  '@peculiar/': ['bin/certificates.ts'],
  'reflect-metadata': ['bin/certificates.ts'],
  'cli-progress': ['bin/'],
  'cli-table3': ['bin/demo.ts'],
  ioredis: ['benchmarks/'],
  redis: ['benchmarks/peers/redis.ts'],
  '@opentelemetry/': ['src/base/tracing.ts'],
  '@aws-sdk/': ['src/backup/bucket.ts', 'src/backup/bucket-retries.ts'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  /** Not when the file is loaded: at run time, or never if only types are imported. */
  readonly isLate?: boolean;
}

function floorOf(file: string): number {
  return FLOORS.findIndex((units) => units.includes(unitOf(file)));
}

/** The smallest that holds the file: a folder in a folder may be a unit of its own. */
function unitOf(file: string): string {
  const units = FLOORS.flat().filter((unit) => inUnit(file, unit));
  return units.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

function inUnit(file: string, unit: string): boolean {
  return unit.endsWith('/') ? file.startsWith(unit) : file === unit;
}

function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const said = (why: string) => [`${from} imports ${to}: ${why}`];
    if (!to.startsWith('src/') && !to.startsWith('bin/') && !to.startsWith('benchmarks/')) {
      const owned = Object.entries(OWNERS).find(
        ([name]) => to === name || to.startsWith(name.endsWith('/') ? name : `${name}/`),
      );
      if (to.startsWith('node:')) return [];
      if (!owned) return said('a package without an owner in this test');
      return owned[1].some((unit) => inUnit(from, unit)) ? [] : said(`only ${owned[1].join(', ')} may`);
    }
    if (floorOf(from) < 0) return said('the file stands on no floor');
    if (unitOf(from) === unitOf(to) && unitOf(from).endsWith('/')) return [];
    if (SIDEWAYS.some(([a, b]) => inUnit(from, a) && inUnit(to, b))) return [];
    if (ONLY_PUBLIC.some((unit) => inUnit(from, unit)) && from !== ASKS_ABOUT_PARTS && !PUBLIC.has(to))
      return said('only an entry of the package, and the files that it names, may be imported here');
    const shared = from === CLIENT_OF_ETCD ? [...CLIENT_FROM, ...CLIENT_OF_ETCD_FROM] : CLIENT_FROM;
    if (from.startsWith('src/client/') && !shared.some((unit) => inUnit(to, unit))) return said('server code');
    if (to.startsWith(ONLY_NODE) && from !== 'src/node.ts') return said('only src/node.ts may');
    if (floorOf(to) >= floorOf(from)) return said('not a lower floor');
    return [];
  });
}

function importsOf(folder: string): Import[] {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'));
  return files.flatMap((from) => {
    const text = readFileSync(path.join(ROOT, from), 'utf8');
    const found = [
      ...text.matchAll(/^(?:import|export)\s[^;]*?from '([^']+)';|^import '([^']+)';|\bimport\('([^']+)'\)/gm),
    ];
    return found.map((match) => ({
      from,
      to: resolve(from, (match[1] ?? match[2] ?? match[3]) as string),
      isLate: match[3] !== undefined || /^(?:import|export) type /.test(match[0]),
    }));
  });
}

const PUBLIC = new Set(
  importsOf('src')
    .filter(({ from }) => ENTRIES.includes(from))
    .map(({ to }) => to)
    .concat(ENTRIES),
);

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function cycle(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (file: string, trail: string[]): string[] | undefined => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const to of next.get(file) ?? []) {
      const found = walk(to, [...trail, file]);
      if (found) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const found = walk(file, []);
    if (found) return found;
  }
  return undefined;
}

/** Tests that a page names, as `file` › title, and that are not there; titles as they stand in the source. */
function missingTests(page: string): { named: number; missing: string[] } {
  const named = [...page.matchAll(/`(test\/[^`]+\.test\.ts)` › (.+)$/gm)];
  const missing = named.filter(([, file, title]) => {
    const source = readFileSync(path.join(ROOT, file as string), 'utf8').replaceAll("\\'", "'");
    return !source.includes(title as string);
  });
  return { named: named.length, missing: missing.map(([all]) => all) };
}

describe('the layout', () => {
  const imports = ['src', 'bin', 'benchmarks'].flatMap(importsOf);

  it('has imports from lower floors and by owners only', () => {
    assert.ok(imports.length > 100, `expected to see the imports of the whole tree, saw ${imports.length}`);
    assert.deepEqual(violations(imports), []);
  });

  it('has a command line that starts without the packages that only some commands need', () => {
    const loaded = new Set(['bin/headwater.ts']);
    for (const file of loaded) for (const { from, to, isLate } of imports) if (from === file && !isLate) loaded.add(to);
    assert(loaded.has('bin/output.ts') && loaded.has('commander'), [...loaded].join());
    const early = [...loaded].filter((name) => LATE.some((late) => name === late || name.startsWith(late)));
    assert.deepEqual(early, []);
  });

  it('has a client that loads no server code and no native add-on', () => {
    const loaded = new Set(['src/client/index.ts']);
    for (const file of loaded) for (const { from, to, isLate } of imports) if (from === file && !isLate) loaded.add(to);
    assert(loaded.has('src/client/client.ts') && loaded.has('@grpc/grpc-js'), [...loaded].join());
    const shared = [...CLIENT_FROM, 'src/client/', 'src/rpc/connection-options.ts', 'src/rpc/codecs.ts'];
    const foreign = [...loaded].filter((file) => file.startsWith('src/') && !shared.some((unit) => inUnit(file, unit)));
    assert.deepEqual(foreign, []);
    const packages = [...loaded].filter((name) => !name.startsWith('src/') && !name.startsWith('node:'));
    assert.deepEqual(packages.sort(), ['@grpc/grpc-js', 'protobufjs/minimal.js']);
  });

  it('has no cycles, not even of types', () => {
    assert.equal(cycle(imports)?.join(' → '), undefined);
  });

  it('has every test that test/redis-scenarios.md names', () => {
    const { named, missing } = missingTests(readFileSync(path.join(ROOT, 'test/redis-scenarios.md'), 'utf8'));
    assert.ok(named > 100, `expected to see the tests of the whole table, saw ${named}`);
    assert.deepEqual(missing, []);
  });

  describe('checker', () => {
    const planted: Array<[string, Import]> = [
      ['an upward import', { from: 'src/log/log.ts', to: 'src/store/store.ts' }],
      ['an import of a sibling', { from: 'src/log/log.ts', to: 'src/keyspace/keyspace.ts' }],
      ['a package in a foreign hand', { from: 'src/store/store.ts', to: 'level' }],
      ['a package below a foreign scope', { from: 'src/store/store.ts', to: '@grpc/grpc-js' }],
      ['a package that nobody owns', { from: 'src/store/store.ts', to: 'lodash' }],
      ['the command line past the index', { from: 'bin/serve.ts', to: 'src/store/store.ts' }],
      ['a question past the index', { from: 'benchmarks/questions/write.ts', to: 'src/log/block.ts' }],
      ['server code in the client', { from: 'src/client/client.ts', to: 'src/rpc/server.ts' }],
      ['etcd in a client that may not need it', { from: 'src/client/client.ts', to: 'src/cluster/etcd/client.ts' }],
      ['the effects of commands in the client', { from: 'src/client/client.ts', to: 'src/commands/execute.ts' }],
      ['the listener in other hands', { from: 'src/index.ts', to: 'src/listener/listener.ts' }],
      ['a file that stands nowhere', { from: 'src/utils.ts', to: 'src/base/errors.ts' }],
    ];
    for (const [what, violation] of planted) {
      it(`sees ${what}`, () => assert.equal(violations([violation]).length, 1));
    }

    it('sees a test that is named and not there', () => {
      const there = '- **1** asked\n  - `test/layout.test.ts` › sees a cycle\n';
      const missing = '  - `test/layout.test.ts` › sees what ' + 'is not there\n';
      assert.deepEqual(missingTests(there + missing), {
        named: 2,
        missing: ['`test/layout.test.ts` › sees what ' + 'is not there'],
      });
    });

    it('sees a cycle', () => {
      const files = ['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/a.ts'];
      const circle = files.slice(1).map((to, i) => ({ from: files[i] as string, to }));
      assert.equal(cycle(circle)?.join(' → '), files.join(' → '));
      assert.equal(cycle(circle.slice(1)), undefined);
    });

    it('lets downward imports pass', () => {
      assert.deepEqual(violations([{ from: 'src/store/store.ts', to: 'src/log/log.ts' }]), []);
      assert.deepEqual(violations([{ from: 'src/keyspace/keyspace.ts', to: 'src/commands/view.ts' }]), []);
    });
  });
});
