/** Lines cut out of a stream of bytes, wherever its chunks end, and what a line may be. */
import assert from 'node:assert/strict';
import { parseLine, splitLines } from '../../bin/json-lines.js';

async function split(chunks: readonly Buffer[]): Promise<{ texts: Array<string | undefined>; bytesRead: number }> {
  const texts: Array<string | undefined> = [];
  let bytesRead = 0;
  for await (const lines of splitLines(arriving(chunks))) {
    texts.push(...lines.texts);
    bytesRead = lines.bytesRead;
  }
  return { texts, bytesRead };
}

async function* arriving(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

describe('the lines of a stream', () => {
  const TEXT = 'grün\n\n🐟 fish\r\nlast';
  const LINES = ['grün', '', '🐟 fish\r', 'last'];
  const bytes = Buffer.from(TEXT);

  it('are the same wherever a chunk ends, also within a character', async () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const { texts, bytesRead } = await split([bytes.subarray(0, cut), bytes.subarray(cut)]);
      assert.deepEqual(texts, LINES, `cut at ${cut}`);
      assert.equal(bytesRead, bytes.length, `cut at ${cut}`);
    }
    assert.deepEqual((await split([...bytes].map((byte) => Buffer.from([byte])))).texts, LINES);
  });

  it('end with the stream, with or without a line end, and are none for an empty stream', async () => {
    assert.deepEqual((await split([Buffer.from('a\nb\n')])).texts, ['a', 'b']);
    assert.deepEqual((await split([Buffer.from('a\nb')])).texts, ['a', 'b']);
    assert.deepEqual((await split([Buffer.from('\n')])).texts, ['']);
    assert.deepEqual((await split([Buffer.from('')])).texts, []);
    assert.deepEqual((await split([])).texts, []);
  });

  it('say how far they reach before all is read', async () => {
    const reached: number[] = [];
    for await (const { bytesRead } of splitLines(arriving([Buffer.from('a\nb'), Buffer.from('c\nd')])))
      reached.push(bytesRead);
    assert.deepEqual(reached, [2, 5, 6]);
  });

  it('keep their places if one among them is not UTF-8', async () => {
    const bad = Buffer.concat([Buffer.from('ä\n'), Buffer.from([0x61, 0xff, 0x0a]), Buffer.from('\nz\n')]);
    assert.deepEqual((await split([bad])).texts, ['ä', undefined, '', 'z']);
  });
});

describe('text in two bytes a character', () => {
  const TEXT = '{"key":"a","value":"1"}\n';
  const little = Buffer.from(TEXT, 'utf16le');
  const big = Buffer.from(little).swap16();
  const FORMS: ReadonlyArray<readonly [encoding: string, bytes: Buffer]> = [
    ['UTF-16LE', little],
    ['UTF-16BE', big],
    ['UTF-16LE', Buffer.concat([Buffer.from('fffe', 'hex'), little])],
    ['UTF-16BE', Buffer.concat([Buffer.from('feff', 'hex'), big])],
  ];
  for (const [encoding, bytes] of FORMS)
    it(`is named: ${bytes.toString('hex', 0, 4)}`, () =>
      assert.rejects(split([bytes]), {
        message: `expected UTF-8, received ${encoding}. Convert the file: iconv -f ${encoding} -t UTF-8`,
      }));
});

describe('a line', () => {
  const DEEP = 200_000;
  const REFUSED: ReadonlyArray<readonly [what: string, line: string, says: RegExp]> = [
    ['nested deep', `{"key":"k","value":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`, /^value: .* received \[{60}…$/],
    ['nested deep and cut off', `{"key":"k","value":${'{"a":'.repeat(DEEP)}`, /^value: .* received (\{"a":){12}…$/],
    ['an array that is nested deep', '['.repeat(DEEP), /^expected \{"key": …, "value": …\}, received \[{60}…$/],
    ['a time to live that is no text', '{"key":"k","value":"v","ttl":{"toString":1}}', /^ttl: .*received \{"toString"/],
    [
      'a switch as a time to live',
      '{"key":"k","value":"v","ttl":true}',
      /^ttl: expected text or a number, received true/,
    ],
    ['a number beyond all numbers', '{"key":"k","value":"v","ttl_ms":1e400}', /^ttl_ms: .* received Infinity$/],
    [
      'a number beyond 2^53',
      '{"key":"k","value":"v","ttl_ms":9007199254740993}',
      /^ttl_ms: .* received 9007199254740992$/,
    ],
    [
      'a time to live that is too large',
      '{"key":"k","value":"v","ttl":1e20}',
      /^ttl: .*received "100000000000000000000"$/,
    ],
    ['a key twice', '{"key":"a","key":"b","value":"v"}', /^key: expected once, received twice$/],
    ['a key twice, once escaped', '{"key":"a","k\\u0065y":"b","value":"v"}', /^key: expected once, received twice$/],
    ['a prototype', '{"key":"k","value":"v","__proto__":"x"}', /^unknown field "__proto__"/],
    ['a nested prototype', '{"key":"k","value":"v","__proto__":{"kind":"clear"}}', /^__proto__: expected text/],
    ['a name that is long', `{"${'n'.repeat(1e6)}":1,"key":"k","value":"v"}`, /^unknown field "n{60}"…: expected/],
    ['very many fields', `{${'"a":1,'.repeat(5_000)}"key":"k"}`, /^expected at most 1000 fields, received more$/],
    ['half a surrogate pair as a key', '{"key":"\\udc00","value":"v"}', /^key: .* half a surrogate pair/],
  ];
  for (const [what, line, says] of REFUSED)
    it(`is refused in a few words: ${what}`, () => assert.throws(() => parseLine(line), { message: says }));

  it('may have quotes and brackets within its text, and a byte order mark before it', () => {
    for (const value of ['[[{{', '"', '\\"', '\\', '":', 'a":"b\\\\', '\n'])
      assert.deepEqual(parseLine(`\ufeff${JSON.stringify({ key: value, value })}`), { key: value, value });
  });

  it('has text as text and base64 as bytes', () => {
    assert.deepEqual(parseLine('{"key":"a","value":"grün"}'), { key: 'a', value: 'grün' });
    assert.deepEqual(parseLine('{"key":"a","value":"AP8=","encoding":"base64"}'), {
      key: 'a',
      value: Buffer.from([0, 255]),
    });
  });

  it('may be blank, and must be UTF-8', () => {
    assert.equal(parseLine(' \r'), undefined);
    assert.throws(() => parseLine(undefined), /expected UTF-8/);
  });

  it('may be a command of a log, with what is known of it', () => {
    const logged = '"offset":4,"history":"ab","time_ms":5,"kind"';
    assert.deepEqual(parseLine(`{${logged}:"put","key":"a","value":"1","expires_at_ms":9,"joined":true}`), {
      kind: 'put',
      key: 'a',
      value: '1',
      expiresAtMs: 9,
    });
    assert.deepEqual(parseLine(`{${logged}:"touch","key":"a","expires_at_ms":0}`), {
      kind: 'touch',
      key: 'a',
      value: '',
    });
    assert.deepEqual(parseLine(`{${logged}:"del","key":"/w==","key_encoding":"base64"}`)?.key, Buffer.from([255]));
    assert.deepEqual(parseLine(`{${logged}:"clear"}`), { kind: 'clear', key: '', value: '' });
    assert.throws(() => parseLine(`{${logged}:"grow","key":"a"}`), /kind: expected one of put, .* received "grow"/);
    assert.throws(() => parseLine(`{${logged}:"put","key":"a","value":"1","type":7}`), /type: .*received 7/);
    assert.throws(
      () => parseLine(`{${logged}:"del","key":"a","ttk":1}`),
      /unknown field "ttk" in a line of the kind del/,
    );
  });
});
