/**
 * Faults of a real etcd of three members under three nodes, and of the processes and clocks of the nodes themselves.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Daemon } from '../../support/cluster.js';
import { TTL_MS } from '../../support/elected.js';
import { ETCD_NEEDED, type EtcdCluster, isEtcdInstalled } from '../../support/etcd.js';
import { isInstalled, skipUnless } from '../../support/installed.js';
import { Judge, ROUNDS } from './judge.js';

/** Longer than a leader is missed before another one leads. */
const LONG_MS = 3 * TTL_MS;
/** The longest time for which a leader may answer without etcd: its deadline, and a late answer on a busy machine. */
const DEADLINE_MS_MAX = TTL_MS - 1_000 + 100;
/** A disk that is slow, and one on which no request to etcd ends in time. */
const SLOW_SYNCS_MS = [100, 1_500];
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const DAY_S = 86_400;

type Member = EtcdCluster['members'][number];

describe('an etcd with faults', function () {
  this.timeout(600_000);
  let judge: Judge;
  let etcd: EtcdCluster;

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  afterEach(async () => {
    await judge?.[Symbol.asyncDispose]();
  });

  async function begin(mode: 'safe' | 'available' = 'safe', ...flags: string[]): Promise<void> {
    judge = await Judge.start(mode, { members: 3, flags });
    etcd = judge.elected.etcd;
  }

  async function rounds(kind: string, fault: (atMs: number, round: number) => Promise<unknown>): Promise<void> {
    for (let i = 0; i < ROUNDS; i++) await judge.round((atMs) => fault(atMs, i));
    await judge.end(kind);
  }

  async function leaderOfEtcd(): Promise<Member> {
    return (await etcd.followerFirst()).at(-1) as Member;
  }

  it('has its leader killed, and back', async () => {
    await begin();
    await rounds('the leader of etcd is killed', async (atMs) => {
      const member = await leaderOfEtcd();
      await member.kill();
      await judge.over(atMs + LONG_MS);
      member.start();
      await etcd.healthy();
    });
  });

  for (const role of ['follower', 'leader'] as const) {
    for (const syncMs of SLOW_SYNCS_MS) {
      it(`has a slow disk at its ${role}: each sync takes ${syncMs} ms more`, async function () {
        skipUnless(this, isInstalled('strace', '-o', '/dev/null', 'true'), 'strace, and the right to use it');
        await begin();
        await rounds(`the disk of the ${role} of etcd takes ${syncMs} ms more for a sync`, async (atMs) => {
          const member = role === 'leader' ? await leaderOfEtcd() : ((await etcd.followerFirst())[0] as Member);
          const slow = slowDisk(member.pid, syncMs);
          await judge.over(atMs + LONG_MS);
          slow.kill('SIGTERM');
          await once(slow, 'exit');
          await etcd.healthy();
        });
      });
    }

    it(`has a ${role} that stands still in a rhythm`, async () => {
      await begin();
      await rounds(`the ${role} of etcd stands still for 400 of each 800 ms`, async (atMs) => {
        const member = role === 'leader' ? await leaderOfEtcd() : ((await etcd.followerFirst())[0] as Member);
        for (let ms = 400; ms < LONG_MS; ms += 800) {
          member.signal('SIGSTOP');
          await judge.over(atMs + ms);
          member.signal('SIGCONT');
          await judge.over(atMs + ms + 400);
        }
      });
    });

    it(`has a ${role} that stands still for long`, async () => {
      await begin();
      await rounds(`the ${role} of etcd stands still`, async (atMs) => {
        const member = role === 'leader' ? await leaderOfEtcd() : ((await etcd.followerFirst())[0] as Member);
        member.signal('SIGSTOP');
        await judge.over(atMs + LONG_MS);
        member.signal('SIGCONT');
      });
    });
  }

  it('loses its quorum for longer than a lease lives', async () => {
    await begin();
    await rounds('the quorum of etcd is lost', async () => {
      const members = etcd.members.slice(0, 2);
      await Promise.all(members.map((member) => member.kill()));
      const lostMs = performance.now();
      await judge.over(lostMs + LONG_MS);
      const late = judge.history.since(lostMs + DEADLINE_MS_MAX);
      assert.deepEqual(late, [], 'no write is answered behind the deadline');
      for (const member of members) member.start();
      await etcd.healthy();
    });
  });

  it('loses its quorum, and the leader leads on with --failsafe', async () => {
    await begin('available', '--failsafe');
    await rounds('the quorum of etcd is lost, with --failsafe', async () => {
      const { leader } = judge;
      const members = etcd.members.slice(0, 2);
      await Promise.all(members.map((member) => member.kill()));
      const lostMs = performance.now();
      await judge.over(lostMs + LONG_MS);
      assert(judge.history.since(lostMs + LONG_MS - 1_000).length > 0, 'writes are answered without etcd');
      for (const member of members) member.start();
      await etcd.healthy();
      assert.equal((await judge.elected.led()).leader, leader);
    });
  });

  it('has all members killed and started at once', async () => {
    await begin();
    await rounds('all members of etcd are restarted', async (atMs, round) => {
      await Promise.all(etcd.members.map((member) => member.kill()));
      // Within a lease, and after its end.
      if (round % 2 === 1) await judge.over(atMs + LONG_MS);
      for (const member of etcd.members) member.start();
      await etcd.healthy();
    });
  });

  it('has all members replaced, one after another', async () => {
    await begin();
    await rounds('all members of etcd are replaced', async () => {
      for (const member of await etcd.followerFirst()) await etcd.replace(member);
    });
  });

  it('has a member whose monotonic clock is a day ahead', async function () {
    const words = ['unshare', '--time', '--monotonic', String(DAY_S), '--boottime', String(DAY_S)];
    skipUnless(
      this,
      isInstalled(words[0] as string, ...words.slice(1), 'true'),
      'unshare --time, and the right to use it',
    );
    await begin();
    await rounds('the leader of etcd has another clock', async (atMs) => {
      const member = (await etcd.followerFirst())[0] as Member;
      await restart(member, ...words);
      await etcd.makeLeader(member);
      await judge.over(atMs + LONG_MS);
      await restart(member);
      await etcd.healthy();
    });
  });

  async function restart(member: Member, ...tool: string[]): Promise<void> {
    await member.kill();
    member.start(tool);
  }
});

describe('nodes with faults', function () {
  this.timeout(600_000);
  let judge: Judge;

  before(function () {
    skipUnless(this, isEtcdInstalled(), ETCD_NEEDED);
  });

  afterEach(async () => {
    await judge?.[Symbol.asyncDispose]();
  });

  for (const mode of ['safe', 'available'] as const) {
    it(`has a leader that stands still for longer than its lease lives, in the mode ${mode}`, async () => {
      judge = await Judge.start(mode, { members: 3 });
      for (let i = 0; i < ROUNDS; i++) {
        await judge.round(async () => {
          const former = judge.leader;
          former.signal('SIGSTOP');
          const stoppedMs = performance.now();
          const { leader } = await judge.elected.led(judge.followers);
          await judge.grown();
          former.signal('SIGCONT');
          await judge.elected.led();
          await judge.grown();
          const late = judge.history.since(stoppedMs + 100).filter(({ node }) => node === former.name);
          assert.deepEqual(late, [], 'a leader that stood still answers nothing');
          assert.notEqual(leader, former);
        });
      }
      await judge.end(`the leader stands still, in the mode ${mode}`);
    });
  }

  it('has a follower that stands still, and answers without it in the mode safe', async () => {
    judge = await Judge.start('safe', { members: 3 });
    for (let i = 0; i < ROUNDS; i++) {
      await judge.round(async (atMs) => {
        const [follower] = judge.followers;
        follower?.signal('SIGSTOP');
        await judge.over(atMs + LONG_MS);
        assert(judge.history.longestGapMs(atMs) < TTL_MS, 'writes are answered without the follower');
        follower?.signal('SIGCONT');
      });
    }
    await judge.end('a follower stands still');
  });

  it('has a wall clock that jumps by an hour to and fro', async function () {
    skipUnless(this, existsSync(FAKETIME), 'libfaketime');
    const directory = mkdtempSync(path.join(tmpdir(), 'headwater-clock-'));
    const file = path.join(directory, 'time');
    try {
      writeFileSync(file, '+0\n');
      judge = await Judge.start('safe', { members: 3, env: () => faketime(file, 'wall') });
      for (let i = 0; i < ROUNDS; i++) {
        await judge.round(async (atMs) => {
          const { leader } = judge;
          writeFileSync(file, `${i % 2 === 0 ? '+' : '-'}3600\n`);
          await judge.over(atMs + LONG_MS);
          assert.equal((await judge.elected.led()).leader, leader, 'the wall clock decides nothing');
        });
      }
      await judge.end('the wall clock of all nodes jumps');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  for (const speed of [0.9, 1.1]) {
    it(`has a leader whose clock runs at ${speed} of the others, without a quorum of etcd`, async function () {
      skipUnless(this, existsSync(FAKETIME), 'libfaketime');
      const env = (at: number) => (at === 0 ? faketime(`+0 x${speed}`, 'all') : {});
      judge = await Judge.start('safe', { members: 3, env });
      await judge.makeLeader(judge.elected.nodes[0] as Daemon);
      await judge.round(async () => {
        const { etcd } = judge.elected;
        // Nobody leads meanwhile: the lease of the leader must not end before the leader stops.
        const members = etcd.members.slice(0, 2);
        for (const member of members) member.signal('SIGSTOP');
        const lostMs = performance.now();
        await judge.over(lostMs + LONG_MS);
        const late = judge.history.since(lostMs + TTL_MS);
        assert.deepEqual(late, [], 'no write is answered when the lease is over');
        for (const member of members) member.signal('SIGCONT');
      });
      await judge.end(`the clock of the leader runs at ${speed}`);
    });
  }
});

/**
 * Lets each sync of a process take longer, until the tracer that it returns is ended. The disk itself, and all other
 * processes, are as fast as ever. Each system call of the process costs it some microseconds more.
 */
function slowDisk(pid: number, ms: number): ChildProcess {
  const delay = `inject=fdatasync,fsync:delay_exit=${ms * 1_000}`;
  const words = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync', '-e', delay, '-p', String(pid)];
  return spawn('strace', words, { stdio: 'ignore' });
}

/** @param time a file that names the time, or the time itself. */
function faketime(time: string, clocks: 'wall' | 'all'): Record<string, string> {
  const preload = { LD_PRELOAD: FAKETIME };
  return clocks === 'all'
    ? { ...preload, FAKETIME: time }
    : { ...preload, FAKETIME_TIMESTAMP_FILE: time, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}
