/** A store that follows: what it takes from upstream, what it refuses, and how a full resync replaces its data. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type ErrorCode, HeadwaterError } from '../../src/base/errors.js';
import { BLOCK_HEADER_BYTES, Block } from '../../src/log/block.js';
import { blockKey } from '../../src/log/rows.js';
import type { LineageRow } from '../../src/model/lineage.js';
import { flipped, History, put, touch } from '../log/blocks.js';
import { turns, until } from '../support/clock.js';
import { removeTemporaryDirectories } from '../support/database.js';
import { refused } from '../support/refusals.js';
import { historyId } from '../support/seeds.js';
import { rowsOf } from '../support/snapshot-rows.js';
import { isAppend, TestStore } from '../support/store.js';

afterEach(removeTemporaryDirectories);

/** Hands over what of the history the store has not got, with the rows that begin there. */
async function feed(test: TestStore, history: History): Promise<void> {
  for (const block of history.blocks) {
    if (block.firstOffset <= test.store.data.position.offset) continue;
    await test.store.intake.receive(
      [block],
      history.rows.filter((row) => row.firstOffset === block.firstOffset),
    );
  }
}

/** A leader's store as a snapshot and what proves it. */
async function source(names: readonly string[]) {
  const test = await TestStore.open();
  for (const name of names) await test.set(name, `of ${name}`);
  const snapshot = await test.store.snapshots.at();
  const { keys, records } = await rowsOf(snapshot);
  const proof = await snapshot.digest();
  const { position } = snapshot;
  const lineage = test.store.data.log.history.lineage.upTo(position.offset);
  await snapshot.release();
  return { test, keys, records, proof, position, lineage };
}

describe('what a follower receives', () => {
  it('is logged byte for byte, with the rows that it begins, and applied', async () => {
    const test = await TestStore.follower();
    const history = new History();
    history.block(put('a', '1'), put('b', '2'));
    history.begin('b');
    history.block(touch('a', 9e12), put('c', '3'));
    await feed(test, history);
    assert.deepEqual(test.store.data.position, history.end);
    assert.deepEqual(test.store.data.log.history.lineage.rows, history.rows);
    assert.deepEqual(
      (await test.store.data.log.read(0, 1e9)).map(({ bytes }) => bytes),
      history.blocks.map(({ bytes }) => bytes),
    );
    assert.equal(await test.get('c'), '3');
    await test.reopen();
    assert.deepEqual([test.store.data.position, test.store.data.log.history.lineage.rows], [history.end, history.rows]);
    await test.store.close();
  });

  it('may be several blocks at a time, over a change of history', async () => {
    const test = await TestStore.follower();
    const history = new History();
    history.puts(3);
    history.puts(2);
    history.begin('b');
    history.puts(4);
    await test.store.intake.receive(history.blocks, history.rows);
    assert.deepEqual(test.store.data.position, history.end);
    assert.deepEqual(test.store.data.log.history.lineage.rows, history.rows);
    await test.store.close();
  });

  it("joins the upstream's history if this node had begun one of its own without a write", async () => {
    const test = await TestStore.follower();
    const history = new History();
    history.puts(3);
    await feed(test, history);
    await test.reopen({ role: 'leader', upstream: '' });
    assert.equal(test.store.data.log.history.lineage.rows.length, 2);
    await test.store.roles.follow('127.0.0.1:1');
    history.puts(2);
    await feed(test, history);
    assert.deepEqual(test.store.data.log.history.lineage.rows, history.rows);
    await test.reopen();
    assert.deepEqual([test.store.data.log.history.lineage.rows, test.store.data.position], [history.rows, history.end]);
    await test.store.close();
  });

  it('is durable when it is asked to be', async () => {
    const test = await TestStore.follower();
    const history = new History();
    history.puts(3);
    await feed(test, history);
    assert.equal(test.store.data.log.durable.offset, 0);
    assert.equal(await test.store.data.durablePoint.reach(), 3);
    await test.store.close();
  });

  it('with fsync of every block is durable at once', async () => {
    const test = await TestStore.follower({ fsync: 'always' });
    const history = new History();
    history.puts(3);
    await feed(test, history);
    assert.equal(test.store.data.log.durable.offset, 3);
    assert(test.disk.operations.some((operation) => isAppend(operation) && operation.sync));
    await test.store.close();
  });

  it('with fsync every second is durable within one', async () => {
    const test = await TestStore.follower({ fsync: 'everysec' });
    const history = new History();
    history.puts(3);
    await feed(test, history);
    assert.equal(test.store.data.log.durable.offset, 0);
    await test.clock.advance(1_100);
    await until('it is', () => test.store.data.log.durable.offset === 3);
    await test.store.close();
  });
});

describe('what a follower refuses', () => {
  const cases: [
    what: string,
    make: (history: History) => { blocks: Block[]; rows?: LineageRow[] },
    code: ErrorCode,
    message: RegExp,
  ][] = [
    [
      'a block that leaves a gap',
      (history) => {
        history.puts(1);
        return { blocks: [history.puts(1)] };
      },
      'chain_broken',
      /expected a block from offset 4, received 5 to 5/,
    ],
    [
      'a block that it has',
      (history) => ({ blocks: [history.blocks[0] as Block] }),
      'chain_broken',
      /expected a block from offset 4, received 1 to 3/,
    ],
    [
      'a block with another past',
      () => ({ blocks: [new History('a', { replicationId: historyId('a'), offset: 3, checksum: 99 }).puts(1)] }),
      'chain_broken',
      /does not continue the log/,
    ],
    [
      'a block that was damaged on the way',
      (history) => ({ blocks: [new Block(flipped(history.puts(2).bytes, 60 * 8))] }),
      'chain_broken',
      /does not continue the log/,
    ],
    [
      'a good block and then a bad one',
      (history) => ({ blocks: [history.puts(1), new Block(flipped(history.puts(2).bytes, 60 * 8))] }),
      'chain_broken',
      /does not continue the log/,
    ],
    [
      'a history that was not announced',
      (history) => {
        history.begin('b');
        return { blocks: [history.puts(1)] };
      },
      'protocol_violation',
      /has the wrong history: expected 6161.*received 6262/,
    ],
    [
      'a history that begins with another past',
      (history) => {
        const row = { ...history.begin('b'), checksum: 1 };
        return { blocks: [history.puts(1)], rows: [row] };
      },
      'protocol_violation',
      /does not continue the log of this node/,
    ],
    [
      'an announced history that the block is not of',
      (history) => {
        const block = history.puts(1);
        return {
          blocks: [block],
          rows: [
            { replicationId: historyId('b'), firstOffset: 4, checksum: history.blocks[0]?.checksum ?? 0, epoch: 2 },
          ],
        };
      },
      'protocol_violation',
      /has the wrong history: expected 6262.*received 6161/,
    ],
    [
      'an announced history that none of the blocks begins',
      (history) => ({
        blocks: [history.puts(1)],
        rows: [{ replicationId: historyId('b'), firstOffset: 99, checksum: 0, epoch: 2 }],
      }),
      'protocol_violation',
      /the first block of the history 6262.* at offset 99, received none/,
    ],
    [
      'a history that is announced twice',
      (history) => {
        const row = history.begin('b');
        return { blocks: [history.puts(1)], rows: [row, { ...row, epoch: 1 }] };
      },
      'protocol_violation',
      /at offset 4, received none/,
    ],
    [
      'a history of an epoch that is not later',
      (history) => {
        const row = { ...history.begin('b'), epoch: 1 };
        return { blocks: [history.puts(1)], rows: [row] };
      },
      'protocol_violation',
      /epoch/,
    ],
  ];
  for (const [what, make, code, message] of cases) {
    it(`${what}: nothing of it enters the log, and the next good one does`, async () => {
      const test = await TestStore.follower();
      const history = new History();
      history.puts(3);
      await feed(test, history);
      const { blocks, rows = [] } = make(
        Object.assign(new History('a', history.end), { rows: [...history.rows], blocks: [...history.blocks] }),
      );
      const appends = test.disk.operations.filter(isAppend).length;
      await assert.rejects(test.store.intake.receive(blocks, rows), refused(code, message));
      assert.equal(test.disk.operations.filter(isAppend).length, appends);
      assert.deepEqual(
        [test.store.data.position, test.store.data.log.history.lineage.rows],
        [history.end, history.rows],
      );
      history.puts(1);
      await feed(test, history);
      assert.equal(test.store.data.position.offset, 4);
      assert(test.store.data.isServing);
      assert.deepEqual(test.fatal, []);
      await test.store.close();
    });
  }

  /** A block whose payload is given, sealed as it should be. */
  function sealed(history: History, payload: string, commands: number): Block {
    const like = history.puts(commands);
    const bytes = Buffer.concat([like.bytes.subarray(0, BLOCK_HEADER_BYTES), Buffer.from(payload, 'hex')]);
    const before = history.blocks.at(-2)?.checksum ?? 0;
    bytes.writeUInt32BE(crc32(bytes.subarray(4), before), 0);
    return new Block(bytes);
  }

  for (const [what, payload, commands, code] of [
    ['a command of a kind that this version does not know', '0a0432020a00', 1, 'unknown_format'],
    ['a command without a kind', '0a00', 1, 'unknown_format'],
    ['a record of a type that no record can hold', '0a080a060a016b20ac02', 1, 'unknown_format'],
    ['a payload that is cut short', '0a0a12', 1, 'corrupt'],
    ['fewer commands than offsets', '0a022200', 2, 'corrupt'],
  ] as const) {
    it(`${what}, before it is appended, though its checksum is right`, async () => {
      const test = await TestStore.follower();
      const history = new History();
      history.puts(3);
      await feed(test, history);
      const appends = test.disk.operations.filter(isAppend).length;
      await assert.rejects(test.store.intake.receive([sealed(history, payload, commands)], []), refused(code));
      assert.equal(test.disk.operations.filter(isAppend).length, appends);
      assert.equal(test.store.data.position.offset, 3);
      await test.store.close();
    });
  }
});

describe('a follower whose disk fails', () => {
  it('opens again with all appended blocks, and takes the rest again', async () => {
    const test = await TestStore.follower();
    const history = new History();
    history.puts(3);
    history.puts(1);
    test.disk.fault = (operation) => {
      if (isAppend(operation) && operation.keys.some((bytes) => bytes.equals(blockKey(4)))) throw new Error('EIO');
    };
    await assert.rejects(feed(test, history), refused('store_latched', /EIO/));
    test.disk.fault = undefined;
    await until('it is open again', () => test.store.data.isServing, { clock: test.clock, stepMs: 50 });
    assert.equal(test.store.data.position.offset, 3);
    assert.deepEqual(test.store.data.log.history.lineage.rows, history.rows, 'a follower begins no history');
    await feed(test, history);
    assert.deepEqual(test.store.data.position, history.end);
    await test.store.close();
  });
});

describe('a full resync', () => {
  it('replaces data, log and lineage as a whole, and nothing is seen of it before', async () => {
    const test = await TestStore.follower();
    const own = new History('x');
    own.block(put('old', '1'));
    await feed(test, own);
    const leader = await source(['a', 'b', 'c']);
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await replacement.addEntries(leader.keys.slice(0, 2), leader.records.slice(0, 2));
    assert.equal(await test.get('old'), '1');
    assert.equal(await test.get('a'), undefined);
    await leader.test.set('d', 'after the snapshot');
    const blocks = await leader.test.store.data.log.read(leader.position.offset, 1e9);
    await replacement.appendBlocks(blocks, []);
    await replacement.addEntries(leader.keys.slice(2), leader.records.slice(2));
    await replacement.finish(leader.proof);
    assert.equal(await test.get('old'), '1');
    await test.store.intake.adopt(replacement, test.store.identity.clusterId);
    assert.deepEqual(
      [await test.get('old'), await test.get('a'), await test.get('d')],
      [undefined, 'of a', 'after the snapshot'],
    );
    assert.deepEqual(test.store.data.position, leader.test.store.data.position);
    assert.deepEqual(test.store.data.log.history.lineage.rows, leader.lineage.rows);
    assert.equal(test.store.data.log.base.offset, 3);
    assert.equal(await test.store.snapshots.size(), 4);
    assert.deepEqual((await test.store.snapshots.digest()).digest, (await leader.test.store.snapshots.digest()).digest);
    assert.deepEqual(
      (await readdir(test.directory)).filter((name) => name.startsWith('gen')),
      ['gen-000002'],
    );
    await leader.test.set('e');
    await test.store.intake.receive(await leader.test.store.data.log.read(4, 1e9), []);
    await test.reopen();
    assert.equal(await test.get('e'), 'v');
    await leader.test.store.close();
    await test.store.close();
  });

  it('leaves a log that is empty, and knows the time of its last block all the same', async () => {
    const test = await TestStore.follower();
    const leader = await source(['a']);
    const { endTimeMs } = leader.test.store.data;
    assert(endTimeMs > 0);
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, endTimeMs);
    await replacement.addEntries(leader.keys, leader.records);
    await replacement.finish(leader.proof);
    await test.store.intake.adopt(replacement, test.store.identity.clusterId);
    assert.equal(test.store.data.endTimeMs, endTimeMs);
    await test.reopen();
    assert.deepEqual([test.store.data.position, test.store.data.endTimeMs], [leader.position, endTimeMs]);
    await leader.test.store.close();
    await test.store.close();
  });

  it('ends readers of the old data with the reason', async () => {
    const test = await TestStore.follower();
    const own = new History('x');
    own.puts(600);
    await feed(test, own);
    const leader = await source(['a']);
    const snapshot = await test.store.snapshots.at();
    const reading = snapshot.chunks();
    await reading.next();
    const waiting = test.store.data.log.readers.whenBeyond(600, new AbortController().signal);
    waiting.catch(() => {});
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await replacement.addEntries(leader.keys, leader.records);
    await replacement.finish(leader.proof);
    await test.store.intake.adopt(replacement, test.store.identity.clusterId);
    const replaced = (error: unknown) =>
      HeadwaterError.is(error, 'unavailable') && error.details.reason === 'UPSTREAM_REPLACED';
    await assert.rejects(reading.next(), replaced);
    await assert.rejects(waiting, replaced);
    await leader.test.store.close();
    await test.store.close();
  });

  it('that is cut at any of its writes leaves the old data or the new, whole', async () => {
    const leader = await source(['a', 'b', 'c']);
    await leader.test.set('d');
    const blocks = await leader.test.store.data.log.read(leader.position.offset, 1e9);
    let cuts = 0;
    for (let cutAt = 1; ; cutAt++) {
      const test = await TestStore.follower();
      const own = new History('x');
      own.block(put('old', '1'));
      await feed(test, own);
      let operations = 0;
      test.disk.fault = ({ kind }) => {
        if (kind !== 'read' && ++operations === cutAt) test.disk.crash();
      };
      let done = false;
      void (async () => {
        const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
        await replacement.addEntries(leader.keys, leader.records);
        await replacement.appendBlocks(blocks, []);
        await replacement.finish(leader.proof);
        await test.store.intake.adopt(replacement, test.store.identity.clusterId);
        done = true;
      })();
      await until('it is done or cut', () => done || test.disk.opened.length === 0);
      await turns(3);
      test.disk.fault = undefined;
      if (done) {
        assert(cuts > 10, `${cuts} cuts`);
        await test.store.close();
        break;
      }
      cuts++;
      await test.open();
      const seen = [await test.get('old'), await test.get('a'), await test.get('d'), test.store.data.position.offset];
      const either =
        JSON.stringify(seen) === JSON.stringify(['1', undefined, undefined, 1]) ||
        JSON.stringify(seen) === JSON.stringify([undefined, 'of a', 'v', 4]);
      assert(either, `cut at ${cutAt}: ${JSON.stringify(seen)}`);
      assert.equal((await readdir(test.directory)).filter((name) => name.startsWith('gen')).length, 1);
      await test.store.close();
    }
    await leader.test.store.close();
  });

  it('that does not prove itself is no keyspace, and the next one begins clean', async () => {
    const test = await TestStore.follower();
    const leader = await source(['a', 'b']);
    const first = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await first.addEntries(leader.keys.slice(0, 1), leader.records.slice(0, 1));
    await assert.rejects(first.finish(leader.proof), refused('corrupt', /is not complete/));
    await first.close();
    const second = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await second.addEntries(leader.keys, leader.records);
    await second.finish(leader.proof);
    await test.store.intake.adopt(second, test.store.identity.clusterId);
    assert.equal(await test.store.snapshots.size(), 2);
    await leader.test.store.close();
    await test.store.close();
  });

  it('that cannot be begun leaves no database open', async () => {
    const test = await TestStore.follower();
    const leader = await source(['a']);
    for (const fails of ['open', 'batch'] as const) {
      test.disk.fault = ({ kind, location }) => {
        if (location.includes('gen-000002') && (kind === 'batch' || location.endsWith('keyspace')) && kind === fails)
          throw new Error('EMFILE');
      };
      await assert.rejects(test.store.intake.beginReplacement(leader.position, leader.lineage, 0), /EMFILE/);
      assert.deepEqual(
        test.disk.opened.filter((location) => location.includes('gen-000002')),
        [],
      );
    }
    test.disk.fault = undefined;
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await replacement.close();
    await leader.test.store.close();
    await test.store.close();
  });

  it('takes only blocks that chain from the snapshot on', async () => {
    const test = await TestStore.follower();
    const leader = await source(['a', 'b']);
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    const history = new History('x', leader.position);
    await assert.rejects(replacement.appendBlocks([history.puts(1)], []), refused('protocol_violation'));
    await replacement.appendBlocks(history.blocks, [{ ...(history.rows[0] as LineageRow), epoch: 9 }]);
    assert.equal(replacement.end.offset, 3);
    await replacement.close();
    await leader.test.store.close();
    await test.store.close();
  });

  for (const [what, matches] of [
    [
      'the old data cannot be closed in good order',
      (kind: string, location: string) => kind === 'durable' && location.includes('gen-000001'),
    ],
    [
      'the new data cannot be opened at first',
      (kind: string, location: string) => kind === 'open' && location.includes('gen-000002'),
    ],
  ] as const) {
    it(`serves again, old data or new, if ${what}`, async () => {
      const test = await TestStore.follower();
      const own = new History('x');
      own.block(put('old', '1'));
      await feed(test, own);
      const leader = await source(['a']);
      const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
      await replacement.addEntries(leader.keys, leader.records);
      await replacement.finish(leader.proof);
      let failures = 0;
      test.disk.fault = ({ kind, location }) => {
        if (matches(kind, location) && failures++ < 3) throw new HeadwaterError('corrupt', 'EIO');
      };
      const adopting = test.store.intake.adopt(replacement, test.store.identity.clusterId);
      const outcome = adopting.then(
        () => 'adopted',
        () => 'failed',
      );
      await until('it serves', () => failures > 0 && test.store.data.isServing, { clock: test.clock, stepMs: 100 });
      await outcome;
      const seen = [await test.get('old'), await test.get('a')];
      assert(
        JSON.stringify(seen) === JSON.stringify(['1', undefined]) ||
          JSON.stringify(seen) === JSON.stringify([undefined, 'of a']),
        JSON.stringify(seen),
      );
      test.disk.fault = undefined;
      await leader.test.store.close();
      await test.store.close();
    });
  }
});

describe('a full resync whose data cannot be opened', () => {
  it('ends its retries once the close is announced, and no more data are taken over', async () => {
    const test = await TestStore.follower();
    const leader = await source(['a']);
    const replacement = await test.store.intake.beginReplacement(leader.position, leader.lineage, 0);
    await replacement.addEntries(leader.keys, leader.records);
    await replacement.finish(leader.proof);
    let attempts = 0;
    test.disk.fault = ({ kind, location }) => {
      if (kind !== 'open' || !location.includes('gen-')) return;
      attempts++;
      throw new HeadwaterError('corrupt', 'EIO');
    };
    const adopting = test.store.intake.adopt(replacement, test.store.identity.clusterId);
    const outcome = assert.rejects(adopting, refused('corrupt', /EIO/));
    await until('it is tried again', () => attempts > 2, { clock: test.clock, stepMs: 100 });
    test.store.announceClose();
    await outcome;
    await assert.rejects(test.store.intake.adopt(replacement, test.store.identity.clusterId), refused('shutting_down'));
    await test.store.close();
    await assert.rejects(test.store.roles.follow('127.0.0.1:2'), HeadwaterError);
    assert.equal(test.store.roles.upstream, '127.0.0.1:1', 'a directory that is not locked any more is left alone');
    assert.deepEqual(
      test.disk.opened.filter((location) => location.startsWith(test.directory)),
      [],
    );
    await leader.test.store.close();
  });
});

describe('writes that a resync costs', () => {
  async function diverged(): Promise<{ test: TestStore; history: History }> {
    const test = await TestStore.follower();
    const history = new History();
    for (const count of [2, 3, 4]) history.puts(count);
    await feed(test, history);
    return { test, history };
  }

  const lostWrites = (test: TestStore) => `${test.directory}/lost-writes`;

  async function blocksIn(file: string): Promise<Buffer[]> {
    const bytes = await readFile(file);
    const blocks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at))
      blocks.push(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at)));
    return blocks;
  }

  it('are saved verbatim from the branch on, and counted', async () => {
    const { test, history } = await diverged();
    await test.store.lostWrites.save(2);
    assert.equal(await test.store.lostWrites.count(), 7);
    const name = `${historyId('a')}-3-9.blocks`;
    assert.deepEqual(await readdir(lostWrites(test)), [name]);
    assert.deepEqual(
      await blocksIn(`${lostWrites(test)}/${name}`),
      history.blocks.slice(1).map(({ bytes }) => bytes),
    );
    assert.equal(test.logger.said(/7 writes .* saved to lost-writes/, 'warn'), 1);
    await test.store.close();
  });

  it('are none if the branch is the end', async () => {
    const { test } = await diverged();
    await test.store.lostWrites.save(9);
    assert.equal(await test.store.lostWrites.count(), 0);
    await assert.rejects(readdir(lostWrites(test)), { code: 'ENOENT' });
    await test.store.close();
  });

  it('are not written twice if the resync is tried again', async () => {
    const { test } = await diverged();
    await test.store.lostWrites.save(2);
    const [name] = await readdir(lostWrites(test));
    const before = await readFile(`${lostWrites(test)}/${name}`);
    await test.store.lostWrites.save(2);
    assert.equal(await test.store.lostWrites.count(), 7);
    assert.equal(test.logger.said(/saved to lost-writes/), 1);
    assert.deepEqual(await readFile(`${lostWrites(test)}/${name}`), before);
    assert.equal((await readdir(lostWrites(test))).length, 1);
    await test.store.close();
  });

  it('are counted over restarts, for as long as their files are there', async () => {
    const { test } = await diverged();
    await test.store.lostWrites.save(2);
    await test.store.lostWrites.save(5);
    for (const way of ['closed', 'killed'] as const) {
      if (way === 'closed') await test.reopen();
      else await test.restart();
      assert.equal(await test.store.lostWrites.count(), 7 + 4, way);
    }
    await writeFile(`${lostWrites(test)}/${historyId('b')}-1-9.blocks.new`, 'cut in the middle');
    await writeFile(`${lostWrites(test)}/notes.txt`, 'looked at on Monday');
    assert.equal(await test.store.lostWrites.count(), 11);
    await rm(`${lostWrites(test)}/${historyId('a')}-3-9.blocks`);
    assert.equal(await test.store.lostWrites.count(), 4);
    await test.store.close();
  });

  it('are saved whole if an attempt before was cut in the middle', async () => {
    const { test, history } = await diverged();
    const name = `${historyId('a')}-3-9.blocks`;
    await mkdir(lostWrites(test));
    await writeFile(`${lostWrites(test)}/${name}.new`, history.blocks[1]?.bytes.subarray(0, 20) as Buffer);
    await test.store.lostWrites.save(2);
    assert.deepEqual(await readdir(lostWrites(test)), [name]);
    assert.deepEqual(
      await blocksIn(`${lostWrites(test)}/${name}`),
      history.blocks.slice(1).map(({ bytes }) => bytes),
    );
    await test.store.close();
  });

  it('are not saved in part if the log does not hold all of them', async () => {
    const { test } = await diverged();
    await test.store.data.log.trimming.trim(5);
    await assert.rejects(test.store.lostWrites.save(2), refused('trimmed'));
    assert.deepEqual(await readdir(lostWrites(test)), []);
    await test.store.close();
  });
});

describe('the cluster of a follower', () => {
  it('is that of its upstream, from when it joins, for good', async () => {
    const test = await TestStore.follower();
    await test.store.identity.join('c1');
    await test.reopen();
    assert.equal(test.store.identity.clusterId, 'c1');
    await test.store.close();
  });
});
