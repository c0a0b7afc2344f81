/**
 * The .proto files by the rules of buf. It is a program for each platform, which npm installs as an optional package. If
 * this machine has none, the tests are skipped.
 */
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { skipUnless } from '../support/installed.js';
import { buf, PROTO } from './buf.js';

/** The files as the last release has them. proto/README.md says when this file is replaced. */
const RELEASED = path.join(import.meta.dirname, 'released.binpb');

const EXPLAINED = 'a change of the .proto files breaks clients of the last release: see proto/README.md';

describe('buf', () => {
  before(async function () {
    const { status, output } = await buf('--version');
    skipUnless(this, status === 0, `buf, which does not run on this machine: ${/^Error: .*$/m.exec(output)?.[0]}`);
  });

  it('finds no fault in the files', async () => {
    assert.deepEqual(await buf('lint', PROTO), { status: 0, output: '' });
  });

  it('finds nothing that breaks a client of the last release', async () => {
    assert.deepEqual(await buf('breaking', PROTO, '--against', RELEASED), { status: 0, output: '' }, EXPLAINED);
  });

  it('would find a field that means something else, and one that is gone', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'headwater-protos-'));
    try {
      await cp(PROTO, folder, { recursive: true });
      const file = path.join(folder, 'headwater/v1/kv.proto');
      const text = await readFile(file, 'utf8');
      const changed = text
        .replace(/^ {2}uint64 deleted = 1;$/m, '  string deleted = 1;')
        .replace(/^ {2}bool return_old = 7;$/m, '');
      assert.notEqual(changed, text);
      await writeFile(file, changed);
      const { status, output } = await buf('breaking', folder, '--against', RELEASED);
      assert.notEqual(status, 0);
      assert.match(output, /"deleted" on message "DeleteResponse" changed type from "uint64" to "string"/);
      assert.match(output, /field "7" with name "return_old" on message "SetRequest" was deleted/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
