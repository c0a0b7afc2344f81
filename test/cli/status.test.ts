/** The rows of the status for a person, held against the protocol's message and bin/README.md. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { binarySize, grouped, milliseconds, rate } from '../../bin/figures.js';
import { JSON_ONLY, STATUS_ROWS } from '../../bin/status.js';
import { drawnTable, fittedTable } from '../../bin/table.js';
import { clipped } from '../../bin/terminal.js';
import { checkTable } from '../support/readme-table.js';

const PROTO = path.join(import.meta.dirname, '..', '..', 'proto', 'headwater', 'v1', 'admin.proto');

/** The fields of StatusResponse, in their order. */
function fieldsOfProtocol(): string[] {
  const [, body = ''] = /^message StatusResponse \{\n([\s\S]*?)^\}/m.exec(readFileSync(PROTO, 'utf8')) ?? [];
  return [...body.matchAll(/^ {2}(?:repeated |optional )?\w+ (\w+) = \d+;/gm)].map(([, name]) => name as string);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

describe('the status for a person', () => {
  const shown = new Set(STATUS_ROWS.flatMap(({ fields }) => fields).map(snakeCase));
  const unshown = JSON_ONLY.map(snakeCase);

  it('shows every field of the protocol, or names it as one for programs', () => {
    const fields = fieldsOfProtocol();
    assert.ok(fields.length > 50, `expected to see the fields of the message, saw ${fields.length}`);
    assert.deepEqual([...shown, ...unshown].sort(), fields.toSorted());
  });

  it('has no field both ways', () => {
    assert.deepEqual(
      unshown.filter((name) => shown.has(name)),
      [],
    );
  });

  it('has a label of its own before every row', () => {
    const labels = STATUS_ROWS.map(({ label }) => label);
    assert.equal(new Set(labels).size, labels.length);
    assert(!labels.includes(''), labels.join());
  });

  it('has its table in bin/README.md', () => {
    const rows = STATUS_ROWS.map(({ label, fields }) => [
      `\`${label}\``,
      fields.map((name) => `\`${snakeCase(name)}\``).join(', '),
    ]);
    checkTable([
      ['line of `status`', 'its fields in `--json`'],
      ...rows,
      ['in `--json` alone', unshown.map((name) => `\`${name}\``).join(', ')],
    ]);
  });
});

/** The row of this label, for a status of these fields. */
function rowOf(wanted: string, fields: object) {
  const row = STATUS_ROWS.find(({ label }) => label === wanted);
  return row?.lines(fields as Parameters<(typeof STATUS_ROWS)[0]['lines']>[0]);
}

describe('the headroom in the status', () => {
  it('has a time up to a year; more than that would be a guess', () => {
    const day = 86_400_000;
    const lineFor = (ms?: number) =>
      rowOf('headroom', { headroom: { address: 'a:1', connected: true, leftBytes: 8 * 2 ** 30, ms } });
    assert.equal(lineFor(), 'a:1: 8.0 GiB left; no writes');
    assert.equal(lineFor(365 * day), 'a:1: 8.0 GiB left; enough for 365 d at this rate');
    assert.equal(lineFor(365 * day + 1), 'a:1: 8.0 GiB left; enough for over 1 year at this rate');
    assert.equal(lineFor(47_611 * day), 'a:1: 8.0 GiB left; enough for over 1 year at this rate');
  });
});

describe('the number of keys in the status', () => {
  const line = (fields: object) => rowOf('keys', fields);

  it('is exact if the node has counted, and says how many are at the checkpoint', () => {
    const fields = { keys: 3, keysAtCheckpoint: 0, checkpointOffset: 0, offset: 4 };
    assert.equal(line(fields), '3  (0 at the checkpoint, 4 commands ago)');
    assert.equal(line({ ...fields, keysAtCheckpoint: 3, checkpointOffset: 4 }), '3  (all at the checkpoint)');
  });

  it('is that of the checkpoint otherwise', () => {
    const fields = { keys: undefined, keysAtCheckpoint: 20_000, checkpointOffset: 30_000, offset: 30_001 };
    assert.equal(line(fields), '20,000 at the checkpoint, 1 command ago; "dbsize" counts all');
  });
});

describe('figures for people', () => {
  it('have sizes in the unit that fits', () => {
    const sizes = [0, 1_023, 1_024, 72 * 2 ** 20, 2 ** 30 - 1, 8 * 2 ** 30, 2 ** 50, 2 ** 61];
    assert.deepEqual(sizes.map(binarySize), [
      '0 B',
      '1023 B',
      '1.0 KiB',
      '72.0 MiB',
      '1.0 GiB',
      '8.0 GiB',
      '1.0 PiB',
      '2048.0 PiB',
    ]);
  });

  it('have digits in groups, and latencies with three that count', () => {
    assert.deepEqual([grouped(0), grouped(1_234_567)], ['0', '1,234,567']);
    assert.deepEqual([0.01234, 1.234, 12.34, 123.4, 1_234.5].map(milliseconds), [
      '0.012',
      '1.23',
      '12.3',
      '123',
      '1,235',
    ]);
    assert.deepEqual([0.25, 9.96, 1_204.4].map(rate), ['0.3', '10', '1,204']);
  });
});

describe('a line that is cut for the screen', () => {
  const red = '\x1b[31m';
  const end = '\x1b[39m';

  it('has no more columns than there are, colours beside', () => {
    assert.equal(clipped('abcdef', 4), 'abcd');
    assert.equal(clipped('abcd', 4), 'abcd');
    assert.equal(clipped(`${red}ab${end}`, 4), `${red}ab${end}`);
    assert.equal(clipped(`${red}abcdef${end}`, 4), `${red}abcd\x1b[0m`);
  });

  it('has nothing that moves the screen', () => {
    assert.equal(clipped('a\tb\x07c\x1bd\u009be', 20), 'a b c d e');
  });
});

describe('the table', () => {
  it('has aligned columns, colours or not', () => {
    const table = drawnTable(
      ['a', 'count'],
      [
        ['\x1b[31mlong\x1b[39m', '1'],
        ['b', '22'],
      ],
      { indent: 1, right: [1] },
    );
    assert.equal(table, ' a     count\n \x1b[31mlong\x1b[39m      1\n b        22');
  });

  it('leaves out the least important columns that do not fit, and names them', () => {
    const columns = ['name', 'one', 'two'].map((name) => ({
      name,
      isRight: name !== 'name',
      cell: (row: string) => row + name.length,
    }));
    const fitted = (width: number) =>
      fittedTable(columns, ['x'], { width, dispensable: ['two', 'one'], head: (h) => h });
    assert.deepEqual(fitted(14), { table: 'name  one  two\nx4     x3   x3', leftOut: [] });
    assert.deepEqual(fitted(13), { table: 'name  one\nx4     x3', leftOut: ['two'] });
    assert.deepEqual(fitted(2), { table: 'name\nx4', leftOut: ['one', 'two'] });
  });
});
