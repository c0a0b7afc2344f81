/**
 * Whatever a later version writes, this one refuses by name: the error says what was found, what this version reads, and
 * what to do. A row for each format on disk and on the wire.
 */
import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { Level } from 'level';
import { eventually } from '../../benchmarks/waiting.js';
import { parseLine } from '../../bin/json-lines.js';
import { decodeUser } from '../../src/access/user-record.js';
import { readStretchEnds } from '../../src/backup/archive-file.js';
import { Folder } from '../../src/backup/folder.js';
import { ChunkSealer, PREAMBLE } from '../../src/backup/format.js';
import { checkedRow, valueOfCheckedRow } from '../../src/base/checked-row.js';
import { Client, Node } from '../../src/index.js';
import { KeyspaceLoader } from '../../src/keyspace/loader.js';
import { dataKey, encodeRecord } from '../../src/keyspace/record.js';
import { Block, sealBlock } from '../../src/log/block.js';
import { blockKey } from '../../src/log/rows.js';
import { ORIGIN } from '../../src/model/position.js';
import { decodeDownFrame, decodeUpFrame, type Handshake } from '../../src/replication/frames.js';
import { checkHandshake } from '../../src/replication/introduction.js';
import { dumpFile, restoreDirectory } from '../../src/tools.js';
import { HEAD, inPieces } from '../backup/files.js';
import { endAll, headwaterWithoutNode } from '../cli/command-line.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

const key = Buffer.from('a');

/** Changes the only database of that name in a data directory, whose node is stopped. */
async function change(data: string, name: 'log' | 'keyspace', work: (db: Database) => Promise<void>): Promise<void> {
  const db: Database = new Level(path.join(data, 'gen-000001', name), BYTES);
  await db.open();
  await work(db);
  await db.close();
}

async function logOf(data: string): Promise<readonly (readonly [Buffer, Buffer])[]> {
  const rows: (readonly [Buffer, Buffer])[] = [];
  await change(data, 'log', async (db) => void rows.push(...(await db.iterator().all())));
  return rows;
}

type Database = Level<Buffer, Buffer>;
const BYTES = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;

/** Puts a block behind the last one of a log, with these bytes as its commands. */
async function appendBlock(db: Database, commands: Buffer): Promise<void> {
  const [last] = await db.values({ gte: Buffer.from('b'), lt: Buffer.from('c'), reverse: true, limit: 1 }).all();
  const previous = new Block(last as Buffer);
  const { lastOffset: offset, checksum, replicationId, timeMs } = previous;
  const sealed = sealBlock({ commands: [{ kind: 'clear' }], previous: { offset, checksum }, replicationId, timeMs });
  const bytes = Buffer.concat([sealed.bytes.subarray(0, 49), commands]);
  bytes.writeUInt32BE(crc32(bytes.subarray(4), checksum), 0);
  await db.put(blockKey(offset + 1), bytes);
}

async function fileOf(name: string, content: Buffer | string): Promise<string> {
  const file = path.join(await temporaryDirectory(), name);
  await writeFile(file, content);
  return file;
}

const handshake = { kind: 'handshake', protocolVersion: 1, blockFormat: 1, recordFormat: 1, nodeId: 'b' };
const introduced = (changed: object) => checkHandshake({ ...handshake, ...changed } as Handshake, 'a');

async function refusalOf(work: () => unknown): Promise<Error & { readonly code?: string }> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new assert.AssertionError({ message: 'expected a refusal, received none' });
}

describe('a data directory of a later version', () => {
  let original: string;
  let data: string;

  before(async () => {
    original = path.join(await temporaryDirectory(), 'data');
    const node = await Node.start({ data: original, listen: '127.0.0.1:0' });
    const client = await Client.connect(node.address);
    await client.set('a', '1');
    await client.close();
    await node.stop();
  });
  beforeEach(async () => {
    data = path.join(await temporaryDirectory(), 'data');
    await cp(original, data, { recursive: true });
  });
  after(removeTemporaryDirectories);

  /** A row of the keyspace, changed. */
  const inKeyspace = (row: Buffer, changed: (bytes: Buffer) => Buffer) =>
    change(data, 'keyspace', async (db) => db.put(row, changed((await db.get(row)) as Buffer)));

  const ROWS: Record<string, [later: () => Promise<void>, says: RegExp]> = {
    'the number of the directory': [
      () => writeFile(path.join(data, 'format'), 'headwater data directory, format 2\n'),
      /has directory format 2; this version reads directory format 1\. Use the version of Headwater that wrote it/,
    ],
    'the record of the node': [
      async () => {
        const file = path.join(data, 'node.json');
        await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), format: 2 }));
      },
      /node\.json has format 2; this version reads format 1\. Use the version/,
    ],
    'the layout of the log': [
      () => change(data, 'log', (db) => db.put(Buffer.from('mformat'), Buffer.from([3]))),
      /has log layout 3; this version reads log layout 1 and 2\. Use the version/,
    ],
    'a block': [
      () =>
        change(data, 'log', async (db) => {
          const block = (await db.get(blockKey(1))) as Buffer;
          block[28] = 2;
          await db.put(blockKey(1), block);
        }),
      /a block has format 2; this version reads format 1\. Use the version/,
    ],
    'a kind of command in the log': [
      () => change(data, 'log', (db) => appendBlock(db, Buffer.from('0a023200', 'hex'))),
      /field 6 in command 0 of a block: a newer version wrote this field, and this version must not skip it\. Update/,
    ],
    'a type of record in the log': [
      () => change(data, 'log', (db) => appendBlock(db, Buffer.from('0a070a050a01612002', 'hex'))),
      /command 0 of a block has record type 2; this version reads record type 0 and 1\. Update this node/,
    ],
    'the checkpoint of the keyspace': [
      () => {
        const row = Buffer.from('mcheckpoint');
        return inKeyspace(row, (bytes) => {
          const record = JSON.parse(valueOfCheckedRow(row, bytes)?.toString() ?? '');
          return checkedRow(row, Buffer.from(JSON.stringify({ ...record, format: 2 })));
        });
      },
      /keyspace has checkpoint format 2; this version reads checkpoint format 1\. Use the version/,
    ],
  };
  for (const [what, [later, says]] of Object.entries(ROWS)) {
    it(`is refused at the start, by name: ${what}`, async () => {
      await later();
      const before = await logOf(data);
      const refusal = await refusalOf(() => Node.start({ data, listen: '127.0.0.1:0' }));
      assert.match(`${refusal.code}: ${refusal.message}`, new RegExp(`^unknown_format: .*${says.source}`));
      assert.deepEqual(await logOf(data), before, 'the log has what it had');
    });
  }

  it('has a record that is refused to its readers, and nothing else is', async () => {
    await inKeyspace(dataKey(0, key), (bytes) => {
      const record = Buffer.from(bytes);
      record[0] = 2;
      return record;
    });
    const node = await Node.start({ data, listen: '127.0.0.1:0' });
    const client = await Client.connect(node.address);
    try {
      const says =
        /the record of the key "a" has record format 2; this version reads record format 1\. Use the version/;
      const refusal = await eventually('the checkpoint to be read', async () => {
        const error = await refusalOf(() => client.getVersioned('a'));
        return says.test(error.message) && error;
      });
      assert.equal(refusal.code, 'unknown_format');
      await client.set('b', '2');
    } finally {
      await client.close();
      await node.stop();
    }
  });
});

describe('bytes of a later version', () => {
  after(removeTemporaryDirectories);

  const ARCHIVE = Buffer.concat([Buffer.from('HEADWATER ARCHIVE\n'), Buffer.from([0, 0, 0, 2]), Buffer.alloc(32)]);
  const restored = async (content: Buffer) =>
    restoreDirectory({
      directory: path.join(await temporaryDirectory(), 'data'),
      source: inPieces(content),
      name: 'a.backup',
    });

  const ROWS: Record<string, [read: () => unknown, says: RegExp]> = {
    'a backup': [
      () => restored(Buffer.concat([PREAMBLE.subarray(0, -1), Buffer.from([2])])),
      /the backup has format 2; this version reads format 1\. Use the version of Headwater that wrote it/,
    ],
    'a backup of other compression': [
      () => restored(new ChunkSealer().head({ ...HEAD, compression: 'zstd' })),
      /the backup has compression zstd; this version reads compression lz4\. Use the version/,
    ],
    'the records of a backup': [
      () => restored(new ChunkSealer().head({ ...HEAD, recordFormat: 2 })),
      /the backup has record format 2; this version reads record format 1\. Use the version/,
    ],
    'a type of record in a snapshot or a backup': [
      async () => {
        const record = encodeRecord(key, { type: 2, value: key, expiresAtMs: 0, version: 1 });
        await new KeyspaceLoader(await new MemoryDisk().database()).add([key], [record]);
      },
      /the record of the key "a" has record type 2; this version reads record type 0 and 1\. Update this node/,
    ],
    'a file of an archive': [
      async () => {
        const file = await fileOf('a.archive', ARCHIVE);
        await readStretchEnds(new Folder(path.dirname(file)), path.basename(file));
      },
      /a\.archive has archive format 2; this version reads archive format 1\. Use the version/,
    ],
    'a file of lost writes': [
      async () => {
        const { bytes } = sealBlock({
          commands: [{ kind: 'clear' }],
          previous: ORIGIN,
          replicationId: 'ab'.repeat(20),
          timeMs: 1,
        });
        bytes[28] = 2;
        const length = Buffer.from([0, 0, 0, bytes.length]);
        for await (const dumped of dumpFile(await fileOf('1-1', Buffer.concat([length, bytes]))))
          throw new Error('damage' in dumped ? dumped.damage : 'a block');
      },
      /a block has format 2; this version reads format 1\. Use the version/,
    ],
    'a user': [
      () => decodeUser('ann', Buffer.from('{"format":2}')),
      /the user ann has format 2; this version reads format 1\. Update this node/,
    ],
    'the protocol between nodes': [
      () => introduced({ protocolVersion: 2 }),
      /the follower has protocol version 2; this version reads protocol version 1\. Update this node/,
    ],
    'a follower that reads older blocks only': [
      () => introduced({ blockFormat: 0 }),
      /the follower has block format 0; this version reads block format 1\. Update the follower/,
    ],
    'a follower that reads older records only': [
      () => introduced({ recordFormat: 0 }),
      /the follower has record format 0; this version reads record format 1\. Update the follower/,
    ],
    'a frame of an upstream': [
      () => decodeDownFrame(Buffer.from('fa0700', 'hex')),
      /ReplicateResponse: expected one of .*heartbeat.*, received none of these, or a newer one\. Update this version/,
    ],
    'a frame of a follower': [
      () => decodeUpFrame(Buffer.from('fa0700', 'hex')),
      /ReplicateRequest: expected one of handshake, .*, received none of these, or a newer one\. Update this version/,
    ],
    'a line of an export': [
      () => parseLine('{"kind": "put", "key": "a", "value": "1", "type": "list"}'),
      /type: expected string, received "list", which this version does not know/,
    ],
    'a field in a line of an export': [
      () => parseLine('{"key": "a", "value": "1", "field": "b"}'),
      /unknown field "field": expected one of key, value, encoding/,
    ],
  };
  for (const [what, [read, says]] of Object.entries(ROWS)) {
    it(`are refused by name: ${what}`, async () => {
      assert.match((await refusalOf(read)).message, says);
    });
  }
});

describe('a config file of a later version', () => {
  after(() => Promise.all([endAll(), removeTemporaryDirectories()]));

  it('is refused, with the line of the option that this version does not have', async () => {
    const file = await fileOf('headwater.toml', 'listen = "127.0.0.1:0"\nshard-count = 4\n');
    const { status, stderr } = await headwaterWithoutNode(['serve', '--config', file, '--data', 'none']);
    assert.equal(status, 2);
    assert.match(stderr, /headwater\.toml:2: unknown option shard-count: expected one of data, listen, /);
  });
});
