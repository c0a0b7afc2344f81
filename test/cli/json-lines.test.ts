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

  it('end with the stream, with or without a line end, and are none where nothing came', async () => {
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

  it('keep their places where one among them is not UTF-8', async () => {
    const bad = Buffer.concat([Buffer.from('ä\n'), Buffer.from([0x61, 0xff, 0x0a]), Buffer.from('\nz\n')]);
    assert.deepEqual((await split([bad])).texts, ['ä', undefined, '', 'z']);
  });
});

describe('a line', () => {
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
    assert.throws(() => parseLine(`{${logged}:"del","key":"a","ttk":1}`), /unknown field "ttk" in a del/);
  });
});
