/** The files of a place that may go: what stays leads from a backup to every moment that has to stay restorable. */
import assert from 'node:assert/strict';
import { type RetainedBackup, retention } from '../../src/backup/retention.js';
import { Lineage } from '../../src/model/lineage.js';
import { Dice } from '../support/dice.js';
import { seedOfThisRun } from '../support/random.js';
import { historyId } from '../support/seeds.js';
import { HEAD } from './files.js';

const ROWS = [{ replicationId: historyId('a'), epoch: 1, firstOffset: 1, checksum: 0 }];
const LINEAGE = Lineage.received(ROWS);

function backup(offset: number, timeMs: number): RetainedBackup {
  const position = { replicationId: historyId('a'), offset, checksum: 0 };
  return { name: `backup ${offset}`, head: { ...HEAD, position, timeMs, madeMs: timeMs, lineage: ROWS } };
}

/** The commands after `first` - 1 up to `last`, of which the last is from that time. */
function stretch(first: number, lastOffset: number, timeMs: number, lineage = LINEAGE) {
  const base = { replicationId: historyId('a'), offset: first - 1, checksum: 0 };
  return { name: `archive ${first}`, base, lastOffset, timeMs, lineage };
}

describe('what may go from a place', () => {
  const backups = [backup(10, 10), backup(20, 20), backup(30, 30)];
  const stretches = [1, 11, 21, 31].map((first) => stretch(first, first + 9, first + 9));

  it('is what lies before the last backup from which the oldest wanted moment can be reached', () => {
    const { remove, backups: left } = retention(backups, stretches, 25);
    assert.deepEqual(remove, ['backup 10', 'archive 1', 'archive 11']);
    assert.deepEqual(
      left.map(({ name }) => name),
      ['backup 20', 'backup 30'],
    );
  });

  it('is nothing if there is no backup, or none that is old enough', () => {
    assert.deepEqual(retention([], stretches, 100).remove, []);
    assert.deepEqual(retention([backup(30, 30)], stretches, 25).remove, []);
  });

  it('is never the newest backup, nor what continues it, however old they are', () => {
    const { remove } = retention(backups, stretches, 1_000);
    assert.deepEqual(remove, ['backup 10', 'backup 20', 'archive 1', 'archive 11', 'archive 21']);
  });

  it('is nothing that a file which cannot be read may need', () => {
    const [first, second, ...others] = stretches;
    assert.ok(first && second);
    // The file of 11 to 20 is damaged: the backup at 10 leads to it.
    assert.deepEqual(retention(backups, [first, ...others], 35, [{ firstOffset: 11 }]).remove, [
      'backup 20',
      'archive 1',
    ]);
    assert.deepEqual(retention(backups, [second, ...others], 35, [{ firstOffset: 1 }]).remove, []);
  });

  it('is nothing of a history in which another backup is the last one', () => {
    const rows = [
      { replicationId: historyId('a'), epoch: 1, firstOffset: 1, checksum: 0 },
      { replicationId: historyId('b'), epoch: 2, firstOffset: 16, checksum: 0 },
    ];
    const other = { ...stretch(16, 40, 40, Lineage.received(rows)), name: 'other' };
    const { remove, backups: left } = retention(backups, [...stretches, other], 35);
    assert.deepEqual(
      left.map(({ name }) => name),
      ['backup 10', 'backup 30'],
    );
    assert.deepEqual(remove, ['backup 20', 'archive 1']);
  });

  it('leaves every moment that has to stay restorable restorable', () => {
    const seed = seedOfThisRun();
    const dice = new Dice(seed);
    for (let run = 0; run < 500; run++) {
      const files = Array.from({ length: dice.between(1, 20) }, (_, i) =>
        stretch(i * 10 + 1, i * 10 + 10, i * 10 + 10),
      );
      const end = files.length * 10;
      const made = Array.from({ length: dice.between(1, 5) }, () => dice.between(0, files.length) * 10);
      const all = [...new Set(made)].map((offset) => backup(offset, offset));
      const sinceMs = dice.between(0, end + 20);
      const removed = new Set(retention(all, files, sinceMs).remove);
      for (let moment = sinceMs; moment <= end; moment++) {
        const reachable = (gone: ReadonlySet<string>) =>
          all.some(
            ({ name, head }) =>
              !gone.has(name) &&
              head.timeMs <= moment &&
              files.every(
                (file) => file.lastOffset <= head.position.offset || file.base.offset >= moment || !gone.has(file.name),
              ),
          );
        assert.ok(!reachable(new Set()) || reachable(removed), `seed ${seed}, run ${run}: moment ${moment}`);
      }
    }
  });
});
