/** The unit for systemd, judged by systemd itself where it is installed, and held against the options of a node. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OPTIONS, variableOf } from '../../src/options.js';
import { endAll, HEADWATER, temporaryDirectory } from '../cli/command-line.js';
import { isInstalled, skipUnless } from '../support/installed.js';

const UNIT = readFileSync('.service/systemd/headwater.service', 'utf8');
/** Zero is best, 10 is worst. 1.5 at the time of writing, and a service without any such line has 9.2. */
const EXPOSURE_MAX = 2;

/** What systemd-analyze says of the unit. It looks for the program, which no test installs. */
function analyse(unit: string, ...command: string[]): string {
  const file = path.join(temporaryDirectory(), 'headwater.service');
  writeFileSync(file, unit.replace('ExecStart=headwater ', `ExecStart=${HEADWATER} `));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', [...command, file], { encoding: 'utf8' });
  return status === 0 && stderr === '' ? '' : `exit status ${status}: ${stderr}${stdout}`;
}

/** All values of a setting. */
function valuesOf(name: string): string[] {
  return [...UNIT.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe('the unit for systemd', function () {
  this.timeout(30_000);
  afterEach(endAll);

  it('is one that systemd understands, and systemd finds a mistake in it', function () {
    skipUnless(this, isInstalled('systemd-analyze', '--version'), 'systemd-analyze');
    assert.equal(analyse(UNIT, 'verify'), '');
    assert.match(analyse(UNIT.replace('WatchdogSec=', 'WatchdogSecs='), 'verify'), /WatchdogSecs/);
    assert.match(analyse(UNIT.replace('Type=notify', 'Type=notifies'), 'verify'), /notifies/);
  });

  it('leaves little of the machine open to the node', function () {
    skipUnless(this, isInstalled('systemd-analyze', '--version'), 'systemd-analyze');
    const security = ['security', '--offline=true', '--no-pager', `--threshold=${10 * EXPOSURE_MAX}`];
    assert.equal(analyse(UNIT, ...security), '');
    assert.match(analyse(UNIT.replaceAll(/^Protect.*$/gm, ''), ...security), /exit status 1/);
  });

  it('waits for the messages of the node, and lets it stop alone', () => {
    assert.deepEqual(valuesOf('Type'), ['notify']);
    // A shell below the node sends them.
    assert.deepEqual(valuesOf('NotifyAccess'), ['all']);
    assert.deepEqual(valuesOf('KillMode'), ['mixed']);
    assert.deepEqual(valuesOf('TimeoutStartSec'), ['infinity']);
    const [stopSeconds = ''] = valuesOf('TimeoutStopSec');
    assert.ok(Number.parseInt(stopSeconds, 10) * 1_000 > 2 * OPTIONS.shutdownTimeoutMs.default, stopSeconds);
  });

  it('lets V8 compile, and the shell of the messages run', () => {
    assert.deepEqual(valuesOf('MemoryDenyWriteExecute'), []);
    assert.ok(valuesOf('RestrictAddressFamilies').every((families) => families.includes('AF_UNIX')));
    assert.deepEqual(valuesOf('NoExecPaths'), []);
  });

  it('sets no option but one that a node has, and none that a file could not set otherwise', () => {
    const variables = valuesOf('Environment').flatMap((line) => [...line.matchAll(/HEADWATER_\w+/g)].map(String));
    assert.deepEqual(variables, [variableOf(OPTIONS.data.name)]);
  });
});
