/**
 * The .proto files by the rules of buf. It is a program for each platform, which npm installs as an optional package. If
 * this machine has none, the tests are skipped.
 */
import assert from 'node:assert/strict';
import { buf, PROTO } from './buf.js';

describe('buf', () => {
  before(async function () {
    const version = await buf('--version');
    if (version.status !== 0) {
      console.log(`      skipped: buf does not run on this machine: ${/^Error: .*$/m.exec(version.output)?.[0]}`);
      this.skip();
    }
  });

  it('finds no fault in the files', async () => {
    assert.deepEqual(await buf('lint', PROTO), { status: 0, output: '' });
  });
});
