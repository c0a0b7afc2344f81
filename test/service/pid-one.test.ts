/** A node as the first process of a container: it stops at a signal, and leaves no process behind. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, HEADWATER, temporaryDirectory } from '../cli/command-line.js';
import { eventually } from '../support/cluster.js';
import { isInstalled, skipUnless } from '../support/installed.js';

/** A new namespace of processes, whose first process is the program. It ends with the test. */
const CONTAINER = ['--pid', '--fork', '--mount-proc', '--kill-child'];

class Container {
  log = '';
  readonly #child: ChildProcess;

  constructor(...init: string[]) {
    const data = path.join(temporaryDirectory(), 'node');
    const serve = [process.execPath, HEADWATER, 'serve', '--data', data, '--listen', '127.0.0.1:0'];
    this.#child = spawn('unshare', [...CONTAINER, ...init, ...serve], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
  }

  async ready(): Promise<void> {
    await eventually('the node to be ready', async () => {
      assert.equal(this.#child.exitCode, null, this.log);
      return this.log.includes('"event":"ready"');
    });
  }

  /** The first process of the container, by its number outside. */
  get first(): number {
    return childrenOf(this.#child.pid as number)[0] as number;
  }

  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    await this.ended();
  }
}

function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
}

describe('a node as the first process of a container', function () {
  this.timeout(60_000);
  let container: Container;

  before(function () {
    skipUnless(this, isInstalled('unshare', ...CONTAINER, 'true'), 'unshare, and the right to use it');
  });
  afterEach(async () => {
    await container?.kill();
    await endAll();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`stops in good order at ${signal}, which the system drops without a handler`, async () => {
      container = new Container();
      await container.ready();
      assert.match(container.log, /"event":"starting".*"pid":1,/);
      process.kill(container.first, signal);
      assert.equal(await container.ended(), 0, container.log);
      assert.match(container.log, /"event":"stopped"/);
    });
  }

  it('stops behind tini, which ends the zombies that a person leaves in the container', async function () {
    skipUnless(this, isInstalled('tini', '--version'), 'tini');
    container = new Container('tini', '--');
    await container.ready();
    const enter = ['--target', String(container.first), '--pid', '--mount'];
    // The shell ends before the process that it has started, which the first process of the container gets then.
    const orphan = spawn('nsenter', [...enter, 'sh', '-c', 'sleep 0.1 & echo $!'], { stdio: 'ignore' });
    await once(orphan, 'exit');
    await eventually('the node to be the only child', async () => childrenOf(container.first).length === 1);
    process.kill(container.first, 'SIGTERM');
    assert.equal(await container.ended(), 0, container.log);
    assert.match(container.log, /"event":"stopped"/);
  });
});
