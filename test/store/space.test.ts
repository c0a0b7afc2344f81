/** The room on a disk: when writes are refused for want of it, when they are taken again, and the ballast. */
import assert from 'node:assert/strict';
import { HeadwaterError } from '../../src/base/errors.js';
import { BALLAST_RETRY_MS, SPACE_LOOK_BYTES_MIN, SPACE_LOOK_MS } from '../../src/base/limits.js';
import { isOutOfSpace } from '../../src/disk/files.js';
import { leastFreeBytes, Space } from '../../src/store/space.js';
import { settled, TestClock, turn, turns, until } from '../support/clock.js';
import { FullDisk, systemOutOfSpace } from '../support/full-disk.js';
import { MemoryFiles } from '../support/memory-files.js';
import { RecordingLogger } from '../support/store.js';

const MiB = 2 ** 20;
const FLOOR = 256 * MiB;
const RESUME = FLOOR + FLOOR / 8;
const BALLAST = 4 * MiB;
const DIRECTORY = '/data';

describe('the room on a disk', () => {
  let clock: TestClock;
  let logger: RecordingLogger;
  let memory: MemoryFiles;
  let disk: FullDisk;
  let space: Space;

  beforeEach(async () => {
    clock = new TestClock();
    logger = new RecordingLogger();
    memory = new MemoryFiles(turn);
    memory.makeFolder(DIRECTORY);
    disk = new FullDisk(memory.of({ dead: false }));
    space = await begin();
  });

  afterEach(() => space.close());

  async function begin({ minFreeBytes }: { minFreeBytes?: number } = { minFreeBytes: FLOOR }): Promise<Space> {
    const randomBytes = (count: number) => Buffer.alloc(count, 7);
    const { files } = disk;
    const options = { files, clock, logger, directory: DIRECTORY, randomBytes };
    const made = new Space({ ...options, minFreeBytes, ballastBytes: BALLAST });
    await made.begin();
    return made;
  }

  async function free(bytes: number): Promise<void> {
    disk.free = bytes;
    await space.look();
  }

  const code = () => space.refusal?.code;
  const names = () => [...memory.contents(DIRECTORY).keys()];
  const ballast = () => memory.contents(DIRECTORY).get('ballast')?.length;

  it('refuses writes below the floor, and accepts them again 12.5 % above it', async () => {
    assert.equal(code(), undefined);
    await free(FLOOR - 1);
    assert.equal(code(), 'disk_full');
    await free(RESUME - 1);
    assert.equal(code(), 'disk_full');
    await free(RESUME);
    assert.equal(code(), undefined);
    await free(FLOOR);
    assert.equal(code(), undefined);
  });

  it('reports the free bytes, the needed bytes and the directory, and logs that once', async () => {
    await free(100 * MiB);
    const { message, details } = space.refusal as HeadwaterError;
    assert.equal(
      message,
      'the disk of /data is full: this node takes no writes until 288.0 MiB are free; 100.0 MiB are free',
    );
    assert.deepEqual(details, { directory: '/data', neededBytes: RESUME, freeBytes: 100 * MiB });
    assert.deepEqual(space.status, { freeBytes: 100 * MiB, minFreeBytes: FLOOR, full: message });
    await free(90 * MiB);
    await free(80 * MiB);
    assert.match(space.status.full, /80\.0 MiB are free/);
    assert.equal(logger.said(/is full/), 1);
    await free(RESUME);
    assert.equal(logger.said(/the disk has room again/), 1);
    assert.equal(space.status.full, '');
  });

  it('is checked once a second', async () => {
    space.start();
    await turns(10);
    disk.free = 0;
    await clock.advance(SPACE_LOOK_MS - 1);
    assert.equal(code(), undefined);
    await until('it is seen', () => space.refusal !== undefined, { clock, stepMs: 1 });
    disk.free = 1e12;
    await until('it is seen', () => space.refusal === undefined, { clock, stepMs: 100 });
  });

  it('is checked sooner if much is written while little is left', async () => {
    await free(FLOOR + 8 * MiB);
    disk.free = 0;
    assert.equal(space.refusalOf(SPACE_LOOK_BYTES_MIN), undefined);
    await turns(5);
    assert.equal(code(), undefined);
    space.refusalOf(SPACE_LOOK_BYTES_MIN + 1);
    await turns(5);
    assert.equal(code(), 'disk_full');
  });

  it('does not matter if it is not configured, or if the file system does not report it', async () => {
    const unwatched = await begin({});
    disk.free = 0;
    await unwatched.look();
    assert.deepEqual([unwatched.refusal, await unwatched.roomFor(1e15, 'anything')], [undefined, undefined]);
    disk.files.freeBytes = async () => undefined;
    await space.look();
    assert.deepEqual([space.refusal, await space.roomFor(1e15, 'anything')], [undefined, undefined]);
    assert.equal(space.status.freeBytes, undefined);
  });

  it('lets large work begin if there is room for that, below the floor too', async () => {
    await free(100 * MiB);
    assert.equal(await space.roomFor(100 * MiB, 'a checkpoint'), undefined);
    const refusal = await space.roomFor(101 * MiB, 'a checkpoint');
    assert.equal(refusal?.code, 'disk_full');
    assert.match(refusal?.message ?? '', /no room for a checkpoint until 101\.0 MiB are free; 100\.0 MiB are free/);
  });

  it('is waited for until there is some, or until the wait is given up', async () => {
    await free(0);
    const enough = new AbortController();
    const [waiting, givenUp] = [space.whenRoom(new AbortController().signal), space.whenRoom(enough.signal)];
    assert.equal(await settled(waiting), false);
    enough.abort(new Error('enough'));
    await assert.rejects(givenUp, /enough/);
    await free(RESUME);
    await waiting;
    await space.whenRoom(new AbortController().signal);
  });

  it('is partly reserved by a ballast, made whole or not at all, if enough is left', async () => {
    disk.free = RESUME + BALLAST - 1;
    space.start();
    await clock.advance(SPACE_LOOK_MS);
    await turns(20);
    assert.deepEqual(names(), []);
    disk.free = RESUME + BALLAST;
    await until('it is made', () => ballast() === BALLAST, { clock, stepMs: 100 });
    assert.deepEqual(names(), ['ballast']);
  });

  it('is not reduced by a ballast that finds no room: no part of it stays', async () => {
    disk.operationsLeft = 3;
    space.start();
    await until('it has failed', () => disk.failures > 0, { clock, stepMs: 100 });
    await until('it is gone', () => names().length === 0);
    disk.empty();
    await clock.advance(BALLAST_RETRY_MS / 2);
    await turns(20);
    assert.deepEqual(names(), []);
    assert.equal(code(), undefined);
    await until('it is made', () => ballast() === BALLAST, { clock, stepMs: 100 });
  });

  it('is freed by the next start of the rest of an unfinished ballast', async () => {
    space.start();
    await until('it is made', () => ballast() === BALLAST, { clock, stepMs: 100 });
    await space.close();
    const { operations } = disk;
    await (await disk.files.create(`${DIRECTORY}/ballast.new`)).close();
    space = await begin();
    space.start();
    await clock.advance(2 * SPACE_LOOK_MS);
    await turns(20);
    assert.deepEqual(names(), ['ballast']);
    assert.equal(disk.operations, operations + 1);
  });

  it('is taken to be gone after a write found no room, until a ballast stands again', async () => {
    space.start();
    await until('the ballast is made', () => ballast() === BALLAST, { clock, stepMs: 100 });
    disk.ballastHelps = false;
    disk.fill();
    await space.met(new HeadwaterError('store_latched', 'a write failed', { cause: systemOutOfSpace('/data/x') }));
    assert.equal(ballast(), undefined);
    assert.equal(code(), 'disk_full');
    assert.match(space.refusal?.message ?? '', /are free, but a write failed for lack of space/);
    // A quota, or what the file system keeps for itself: it tells of room that is not there.
    for (let i = 0; i < 30; i++) await clock.advance(SPACE_LOOK_MS);
    assert.equal(code(), 'disk_full');
    assert.equal((await space.roomFor(1, 'a checkpoint'))?.code, 'disk_full');
    disk.empty();
    await until('there is room', () => space.refusal === undefined, { clock, stepMs: 1_000 });
    assert.equal(ballast(), BALLAST);
  });

  it('is not doubted after any other failure', async () => {
    await space.met(new HeadwaterError('store_latched', 'a write failed', { cause: new Error('EIO: i/o error') }));
    assert.equal(code(), undefined);
  });

  it('is given by the ballast to a store that opens, and an error reports the missing bytes', async () => {
    space.start();
    await until('the ballast is made', () => ballast() === BALLAST, { clock, stepMs: 100 });
    let opened = 0;
    const open = async () => {
      opened++;
      if (ballast() !== undefined) throw systemOutOfSpace('/data/lock');
      return 'open';
    };
    assert.equal(await space.whileOpening(open), 'open');
    assert.equal(opened, 2);
    disk.free = 4 * MiB;
    const failing = space.whileOpening(async () => {
      throw systemOutOfSpace('/data/lock');
    });
    await assert.rejects(failing, (error: HeadwaterError) => {
      assert.equal(error.code, 'disk_full');
      assert.match(
        error.message,
        /disk of \/data is full: the data cannot be opened \(ENOSPC.*until 48\.0 MiB are free; 4\.0/,
      );
      return true;
    });
    const other = space.whileOpening(async () => {
      throw new HeadwaterError('corrupt', 'damaged');
    });
    await assert.rejects(other, { code: 'corrupt' });
  });
});

describe('what no room is', () => {
  it('is recognised from the system and from LevelDB, however deep inside another error', () => {
    const level = new Error('IO error: /data/gen-000001/log/000004.dbtmp: No space left on device');
    const opening = new HeadwaterError('corrupt', 'LevelDB cannot open it', { cause: new Error('', { cause: level }) });
    for (const error of [systemOutOfSpace('x'), level, opening, Object.assign(new Error(), { code: 'EDQUOT' })])
      assert.equal(isOutOfSpace(error), true);
    for (const error of [new Error('EIO'), undefined, 'ENOSPC', new HeadwaterError('disk_full', 'full')])
      assert.equal(isOutOfSpace(error), false);
  });
});

describe('the least room to be kept', () => {
  it('covers an opening and all layers in memory, once in LevelDB’s log and once in tables', () => {
    assert.equal(leastFreeBytes({ overlayBytesMax: 32 * MiB, replayBytesMax: 128 * MiB }), (48 + 16 + 4 * 32) * MiB);
    assert.equal(leastFreeBytes({ overlayBytesMax: 32 * MiB, replayBytesMax: 8 * MiB }), (48 + 16 + 4 * 8) * MiB);
  });
});
