/** The demo is a promise to every newcomer: it runs, it holds, and it leaves nothing behind. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { endAll, temporaryDirectory } from './command-line.js';

const DEMO = fileURLToPath(new URL('../../dist/bin/demo.js', import.meta.url));

describe('the demo', function () {
  this.timeout(120_000);
  after(endAll);

  it('runs on a machine without a package index, on records that it generates', async () => {
    const directory = temporaryDirectory();
    const env = { ...process.env, PATH: path.join(directory, 'no-programs'), TMPDIR: directory };
    const child = spawn(process.execPath, [DEMO], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    assert.equal(status, 0, said);
    assert.match(said, /60,000 records, .*GENERATED records, because there is no package index on this machine/);
    assert.match(said, /leader at offset \d+.*, follower at \d+/);
    assert.match(said, /a partial resync brought it up/);
    assert.match(said, /the two have changed places/);
    assert.match(said, /\nAll held\.\n$/);
    assert.deepEqual(readdirSync(directory), []);
  });
});
