/** Files sealed with a key: everything a plain place promises, and no change of the bytes stays unseen. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BackupKey, readBackupKey } from '../../src/backup/backup-key.js';
import { Folder } from '../../src/backup/folder.js';
import { SEALED_CHUNK_BYTES, SEALED_HEAD_BYTES, STORED_CHUNK_BYTES } from '../../src/backup/sealed-format.js';
import { SealedPlace } from '../../src/backup/sealed-place.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { inPieces } from './files.js';

describe('a place of sealed files', () => {
  let folder: Folder;
  let key: BackupKey;
  let place: SealedPlace;

  async function newKey(): Promise<BackupKey> {
    const file = path.join(await temporaryDirectory(), 'key');
    await writeFile(file, `${randomBytes(32).toString('hex')}\n`);
    return await readBackupKey(file);
  }

  beforeEach(async () => {
    folder = new Folder(await temporaryDirectory());
    key = await newKey();
    place = new SealedPlace(folder, { key, acceptsPlain: true });
  });
  afterEach(removeTemporaryDirectories);

  async function contentOf(file: string, from?: number, of = place): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of of.read(file, from)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async function written(size: number, name = 'a'): Promise<Buffer> {
    const bytes = randomBytes(size);
    await place.write(name, inPieces(bytes, 10_000));
    return bytes;
  }

  it('gives back files of any size, from any byte on, and their ends', async () => {
    for (const size of [0, 1, SEALED_CHUNK_BYTES - 1, SEALED_CHUNK_BYTES, SEALED_CHUNK_BYTES + 1, 200_000]) {
      const bytes = await written(size, `${size}`);
      for (const from of [0, 1, SEALED_CHUNK_BYTES - 1, SEALED_CHUNK_BYTES].filter((one) => one < size || one === 0))
        assert.deepEqual(await contentOf(`${size}`, from), bytes.subarray(from), `${size} from ${from}`);
      for (const count of [1, 100, SEALED_CHUNK_BYTES, 10 ** 6]) {
        const tail = await place.tail(`${size}`, count);
        assert.deepEqual(
          [tail.size, tail.bytes],
          [size, bytes.subarray(Math.max(0, size - count))],
          `${size}: ${count}`,
        );
      }
    }
  });

  it('has nothing of the content in the file, and another file each time', async () => {
    const text = Buffer.from('a secret '.repeat(1_000));
    for (const name of ['a', 'b']) {
      const writer = await place.create('node', 1);
      await writer.append(text);
      await writer.finish(name);
    }
    const [a, b] = await Promise.all(['a', 'b'].map((name) => readFile(folder.pathOf(name))));
    assert.ok(a && b && !a.includes('secret') && !a.subarray(-16).equals(b.subarray(-16)));
    assert.deepEqual(await contentOf('b'), text);
  });

  it('refuses bytes that were changed, cut off, left out, exchanged or added', async () => {
    await written(3 * SEALED_CHUNK_BYTES);
    await written(3 * SEALED_CHUNK_BYTES, 'other');
    const [whole, other] = await Promise.all(['a', 'other'].map((name) => readFile(folder.pathOf(name))));
    assert.ok(whole && other);
    const chunk = (n: number, of = whole) =>
      of.subarray(SEALED_HEAD_BYTES + n * STORED_CHUNK_BYTES, SEALED_HEAD_BYTES + (n + 1) * STORED_CHUNK_BYTES);
    const head = whole.subarray(0, SEALED_HEAD_BYTES);
    const changed = Buffer.from(whole);
    changed[100_000] = (changed[100_000] as number) ^ 1;
    const otherSalt = Buffer.from(whole);
    otherSalt[40] = (otherSalt[40] as number) ^ 1;
    const cases: Record<string, Buffer> = {
      changed,
      otherSalt,
      'cut at a chunk': whole.subarray(0, -STORED_CHUNK_BYTES),
      'cut in a chunk': whole.subarray(0, -1),
      'head alone': head,
      'half a head': head.subarray(0, 20),
      'left out': Buffer.concat([head, chunk(0), chunk(2)]),
      exchanged: Buffer.concat([head, chunk(1), chunk(0), chunk(2)]),
      'of another file': Buffer.concat([head, chunk(0), chunk(1, other), chunk(2)]),
      added: Buffer.concat([whole, chunk(2)]),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      await writeFile(folder.pathOf(name), bytes);
      await assert.rejects(contentOf(name), { code: 'corrupt' }, name);
    }
    for (const name of ['cut at a chunk', 'cut in a chunk', 'otherSalt', 'added'])
      await assert.rejects(place.tail(name, 100), { code: 'corrupt' }, name);
  });

  it('reads plain files, and names the key of a sealed one that it cannot read', async () => {
    await folder.write('plain', inPieces(Buffer.from('plain text')));
    assert.equal((await contentOf('plain')).toString(), 'plain text');
    assert.equal((await contentOf('plain', 6)).toString(), 'text');
    assert.equal((await place.tail('plain', 4)).bytes.toString(), 'text');
    await written(10);
    const id = key.id.toString('hex');
    const other = await newKey();
    await assert.rejects(contentOf('a', 0, new SealedPlace(folder, { key: undefined, acceptsPlain: false })), {
      code: 'unknown_format',
      message: new RegExp(`encrypted with the key ${id}\\. Name the file of this key with --backup-key-file$`),
    });
    await assert.rejects(contentOf('a', 0, new SealedPlace(folder, { key: other, acceptsPlain: true })), {
      message: new RegExp(`with the key ${id}, and --backup-key-file has the key ${other.id.toString('hex')}\\.`),
    });
  });

  it('refuses plain files beside a key, unless the reader accepts them', async () => {
    await folder.write('plain', inPieces(Buffer.from('plain text')));
    const strict = new SealedPlace(folder, { key, acceptsPlain: false });
    const refusal = {
      code: 'unknown_format',
      message: /plain is not encrypted: expected .* add --accept-unencrypted$/,
    };
    await assert.rejects(contentOf('plain', 0, strict), refusal);
    await assert.rejects(contentOf('plain', 6, strict), refusal);
    await assert.rejects(strict.tail('plain', 4), refusal);
    const bytes = await written(10);
    assert.deepEqual(await contentOf('a', 0, strict), bytes);
  });

  it('takes a key of 64 hexadecimal digits from a file, and shows no part of another one', async () => {
    const file = path.join(await temporaryDirectory(), 'key');
    await assert.rejects(readBackupKey(file), { code: 'invalid_argument', message: /cannot read .*no such file/ });
    await writeFile(file, 'abcdef');
    await assert.rejects(readBackupKey(file), {
      code: 'invalid_argument',
      message: /expected 64 hexadecimal digits in .*, received 6 characters .*openssl rand -hex 32$/,
    });
  });
});
