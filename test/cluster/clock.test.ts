/**
 * One real daemon starts under a clock that is not set, and the clock is set while
 * the daemon runs (by faketime, if that is installed). Keys must live for the whole
 * of their time.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../benchmarks/waiting.js';
import { Client } from '../../src/index.js';
import { eventually } from '../support/cluster.js';
import { skipUnless } from '../support/installed.js';

const HEADWATER = fileURLToPath(new URL('../../dist/bin/headwater.cjs', import.meta.url));
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const HOUR_MS = 3_600_000;

/** Whether a process sees the time that a file names, and the monotonic clock as it is. */
function fakes(file: string): boolean {
  writeFileSync(file, '@1970-01-01 00:05:00\n');
  const seen = spawnSync(process.execPath, ['-p', 'Date.now()'], { env: environment(file), encoding: 'utf8' });
  return Number(seen.stdout) < 24 * HOUR_MS;
}

function environment(file: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: FAKETIME,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    TZ: 'UTC',
  };
}

describe('a daemon that starts before the clock is set', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'headwater-clock-'));
  const time = path.join(directory, 'time');
  let daemon: ChildProcess | undefined;
  let client: Client | undefined;

  after(async () => {
    await client?.close();
    daemon?.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  it('refuses a time to live until it is set, and gives the whole of it then', async function () {
    skipUnless(this, fakes(time), 'libfaketime');
    const address = `127.0.0.1:${await freePort()}`;
    let said = '';
    daemon = spawn(
      process.execPath,
      [HEADWATER, 'serve', '--data', path.join(directory, 'data'), '--listen', address],
      {
        env: environment(time),
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await eventually('it to be ready', async () => said.includes('"event":"ready"'));
    assert.match(said, /clock says 1970-01-01T00:05:\d\d\.\d\d\dZ: the clock is not set/);
    const connected = await Client.connect(address);
    client = connected;
    await assert.rejects(connected.set('k', 'v', { ttlMs: HOUR_MS }), {
      code: 'unavailable',
      details: { cause: 'CLOCK_IN_DOUBT' },
    });
    await connected.set('plain', 'v');
    assert.match((await connected.status()).clock, /is not set/);
    writeFileSync(time, '+0\n');
    await eventually('the time to be known', async () => (await connected.status()).clock === '');
    await connected.set('k', 'v', { ttlMs: HOUR_MS });
    const { ttlMs: left } = await connected.ttl('k');
    assert.ok(typeof left === 'number' && left > HOUR_MS - 60_000 && left <= HOUR_MS, String(left));
    assert.equal(await connected.get('plain'), 'v');
  });
});
