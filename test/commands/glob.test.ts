/** Globs as in Redis, on bytes; against Redis itself in redis.test.ts. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compileGlob } from '../../src/commands/glob.js';
import { b } from './bench.js';

const matches = (pattern: string, key: string): boolean => compileGlob(b(pattern)).matches(b(key));

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

  it('do work in proportion to the key, whatever the pattern', () => {
    const key = Buffer.alloc(65_536, 'a');
    const patterns = [
      `${'a*'.repeat(2_000)}b*a`,
      `*${'a'.repeat(4_000)}b*`,
      `*${'?a'.repeat(2_000)}b*`,
      '*[ab]'.repeat(800),
    ];
    for (const pattern of patterns) {
      const glob = compileGlob(b(pattern));
      assert(glob.stepsFor(key.length) <= (4_096 / 32 + 1) * key.length + 8_192, pattern.slice(0, 20));
      const startedAt = performance.now();
      assert.equal(glob.matches(key), pattern.startsWith('*['));
      // Going back to every star took 130,000,000 steps and more.
      assert(performance.now() - startedAt < 500, pattern.slice(0, 20));
    }
  });

  it('are refused beyond their length, with both values', () => {
    compileGlob(Buffer.alloc(4_096, '*'));
    assert.throws(() => compileGlob(Buffer.alloc(4_097, '*')), {
      code: 'too_large',
      message: 'a pattern: expected at most 4096 bytes, received 4097 bytes',
    });
  });

  it('match as a plain search by trial does', () => {
    const pattern = fc.string({ unit: fc.constantFrom(...Array.from('aab**?')), maxLength: 90 });
    const key = fc.string({ unit: fc.constantFrom('a', 'a', 'a', 'b'), maxLength: 120 });
    fc.assert(
      fc.property(pattern, key, (text, candidate) => {
        assert.equal(matches(text, candidate), byTrial(text || '*', candidate));
      }),
      { numRuns: 5_000 },
    );
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
    for (const [pattern, prefix] of prefixes) assert.deepEqual(compileGlob(b(pattern)).prefix, b(prefix), pattern);
  });

  it('match only keys that begin with the prefix', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('ab*?[]^-\\')), maxLength: 8 });
    const key = fc.string({ unit: fc.constantFrom(...Array.from('ab]\\*')), maxLength: 6 });
    fc.assert(
      fc.property(text, key, (pattern, candidate) => {
        const prefix = compileGlob(b(pattern)).prefix.toString('latin1');
        assert(!matches(pattern, candidate) || candidate.startsWith(prefix));
      }),
      { numRuns: 3000 },
    );
  });
});

/** Which steps the pattern may be at after each byte of the key: all of them, and slowly. */
function byTrial(pattern: string, key: string): boolean {
  let at = new Set([0]);
  const withStars = (steps: Set<number>) => {
    for (const step of steps) if (pattern[step] === '*') steps.add(step + 1);
    return steps;
  };
  at = withStars(at);
  for (const byte of key) {
    const next = new Set<number>();
    for (const step of at) {
      if (pattern[step] === '*') next.add(step);
      else if (pattern[step] === '?' || pattern[step] === byte) next.add(step + 1);
    }
    at = withStars(next);
  }
  return at.has(pattern.length);
}
