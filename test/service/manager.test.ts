/** The messages of a node to its service manager, received by a socket as systemd has it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { endAll, Served, temporaryDirectory } from '../cli/command-line.js';
import { eventually } from '../support/cluster.js';
import { isInstalled, skipUnless } from '../support/installed.js';

/** Prints a line of JSON for each message. systemd-notify passes a descriptor, and waits until it is closed. */
const RECEIVER = `
import array, json, os, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
print(json.dumps([]), flush=True)
while True:
    message, passed, _, _ = manager.recvmsg(65536, 1024)
    print(json.dumps(message.decode().split('\\n')), flush=True)
    for _, _, descriptors in passed:
        for one in array.array('i', descriptors):
            os.close(one)
`;

class Manager {
  readonly socket: string;
  /** The messages so far, without those that only wait for the ones before. */
  readonly received: string[][] = [];
  readonly #child: ChildProcess;

  constructor(socket: string) {
    this.socket = socket;
    this.#child = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const message = JSON.parse(line) as string[];
      if (!message.includes('BARRIER=1') && message.length > 0) this.received.push(message);
    });
  }

  static async start(): Promise<Manager> {
    const manager = new Manager(path.join(temporaryDirectory(), 'notify'));
    await eventually('the socket of the service manager', async () => existsSync(manager.socket));
    return manager;
  }

  /** The first message with this assignment, at the place `from` or later. */
  async message(assignment: string, from = 0): Promise<readonly string[]> {
    return eventually(`the message ${assignment}`, async () =>
      this.received.slice(from).find((message) => message.includes(assignment)),
    );
  }

  async end(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}

function childrenOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}

describe('a node under a service manager', function () {
  this.timeout(60_000);
  let manager: Manager;
  let data: string;

  beforeEach(async function () {
    skipUnless(
      this,
      isInstalled('systemd-notify', '--version') && isInstalled('python3', '--version'),
      'systemd, Python',
    );
    manager = await Manager.start();
    data = path.join(temporaryDirectory(), 'a b');
  });
  afterEach(async () => {
    await endAll();
    await manager?.end();
  });

  const start = (env: Record<string, string> = {}, ...flags: string[]) =>
    Served.start(['--data', data, '--listen', '127.0.0.1:0', ...flags], {
      env: { NOTIFY_SOCKET: manager.socket, ...env },
    });

  it('says in this order that it opens its data, is ready, reads its options again, and stops', async () => {
    const node = await start({}, '--shutdown-timeout', '7s');
    const ready = await manager.message('READY=1');
    assert.deepEqual(ready.slice(1), [
      `STATUS=serves at ${node.address}. Try: headwater --connect ${node.address} status`,
    ]);
    const [opening] = manager.received;
    assert.deepEqual(opening, [`STATUS=opens ${data}`]);

    process.kill(node.pid, 'SIGHUP');
    const reloading = await manager.message('RELOADING=1');
    const microseconds = Number(reloading[1]?.replace('MONOTONIC_USEC=', ''));
    const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1e6;
    assert.ok(microseconds > 0 && microseconds <= uptime + 1e6, `${microseconds} is no time since the boot, ${uptime}`);
    await manager.message('READY=1', manager.received.indexOf(reloading as string[]));

    assert.equal(await node.end('SIGTERM'), 0);
    const stopping = await manager.message('STOPPING=1');
    assert.deepEqual(stopping.slice(1), ['EXTEND_TIMEOUT_USEC=37000000', 'STATUS=stops in good order']);
    assert.equal(manager.received.at(-1), stopping);
    assert.deepEqual(node.log.match(/"event":"service"/g), null, node.log);
  });

  it('gives a sign of life twice in the time of its watchdog, until it stops', async () => {
    const node = await start({ WATCHDOG_USEC: '400000' });
    const isAlive = (message: string[]) => message.includes('WATCHDOG=1');
    await eventually('five signs of life', async () => manager.received.filter(isAlive).length >= 5);
    assert.equal(await node.end('SIGTERM'), 0);
    await manager.message('STOPPING=1');
    assert.ok(!isAlive(manager.received.at(-1) ?? []), 'a sign of life came after the stop');
  });

  it('leaves the watchdog of another process alone', async () => {
    const node = await start({ WATCHDOG_USEC: '20000', WATCHDOG_PID: '1' });
    await manager.message('READY=1');
    assert.equal(await node.end('SIGTERM'), 0);
    await manager.message('STOPPING=1');
    assert.equal(manager.received.flat().includes('WATCHDOG=1'), false);
  });

  it('sends through one process, which ends with the node even after SIGKILL', async () => {
    const node = await start({ WATCHDOG_USEC: '100000' });
    await manager.message('WATCHDOG=1');
    const [relay, ...others] = childrenOf(node.pid);
    assert.ok(relay !== undefined && others.length === 0, `expected one child, saw ${relay} ${others}`);
    await node.end('SIGKILL');
    await eventually('the end of that process', async () => !existsSync(`/proc/${relay}`));
  });

  it('says once that messages are lost, and serves', async () => {
    const node = await start({ NOTIFY_SOCKET: path.join(data, 'no-such-socket'), WATCHDOG_USEC: '20000' });
    await eventually('the warning', async () => /systemd-notify cannot tell/.test(node.log));
    assert.equal((await node.run(['set', 'a', 'b'])).status, 0);
    assert.equal(await node.end('SIGTERM'), 0);
    assert.equal(node.log.match(/systemd-notify cannot tell/g)?.length, 1, node.log);
  });

  it('starts no process if nobody waits for messages', async () => {
    const node = await start({ NOTIFY_SOCKET: '', WATCHDOG_USEC: '20000' });
    assert.deepEqual(childrenOf(node.pid), []);
  });
});
