/** The note of a failed write, in memory and on disk. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { HeadwaterError } from '../../src/base/errors.js';
import { type Files, systemFiles } from '../../src/disk/files.js';
import { FailedWrite, WRITE_FAILED } from '../../src/store/failed-write.js';
import { Folder } from '../../src/store/folder.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

describe('the note of a failed write', () => {
  afterEach(removeTemporaryDirectories);

  it('stays set if its file cannot be removed, and goes at the next try', async () => {
    let isReadOnly = true;
    const remove = async (file: string) => {
      if (isReadOnly) throw Object.assign(new Error('read-only file system'), { code: 'EROFS' });
      await systemFiles.remove(file);
    };
    const files: Files = { ...systemFiles, remove };
    const directory = await temporaryDirectory();
    const note = new FailedWrite(new Folder(directory, files));
    note.met(new HeadwaterError('store_latched', 'an append failed'));
    assert.equal(await note.save(), true);
    await assert.rejects(note.forget(), { code: 'EROFS' });
    assert.equal(note.isSet, true);

    isReadOnly = false;
    await note.forget();
    assert.equal(note.isSet, false);
    assert.equal((await readdir(directory)).includes(WRITE_FAILED), false);
  });
});
