/** `import` and `export`: what goes out comes back the same, and bad input stops where it stands. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Client } from '../../src/index.js';
import { begin, endAll, headwater, Served, temporaryDirectory } from './command-line.js';

const BASE64 = (bytes: Buffer) => bytes.toString('base64');

/** A value of every kind that JSON, UTF-8 or a line end could spoil. */
const RECORDS = [
  { key: '', value: 'the empty key' },
  { key: 'empty', value: '' },
  { key: 'lines', value: 'one\ntwo\r\nthree\u2028four' },
  { key: 'quotes', value: '"\\ \t\u0000\u007f' },
  { key: 'text', value: 'grün 🐟 \ufffd' },
];
const BINARY = [
  { key: 'all-bytes', value: BASE64(Buffer.from(Array.from({ length: 256 }, (_, i) => i))), encoding: 'base64' },
  { key: BASE64(Buffer.from([0xff, 0x00])), key_encoding: 'base64', value: 'under a key that is no text' },
];
const HOUR_MS = 3_600_000;

function jsonLines(records: readonly object[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

function* endlessly(text: string): Generator<string> {
  for (;;) yield text;
}

describe('import and export', function () {
  this.timeout(60_000);
  let directory: string;
  let node: Served;
  /** For all that is not the import or the export itself: a process for each would take most of the time. */
  let client: Client;

  before(async () => {
    directory = temporaryDirectory();
    node = await Served.inOwnProcess();
    client = await Client.connect(node.address);
  });
  beforeEach(() => client.flushAll());
  after(async () => {
    await client.close();
    await endAll();
  });

  async function keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key } of client.scan()) found.push(key.toString());
    return found;
  }

  it('bring back every byte, through files and through pipes', async () => {
    const expiry = { key: 'expiring', value: 'x', expires_at_ms: Date.now() + HOUR_MS };
    const lines = jsonLines([...RECORDS, ...BINARY, expiry]);
    const [given, first] = [path.join(directory, 'given.jsonl'), path.join(directory, 'first.jsonl')];
    writeFileSync(given, lines);
    const imported = await node.run(['import', given, '--json']);
    assert.equal(imported.status, 0, imported.stderr);
    assert.equal((JSON.parse(imported.stdout.toString()) as { imported: number }).imported, 8);
    assert.equal((await node.run(['export', first])).status, 0);
    const digest = (JSON.parse((await node.run(['digest', '--json'])).stdout.toString()) as { digest: string }).digest;

    await client.flushAll();
    assert.equal((await node.run(['import', '-'], { stdin: readFileSync(first) })).status, 0);
    const second = await node.run(['export', '-']);
    assert.equal(second.stdout.toString(), readFileSync(first, 'utf8'));
    assert.equal(
      (JSON.parse((await node.run(['digest', '--json'])).stdout.toString()) as { digest: string }).digest,
      digest,
    );
    assert.deepEqual(new Set(second.stdout.toString().split('\n')), new Set(lines.split('\n')));
  });

  it('print binary values as they are, and as base64 in JSON', async () => {
    await node.run(['import', '-'], { stdin: jsonLines(BINARY) });
    const { stdout } = await node.run(['get', 'all-bytes']);
    assert.deepEqual(
      [...stdout],
      Array.from({ length: 256 }, (_, i) => i),
    );
    const { position, ...shown } = JSON.parse((await node.run(['get', 'all-bytes', '--json'])).stdout.toString());
    assert.deepEqual(shown, BINARY[0]);
    assert.match(position, /^[0-9a-f]{40}:\d+:[0-9a-f]{8}$/);
    assert.equal(
      (await node.run(['keys', '[^a]*', '--json'])).stdout.toString(),
      '{"key":"/wA=","key_encoding":"base64"}\n',
    );
  });

  it('carry more records than may be under way at a time, in bounded steps', async () => {
    const records = Array.from({ length: 20_000 }, (_, i) => ({
      key: `key:${String(i).padStart(5, '0')}`,
      value: `value ${i}`,
    }));
    const imported = await node.run(['import', '-'], { stdin: jsonLines(records) });
    assert.equal(imported.stdout.toString().replace(/ in .*/, ''), 'imported 20,000 records\n', imported.stderr);
    assert.equal((await node.run(['export', '-'])).stdout.toString(), jsonLines(records));
  });

  it('read on only as the node answers, so that a file may be larger than memory', async () => {
    const slow = await Served.inOwnProcess();
    let given = 0;
    const stdin = Readable.from(
      (function* () {
        const lines = `{"key":"k","value":"${'v'.repeat(1_000)}"}\n`.repeat(100);
        for (const chunk of endlessly(lines)) {
          given += chunk.length;
          yield chunk;
        }
      })(),
    );
    const importing = slow.run(['import', '-', '--timeout', '1s'], { stdin });
    while ((await slow.run(['dbsize'])).stdout.toString() === '0\n');
    process.kill(slow.pid, 'SIGSTOP');
    const givenBefore = given;
    const { status, stderr } = await importing;
    process.kill(slow.pid, 'SIGCONT');
    assert.equal(status, 3, stderr);
    const mebibytes = (given - givenBefore) / 2 ** 20;
    assert.ok(mebibytes < 8, `expected to read less than 8 MiB from a node that stands still, read ${mebibytes}`);
  });

  it('take an expiry relative to now, in each form', async () => {
    const lines = [
      { key: 'a', value: '', ttl: '1h' },
      { key: 'b', value: '', ttl: 3600 },
      { key: 'c', value: '', ttl_ms: HOUR_MS },
    ];
    const beganMs = performance.now();
    await node.run(['import', '-'], { stdin: jsonLines(lines) });
    for (const { key } of lines) {
      const { stdout } = await node.run(['ttl', key]);
      const left = Number(stdout.toString());
      const passed = Math.ceil((performance.now() - beganMs) / 1_000);
      assert.ok(left <= 3600 && left >= 3600 - passed, `expected 3600 s less at most ${passed}, received ${stdout}`);
    }
  });

  it('read over blank lines, CRLF, and what scan --json adds; write nothing for nothing', async () => {
    const stdin =
      '\n{"key":"a","value":"1","type":"string","version":7,"expires_at_ms":null}\r\n   \n{"key":"b","value":"2"}';
    assert.match((await node.run(['import', '-'], { stdin })).stdout.toString(), /^imported 2 records/);
    assert.equal((await node.run(['scan'])).stdout.toString(), 'a\t1\nb\t2\n');
    assert.match((await node.run(['import', '-'], { stdin: '' })).stdout.toString(), /^imported 0 records/);
  });

  it('leave a file that was there alone until the new one is whole, and no leftover', async () => {
    const file = path.join(directory, 'whole.jsonl');
    writeFileSync(file, 'old\n');
    await client.set('k', 'v');
    assert.match((await node.run(['export', file])).stdout.toString(), /^exported 1 record in/);
    assert.equal(readFileSync(file, 'utf8'), '{"key":"k","value":"v"}\n');
    assert.equal(existsSync(`${file}.partial`), false);
  });

  it('leave nothing beside a file when they are interrupted', async () => {
    const place = path.join(directory, 'place');
    mkdirSync(place);
    const records = Array.from({ length: 100 }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(2 ** 20) }));
    assert.equal((await node.run(['import', '-'], { stdin: jsonLines(records) })).status, 0);
    const file = path.join(place, 'cut.jsonl');
    const { pid, outcome } = begin(['--connect', node.address, 'export', file]);
    while (readdirSync(place).length === 0) await new Promise(setImmediate);
    process.kill(node.pid, 'SIGSTOP');
    process.kill(pid, 'SIGINT');
    const { status, stderr } = await outcome;
    process.kill(node.pid, 'SIGCONT');
    assert.equal(stderr, `headwater: interrupted: nothing was written to ${file}\n`);
    assert.equal(status, 3);
    assert.deepEqual(readdirSync(place), []);
  });

  const BAD_LINES: ReadonlyArray<readonly [what: string, line: string | Buffer, says: RegExp]> = [
    ['no JSON', 'key=value', /not JSON/],
    ['cut JSON', '{"key":"a","val', /not JSON/],
    ['no object', '["a","b"]', /expected \{"key": …, "value": …\}, received \["a","b"\]/],
    ['no key', '{"value":"v"}', /key: expected a string, received no such field/],
    ['no value', '{"key":"k"}', /value: expected a string, received no such field/],
    ['a number as value', '{"key":"k","value":1}', /value: expected a string, received 1/],
    ['an unknown encoding', '{"key":"k","value":"ff","encoding":"hex"}', /encoding: expected "base64".*received "hex"/],
    ['bad base64', '{"key":"k","value":"a b!","encoding":"base64"}', /value: expected base64, received "a b!"/],
    [
      'a misspelt field',
      '{"key":"k","value":"v","expire_at_ms":5}',
      /unknown field "expire_at_ms": expected one of key, value/,
    ],
    [
      'a bad time to live',
      '{"key":"k","value":"v","ttl":"soon"}',
      /ttl: expected a time.*received "soon"; the import stopped/,
    ],
    [
      'a negative expiry',
      '{"key":"k","value":"v","expires_at_ms":-5}',
      /expires_at_ms: expected a whole number.*received -5/,
    ],
    ['two expiries', '{"key":"k","value":"v","ttl":5,"ttl_ms":5}', /expected one of ttl, ttl_ms and expires_at_ms/],
    ['a field twice', '{"key":"k","key":"l","value":"v"}', /key: expected once, received twice/],
    [
      'nesting without end',
      `{"key":"k","value":${'['.repeat(200_000)}}`,
      /value: expected text.* received \[+…; the import stopped/,
    ],
    ['half a surrogate pair', '{"key":"k","value":"\\ud83d"}', /half a surrogate pair/],
    ['bytes that are not UTF-8', Buffer.from('7b226b6579223aff', 'hex'), /expected UTF-8/],
  ];
  for (const [what, line, says] of BAD_LINES) {
    it(`stop at ${what}, with the line's number and what was imported before it`, async () => {
      const stdin = Buffer.concat([
        Buffer.from('{"key":"one","value":"1"}\n\n'),
        Buffer.from(line),
        Buffer.from('\n{"key":"two","value":"2"}\n'),
      ]);
      const { status, stdout, stderr } = await node.run(['import', '-'], { stdin });
      assert.equal(status, 2, stderr);
      assert.equal(stdout.toString(), '');
      assert.match(stderr, /^headwater: line 3: .*; the import stopped, 1 record was imported\n$/);
      assert.match(stderr, says);
      assert.deepEqual(await keys(), ['one']);
    });
  }

  it('stop at a line without end, before it is all in memory', async () => {
    const stdin = Readable.from(
      (function* () {
        yield Buffer.from('{"key":"one","value":"1"}\n');
        yield* endlessly('x'.repeat(2 ** 20));
      })(),
    );
    const { status, stderr } = await node.run(['import', '-'], { stdin });
    assert.equal(
      stderr,
      'headwater: line 2: expected JSON Lines, received a line of more than 134217728 bytes; the import stopped, 1 record was imported\n',
    );
    assert.equal(status, 2);
  });

  it('tell text in two bytes a character from blocks, and read over a byte order mark', async () => {
    const file = path.join(directory, 'wide.jsonl');
    const little = Buffer.from('{"key":"a","value":"1"}\n', 'utf16le');
    const mark = Buffer.from('fffe', 'hex');
    const both = [little, Buffer.concat([mark, little])];
    for (const text of [...both, ...both.map((one) => Buffer.from(one).swap16())]) {
      writeFileSync(file, text);
      const imported = await node.run(['import', file]);
      assert.match(
        imported.stderr,
        /^headwater: line 1: expected UTF-8, received UTF-16[BL]E\. Convert the file: .*\n$/,
      );
      assert.equal(imported.status, 2);
      const dumped = await headwater(['log', 'dump', file]);
      assert.match(dumped.stderr, /^headwater: \S+: expected a file of blocks, received text in UTF-16[BL]E\n$/);
      assert.equal(dumped.status, 2);
    }
    writeFileSync(file, '\ufeff{"key":"a","value":"1"}\n');
    assert.match((await node.run(['import', file])).stdout.toString(), /^imported 1 record/);
  });

  it('stop at what the node refuses, with status 3', async () => {
    const stdin = jsonLines([
      { key: 'ok', value: '' },
      { key: 'k'.repeat(70_000), value: '' },
    ]);
    const { status, stderr } = await node.run(['import', '-'], { stdin });
    assert.equal(status, 3, stderr);
    assert.match(
      stderr,
      /^headwater: line 2: .*65536.*70000.*; the import stopped, 1 record was imported\. You can import the file again\n$/,
    );
  });

  it('stop when the node is gone, and say how far they got', async () => {
    const doomed = await Served.inOwnProcess();
    const line = `{"key":"k","value":"${'v'.repeat(1_000)}"}\n`;
    const importing = doomed.run(['import', '-', '--timeout', '1s'], {
      stdin: Readable.from(endlessly(line.repeat(100))),
    });
    while ((await doomed.run(['dbsize'])).stdout.toString() === '0\n');
    await doomed.end('SIGKILL');
    const { status, stderr } = await importing;
    assert.equal(status, 3, stderr);
    assert.match(
      stderr,
      /line \d+: .*; the import stopped, [\d,]+ records were imported\. You can import the file again\n$/,
    );
  });

  it('name the file that cannot be read or written', async () => {
    const missing = path.join(directory, 'missing', 'x.jsonl');
    for (const args of [
      ['import', missing],
      ['export', missing],
      ['import', directory],
      ['export', directory],
    ]) {
      const { status, stderr } = await node.run(args);
      assert.equal(status, 2);
      assert.match(stderr, /^headwater: cannot (read|write) \S+: .+\n$/);
      assert.ok(stderr.includes(args[1] as string));
    }
  });
});
