/** The rules of `doctor`, one by one: what each finds, and that a healthy tree has no finding. */
import assert from 'node:assert/strict';
import { type Finding, findingsOf } from '../../bin/doctor/findings.js';
import type { Status } from '../../bin/status.js';
import type { NodeSeen } from '../../bin/tree.js';
import type { MachineReport } from '../../src/client/index.js';
import { assertParses } from '../support/parsed-command.js';

const GIB = 1024 ** 3;

/** The fields that the rules read. */
const HEALTHY = {
  version: '1.0.0',
  unavailable: '',
  damage: '',
  diskFull: '',
  superseded: '',
  askingFollowers: '',
  writeWait: '',
  clock: '',
  lostWrites: 0,
  digestDifferences: 0,
  fsync: 'everysec',
  minFollowers: 0,
  followersWithinLag: 1,
  maxLagMs: 1_000,
  draining: false,
  ignoredFollow: '',
  fullResyncs: 1,
  uptimeMs: 3_600_000,
  resyncReasons: [{ kind: 'full', reason: 'EMPTY_FOLLOWER', count: 1 }],
  eventLoopDelayP99Ms: 8,
  expiryLateMs: 0,
  headroom: undefined,
  archive: undefined,
  upstream: undefined,
  connections: { refusedGrpc: 0, refusedRedis: 0 },
};

const MACHINE: MachineReport = {
  wallMs: 1_000_000,
  openFiles: 100,
  openFilesMax: 65_536,
  openFilesWanted: 4_096,
  memoryBytes: 16 * GIB,
  memoryAvailableBytes: 8 * GIB,
  memoryLimitBytes: 2 * GIB,
  residentBytes: GIB / 8,
  swappedBytes: 0,
  transparentHugepages: 'madvise',
  fileSystem: 'ext4',
  diskFreeBytes: 50 * GIB,
  diskBytes: 100 * GIB,
  data: '/var/lib/headwater',
  nodeVersion: '20.19.0',
  processors: 4,
};

interface Given {
  readonly leader?: object;
  readonly follower?: object;
  /** Fields of the follower as it is seen. */
  readonly seen?: Partial<NodeSeen>;
  readonly machine?: Partial<MachineReport>;
}

function find({ leader = {}, follower = {}, seen = {}, machine = {} }: Given): Finding[] {
  const base = { error: '', report: undefined, isAway: false, commandsPerSecond: 0 };
  const first: NodeSeen = {
    ...base,
    address: 'l:1',
    nodeId: 'aa',
    depth: 0,
    status: { ...HEALTHY, role: 'leader', followers: [{ nodeId: 'bb' }], ...leader } as unknown as Status,
  };
  const second: NodeSeen = {
    ...base,
    address: 'f:1',
    nodeId: 'bb',
    depth: 1,
    status: { ...HEALTHY, role: 'follower', followers: [], ...follower } as unknown as Status,
    ...seen,
  };
  const nodes = [first, second];
  return findingsOf({
    tree: { nodes, leader: nodes.find(({ status }) => status?.role === 'leader') },
    machines: new Map([
      ['l:1', { machine: MACHINE, hereMs: 1_000_000 }],
      ['f:1', { machine: { ...MACHINE, ...machine }, hereMs: 1_000_000 }],
    ]),
  });
}

const RULES: ReadonlyArray<
  readonly [given: Given, severity: Finding['severity'], node: string, what: RegExp, fix: RegExp]
> = [
  [{ leader: { role: 'follower' } }, 'critical', '', /no leader answers/, /promote/],
  [
    { leader: { role: 'follower', upstream: { address: 's3://b/p', error: '' } } },
    'notice',
    '',
    /l:1 follows the archive s3:\/\/b\/p, so the leader was not asked/,
    /^ask the leader too: headwater --connect LEADER doctor$/,
  ],
  [
    { follower: { upstream: { address: 's3://b/p', error: 'E' } } },
    'critical',
    'f:1',
    /link to s3:\/\/b\/p is down: E/,
    /headwater archive list s3:\/\/b\/p$/,
  ],
  [{ follower: { role: 'leader' } }, 'critical', '', /2 of the nodes .* lead: l:1, f:1/, /follow LEADER/],
  [{ leader: { followers: [] } }, 'notice', '', /no follower/, /serve --data DIR --follow l:1/],
  [{ follower: { version: '0.9.0' } }, 'warning', '', /1\.0\.0 at l:1, 0\.9\.0 at f:1/, /upgrade/],
  [{ machine: { wallMs: 1_005_000 } }, 'warning', '', /clock of f:1 is 5 s ahead .* l:1/, /timesyncd/],
  [{ seen: { status: undefined, isAway: true } }, 'warning', 'f:1', /away/, /node remove bb/],
  [{ seen: { status: undefined, error: 'refused' } }, 'critical', 'f:1', /no answer: refused/, /its log/],
  [{ follower: { unavailable: 'U' } }, 'critical', 'f:1', /serves nothing: U/, /message/],
  [{ leader: { superseded: 'S' } }, 'critical', 'l:1', /takes no writes: S/, /message/],
  [{ leader: { askingFollowers: 'A' } }, 'warning', 'l:1', /no writes yet: A/, /start the followers/],
  [{ leader: { diskFull: 'D' } }, 'critical', 'l:1', /takes no writes: D/, /--connect l:1 config set log-retention/],
  [{ leader: { writeWait: 'W' } }, 'warning', 'l:1', /writes wait: W/, /other programs/],
  [{ leader: { minFollowers: 2 } }, 'critical', 'l:1', /needs 2 followers .* has 1/, /set min-followers 1$/],
  [{ follower: { draining: true } }, 'notice', 'f:1', /to be stopped/, /--connect f:1 drain --undo/],
  [{ follower: { damage: 'D' } }, 'critical', 'f:1', /damaged: D/, /^headwater --connect f:1 repair$/],
  [{ leader: { damage: 'D' } }, 'critical', 'l:1', /damaged: D/, /l:1 failover; .*l:1 repair/],
  [{ follower: { lostWrites: 1 } }, 'warning', 'f:1', /1 write .* is in its lost-writes/, /log dump/],
  [{ leader: { digestDifferences: 2 } }, 'critical', 'l:1', /2 nodes/, /compare/],
  [{ leader: { fsync: 'never' } }, 'warning', 'l:1', /never synced/, /--fsync/],
  [{ leader: { clock: 'C' } }, 'warning', 'l:1', /the clock: C/, /clock of this machine/],
  [{ leader: { archive: { error: 'E', missed: 0, directory: '/a' } } }, 'critical', 'l:1', /archived: E/, /\/a/],
  [
    { leader: { archive: { error: '', late: 'by 9 s', missed: 0, directory: '/a' } } },
    'critical',
    'l:1',
    /not all is archived: by 9 s/,
    /^headwater archive list \/a$/,
  ],
  [{ leader: { archive: { error: '', missed: 3, directory: '/a' } } }, 'warning', 'l:1', /3 commands/, /backup FILE/],
  [{ follower: { ignoredFollow: 'I' } }, 'warning', 'f:1', /^I$/, /message/],
  [{ follower: { upstream: { address: 'l:1', error: 'E' } } }, 'critical', 'f:1', /link to l:1 is down: E/, /follow/],
  [
    { follower: { upstream: { address: 'l:1', error: 'E. Start this node with --upstream-credentials FILE' } } },
    'critical',
    'f:1',
    /link to l:1 is down: E/,
    /with --upstream-credentials FILE; .*l:1 user create NAME --role replicate --out FILE$/,
  ],
  [
    { seen: { isAway: true }, follower: { upstream: { address: 'l:1', error: 'E' } } },
    'critical',
    'f:1',
    /link to l:1 is down: E/,
    /follow/,
  ],
  [{ seen: { isAway: true } }, 'warning', 'f:1', /away/, /node remove bb/],
  [{ leader: { headroom: { ms: 60_000 } } }, 'critical', 'l:1', /falls off the log in 60 s/, /log-retention/],
  [{ follower: { fullResyncs: 5 } }, 'warning', 'f:1', /5 full resyncs .* EMPTY_FOLLOWER 1/, /log-retention/],
  [{ follower: { eventLoopDelayP99Ms: 300 } }, 'warning', 'f:1', /late by 300 ms/, /monitor/],
  [{ leader: { expiryLateMs: 120_000 } }, 'warning', 'l:1', /expired keys wait for 2 min/, /fewer keys/],
  [{ leader: { connections: { refusedGrpc: 1, refusedRedis: 2 } } }, 'warning', 'l:1', /3 conn/, /max-connections/],
  [{ machine: { openFilesMax: 1_024 } }, 'warning', 'f:1', /may open 1,024 .* expected 4,096/, /LimitNOFILE/],
  [{ machine: { openFiles: 60_000 } }, 'critical', 'f:1', /60,000 of 65,536/, /LimitNOFILE/],
  [{ machine: { residentBytes: 1.9 * GIB } }, 'critical', 'f:1', /container allows/, /overlay-bytes/],
  [{ machine: { memoryAvailableBytes: GIB / 4 } }, 'warning', 'f:1', /256 MiB of 16 GiB|256\.0 MiB/, /other programs/],
  [{ machine: { swappedBytes: GIB } }, 'warning', 'f:1', /in swap space/, /swapoff/],
  [{ machine: { transparentHugepages: 'always' } }, 'notice', 'f:1', /huge pages/, /madvise/],
  [{ machine: { fileSystem: 'tmpfs' } }, 'critical', 'f:1', /in memory \(tmpfs\)/, /disk/],
  [{ machine: { fileSystem: 'nfs4' } }, 'warning', 'f:1', /on nfs4/, /local disk/],
  [{ machine: { diskFreeBytes: GIB } }, 'warning', 'f:1', /left/, /make room/],
];

/** A command with values in the places of words such as SIZE. */
function filledIn(command: string): string {
  return command
    .replaceAll(/\b(LEADER|OTHER|HOST:PORT)\b/g, 'host:1')
    .replace(/\bSIZE\b/, '2GiB')
    .replace(/\bN\b/, '100');
}

describe('the rules of doctor', () => {
  it('find nothing in a healthy tree', () => {
    assert.deepEqual(find({}), []);
  });

  it('find nothing in a system that tells nothing of its machine', () => {
    const unknown = { openFiles: undefined, openFilesMax: undefined, memoryAvailableBytes: undefined };
    const more = { memoryLimitBytes: undefined, swappedBytes: undefined, diskFreeBytes: undefined };
    assert.deepEqual(find({ machine: { ...unknown, ...more, transparentHugepages: '', fileSystem: '' } }), []);
  });

  for (const [given, severity, node, what, fix] of RULES) {
    it(`find ${JSON.stringify(given)}`.slice(0, 90), () => {
      const [found, second] = find(given);
      assert(found && !second, JSON.stringify([found, second]));
      assert.deepEqual([found.severity, found.node], [severity, node]);
      assert.match(found.what, what);
      assert.match(found.fix, fix);
    });
  }

  it('give only commands that the command line takes', async () => {
    let ran = 0;
    for (const [given] of RULES)
      for (const { fix } of find(given))
        for (const [command] of fix.matchAll(/headwater [^;"]+/g)) {
          await assertParses(filledIn(command));
          ran++;
        }
    assert(ran > 10, `${ran} commands`);
  });

  it('put the most urgent first', () => {
    const found = find({ leader: { draining: true }, follower: { lostWrites: 2, damage: 'D' } });
    assert.deepEqual(
      found.map(({ severity }) => severity),
      ['critical', 'warning', 'notice'],
    );
  });
});
