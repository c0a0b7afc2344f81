/** The packages that users of this one get: the reason for each, their licences, and the bill of materials of a release. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readPage } from '../documents/pages.js';

/** Licences that ask for no more than to be kept with the code. */
const ALLOWED = ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT'];

interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: ReadonlyArray<{ readonly license?: { readonly id?: string }; readonly expression?: string }>;
  readonly hashes?: readonly unknown[];
  readonly properties: ReadonlyArray<{ readonly name: string }>;
}

const MANIFEST = JSON.parse(readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const LOCKED = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> };

/** What an install brings, on any system. */
const INSTALLED = Object.entries(LOCKED.packages)
  .filter(([place, { dev, devOptional }]) => place !== '' && !dev && !devOptional)
  .map(([place, locked]) => ({ name: place.replace(/^.*node_modules\//, ''), ...locked }));

const LICENCES = readFileSync('dist/bin/LICENSES.txt', 'utf8');

/** What the build puts into the command line, each with its licence and the text of it. */
const BUNDLED = LICENCES.split(`\n\n${'-'.repeat(80)}\n\n`).map((part) => {
  const [, name = '', version = '', license = ''] = /^(\S+) (\S+) \((.*)\)\n/.exec(part) ?? [];
  return { name, version, license, text: part.slice(part.indexOf('\n') + 1).trim() };
});

function isAllowed(license: string | undefined): boolean {
  return (license ?? '').split(/ OR /).some((one) => ALLOWED.includes(one.replace(/[()]/g, '')));
}

describe('the packages that users get', function () {
  this.timeout(60_000);

  it('have licences that ask for no more than to be kept', () => {
    assert.ok(INSTALLED.length > 30 && BUNDLED.length > 5, `${INSTALLED.length} installed, ${BUNDLED.length} bundled`);
    const others = [...INSTALLED, ...BUNDLED].filter(({ license }) => !isAllowed(license));
    assert.deepEqual(
      others.map(({ name, license }) => `${name}: ${license}`),
      [],
    );
    assert.equal(isAllowed('GPL-3.0-only'), false);
    assert.equal(isAllowed('MIT OR GPL-3.0-only'), true);
    assert.equal(isAllowed('MIT AND GPL-3.0-only'), false);
    assert.equal(isAllowed(undefined), false);
  });

  it('come with the text of their licence if the build puts them into a file', () => {
    assert.deepEqual(
      BUNDLED.filter(({ name, text }) => name === '' || text.length < 200).map(({ name }) => name),
      [],
    );
    for (const name of ['protobufjs', 'long'])
      assert.ok(readFileSync(`dist/src/protobuf/runtime.LICENSE.${name}`, 'utf8').length > 200, name);
  });

  it('each have a reason in src/README.md, with the way in which a user gets them', () => {
    const [, section = ''] = readPage('src/README.md').split('\n## Packages\n');
    const rows = [...section.matchAll(/^\| `([^`]+)` +\| (installed|in the build) +\| (\S.*?) +\|$/gm)];
    const reasons = new Map(rows.map(([, name = '', how = '', reason = '']) => [name, { how, reason }]));
    assert.deepEqual(
      [...reasons.values()].filter(({ reason }) => reason.length < 20),
      [],
    );
    const inBuild = Object.keys(MANIFEST.devDependencies).filter((name) => BUNDLED.some((one) => one.name === name));
    const expected = [
      ...Object.keys(MANIFEST.dependencies).map((name) => `${name} installed`),
      ...[...inBuild, 'protobufjs'].filter((name) => !ONLY_DEMO.includes(name)).map((name) => `${name} in the build`),
    ];
    assert.deepEqual(Array.from(reasons, ([name, { how }]) => `${name} ${how}`).toSorted(), expected.toSorted());
  });

  it('are pinned to one version each', () => {
    const versions = Object.entries({ ...MANIFEST.dependencies, ...MANIFEST.devDependencies });
    assert.deepEqual(
      versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
      [],
    );
  });

  it('are in the bill of materials of a release, installed or in the build, and no others', () => {
    const bom = JSON.parse(
      execFileSync(process.execPath, ['.ci/sbom.mjs'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }),
    ) as { specVersion: string; metadata: { component: { name: string } }; components: Component[] };
    assert.equal(bom.metadata.component.name, 'headwater');
    assert.match(bom.specVersion, /^1\.\d$/);
    const listed = bom.components.map(({ name, version }) => `${name}@${version}`);
    const wanted = [...BUNDLED, { name: 'protobufjs', version: MANIFEST.devDependencies.protobufjs }];
    for (const { name, version } of wanted) assert.ok(listed.includes(`${name}@${version}`), `${name}@${version}`);
    for (const name of Object.keys(MANIFEST.dependencies))
      assert.ok(
        listed.some((one) => one.startsWith(`${name}@`)),
        name,
      );
    for (const name of ['typescript', 'mocha']) assert.ok(!listed.some((one) => one.startsWith(`${name}@`)), name);
    assert.deepEqual(
      bom.components.filter((one) => !one.hashes?.length || !one.licenses?.length).map(({ purl }) => purl),
      [],
    );
  });
});

/** The demonstration, which is not part of the package, has them alone. */
const ONLY_DEMO = ['cli-table3'];
