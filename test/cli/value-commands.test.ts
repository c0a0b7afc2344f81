/** Values that come from stdin and go out byte for byte, and transactions from a file. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endAll, Served, temporaryDirectory } from './command-line.js';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

describe('values', function () {
  this.timeout(60_000);
  let node: Served;
  let directory = '';

  before(async () => {
    directory = temporaryDirectory();
    const data = path.join(directory, 'node');
    node = await Served.start(['--data', data, '--listen', '127.0.0.1:0', '--max-value-bytes', '1MiB']);
  });
  after(endAll);

  async function says(args: readonly string[], stdout: string, status = 0): Promise<string> {
    const outcome = await node.run(args);
    assert.equal(outcome.stdout.toString().replace(/,"position":"[^"]+"/g, ''), stdout, outcome.stderr);
    assert.equal(outcome.status, status, outcome.stderr);
    return outcome.stderr;
  }

  it('come from stdin with -, and go to a file, byte for byte', async () => {
    await node.run(['set', 'bytes', '-'], { stdin: ALL_BYTES });
    await node.run(['append', 'bytes', '-'], { stdin: ALL_BYTES });
    const file = path.join(directory, 'value');
    await node.run(['get', 'bytes'], { stdout: file });
    assert.deepEqual(readFileSync(file), Buffer.concat([ALL_BYTES, ALL_BYTES]));
    await node.run(['set', 'empty', '-']);
    await says(['get', 'empty'], '');
    await node.run(['set', 'dash', '-'], { stdin: '-' });
    await says(['get', 'dash'], '-');
  });

  it('of stdin are bounded: by the node, and by what any node takes', async () => {
    const large = await node.run(['set', 'large', '-'], { stdin: Buffer.alloc(2 * 1024 * 1024) });
    assert.match(large.stderr, /^headwater: .*1048576.*\n$/);
    assert.equal(large.status, 3);
    const endless = await node.run(['set', 'large', '-'], { stdin: Buffer.alloc(33 * 1024 * 1024) });
    assert.equal(
      endless.stderr,
      'headwater: cannot read stdin: expected at most 33554432 bytes, the largest value that a node can take, received more\n',
    );
    assert.equal(endless.status, 2);
    await says(['exists', 'large'], '0\n', 1);
  });

  it('are a - itself in a shell, whose commands come from stdin', async () => {
    const { stdout } = await node.run(['shell'], { stdin: 'set dash -\nget dash\nappend dash -\n' });
    assert.equal(stdout.toString(), 'OK\n-\n2\n');
  });

  it('of messages come from stdin too', async () => {
    const { status, stderr } = await node.run(['publish', 'c', '-', '--durable'], { stdin: ALL_BYTES });
    assert.equal(status, 0, stderr);
  });

  it('of many keys are printed in order, and a missing one is named', async () => {
    await node.run(['set', 'a', '1']);
    await node.run(['set', 'b', '2']);
    await says(['mget', 'b', 'a'], '2\n1\n');
    assert.equal(await says(['mget', 'a', 'none', 'b'], '1\n\n2\n', 1), 'headwater: no such key "none"\n');
    const json = '{"key":"a","value":"1"}\n{"key":"none","value":null}\n';
    assert.equal(await says(['mget', 'a', 'none', '--json'], json, 1), '');
  });

  it('are appended, and taken away with their key', async () => {
    await says(['append', 'log', 'ab'], '2\n');
    await says(['append', 'log', 'é'], '4\n');
    await says(['getdel', 'log'], 'abé');
    assert.equal(await says(['getdel', 'log'], '', 1), 'headwater: no such key "log"\n');
    assert.match((await node.run(['append', 'log', 'x', '--json'])).stdout.toString(), /^\{"key":"log","length":1,/);
  });

  describe('of a transaction', () => {
    const transact = (transaction: unknown, ...options: string[]) =>
      node.run(['transact', '-', ...options], { stdin: JSON.stringify(transaction) });

    it('are written all or none, and the replies are printed', async () => {
      const file = path.join(directory, 'transaction.json');
      const operations = [
        { kind: 'set', key: 'lock', value: { base64: 'AP8=' }, expiry: { ttlMs: 60_000 } },
        { kind: 'increment', key: 'visits', by: '9007199254740993' },
        { kind: 'get', key: 'lock' },
        { kind: 'multiGet', keys: ['visits', 'none'] },
      ];
      writeFileSync(file, JSON.stringify({ conditions: [{ key: 'lock', test: 'absent' }], operations }));
      const { status, stdout, stderr } = await node.run(['transact', file, '--json']);
      assert.equal(status, 0, stderr);
      const text = stdout.toString();
      assert.match(text, /"kind":"increment","value":9007199254740993\}/);
      const { committed, replies, failed_condition } = JSON.parse(text);
      assert.equal(committed, true);
      assert.equal(failed_condition, null);
      assert.deepEqual(replies[0], { kind: 'set', applied: true, old_value: null });
      assert.deepEqual({ ...replies[2], version: 0 }, { kind: 'get', value: 'AP8=', encoding: 'base64', version: 0 });
      assert.equal(replies[3].values[1].value, null);
      const again = await node.run(['transact', file]);
      assert.equal(again.stdout.toString(), '');
      assert.equal(again.stderr, 'headwater: not committed: condition 1 of 1 does not hold: "lock" is absent\n');
      assert.equal(again.status, 1);
      assert.match(
        (await node.run(['transact', file, '--json'])).stdout.toString(),
        /^\{"committed":false,"replies":\[\],"failed_condition":0/,
      );
    });

    it('have values in JSON as they are, also if these look like a mark of an integer', async () => {
      const value = '\u0000integer:5';
      const { stdout } = await transact(
        {
          operations: [
            { kind: 'set', key: 'i', value },
            { kind: 'get', key: 'i' },
          ],
        },
        '--json',
      );
      assert.equal(JSON.parse(stdout.toString()).replies[1].value, value);
    });

    it('are printed for people', async () => {
      const { stdout } = await transact({
        operations: [
          { kind: 'set', key: 'p', value: 'x' },
          { kind: 'get', key: 'p' },
          { kind: 'get', key: 'none' },
          { kind: 'increment', key: 'q', by: 2 },
          { kind: 'delete', keys: ['p', 'q'] },
        ],
      });
      assert.deepEqual(stdout.toString().split('\n'), [
        'committed: 5 operations',
        '1  set  applied true',
        '2  get  "x"',
        '3  get  (no such key)',
        '4  increment  2',
        '5  delete  deleted 2',
        '',
      ]);
    });

    it('have operations on several keys, on bits and on two values', async () => {
      const place = { signed: false, bits: 8, offset: 0 };
      const operations = [
        {
          kind: 'multiSet',
          entries: [
            { key: { base64: 'AP8=' }, value: 'ohm' },
            { key: 'm', value: { base64: '/w==' } },
          ],
        },
        {
          kind: 'bitField',
          key: 'm',
          steps: [
            { ...place, action: 'increment', by: 1, overflow: 'fail' },
            { ...place, action: 'set', value: '5' },
            { ...place, action: 'get' },
          ],
        },
        { kind: 'set', key: 'l', value: 'home' },
        { kind: 'longestCommonSubsequence', key: 'l', otherKey: { base64: 'AP8=' }, result: 'matches' },
        { kind: 'copy', key: 'l', newKey: 'm', replace: true },
      ];
      const { stdout, stderr } = await transact({ operations });
      assert.deepEqual(
        stdout.toString().split('\n').slice(1, -1),
        [
          '1  multiSet  applied true',
          '2  bitField  (overflow)  255  5',
          '3  set  applied true',
          '4  longestCommonSubsequence  2  2-2 = 2-2  1-1 = 0-0',
          '5  copy  applied true',
        ],
        stderr,
      );
      const { replies } = JSON.parse((await transact({ operations }, '--json')).stdout.toString());
      assert.deepEqual(replies[1], { kind: 'bitField', values: [null, 255, 5] });
      const [match] = replies[3].matches;
      assert.deepEqual(match, { range: { start: 2, end: 2 }, other_range: { start: 2, end: 2 } });
    });

    it('has every kind of operation in bin/README.md', async () => {
      const { stderr } = await transact({ operations: [{ kind: 'none' }] });
      const [, kinds = ''] = /kind: expected one of (.*), received "none"/.exec(stderr) ?? [];
      assert(kinds.includes('bitField'), stderr);
      const page = readFileSync('bin/README.md', 'utf8');
      const [, listed = ''] = /```text\n(get multiGet [^`]*)\n```/.exec(page) ?? [];
      assert.deepEqual(listed.split(/\s/).toSorted(), kinds.split(', ').toSorted());
    });

    it('shows the refusals that it keeps, and does the other operations', async () => {
      const transaction = {
        operations: [
          { kind: 'set', key: 'kept', value: 'x' },
          { kind: 'increment', key: 'kept' },
          { kind: 'append', key: 'kept', value: 'y' },
        ],
        onRefusal: 'keep',
      };
      const { status, stdout } = await transact(transaction);
      assert.equal(status, 0);
      assert.match(
        stdout.toString(),
        /^committed: 3 operations, 1 of them refused\n1 {2}set .*\n2 {2}increment {2}refused: key "kept".*\n3 {2}append {2}2\n$/,
      );
      const { replies } = JSON.parse((await transact(transaction, '--json')).stdout.toString());
      assert.deepEqual([replies[1].kind, replies[1].code, replies[2].length], ['error', 'not_an_integer', 2]);
    });

    const REFUSALS: ReadonlyArray<readonly [what: string, transaction: unknown, says: RegExp]> = [
      [
        'an unknown handling of refusals',
        { operations: [], onRefusal: 'drop' },
        /stdin: onRefusal: expected undo or keep, received "drop"/,
      ],
      [
        'a step with a fraction',
        { operations: [{ kind: 'bitField', key: 'k', steps: [{ action: 'set', value: 0.5 }] }] },
        /operations\[0\]\.steps\[0\]\.value: expected a whole number/,
      ],
      [
        'an entry with another name',
        { operations: [{ kind: 'multiSet', entries: [{ key: 'k', val: 'v' }] }] },
        /operations\[0\]\.entries\[0\]: unknown name "val"; expected key, value/,
      ],
      ['no operations', {}, /stdin: operations: expected a list, received nothing/],
      ['a list', [], /stdin: the file: expected an object, received \[\]/],
      [
        'an unknown name',
        { operations: [], watch: 1 },
        /the file: unknown name "watch"; expected conditions, operations/,
      ],
      [
        'an unknown kind',
        { operations: [{ kind: 'put' }] },
        /operations\[0\]\.kind: expected one of get, .*, received "put"/,
      ],
      [
        'a misspelt expiry',
        { operations: [{ kind: 'set', key: 'a', value: 'b', ttlMs: 5 }] },
        /operations\[0\]: unknown name "ttlMs"; expected kind, key, value, expiry, condition, returnOld/,
      ],
      [
        'a misspelt time',
        { operations: [{ kind: 'set', key: 'a', value: 'b', expiry: { ttl: 5 } }] },
        /operations\[0\]\.expiry: unknown name "ttl"; expected ttlMs, expiresAtMs/,
      ],
      [
        'a key that is no text',
        { operations: [{ kind: 'get', key: 5 }] },
        /operations\[0\]\.key: expected text or \{"base64": …\}, received 5/,
      ],
      [
        'bad base64',
        { operations: [{ kind: 'get', key: { base64: '%' } }] },
        /operations\[0\]\.key: expected base64, received "%"/,
      ],
      [
        'an inexact integer',
        { operations: [{ kind: 'increment', key: 'a', by: 1e300 }] },
        /operations\[0\]\.by: expected a whole number/,
      ],
      [
        'an unknown test',
        { conditions: [{ key: 'a', test: 'gone' }], operations: [] },
        /conditions\[0\]\.test: expected one of exists/,
      ],
    ];
    for (const [what, transaction, expected] of REFUSALS)
      it(`are refused with ${what}`, async () => {
        const { status, stderr } = await transact(transaction);
        assert.match(stderr, expected);
        assert.equal(status, 2);
      });

    it('are read with a value of any size, with brackets and quotes in it', async () => {
      const set = (value: string) => transact({ operations: [{ kind: 'set', key: 'large', value }] });
      const value = '["{\\\\'.repeat(200_000);
      assert.equal((await set(value)).stderr, '');
      assert.equal((await node.run(['get', 'large'])).stdout.toString(), value);
      const { stderr } = await set(value.repeat(16));
      assert.match(stderr, /a value: expected at most 1048576 bytes, received 16000000 bytes/);
    });

    it('are refused if they are not JSON, or nested without end', async () => {
      const broken = await node.run(['transact', '-'], { stdin: '{"operations": [' });
      assert.match(broken.stderr, /^headwater: stdin: not JSON: /);
      const nested = await node.run(['transact', '-'], { stdin: '['.repeat(1_000_000) });
      assert.match(nested.stderr, /expected at most 8 levels of brackets, received more/);
      assert.equal(nested.status, 2);
    });
  });
});
