/** The page of the client, held against the client. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Administration } from '../../src/client/administration.js';
import { BitCommands } from '../../src/client/bit-commands.js';
import { Client } from '../../src/client/client.js';
import { Commands } from '../../src/client/commands.js';

describe('the page of the client', () => {
  it('has a table with every public member', () => {
    const page = readFileSync('src/client/README.md', 'utf8');
    const table = page.slice(page.indexOf('| for '), page.indexOf('\n\n', page.indexOf('| for ')));
    const listed = [...table.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
    const members = [Client, Administration, Commands, BitCommands].flatMap(({ prototype }) =>
      Object.getOwnPropertyNames(prototype),
    );
    const expected = new Set(members.filter((name) => name !== 'constructor'));
    assert.deepEqual(listed.toSorted(), [...expected].toSorted());
  });
});
