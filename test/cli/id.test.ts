/** `id renew`: a copied data directory becomes a node of its own. */
import assert from 'node:assert/strict';
import { cpSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater, Served, temporaryDirectory } from './command-line.js';

describe('id renew', function () {
  this.timeout(60_000);
  after(endAll);

  it('gives a copied directory an ID of its own, so that it can follow the original', async () => {
    const data = path.join(temporaryDirectory(), 'data');
    const first = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
    assert.equal((await first.run(['set', 'a', '1'])).status, 0);
    const running = await headwater(['id', 'renew', '--data', data]);
    assert.equal(running.status, 3);
    assert.match(running.stderr, /is in use by process \d+/);
    assert.equal(await first.end(), 0);
    const copy = path.join(temporaryDirectory(), 'copy');
    cpSync(data, copy, { recursive: true });

    const renewed = await headwater(['--json', 'id', 'renew', '--data', copy]);
    assert.equal(renewed.status, 0, renewed.stderr);
    const ids = JSON.parse(renewed.stdout.toString()) as { node_id: string; node_id_before: string };
    assert.match(ids.node_id, /^[0-9a-f]{32}$/);
    assert.notEqual(ids.node_id, ids.node_id_before);

    const leader = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
    const follower = await Served.start(['--data', copy, '--listen', '127.0.0.1:0', '--follow', leader.address]);
    const written = await leader.run(['set', 'a', '2', '--durability', 'followers=1']);
    assert.equal(written.status, 0, written.stderr);
    assert.equal((await follower.run(['get', 'a'])).stdout.toString().trim(), '2');
  });

  it('refuses what is no data directory, and makes none', async () => {
    const directory = temporaryDirectory();
    for (const { data, why } of [
      { data: path.join(directory, 'mistyped'), why: /mistyped is no data directory: there is no such directory/ },
      { data: directory, why: /is no data directory: there is no file CURRENT/ },
    ]) {
      const { status, stderr } = await headwater(['id', 'renew', '--data', data]);
      assert.equal(status, 2);
      assert.match(stderr, why);
    }
    assert.equal((await headwater(['id', 'renew'])).status, 2);
  });
});
