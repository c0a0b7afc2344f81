/**
 * The programs of redis-py that publish and subscribe, as its users write them. Skipped, visibly, where Python's package
 * redis is missing.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../../benchmarks/waiting.js';
import { parseAddress } from '../../src/base/address.js';
import { Door } from './door.js';

const SUBSCRIBER = `
import sys
import redis
client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), decode_responses=True)
channels = client.pubsub()
channels.subscribe("news")
channels.psubscribe("we*")
for message in channels.listen():
    print(message["type"], message["pattern"], message["channel"], message["data"], flush=True)
    if message["data"] == "stop":
        break
channels.close()
print(client.get("after"), flush=True)
`;

const PUBLISHER = `
import sys
import redis
client = redis.Redis(host="127.0.0.1", port=int(sys.argv[1]), decode_responses=True)
client.set("after", "done")
print(client.publish("news", "hello"))
print(client.publish("weather", "sun"))
print(client.publish("other", "nobody"))
print(client.pubsub_channels("new*"), client.pubsub_numsub("news"), client.pubsub_numpat())
print(client.publish("news", "stop"))
`;

/** The first Python that has the package: Debian's is not always the one on the path. */
const PYTHON = ['python3', '/usr/bin/python3'].find((one) => spawnSync(one, ['-c', 'import redis']).status === 0);

describe('redis-py', () => {
  const door = new Door();
  const programs: ChildProcess[] = [];
  afterEach(async () => {
    for (const program of programs.splice(0)) program.kill('SIGKILL');
    await door.close();
  });

  /** Starts a program, whose output grows in `text`. */
  function start(source: string, port: number): { readonly program: ChildProcess; text: string } {
    const program = spawn(PYTHON as string, ['-c', source, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    programs.push(program);
    const started = { program, text: '' };
    program.stdout.on('data', (bytes: Buffer) => {
      started.text += bytes;
    });
    return started;
  }

  it('subscribes in one program what it publishes in another, on the leader and on a follower', async function () {
    this.timeout(120_000);
    if (PYTHON === undefined) this.skip();
    const leader = await door.node();
    const follower = await door.node({ follow: leader.address });
    await eventually('the follower to follow', async () => (await follower.status()).upstream?.state === 'streaming');
    const subscribers = [leader, follower].map(({ address }) => start(SUBSCRIBER, parseAddress(address).port));
    for (const subscriber of subscribers)
      await eventually('the confirmations', async () => subscriber.text.includes('psubscribe'));
    const publisher = start(PUBLISHER, parseAddress(leader.address).port);
    await once(publisher.program, 'close');
    assert.equal(publisher.text, "1\n1\n0\n['news'] [('news', 1)] 1\n1\n");
    for (const subscriber of subscribers) {
      if (subscriber.program.exitCode === null) await once(subscriber.program, 'close');
      assert.equal(
        subscriber.text.replace(/(done|None)\n$/, ''),
        [
          'subscribe None news 1',
          'psubscribe None we* 2',
          'message None news hello',
          'pmessage we* weather sun',
          'message None news stop',
          '',
        ].join('\n'),
      );
    }
  });
});
