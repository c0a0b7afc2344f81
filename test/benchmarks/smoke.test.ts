/** A question asked with a tiny load, as a user asks it, without any peer in the path. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../../benchmarks/waiting.js';
import { removeTemporaryDirectories, temporaryDirectory } from '../support/database.js';

const MAIN = path.join(import.meta.dirname, '../../dist/benchmarks/main.js');

describe('a question of the benchmarks', () => {
  afterEach(removeTemporaryDirectories);

  /** @param own where it keeps its data. */
  function ask(own: string, ...args: string[]): ChildProcess {
    const env = { PATH: '', TMPDIR: own };
    return spawn(process.execPath, [MAIN, 'write', '--keys', 'hot', '--fsync', 'everysec', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  it('reports in three forms, names the peers that are missing, and leaves nothing behind', async () => {
    const directory = await temporaryDirectory();
    const own = path.join(directory, 'own');
    mkdirSync(own);
    const [json, plot] = [path.join(directory, 'figures.json'), path.join(directory, 'plots')];
    const child = ask(own, '--in-flight', '10', '--seconds', '1', '--rounds', '1', '--json', json, '--plot', plot);
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += chunk;
    });
    assert.deepEqual(await once(child, 'close'), [0, null], text);
    assert.match(text, /redis-server is not installed/);
    assert.match(text, /\| hot keys, 10 in flight, fsync everysec: acknowledged \| SETs\/s ↑ \| [\d,]+/);
    const { machine, questions } = JSON.parse(readFileSync(json, 'utf8'));
    assert.equal(machine.node, process.versions.node);
    assert.ok(questions[0].rows[0].this.median > 0);
    assert.deepEqual(readdirSync(plot), ['write.svg']);
    assert.deepEqual(readdirSync(own), []);
  });

  it('ends its processes and removes their directories if it is ended early', async () => {
    const directory = await temporaryDirectory();
    const child = ask(directory, '--seconds', '60');
    const folders = async () => readdirSync(directory, { recursive: true }).join('\n').includes('follower-0/');
    await eventually('the follower to have files', folders);
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [143, null]);
    assert.deepEqual(readdirSync(directory), []);
  });
});
