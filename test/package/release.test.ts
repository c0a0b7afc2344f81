/** The release script, in a repository made for it. The programs that take long, and need a network, are stand-ins. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, temporaryDirectory } from '../cli/command-line.js';

/** Notes how it was called, and packs. */
const NPM = `#!/bin/sh
echo "$@" >> ../calls
case "$1" in pack) echo tarball > "$4/headwater-1.2.3.tgz" ;; esac
`;

describe('the release script', () => {
  let root: string;
  const file = (...names: string[]) => path.join(root, 'checkout', ...names);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args], { cwd: file() });

  beforeEach(() => {
    root = temporaryDirectory();
    mkdirSync(file('.ci'), { recursive: true });
    mkdirSync(path.join(root, 'bin'));
    writeFileSync(path.join(root, 'bin/npm'), NPM);
    chmodSync(path.join(root, 'bin/npm'), 0o755);
    copyFileSync('.ci/release', file('.ci/release'));
    writeFileSync(file('.ci/sbom.mjs'), "console.log('{}');");
    writeFileSync(file('.gitignore'), 'dist/\n');
    writeFileSync(file('package.json'), '{ "version": "1.2.3" }');
    writeFileSync(file('CHANGELOG.md'), '# Changelog\n\n## 1.2.3\n');
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '--message', 'a');
  });
  afterEach(endAll);

  function release() {
    const env = { ...process.env, PATH: `${path.join(root, 'bin')}:${process.env.PATH}` };
    return spawnSync('bash', [file('.ci/release')], { encoding: 'utf8', env });
  }

  it('checks, packs, lists the packages and sums the files up, and publishes nothing', () => {
    const { status, stdout, stderr } = release();
    assert.equal(status, 0, stderr);
    const calls = readFileSync(path.join(root, 'calls'), 'utf8').trim().split('\n');
    assert.deepEqual(
      calls.map((call) => call.split(' ')[0]),
      ['ci', 'audit', 'test', 'pack', 'run', 'run'],
    );
    const sums = readFileSync(file('dist/release/SHA256SUMS'), 'utf8').trim().split('\n');
    assert.deepEqual(
      sums.map((line) => line.replace(/^[0-9a-f]{64} +/, '')),
      ['headwater-1.2.3.cdx.json', 'headwater-1.2.3.tgz'],
    );
    assert.equal(readFileSync(file('dist/release/headwater-1.2.3.cdx.json'), 'utf8'), '{}\n');
    assert.deepEqual(calls.slice(-2), ['run --silent release:fixture', 'run --silent release:protos']);
    assert.match(stdout, /git add test\/upgrade\/fixtures\/1\.2\.3 /);
    assert.match(stdout, /npm publish dist\/release\/headwater-1\.2\.3\.tgz/);
  });

  it('refuses a checkout with changes, and names them', () => {
    writeFileSync(file('forgotten.ts'), '');
    const { status, stderr } = release();
    assert.equal(status, 1);
    assert.match(stderr, /without changes, found:\n\?\? forgotten\.ts/);
  });

  it('refuses a version that the changelog does not have', () => {
    writeFileSync(file('CHANGELOG.md'), '# Changelog\n\n## Unreleased\n');
    git('commit', '--quiet', '--all', '--message', 'b');
    const { status, stderr } = release();
    assert.equal(status, 1);
    assert.match(stderr, /a section "## 1\.2\.3" in CHANGELOG\.md/);
  });
});
