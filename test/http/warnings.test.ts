import assert from 'node:assert/strict';
import { warningsOf } from '../../src/http/warnings.js';
import type { NodeStatus } from '../../src/model/status.js';
import { assertParses, wordsOf } from '../support/parsed-command.js';
import { below, calmFollower, calmLeader, known } from './status.js';

const DIRECTORY = "/data/it's here";

const refusal = { nodeId: 'f', address: 'db2:7420', message: 'no', details: {}, timeMs: 1 };

function upstreamOf(state: 'connecting' | 'refused', error: string, reason = '') {
  const { upstream } = calmFollower(1);
  assert(upstream);
  return { ...upstream, state, error, lastRefusal: reason === '' ? undefined : { ...refusal, reason } };
}

/** A status for each condition, the ID of its warning, how bad it is, and a part of its first command. */
const CONDITIONS: ReadonlyArray<readonly [id: string, tone: 'bad' | 'watch', command: string, status: NodeStatus]> = [
  ['unavailable', 'bad', 'status', calmLeader({ unavailable: 'the store is stuck' })],
  ['damage', 'bad', 'verify', calmLeader({ damage: 'a table' })],
  ['damage', 'bad', 'repair', calmFollower(1, { damage: 'a table' })],
  ['clock', 'watch', 'timedatectl', calmLeader({ clock: 'the clock is not set' })],
  ['option', 'watch', 'config print', calmLeader({ ignoredFollow: 'this node leads' })],
  ['superseded', 'bad', 'top', calmLeader({ superseded: 'a later leader' })],
  ['asking', 'watch', 'promote', calmLeader({ askingFollowers: 'for 5 s' })],
  ['handing-over', 'watch', 'db2:7420 status', calmLeader({ handingOverTo: 'db2:7420', failoverState: 'asking' })],
  ['min-followers', 'bad', 'config set min-followers 1', calmLeader({ minFollowers: 2, followersWithinLag: 1 })],
  ['disk-full', 'bad', 'df -h', calmLeader({ diskFull: 'too little room' })],
  ['write-wait', 'bad', 'df -h', calmLeader({ writeWait: 'for 3 s' })],
  ['archive', 'bad', 'ls -ld', calmLeader({ archive: { directory: '/a', offset: 1, error: 'EIO', missed: 0 } })],
  [
    'archive',
    'bad',
    'archive list s3://b/p',
    calmLeader({ archive: { directory: 's3://b/p', offset: 1, error: 'no bucket', missed: 0, late: 'by 9 s' } }),
  ],
  [
    'archive-late',
    'bad',
    'ls -ld /a',
    calmLeader({ archive: { directory: '/a', offset: 1, error: '', missed: 0, late: 'by 9 s' } }),
  ],
  ['archive-gap', 'watch', 'backup', calmLeader({ archive: { directory: '/a', offset: 1, error: '', missed: 3 } })],
  [
    'upstream',
    'watch',
    'db8:7420 status',
    calmFollower(1, { upstream: upstreamOf('connecting', 'refused by the machine') }),
  ],
  [
    'upstream-refused',
    'bad',
    'follow db8:7420 --accept-data-loss',
    calmFollower(1, { upstream: upstreamOf('refused', 'no (OTHER_CLUSTER)', 'OTHER_CLUSTER') }),
  ],
  ['away-f1', 'watch', 'forget f1', calmLeader({ knownFollowers: [known('f1')] })],
  ['away-f1', 'bad', 'forget f1', calmLeader({ knownFollowers: [known('f1', { keepsPlace: false })] })],
  [
    'headroom',
    'watch',
    'log-retention-pin-bytes',
    calmLeader({
      headroom: { nodeId: 'f1', address: '', connected: true, commands: 1, bytes: 1, leftBytes: 1, ms: 60_000 },
    }),
  ],
  [
    'refused-follower',
    'watch',
    'db2:7420 status',
    calmLeader({ lastRefusalServed: { ...refusal, reason: 'LATER_EPOCH' } }),
  ],
  ['lost-writes', 'watch', 'log dump', calmLeader({ lostWrites: 3, lostWritesFiles: ['1-3.blocks'] })],
  ['differences', 'bad', 'compare --ranges --repair', calmLeader({ digestDifferences: 1 })],
];

describe('the warnings of the status page', () => {
  for (const [id, tone, command, status] of CONDITIONS)
    it(`name ${id} (${tone}), and the command "${command}"`, () => {
      const [warning, ...others] = warningsOf({ status, directory: DIRECTORY });
      assert.deepEqual(others, []);
      assert.deepEqual([warning?.id, warning?.tone], [id, tone]);
      assert(warning?.commands[0]?.includes(command), warning?.commands[0]);
    });

  it('are none for a node of which nothing needs a person', () => {
    assert.deepEqual(warningsOf({ status: calmLeader(), directory: DIRECTORY }), []);
    assert.deepEqual(warningsOf({ status: calmFollower(2), directory: DIRECTORY }), []);
  });

  it('give only commands that the command line takes', async () => {
    let ran = 0;
    for (const [, , , status] of CONDITIONS)
      for (const { commands } of warningsOf({ status, directory: DIRECTORY }))
        for (const command of commands.filter((one) => one.startsWith('headwater '))) {
          await assertParses(command);
          ran++;
        }
    assert(ran > 10, `${ran} commands`);
  });

  it('quote every word that a shell would not take as it stands', () => {
    const evil = "db2:7420; rm -rf '/'";
    const status = calmFollower(1, { upstream: { ...upstreamOf('connecting', 'down'), address: evil } });
    const [command = ''] = warningsOf({ status, directory: DIRECTORY })[0]?.commands ?? [];
    assert.deepEqual(wordsOf(command), ['headwater', '--connect', evil, 'status']);
    const disk = warningsOf({ status: calmLeader({ diskFull: 'full' }), directory: DIRECTORY })[0]?.commands[0] ?? '';
    assert.deepEqual(wordsOf(disk), ['df', '-h', DIRECTORY]);
  });

  it('come with the worst first', () => {
    const status = calmLeader({ lostWrites: 1, clock: 'wrong', digestDifferences: 1 });
    assert.deepEqual(
      warningsOf({ status, directory: DIRECTORY }).map(({ id }) => id),
      ['differences', 'clock', 'lost-writes'],
    );
  });

  it('name no follower that follows another node of the tree', () => {
    const status = calmLeader({ followers: [below('f1', { via: 'f2' })], knownFollowers: [known('f1')] });
    assert.deepEqual(warningsOf({ status, directory: DIRECTORY }), []);
  });
});
