/** The options of a real node change while it runs: by its config file and SIGHUP. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../support/cluster.js';
import { endAll, Served, temporaryDirectory } from './command-line.js';

describe('a node that gets SIGHUP', function () {
  this.timeout(30_000);
  let directory = '';
  let node: Served;

  beforeEach(async () => {
    directory = temporaryDirectory();
    write('listen = "127.0.0.1:0"', 'min-followers = 1', 'log-level = "info"');
    const env = { HEADWATER_DATA: path.join(directory, 'data') };
    node = await Served.start(['--config', 'a.toml', '--max-lag', '9s'], { cwd: directory, env });
  });
  afterEach(endAll);

  function write(...lines: string[]): void {
    writeFileSync(path.join(directory, 'a.toml'), lines.join('\n'));
  }

  /** Sends SIGHUP, and returns the messages that the node has logged since, once one of them matches. */
  async function hangUp(until: RegExp): Promise<string[]> {
    const before = node.log.length;
    process.kill(node.pid, 'SIGHUP');
    const messages = () =>
      node.log
        .slice(before)
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => (JSON.parse(line) as { msg: string }).msg);
    await eventually(`the log to say ${until}`, async () => messages().some((message) => until.test(message)));
    return messages();
  }

  const DONE = /^the options were read again/;

  it('takes what changes at run time, and names the rest', async () => {
    assert.equal((await node.run(['set', 'a', '1'])).status, 3);
    write('listen = "127.0.0.1:0"', 'min-followers = 0', 'fsync = "always"', 'log-level = "debug"', 'max-lag = "8s"');
    assert.deepEqual(await hangUp(DONE), [
      'min-followers is 0 now, and was 1 (a.toml:2)',
      'log-level is debug now, and was info (a.toml:4)',
      'fsync needs a restart: it stays "everysec", and is to be "always" (a.toml:3). Restart the node',
      'the options were read again: 2 changed, 1 need a restart',
    ]);
    assert.equal((await node.run(['set', 'a', '1'])).status, 0);
    assert.deepEqual(await hangUp(DONE), [
      'fsync needs a restart: it stays "everysec", and is to be "always" (a.toml:3). Restart the node',
      'the options were read again: nothing to change at once, 1 need a restart',
    ]);
  });

  it('changes nothing if the file has a mistake, and names it', async () => {
    write('min-followers = 0', 'min-folowers = 0');
    const [message] = await hangUp(/cannot be read again/);
    assert.match(
      message ?? '',
      /^the options cannot be read again, and all stay as they are: config file a\.toml:2: unknown option min-folowers: did you mean min-followers\?\. Correct this, and send SIGHUP again$/,
    );
    write('listen = "127.0.0.1:0"', 'max-lag = "8s"', 'heartbeat-interval = "20s"');
    await hangUp(/all stay as they are: config file a\.toml:3: heartbeat-interval: expected at most/);
    assert.equal((await node.run(['set', 'a', '1'])).status, 3);
    assert.equal(await node.end(), 0);
  });
});
