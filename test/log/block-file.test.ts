/** Blocks in files of their own: verbatim, whole or not at all, durable before anything else happens. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemFiles } from '../../src/disk/files.js';
import { keepBlocks, readBlockFile, writeBlockFile } from '../../src/log/block-file.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { flipped } from './blocks.js';
import { sixBlocks } from './open-log.js';

afterEach(removeTemporaryDirectories);

describe('blocks in a file of their own', () => {
  it('stand there verbatim behind their lengths, and no file is overwritten', async () => {
    const directory = await temporaryDirectory();
    const { history } = await sixBlocks();
    const blocks = history.blocks.map(({ bytes }) => bytes);
    await writeBlockFile(systemFiles, directory, 'x.blocks', blocks);
    const text = await readFile(path.join(directory, 'x.blocks'));
    const read: Buffer[] = [];
    for (let at = 0; at < text.length; at += 4 + text.readUInt32BE(at))
      read.push(text.subarray(at + 4, at + 4 + text.readUInt32BE(at)));
    assert.deepEqual(read, blocks);
    await assert.rejects(writeBlockFile(systemFiles, directory, 'x.blocks', []), { code: 'EEXIST' });
    assert.deepEqual(await readFile(path.join(directory, 'x.blocks')), text);
  });

  it('are there whole or not at all', async () => {
    const directory = await temporaryDirectory();
    const cut = async function* () {
      yield Buffer.from('one');
      throw new Error('the log was closed');
    };
    await assert.rejects(writeBlockFile(systemFiles, directory, 'x.blocks', cut()), /was closed/);
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name === 'x.blocks'),
      [],
    );
    await writeBlockFile(systemFiles, directory, 'x.blocks', [Buffer.from('one'), Buffer.from('two')]);
    assert.equal((await readFile(path.join(directory, 'x.blocks'))).length, 14);
  });

  it('are named by their contents: a second copy is the same file, a changed one another', async () => {
    const directory = await temporaryDirectory();
    const { history } = await sixBlocks();
    const blocks = history.blocks.map(({ bytes }) => bytes);
    const name = await keepBlocks(systemFiles, directory, 'log-from-1', blocks);
    assert.match(name, /^log-from-1-[0-9a-f]{32}\.blocks$/);
    const framed = blocks.flatMap((bytes) => [Buffer.from(new Uint32Array([bytes.length]).buffer).swap32(), bytes]);
    assert.deepEqual(await readFile(path.join(directory, name)), Buffer.concat(framed));
    assert.equal(await keepBlocks(systemFiles, directory, 'log-from-1', blocks), name);
    assert.deepEqual(await readdir(directory), [name]);
    const other = await keepBlocks(systemFiles, directory, 'log-from-1', [
      ...blocks.slice(1),
      flipped(blocks[0] as Buffer, 7),
    ]);
    assert.deepEqual((await readdir(directory)).sort(), [name, other].sort());
  });

  it('replace the half-written file that a crash left', async () => {
    const directory = await temporaryDirectory();
    await writeFile(path.join(directory, 'log-from-1.new'), Buffer.alloc(5_000));
    const name = await keepBlocks(systemFiles, directory, 'log-from-1', [Buffer.from('one')]);
    assert.deepEqual(await readdir(directory), [name]);
    assert.equal((await readFile(path.join(directory, name))).length, 7);
  });

  it('are asked for one at a time: the next once the one before is written', async () => {
    const directory = await temporaryDirectory();
    const sizes: number[] = [];
    const blocks = async function* () {
      for (let i = 0; i < 3; i++) {
        yield Buffer.alloc(6);
        sizes.push((await stat(path.join(directory, 'x.new'))).size);
      }
    };
    await keepBlocks(systemFiles, directory, 'x', blocks());
    assert.deepEqual(sizes, [10, 20, 30]);
  });

  it('are read back one by one, and a file that ends inside a block says at which byte', async () => {
    const directory = await temporaryDirectory();
    const { history } = await sixBlocks();
    const blocks = history.blocks.map(({ bytes }) => bytes);
    await writeBlockFile(systemFiles, directory, 'x.blocks', blocks);
    const file = path.join(directory, 'x.blocks');
    const whole: Buffer[] = [];
    for await (const bytes of readBlockFile(file)) whole.push(bytes);
    assert.deepEqual(whole, blocks);
    const text = await readFile(file);
    for (const length of [text.length - 1, 4 + (blocks[0]?.length ?? 0) + 2]) {
      await writeFile(file, text.subarray(0, length));
      const read: Buffer[] = [];
      const reading = (async () => {
        for await (const bytes of readBlockFile(file)) read.push(bytes);
      })();
      await assert.rejects(reading, { code: 'corrupt', message: /ends inside the block at byte \d+/ });
      assert.deepEqual(read, blocks.slice(0, read.length));
    }
    await writeFile(file, '{"key":"a"}');
    await assert.rejects(readBlockFile(file).next(), {
      code: 'corrupt',
      message: /Check that this is a file of blocks/,
    });
  });
});
