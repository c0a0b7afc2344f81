/** A node as a whole, in this process and on the real LevelDB: what it says while its disk is away. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { eventually } from '../benchmarks/waiting.js';
import { Client, Node } from '../src/index.js';
import { removeTemporaryDirectories, temporaryDirectory } from './support/database.js';

describe('a node whose data directory is taken away', () => {
  afterEach(removeTemporaryDirectories);

  it('reports its status all the while, and serves again when the directory is back', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0' });
    const client = await Client.connect(node.address);
    try {
      await client.set('a', '1');
      await rename(data, `${data}.away`);
      await client.set('b', '2');
      const away = await eventually('the loss to be seen', async () => {
        const status = await client.status({ timeoutMs: 1_000 });
        return /cannot be opened/.test(status.unavailable) && status;
      });
      assert.match(
        away.unavailable,
        /reopening after a failure: .*; .*missing now\. Put it back: no empty database is made in its place/,
      );
      assert.deepEqual([away.role, away.offset, away.lineage.length, away.firstOffset], ['leader', 2, 1, 1]);
      assert(!existsSync(data));
      await rename(`${data}.away`, data);
      await eventually('it to serve again', async () => (await client.status()).unavailable === '');
      assert.deepEqual([await client.get('a'), await client.get('b')], ['1', '2']);
    } finally {
      await client.close();
      await node.stop();
    }
  });

  it('stops in good order while it is away', async () => {
    const data = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data, listen: '127.0.0.1:0' });
    await rename(data, `${data}.away`);
    const client = await Client.connect(node.address);
    await client.set('a', '1');
    await eventually('the loss to be seen', async () => (await client.status()).unavailable !== '');
    await client.close();
    await node.stop();
    assert(!existsSync(data));
  });
});

describe('a node that cannot start where it should', () => {
  afterEach(removeTemporaryDirectories);

  it('changes nothing on its disk: its address, its Redis address or its archive is taken', async () => {
    const folder = await temporaryDirectory();
    const data = path.join(folder, 'data');
    const listen = '127.0.0.1:0';
    const other = await Node.start({ data: path.join(folder, 'other'), listen });
    try {
      await (await Node.start({ data, listen })).stop();
      const before = await contentsOf(data);
      const file = path.join(folder, 'file');
      await writeFile(file, '');
      const wrong = [
        [{ listen: other.address }, { code: 'address_in_use' }],
        [{ listen, redisListen: other.address }, { code: 'address_in_use' }],
        [
          { listen, archive: file },
          { message: `archive: expected the path of a directory, received the file ${file}` },
        ],
        [{ listen, archive: `${file}/a` }, { message: /received .*a: a part of the path is a file, not a directory$/ }],
      ] as const;
      for (const [options, error] of wrong) {
        await assert.rejects(Node.start({ data, ...options }), error);
        assert.deepEqual(await contentsOf(data), before);
        await assert.rejects(Node.start({ data: path.join(folder, 'new'), ...options }), error);
        assert.deepEqual((await readdir(folder)).sort(), ['data', 'file', 'other']);
      }
    } finally {
      await other.stop();
    }
  });
});

/** Every file below a directory, with its content. */
async function contentsOf(directory: string): Promise<Record<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(await Promise.all(files.sort().map(async (file) => [file, await readFile(file, 'hex')])));
}
