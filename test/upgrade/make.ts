/**
 * Makes the fixture of a version: `tsx test/upgrade/make.ts [--root CHECKOUT] [--commit COMMIT] [--name NAME]`. The checkout has
 * to be built. Without options it is this one, and the name is its version, as .ci/release has it.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type About, compressed, FIXTURES, pack } from './fixture.js';
import { bundleProgram } from './program.js';
import { Scenario } from './scenario.js';

const { values } = parseArgs({
  options: {
    root: { type: 'string', default: '.' },
    commit: { type: 'string' },
    name: { type: 'string' },
    /** Leaves the program out, for versions that no test of rolling upgrades runs. */
    data: { type: 'boolean', default: false },
  },
});
const root = path.resolve(values.root);
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
const commit =
  values.commit ?? execFileSync('git', ['-C', root, 'rev-parse', '--short=7', 'HEAD'], { encoding: 'utf8' }).trim();
const out = path.join(FIXTURES, values.name ?? version);
const folder = mkdtempSync(path.join(tmpdir(), 'headwater-fixture-'));
try {
  const { wire, ...written } = await new Scenario(path.join(root, 'dist/bin/headwater.cjs'), folder).run();
  const about: About = { version, commit, made: new Date().toISOString().slice(0, 10), ...written };
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const parts = ['leader', 'follower', 'export.jsonl'];
  if (about.backup.offset > 0) parts.push('leader.backup', 'archive');
  pack(folder, parts, path.join(out, 'data.tar.br'));
  writeFileSync(path.join(out, 'wire.json.br'), compressed(Buffer.from(JSON.stringify(wire))));
  if (!values.data) writeFileSync(path.join(out, 'program.mjs.br'), compressed(await bundleProgram(root)));
  writeFileSync(path.join(out, 'about.json'), `${JSON.stringify(about, undefined, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
