/** Globs as in Redis, on bytes; against Redis itself in redis.test.ts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileGlob, prefixOf } from '../../src/commands/glob.js';
import { b } from './bench.js';

const matches = (pattern: string, key: string): boolean => compileGlob(b(pattern))(b(key));

describe('globs', () => {
  const cases: [pattern: string, matching: string[], others: string[]][] = [
    ['', ['', 'a'], []],
    ['*', ['', 'a', 'abc', '\xff\0'], []],
    ['**', ['', 'abc'], []],
    ['abc', ['abc'], ['', 'ab', 'abcd', 'ABC']],
    ['a*', ['a', 'abc'], ['', 'ba']],
    ['*c', ['c', 'abc', 'cc'], ['cb', '']],
    ['a*c*e', ['ace', 'abcde', 'acce'], ['ae', 'acef']],
    ['?', ['a', '\n', '\xff'], ['', 'ab']],
    ['a?c', ['abc', 'a?c'], ['ac', 'abbc']],
    ['*?', ['a', 'ab'], ['']],
    ['h[ae]llo', ['hallo', 'hello'], ['hillo', 'hllo', 'haello']],
    ['h[^e]llo', ['hallo', 'h^llo'], ['hello', 'hllo']],
    ['h[a-c]', ['ha', 'hb', 'hc'], ['hd', 'h-', 'h']],
    ['h[c-a]', ['ha', 'hb', 'hc'], ['hd']],
    ['[\x80-\xff]', ['\x80', '\xff'], ['\x7f', 'a']],
    ['[a-]', ['a', '_', ']'], ['-', 'b']],
    ['[-a]', ['-', 'a'], ['b']],
    ['[a^]', ['a', '^'], ['b']],
    ['[*?]', ['*', '?'], ['a']],
    ['[\\]]', [']'], ['\\', 'a']],
    ['[\\-a]', ['-', 'a'], ['\\', ']']],
    ['[]', [], ['', ']', 'a']],
    ['[]a]', [], [']', 'a', 'a]']],
    ['[^]', ['a', ']'], ['']],
    ['[abc', ['a', 'c'], ['[', 'ab', '[abc']],
    ['[', [], ['', '[']],
    ['[^', ['a'], ['']],
    ['[a\\', ['a', '\\'], ['b']],
    ['\\*', ['*'], ['a', '\\*', '']],
    ['\\a', ['a'], ['\\a']],
    ['a\\', ['a\\'], ['a']],
    ['\\\\', ['\\'], ['\\\\']],
    ['a*[0-9]b', ['a1b', 'axx9b', 'a1b1b'], ['ab', 'axb']],
  ];
  for (const [pattern, matching, others] of cases) {
    it(`${JSON.stringify(pattern)} takes what it should`, () => {
      for (const key of matching) assert(matches(pattern, key), `should match ${JSON.stringify(key)}`);
      for (const key of others) assert(!matches(pattern, key), `should not match ${JSON.stringify(key)}`);
    });
  }

  it('answer quickly whatever the pattern', () => {
    const key = 'a'.repeat(20_000);
    const startedAt = performance.now();
    assert.equal(matches(`${'a*'.repeat(50)}b`, key), false);
    assert.equal(matches('*a'.repeat(1000), key), true);
    assert(performance.now() - startedAt < 2000);
  });

  it('give the bytes that every match begins with', () => {
    const prefixes: [pattern: string, prefix: string][] = [
      ['', ''],
      ['*', ''],
      ['user:*', 'user:'],
      ['user:1', 'user:1'],
      ['us?r', 'us'],
      ['us[e]r', 'us'],
      ['a\\*b*', 'a*b'],
      ['a\\', 'a\\'],
      ['\xff\0*', '\xff\0'],
    ];
    for (const [pattern, prefix] of prefixes) assert.deepEqual(prefixOf(b(pattern)), b(prefix), pattern);
  });

  it('match only keys that begin with the prefix', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('ab*?[]^-\\')), maxLength: 8 });
    const key = fc.string({ unit: fc.constantFrom(...Array.from('ab]\\*')), maxLength: 6 });
    fc.assert(
      fc.property(text, key, (pattern, candidate) => {
        const prefix = prefixOf(b(pattern)).toString('latin1');
        assert(!matches(pattern, candidate) || candidate.startsWith(prefix));
      }),
      { numRuns: 3000 },
    );
  });
});
