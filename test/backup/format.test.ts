/** The file of a backup: golden bytes, and that nothing else is taken for one. */
import assert from 'node:assert/strict';
import { crc32 } from 'node:zlib';
import { CHUNK_HEADER_BYTES, ChunkChain, ChunkSealer, PREAMBLE, PREAMBLE_BYTES } from '../../src/backup/format.js';
import { readBackup } from '../../src/backup/reader.js';
import { HeadwaterError } from '../../src/base/errors.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { TestStore } from '../support/store.js';
import { backupOf, HEAD, inPieces } from './files.js';

async function read(file: Buffer, size?: number): Promise<string[]> {
  const kinds: string[] = [];
  for await (const { kind } of readBackup(inPieces(file, size))) kinds.push(kind);
  return kinds;
}

const refusal = (file: Buffer) =>
  read(file).then(
    () => undefined,
    (error: unknown) => error as Error,
  );

function isRefused(error: Error | undefined): boolean {
  return HeadwaterError.is(error, 'corrupt') || HeadwaterError.is(error, 'unknown_format');
}

/** Of a store with some keys, a few hundred bytes. */
async function smallBackup(): Promise<Buffer> {
  const test = await TestStore.open();
  for (let i = 0; i < 5; i++) await test.set(`key ${i}`, `value ${i} `.repeat(8), i === 2 ? 60_000 : undefined);
  const file = await backupOf(test);
  await test.store.close();
  return file;
}

describe('a backup file', () => {
  afterEach(removeTemporaryDirectories);

  it('begins as it is documented', () => {
    const file = new ChunkSealer().head(HEAD);
    assert.equal(file.toString('latin1', 0, PREAMBLE_BYTES), 'HEADWATER BACKUP\n\0\0\0\x01');
    const header = file.subarray(PREAMBLE_BYTES, PREAMBLE_BYTES + CHUNK_HEADER_BYTES);
    const stored = file.subarray(PREAMBLE_BYTES + CHUNK_HEADER_BYTES);
    assert.deepEqual([header[0], header.readUInt32BE(1), header.readUInt32BE(5)], [1, stored.length, stored.length]);
    assert.equal(header.readUInt32BE(9), crc32(stored, crc32(header.subarray(0, 9), crc32(PREAMBLE))));
  });

  it('is read whatever the pieces that it comes in', async () => {
    const file = await smallBackup();
    for (const size of [1, 2, 13, 100, file.length])
      assert.deepEqual(await read(file, size), ['head', 'entries', 'end']);
  });

  it('with one bit flipped, at whichever byte, is refused', async () => {
    const file = await smallBackup();
    for (let at = 0; at < file.length; at++) {
      for (const bit of [at % 8, (at + 4) % 8]) {
        file[at] = (file[at] as number) ^ (1 << bit);
        const error = await refusal(file);
        assert(isRefused(error), `byte ${at} of ${file.length}, bit ${bit}: ${error}`);
        file[at] = (file[at] as number) ^ (1 << bit);
      }
    }
    assert.equal(await refusal(file), undefined);
  });

  it('that is cut off, behind whichever byte, is refused', async () => {
    const file = await smallBackup();
    for (let length = 0; length < file.length; length++) {
      const error = await refusal(file.subarray(0, length));
      assert(HeadwaterError.is(error, 'corrupt'), `${length} of ${file.length} bytes: ${error}`);
    }
  });

  it('that continues behind its end is refused', async () => {
    const file = await smallBackup();
    for (const more of [Buffer.from([0]), file]) {
      const error = await refusal(Buffer.concat([file, more]));
      assert.match(error?.message ?? '', /expected nothing after the end of the backup/);
    }
  });

  it('with chunks left out, repeated or moved is refused', async () => {
    const sealer = new ChunkSealer();
    const [head, a, b] = [sealer.head(HEAD), sealer.entries(Buffer.from('a'), 1), sealer.entries(Buffer.from('b'), 1)];
    const end = sealer.end({ keys: 0, digest: Buffer.alloc(32) });
    const chainOf = (...chunks: Buffer[]) => {
      const chain = new ChunkChain();
      for (const chunk of [head.subarray(PREAMBLE_BYTES), ...chunks]) chain.take(chunk);
      return chain.ended;
    };
    assert.equal(chainOf(a, b, end), true);
    for (const chunks of [[b, end], [a, end], [end], [b, a, end], [a, a, b, end], [a, b, end, end]])
      assert.throws(() => chainOf(...chunks), { code: 'corrupt' });
  });

  it('of another kind, or of a newer version, is refused by name', async () => {
    const foreign = await refusal(Buffer.from('REDIS0011 and so on, and so on'));
    assert.match(foreign?.message ?? '', /no Headwater backup: expected .*HEADWATER BACKUP.*received "REDIS0011/);
    const newer = await smallBackup();
    newer.writeUInt32BE(2, PREAMBLE_BYTES - 4);
    assert.deepEqual(
      [(await refusal(newer))?.message],
      [
        'the backup has format 2; this version reads format 1. Use the version of Headwater that wrote it, or a newer one',
      ],
    );
    const otherwise = new ChunkSealer().head({ ...HEAD, compression: 'zstd' });
    assert.match((await refusal(otherwise))?.message ?? '', /has compression zstd; this version reads compression lz4/);
  });

  it('whose chunk says that it is huge is refused before memory is set aside for it', () => {
    const header = Buffer.alloc(CHUNK_HEADER_BYTES);
    header[0] = 2;
    header.writeUInt32BE(0xffff_ffff, 1);
    header.writeUInt32BE(0xffff_ffff, 5);
    assert.throws(() => new ChunkChain().lengthOf(header), /expected lengths of at most/);
  });

  it('with a compressed chunk of another size than it says is refused', async () => {
    const sealer = new ChunkSealer();
    const lying = Buffer.from([0xff, 0xff, 0xff, 0x7f, 0]);
    const error = await refusal(Buffer.concat([sealer.head(HEAD), sealer.entries(lying, 100)]));
    assert.match(error?.message ?? '', /expected 100 bytes, its header says 2147483647/);
  });
});
