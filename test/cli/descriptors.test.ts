/** A limit of open files that is too low is named before Node's loader fails in its own words. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { warnOfFewDescriptors } from '../../src/base/descriptors.js';
import { silentLogger } from '../../src/base/logger.js';
import { endAll, headwater, Served, temporaryDirectory } from './command-line.js';

describe('the limit of open files', function () {
  this.timeout(30_000);
  let data = '';

  beforeEach(() => {
    data = path.join(temporaryDirectory(), 'data');
  });
  after(endAll);

  for (const [type, openFilesMax, needed] of [
    [['ping'], 64, 256],
    [['ping'], 255, 256],
    [['serve'], 64, 384],
    [['serve'], 383, 384],
  ] as const)
    it(`${openFilesMax} is too low for ${type[0]}`, async () => {
      const args = type[0] === 'serve' ? [...type, '--data', data] : type;
      const { status, stderr } = await headwater(args, { openFilesMax });
      assert.equal(
        stderr,
        `headwater: the limit of open files (ulimit -n) is too low: expected at least ${needed}, received ${openFilesMax}. Raise it\n`,
      );
      assert.equal(status, 3);
      assert(!existsSync(data), 'nothing was made');
    });

  it('the least that is taken is enough to start, and is warned of', async () => {
    assert.equal((await headwater(['--version'], { openFilesMax: 256 })).status, 0);
    const node = await Served.start(['--data', data, '--listen', '127.0.0.1:0'], { openFilesMax: 384 });
    assert.match(node.log, /"level":"warn".*"open_files_max":384,"open_files_wanted":3256,.*Raise it before the data/);
    assert.equal((await node.run(['set', 'k', 'v'])).status, 0);
    assert.equal(await node.end(), 0);
  });

  it('a limit that is high enough, or unknown, causes no warning', () => {
    const warned: number[] = [];
    const logger = { ...silentLogger, warn: () => warned.push(1) };
    warnOfFewDescriptors(logger, 3_256);
    warnOfFewDescriptors(logger, undefined);
    assert.equal(warned.length, 0);
    warnOfFewDescriptors(logger, 3_255);
    assert.equal(warned.length, 1);
  });
});
