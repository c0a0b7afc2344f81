/** The HTTP port of `headwater serve`, as people start it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { freePort } from '../../benchmarks/waiting.js';
import { Cluster, eventually } from '../support/cluster.js';
import { isInstalled } from '../support/installed.js';
import { Scrape } from './scrape.js';

describe('headwater serve --http', () => {
  it('names the port in its line, and counts checkpoints and backups', async () => {
    await using cluster = new Cluster({ isInProcess: true });
    const node = await cluster.node('leader');
    const address = `127.0.0.1:${await freePort()}`;
    await node.start('--http', address);
    assert.match(node.log, new RegExp(`"event":"ready".*"http":"${address}"`));
    const client = await node.client();
    await client.set('a', '1');
    const before = await Scrape.of(address);
    assert.equal(before.value('headwater_checkpoint_duration_seconds_count'), 0);
    assert.equal(before.value('headwater_backup_last_completion_timestamp_seconds'), 0);
    for await (const { bytes } of client.backup()) assert(bytes.length > 0);
    const after = await eventually('the backup to be complete', async () => {
      const scrape = await Scrape.of(address);
      return scrape.value('headwater_backups_completed_total') === 1 && scrape;
    });
    const agoS = Date.now() / 1_000 - (after.value('headwater_backup_last_completion_timestamp_seconds') ?? 0);
    assert(agoS >= 0 && agoS < 60, `${agoS} s`);
    assert((after.value('headwater_checkpoint_duration_seconds_count') ?? 0) >= 1);
    assert.equal(after.value('headwater_checkpoint_offset'), 1);
    assert.equal(after.value('headwater_backups_running'), 0);
    if (!isInstalled('promtool', '--version')) return;
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: after.text });
    assert.deepEqual([status, String(stderr)], [0, '']);
  });
});
