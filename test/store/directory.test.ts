/** The data directory: who may open it, what is refused by name, and that what is refused is not touched. On the real LevelDB. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ErrorCode } from '../../src/base/errors.js';
import { systemFiles } from '../../src/disk/files.js';
import { openLevel } from '../../src/disk/level.js';
import { Directory } from '../../src/store/directory.js';
import { MemoryDisk, removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { set, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

const open = (directory?: string) =>
  TestStore.open({ openDatabase: openLevel, ...(directory === undefined ? {} : { directory }) });

/** A directory that a store has left, with one key in it. */
async function left(): Promise<string> {
  const test = await open();
  await test.set('a', '1');
  await test.store.close();
  return test.directory;
}

/** Every file below a directory with its bytes, but for the lock's own and who held it last. */
async function contents(directory: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(directory, { recursive: true })).sort()) {
    if (name.startsWith('lock') || name === 'owner') continue;
    const file = path.join(directory, name);
    found[name] = (await stat(file)).isDirectory() ? 'directory' : (await readFile(file)).toString('hex');
  }
  return found;
}

/** As before the first role: the cluster ID is noted once the databases are on disk. */
async function forgetCluster(directory: string): Promise<void> {
  const file = path.join(directory, 'node.json');
  const node = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...node, cluster_id: '' }));
}

describe('a data directory', () => {
  it('is made with its parents, for its owner alone', async () => {
    const directory = path.join(await temporaryDirectory(), 'a', 'b', 'data');
    const test = await open(directory);
    assert.deepEqual((await readdir(directory)).sort(), [
      'CURRENT',
      'format',
      'gen-000001',
      'life.json',
      'lock',
      'node.json',
      'owner',
    ]);
    assert.equal((await stat(directory)).mode & 0o777, 0o700);
    for (const name of ['CURRENT', 'format', 'node.json'])
      assert.equal((await stat(path.join(directory, name))).mode & 0o777, 0o600);
    assert.equal(await readFile(path.join(directory, 'format'), 'utf8'), 'headwater data directory, format 1\n');
    assert.equal(await readFile(path.join(directory, 'CURRENT'), 'utf8'), 'gen-000001\n');
    await test.store.close();
  });

  it('keeps data over a close and an open', async () => {
    const test = await open(await left());
    assert.equal(await test.get('a'), '1');
    await test.store.close();
  });

  it('may be there and empty', async () => {
    const directory = await temporaryDirectory();
    const test = await open(directory);
    await test.store.close();
  });

  it('keeps its identity and role whole through a crash while they are written', async () => {
    const directory = await left();
    const before = await readFile(path.join(directory, 'node.json'), 'utf8');
    await writeFile(path.join(directory, 'node.json.new'), '{ "node_id": "cut of');
    const test = await open(directory);
    assert.equal(test.store.identity.nodeId, (JSON.parse(before) as { node_id: string }).node_id);
    await test.store.roles.follow('h:1');
    assert.equal(
      (JSON.parse(await readFile(path.join(directory, 'node.json'), 'utf8')) as { upstream: string }).upstream,
      'h:1',
    );
    await test.store.close();
  });

  it('makes changes of its record one after another: none undoes another', async () => {
    const directory = await left();
    const opened = await Directory.open(directory, {
      files: systemFiles,
      openDatabase: new MemoryDisk().open,
      randomBytes,
    });
    await Promise.all([
      opened.node.update({ upstream: 'h:1' }),
      opened.node.update({ cluster_id: 'c'.repeat(32) }),
      opened.node.update(({ upstream }) => ({ upstream: `${upstream}2` })),
    ]);
    await opened.close();
    const node = JSON.parse(await readFile(path.join(directory, 'node.json'), 'utf8')) as Record<string, string>;
    assert.deepEqual([node.upstream, node.cluster_id], ['h:12', 'c'.repeat(32)]);
  });

  for (const cutAfter of ['format', 'node.json', 'CURRENT'] as const) {
    it(`whose first start was cut after ${cutAfter} was written is opened as a new one`, async () => {
      const directory = await left();
      const order = ['format', 'node.json', 'CURRENT', 'gen-000001'];
      for (const name of order.slice(order.indexOf(cutAfter) + 1))
        await rm(path.join(directory, name), { recursive: true });
      if (cutAfter !== 'format') await forgetCluster(directory);
      const test = await open(directory);
      assert.equal(await test.get('a'), undefined);
      await test.store.close();
    });
  }

  it('drops the rest of an interrupted resync, and never files in use', async () => {
    const directory = await left();
    await cp(path.join(directory, 'gen-000001'), path.join(directory, 'gen-000002'), { recursive: true });
    const test = await open(directory);
    assert.equal(await test.get('a'), '1');
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.startsWith('gen')),
      ['gen-000001'],
    );
    await test.store.close();
  });
});

describe('a directory that is in use', () => {
  it('is refused to a second store in this process, naming the process', async () => {
    const test = await open();
    await assert.rejects(
      open(test.directory),
      refused('directory_locked', new RegExp(`in use by process ${process.pid}\\.`)),
    );
    await test.set('a');
    assert.equal(await test.get('a'), 'v');
    await test.store.close();
    const second = await open(test.directory);
    await second.store.close();
  });

  it('is refused while another process has it, and open to this one when that is killed', async () => {
    const directory = await left();
    const script = path.join(await temporaryDirectory(), 'holder.cjs');
    await writeFile(
      script,
      `const { Level } = require(${JSON.stringify(createRequire(import.meta.url).resolve('level'))});
       new Level(${JSON.stringify(path.join(directory, 'lock'))}).open().then(() => process.send('locked'));
       setInterval(() => {}, 1000);`,
    );
    await writeFile(path.join(directory, 'owner'), '4711\n');
    const holder = fork(script, { execArgv: [] });
    try {
      await new Promise((resolve, reject) => {
        holder.once('message', resolve);
        holder.once('exit', (code) => reject(new Error(`the holder ended with ${code}`)));
      });
      const before = await contents(directory);
      await assert.rejects(
        open(directory),
        refused('directory_locked', /in use by process 4711\. Give each node its own data directory/),
      );
      assert.deepEqual(await contents(directory), before);
    } finally {
      const gone = new Promise((resolve) => holder.once('exit', resolve));
      holder.kill('SIGKILL');
      await gone;
    }
    const test = await open(directory);
    assert.equal(await test.get('a'), '1');
    await test.store.close();
  });
});

describe('a directory that is not to be opened', () => {
  type Case = [what: string, spoil: (directory: string) => Promise<void>, code: ErrorCode, message: RegExp];
  const write = (name: string, text: string) => (directory: string) => writeFile(path.join(directory, name), text);
  const remove = (name: string) => (directory: string) => rm(path.join(directory, name), { recursive: true });
  const cases: Case[] = [
    [
      'a later directory format',
      write('format', 'headwater data directory, format 2\n'),
      'unknown_format',
      /directory format 2; .*format 1/,
    ],
    [
      'a format file that is not ours',
      write('format', 'something else\n'),
      'foreign_directory',
      /format is not Headwater's/,
    ],
    ['an empty format file', write('format', ''), 'foreign_directory', /format is not Headwater's/],
    [
      'a node.json that is no JSON',
      write('node.json', '{"node_id":'),
      'corrupt',
      /node\.json is damaged: expected .*, received/,
    ],
    ...[
      '{"node_id":["ID"],"cluster_id":"","role":"leader","upstream":""}',
      '{"node_id":"ID","cluster_id":"","role":"follower"}',
      '{"node_id":"ID","cluster_id":7,"role":"leader","upstream":""}',
      '{"node_id":"ID","cluster_id":"","role":"leader","upstream":{"__proto__":"a:1"}}',
      'null',
      '[]',
      '['.repeat(200_000) + ']'.repeat(200_000),
    ].map(
      (text): Case => [
        `a node.json that is ${text.slice(0, 70)}`,
        write('node.json', text.replace('ID', 'ab'.repeat(16))),
        'corrupt',
        /node\.json is damaged: expected .*, received/,
      ],
    ),
    [
      'a node.json without a role',
      write('node.json', `{"node_id":"${'ab'.repeat(16)}"}`),
      'corrupt',
      /node\.json is damaged/,
    ],
    [
      'a node.json with a short ID',
      write('node.json', '{"node_id":"ab","role":"leader"}'),
      'corrupt',
      /node\.json is damaged/,
    ],
    [
      'a CURRENT that names no generation',
      write('CURRENT', 'gen-1\n'),
      'corrupt',
      /CURRENT is damaged: .*received "gen-1\\n"/,
    ],
    ['a CURRENT that leads elsewhere', write('CURRENT', '../../etc\n'), 'corrupt', /CURRENT is damaged/],
    ['an empty CURRENT', write('CURRENT', ''), 'corrupt', /CURRENT is damaged/],
    [
      'a CURRENT that names a generation that is not there',
      write('CURRENT', 'gen-000007\n'),
      'corrupt',
      /gen-000007 is missing/,
    ],
    ['no CURRENT beside a generation', remove('CURRENT'), 'corrupt', /CURRENT is missing/],
    ['no node.json beside a generation', remove('node.json'), 'corrupt', /node\.json is missing/],
  ];
  for (const [what, spoil, code, message] of cases) {
    it(`because of ${what}, is refused by name, is not touched, and is not locked`, async () => {
      const directory = await left();
      await spoil(directory);
      const before = await contents(directory);
      await assert.rejects(open(directory), refused(code, message));
      assert.deepEqual(await contents(directory), before);
      await assert.rejects(open(directory), refused(code, message));
    });
  }

  for (const [what, name] of [
    ['a file', 'notes.txt'],
    ['a hidden file', '.profile'],
    ['another directory', 'log'],
  ] as const) {
    it(`because another program's ${what} is in it, is refused by name, and stays untouched`, async () => {
      const directory = await temporaryDirectory();
      if (name === 'log') await mkdir(path.join(directory, name));
      else await writeFile(path.join(directory, name), 'mine');
      await assert.rejects(open(directory), refused('foreign_directory', new RegExp(`"${name}"`)));
      assert.deepEqual(await readdir(directory), [name]);
    });
  }

  it('because it is a file, is refused', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'mine');
    await assert.rejects(open(file), refused('foreign_directory'));
    assert.equal(await readFile(file, 'utf8'), 'mine');
  });

  it('because LevelDB cannot open the log, is refused, and opens again when the file is back', async () => {
    const directory = await left();
    const current = path.join(directory, 'gen-000001', 'log', 'CURRENT');
    const text = await readFile(current);
    await writeFile(current, 'nonsense');
    await assert.rejects(
      open(directory),
      refused(
        'corrupt',
        /gen-000001\/log is not complete: .*CURRENT: expected the name of a manifest, received "nonsense"/,
      ),
    );
    await writeFile(current, text);
    const test = await open(directory);
    assert.equal(await test.get('a'), '1');
    await test.store.close();
  });
});

describe('a store on the real LevelDB', () => {
  it('closed and copied as it stands opens elsewhere with the same data', async () => {
    const directory = await left();
    const elsewhere = path.join(await temporaryDirectory(), 'copy');
    await cp(directory, elsewhere, { recursive: true });
    const test = await open(elsewhere);
    assert.equal(await test.get('a'), '1');
    await test.store.close();
  });

  it('copied while it runs, as by a kill, comes back with all that was acknowledged', async () => {
    const test = await open();
    for (let i = 0; i < 50; i++) await test.submit(set(`k${i}`, String(i)), set('last', String(i)));
    const elsewhere = path.join(await temporaryDirectory(), 'copy');
    await cp(test.directory, elsewhere, { recursive: true, filter: (name) => !name.endsWith('LOCK') });
    const copy = await open(elsewhere);
    assert.equal(await copy.get('last'), '49');
    assert.equal(await copy.store.snapshots.size(), 51);
    assert.deepEqual((await copy.store.snapshots.digest()).digest, (await test.store.snapshots.digest()).digest);
    await copy.store.close();
    await test.store.close();
  });
});
