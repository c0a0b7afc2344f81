/** The bytes of a backup on their way into a place. */
import assert from 'node:assert/strict';
import { CountedBytes } from '../../bin/backup-bytes.js';
import { Folder } from '../../src/backup/folder.js';
import type { BackupPart } from '../../src/client/index.js';
import { HEAD } from '../backup/files.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

describe('the bytes of a backup', () => {
  afterEach(removeTemporaryDirectories);

  const part = (text: string, more: Partial<BackupPart> = {}): BackupPart =>
    ({ head: HEAD, keys: 1, bytes: Buffer.from(text), ...more }) as BackupPart;

  async function* parts(...all: BackupPart[]): AsyncGenerator<BackupPart> {
    yield* all;
  }

  it('get a name in a place only if the backup has an end', async () => {
    const folder = new Folder(await temporaryDirectory());
    const torn = new CountedBytes(parts(part('head'), part('entries')));
    await assert.rejects(folder.write('a.backup', torn), { code: 'corrupt', message: 'the backup has no end' });
    assert.deepEqual(await folder.list(), []);
    const end = { keys: 1, digest: Buffer.alloc(32), chunks: 1, sha256: Buffer.alloc(32) };
    const whole = new CountedBytes(parts(part('head'), part('end', { end })));
    await folder.write('a.backup', whole);
    assert.deepEqual([await folder.list(), whole.result.bytes], [['a.backup'], 7]);
  });
});
