/** `verify`: what it prints of a stopped node's directory, and with which status it ends. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, headwater, Served, temporaryDirectory } from './command-line.js';

describe('verify', function () {
  this.timeout(60_000);
  let data: string;

  before(async () => {
    data = path.join(temporaryDirectory(), 'data');
    const node = await Served.start(['--data', data, '--listen', '127.0.0.1:0'], { hasOwnProcess: true });
    const lines = Array.from({ length: 500 }, (_, i) => `{"key":"k${i}","value":"${`value ${i} `.repeat(20)}"}\n`);
    assert.equal((await node.run(['import', '-'], { stdin: lines.join('') })).status, 0);
    const running = await headwater(['verify', '--data', data]);
    assert.equal(running.status, 3, 'a node that runs has its directory to itself');
    assert.match(
      running.stderr,
      /is in use by process \d+\. Stop the node first, or leave out --data: then "headwater verify" asks the running node\n$/,
    );
    const dump = await headwater(['log', 'dump', '--data', data]);
    assert.match(dump.stderr, /is in use by process \d+\. Stop the node first, or use "headwater watch --from 0"/);
    assert.equal(await node.end(), 0);
  });
  after(endAll);

  it('says of a directory just restored that its log is empty, and after which offset', async () => {
    const folder = temporaryDirectory();
    const node = await Served.start(['--data', path.join(folder, 'old'), '--listen', '127.0.0.1:0']);
    assert.equal((await node.run(['set', 'key', 'value'])).status, 0);
    assert.equal((await node.run(['backup', path.join(folder, 'backup')])).status, 0);
    assert.equal(await node.end(), 0);
    const restored = path.join(folder, 'new');
    assert.equal((await headwater(['restore', path.join(folder, 'backup'), '--data', restored])).status, 0);
    const { status, stdout } = await headwater(['verify', '--data', restored]);
    assert.equal(status, 0);
    assert.match(stdout.toString(), /^whole: log empty after offset 1, 1 record, \d+ bytes checked\n$/);
  });

  it('says of a whole directory what it has looked at, and ends with 0', async () => {
    const { status, stdout, stderr } = await headwater(['verify', '--data', data, '--rebuild']);
    assert.equal(status, 0, stderr);
    assert.match(
      stdout.toString(),
      /^whole: log from offset 1 to 500, 500 records, [\d,]+ bytes checked\nequal: .*500 keys/,
    );
    const [json, rebuilt] = (await headwater(['verify', '--data', data, '--rebuild', '--json'])).stdout
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const { damages, first_offset, offset, checkpoint_offset, records } = json ?? {};
    assert.deepEqual([damages, first_offset, offset, checkpoint_offset, records], [0, 1, 500, 500, 500]);
    assert.equal(rebuilt?.equal, true);
    assert.equal(rebuilt?.digest, rebuilt?.log_digest);
  });

  it('rebuilds the keyspace from a backup on, if one is given', async () => {
    const node = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
    const file = path.join(temporaryDirectory(), 'backup');
    assert.equal((await node.run(['backup', file])).status, 0);
    assert.equal((await node.run(['set', 'later', 'x'])).status, 0);
    const running = await node.run(['verify', '--json']);
    assert.equal(running.status, 0, running.stderr);
    assert.equal((JSON.parse(running.stdout.toString()) as { records: number }).records, 501);
    assert.equal(await node.end(), 0);
    const { status, stdout, stderr } = await headwater(['verify', '--data', data, '--rebuild', '--backup', file]);
    assert.equal(status, 0, stderr);
    assert.match(stdout.toString(), /\nequal: the backup of offset 500 and the log after it give the same 501 keys/);
  });

  it('names the file, the byte and the keys that are damaged, and ends with 1', async () => {
    const keyspace = path.join(data, 'gen-000001', 'keyspace');
    // A second start has written the keyspace into tables.
    const again = await Served.start(['--data', data, '--listen', '127.0.0.1:0']);
    assert.equal(await again.end(), 0);
    const name = readdirSync(keyspace).find((one) => one.endsWith('.ldb')) as string;
    const file = path.join(keyspace, name);
    const bytes = readFileSync(file);
    bytes[5_000] = (bytes[5_000] as number) ^ 4;
    writeFileSync(file, bytes);
    const { status, stdout } = await headwater(['verify', '--data', data]);
    assert.equal(status, 1);
    assert.match(
      stdout.toString(),
      /^damaged: keyspace, .*"k\d+.* to .*"k\d+.*: .*\.ldb, byte \d+: the block of \d+ bytes does not match its checksum\n1 damaged place: /,
    );
    const [damage] = (await headwater(['verify', '--data', data, '--json'])).stdout.toString().split('\n');
    const { part, from, to } = JSON.parse(damage as string) as Record<string, { key: string }>;
    assert.equal(part, 'keyspace');
    assert.match(`${from?.key} ${to?.key}`, /^k\d+ k\d+/);
  });

  it('says which options do not go together, with status 2', async () => {
    for (const [args, why] of [
      [['--rebuild'], /expected --data/],
      [['--data', data, '--backup', 'file'], /expected both/],
      [['--data', data, '--rate', '1MiB'], /--rate is for a running node/],
    ] as const) {
      const { status, stderr } = await headwater(['verify', ...args]);
      assert.deepEqual([status, why.test(stderr)], [2, true], stderr);
    }
  });

  it('says what is no data directory, with status 2, and makes nothing', async () => {
    const nowhere = path.join(temporaryDirectory(), 'nowhere');
    const { status, stderr } = await headwater(['verify', '--data', nowhere]);
    assert.equal(status, 2);
    assert.match(stderr, /nowhere is no data directory/);
    assert.throws(() => readdirSync(nowhere), { code: 'ENOENT' });
  });
});
