/**
 * A follower is given an upstream that cannot be reached, or that is no Headwater
 * node. It must say so once, in plain words, and go on trying.
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { Cluster, type Daemon, eventually } from '../support/cluster.js';

const ATTEMPTS = 6;

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

describe('an upstream that is not there', function () {
  this.timeout(60_000);
  let cluster: Cluster;

  beforeEach(() => {
    cluster = new Cluster();
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  /** The warnings of a follower about its link, after some attempts. */
  async function linesAbout(upstream: string): Promise<string[]> {
    const node: Daemon = await cluster.node('follower');
    await node.start('--follow', upstream, '--log-level', 'debug');
    const lines = (level: string) =>
      node.log
        .split('\n')
        .filter((line) => line.includes('the link to upstream') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as { level: string; msg: string })
        .filter((line) => line.level === level)
        .map(({ msg }) => msg);
    await eventually('attempts', async () => lines('debug').length >= ATTEMPTS);
    return lines('warn');
  }

  it('is said once, however often it is dialled', async () => {
    const closed = createTcpServer();
    const upstream = `127.0.0.1:${await portOf(closed)}`;
    await new Promise((resolve) => closed.close(resolve));
    const warn = await linesAbout(upstream);
    assert.equal(warn.length, 1, warn.join('\n'));
    assert.match(warn[0] ?? '', new RegExp(`^the link to upstream ${upstream} is down: .*. The node will try again$`));
  });

  it('is said once and in plain words if something else listens there', async () => {
    const other = createServer((_, response) => response.end('hello'));
    const upstream = `127.0.0.1:${await portOf(other)}`;
    try {
      const warn = await linesAbout(upstream);
      assert.equal(warn.length, 1, warn.join('\n'));
      assert.match(
        warn[0] ?? '',
        /is down: no Headwater node listens there for gRPC\. Check HOST:PORT\..* alone\. The node will try again$/,
      );
    } finally {
      other.close();
    }
  });
});
