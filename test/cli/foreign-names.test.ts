/** The names of other stores lead to commands that exist. */
import assert from 'node:assert/strict';
import { FOREIGN_COMMANDS, hintOfCommand, namesOf } from '../../bin/foreign-names.js';
import { program } from '../../bin/program.js';

describe('a name of another store', () => {
  const names = namesOf(program());

  it('is no name of a command, for which no hint would be seen', () => {
    assert.deepEqual(
      Object.keys(FOREIGN_COMMANDS).filter((name) => names.includes(name)),
      [],
    );
  });

  it('leads to a command that there is', () => {
    for (const [name, hint] of Object.entries(FOREIGN_COMMANDS)) {
      const used = /^Use ([a-z]+)\b/.exec(hint)?.[1];
      if (used) assert.ok(names.includes(used), `${name}: ${hint}`);
    }
  });

  for (const { typed, near } of [
    { typed: 'statsu', near: 'status' },
    { typed: 'flushal', near: 'flushall' },
    { typed: 'gt', near: 'get' },
    { typed: 'subscirbe', near: 'subscribe' },
  ])
    it(`${typed} is near ${near}`, () => assert.equal(hintOfCommand([typed], names), `Did you mean ${near}?`));

  for (const typed of ['foo', 'bar', 'frobnicate', 'constructor', ''])
    it(`"${typed}" is near none`, () => assert.equal(hintOfCommand([typed], names), undefined));
});
