/**
 * A state that lasts is said once, again when it changes, and once an hour; and
 * the rule that whatever may repeat says it through `RepeatedLog`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { REPEATED_PER_HOUR_MAX, REPEATED_STATES_MAX } from '../../src/base/limits.js';
import { RepeatedLog, RepeatedState } from '../../src/base/repeated-log.js';
import { TestClock } from '../support/clock.js';
import { RecordingLogger } from '../support/store.js';

const HOUR_MS = 60 * 60 * 1_000;

describe('a state that is repeated', () => {
  it('is said once, whatever numbers are in it, and again when it is another one', () => {
    const state = new RepeatedState(new TestClock());
    assert.equal(state.meets('refused at 10:31, offset 7'), 1);
    assert.equal(state.meets('refused at 10:32, offset 9'), undefined);
    assert.equal(state.meets('unreachable'), 1);
    assert.equal(state.meets('refused at 10:33, offset 9'), 2);
  });

  it('is said once an hour with how often it was met, and at once when it comes back', () => {
    const clock = new TestClock();
    const state = new RepeatedState(clock);
    const said: number[] = [];
    for (let i = 0; i < 3_600; i++) {
      const times = state.meets('down');
      if (times !== undefined) said.push(times);
      void clock.advance(2_000);
    }
    assert.deepEqual(said, [1, 1_800]);
    state.ends();
    assert.notEqual(state.meets('down'), undefined);
  });

  it('fills no log when two of them alternate, or one comes and goes', () => {
    const clock = new TestClock();
    for (const between of [(state: RepeatedState) => state.meets('silent'), (state: RepeatedState) => state.ends()]) {
      const state = new RepeatedState(clock);
      let said = 0;
      for (let ms = 0; ms < 2 * HOUR_MS; ms += 2_000) {
        if (state.meets('down') !== undefined) said++;
        between(state);
        void clock.advance(2_000);
      }
      assert.equal(said, 2 * REPEATED_PER_HOUR_MAX);
    }
  });
});

describe('a log of states that are repeated', () => {
  function logged(): { clock: TestClock; logger: RecordingLogger; log: RepeatedLog } {
    const [clock, logger] = [new TestClock(), new RecordingLogger()];
    return { clock, logger, log: RepeatedLog.of({ clock, logger }) };
  }

  it('says how often a state was met, and writes the repeats at the level debug', () => {
    const { clock, logger, log } = logged();
    for (let i = 0; i < 3; i++) log.warn({}, `down, attempt ${i}`);
    void clock.advance(HOUR_MS);
    log.warn({}, 'down, attempt 3');
    assert.deepEqual(
      logger.lines.map(({ level, message }) => [level, message]),
      [
        ['warn', 'down, attempt 0'],
        ['debug', 'down, attempt 1'],
        ['debug', 'down, attempt 2'],
        ['warn', 'down, attempt 3 (3 times since the last such line)'],
      ],
    );
  });

  it('keeps nodes and files apart if only the numbers in their names differ', () => {
    const { logger, log } = logged();
    for (const file of ['000003.log', '000005.log', '000003.log']) log.error({ file }, `${file} is damaged`);
    assert.equal(logger.lines.filter(({ level }) => level === 'error').length, 2);
  });

  it('follows a subject from state to state, each subject for itself', () => {
    const { logger, log } = logged();
    for (const node of ['a', 'b']) {
      for (let i = 0; i < 3; i++) log.warn({}, 'refused', node);
      log.info({}, 'served', node);
      log.warn({}, 'refused', node);
    }
    const said = logger.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    const once = ['refused', 'served', 'refused (3 times since the last such line)'];
    assert.deepEqual(said, [...once, ...once]);
  });

  it('is bounded: the oldest states are forgotten', () => {
    const { logger, log } = logged();
    const name = (i: number) => String.fromCharCode(0x4e00 + i);
    for (let i = 0; i <= REPEATED_STATES_MAX; i++) log.warn({}, name(i));
    log.warn({}, name(REPEATED_STATES_MAX));
    log.warn({}, name(0));
    assert.deepEqual(
      logger.lines.slice(-2).map(({ level }) => level),
      ['debug', 'warn'],
    );
  });

  it('is itself when it is put over another', () => {
    const { clock, log } = logged();
    assert.equal(RepeatedLog.of({ clock, logger: log }), log);
  });
});

/** The only files that say something at once, and why it does not repeat without an end. */
const AT_ONCE: Record<string, string> = {
  'src/base/descriptors.ts': 'once a start',
  'src/cluster/node-cluster.ts': 'once a leadership, and another one within a minute needs a person',
  'src/replication/leadership/elected.ts': 'once a leader that the node follows',
  'src/archive-upstream/seed.ts': 'once a start of an empty node',
  'src/access/access.ts': 'once a user that this version cannot read',
  'src/access/audit.ts': 'at most 50 lines of a kind a second, and one with the number of the others',
  'src/access/tls/node-tls.ts': 'once a change of the files, and once a day while a certificate is near its end',
  'src/backup/backups.ts': 'twice a backup, for which somebody asks',
  'src/http-door.ts': 'once a start',
  'src/live-options.ts': 'once a change of an option, for which somebody asks',
  'src/node.ts': 'once a mark that a person sets or takes back, and once a start that forgets the users',
  'src/compare/range-repair.ts': 'once a repair that has changed something, for which somebody asks',
  'src/replication/leadership/failover.ts': 'once a hand-over and outcome',
  'src/replication/leadership/greeting.ts': 'once a change of roles, which is on disk before',
  'src/replication/leadership/drain.ts': 'once a stop',
  'src/replication/downstream/registry.ts': 'once a follower that a person forgets',
  'src/replication/leadership/leadership.ts': 'once a change of the upstream',
  'src/resp/commands/operations.ts': 'once a checkpoint or a stop that a client orders',
  'src/resp/commands/replication.ts': 'once a change of the role or the upstream that a client orders',
  'src/resp/failover-order.ts': 'once a failover that a client orders',
  'src/store/lost-writes.ts': 'once a file that is written: the same writes make no second one',
  'src/store/intake.ts': 'once a full resync that has succeeded',
  'src/store/store.ts': 'once a start',
};

/** These are handed the log of their owner, which is one of states that repeat. */
const HANDED: Record<string, string> = {
  'src/access/credentials-file.ts': 'src/node.ts',
  'src/store/reserved-records.ts': 'src/store/store.ts',
  'src/replication/leadership/tail-recovery.ts': 'src/replication/leadership/role-changes.ts',
  'src/replication/upstream/detour.ts': 'src/replication/upstream/link.ts',
  'src/replication/upstream/load-keeper.ts': 'src/replication/upstream/link.ts',
  'src/replication/upstream/session.ts': 'src/replication/upstream/link.ts',
  'src/store/checkpoint.ts': 'src/store/assembly.ts',
  'src/store/clock-step.ts': 'src/store/assembly.ts',
  'src/store/expiry.ts': 'src/store/assembly.ts',
  'src/store/generation.ts': 'src/store/assembly.ts',
  'src/store/leadership-record.ts': 'src/store/assembly.ts',
  'src/store/level-check.ts': 'src/store/assembly.ts',
  'src/store/places.ts': 'src/store/store.ts',
  'src/store/retention.ts': 'src/store/assembly.ts',
  'src/store/sweeper.ts': 'src/store/assembly.ts',
  'src/store/tenure.ts': 'src/store/assembly.ts',
};

describe('what is said in the log', () => {
  const root = path.join(import.meta.dirname, '../..');
  const texts = new Map(
    readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('generated') && name !== 'base/repeated-log.ts')
      .map((name) => [`src/${name}`, readFileSync(path.join(root, 'src', name), 'utf8')]),
  );

  it('passes a log of repeated states, except for the messages that this test lists', () => {
    const direct = [...texts].filter(([, text]) => /\blogger(?:\.(?:info|warn|error)\(|\[)/i.test(text));
    assert.deepEqual(
      direct.map(([name]) => name).toSorted(),
      [...Object.keys(AT_ONCE), ...Object.keys(HANDED)].toSorted(),
    );
  });

  it('has owners that hand such a log on', () => {
    for (const owner of Object.values(HANDED)) assert.match(texts.get(owner) ?? '', /RepeatedLog\.of\(/, owner);
  });
});
