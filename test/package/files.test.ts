/** The files of the package, and so of the image: each has a reason to be there, and none is missing. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';

const EXPECTED: readonly RegExp[] = [
  /^(README|CHANGELOG)\.md$/,
  /^LICENSE$/,
  /^package\.json$/,
  // The command line, with the licences of the packages inside.
  /^dist\/bin\/[\w-]+\.c?js$/,
  /^dist\/bin\/LICENSES\.txt$/,
  /^dist\/man\/headwater\.1$/,
  // The library, and its types.
  /^dist\/src\/[\w/-]+\.(js|d\.ts)$/,
  /^dist\/src\/protobuf\/generated\.(schema|etcd)\.(js|d\.ts)$/,
  /^dist\/src\/protobuf\/runtime\.LICENSE\.\w+$/,
  // The status page, as browsers get it.
  /^src\/http\/page\/[\w-]+\.(html|css|js|svg)$/,
  /^proto\/[\w/]+\.(proto|binpb)$/,
  /^proto\/examples\/tour\.(py|rb|sh)$/,
  /^proto\/buf\.yaml$/,
  /^(src|bin|test|benchmarks|proto)\/([\w/-]+\/)?README\.md$/,
  /^\.github\/(SECURITY|CONTRIBUTING)\.md$/,
  // The files for services.
  /^\.service\/README\.md$/,
  /^\.service\/systemd\/headwater\.(service|conf)$/,
  /^\.service\/container\/Dockerfile(\.dockerignore)?$/,
  /^\.service\/compose\/(compose\.yaml|prometheus\.yml|grafana-(source|dashboards)\.yml)$/,
  /^\.service\/monitoring\/(alerts\.yml|dashboard\.json)$/,
  /^\.service\/kubernetes\/headwater\.yaml$/,
];

describe('the files of the package', function () {
  this.timeout(60_000);

  it('are those that a user needs, all of them and no others', () => {
    const told = execFileSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { encoding: 'utf8' });
    const [{ files }] = JSON.parse(told) as [{ files: Array<{ path: string; size: number; mode: number }> }];
    const names = files.map((file) => file.path);
    assert.deepEqual(
      names.filter((name) => !EXPECTED.some((one) => one.test(name))),
      [],
    );
    assert.deepEqual(EXPECTED.filter((one) => !names.some((name) => one.test(name))).map(String), []);
    const program = files.find((file) => file.path === 'dist/bin/headwater.cjs');
    assert.equal((program?.mode ?? 0) & 0o111, 0o111, 'a user runs it by its name');
    assert.deepEqual(
      files.filter(({ size }) => size === 0).map((file) => file.path),
      [],
    );
  });
});
