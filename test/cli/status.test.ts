/** The rows of the status for a person, held against the protocol's message and the README. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { JSON_ONLY, STATUS_ROWS } from '../../bin/status.js';
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

  it('has its table in the README', () => {
    const rows = STATUS_ROWS.map(({ label, fields }) => [
      label === '' ? '' : `\`${label}\``,
      fields.map((name) => `\`${snakeCase(name)}\``).join(', '),
    ]);
    checkTable([
      ['line of `status`', 'its fields in `--json`'],
      ...rows,
      ['in `--json` alone', unshown.map((name) => `\`${name}\``).join(', ')],
    ]);
  });
});
