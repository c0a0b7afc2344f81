/** Durations, sizes, numbers and addresses as people write them. */
import assert from 'node:assert/strict';
import {
  formatDuration,
  formatSize,
  parseAddress,
  parseAddresses,
  parseDecimal,
  parseDuration,
  parseInteger,
  parseInterval,
  parseMoment,
  parseSize,
} from '../../bin/arguments.js';

interface Case {
  readonly what: string;
  readonly parse: (text: string) => unknown;
  readonly good: ReadonlyArray<readonly [string, unknown]>;
  readonly bad: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: 'a time',
    parse: parseDuration,
    good: [
      ['500ms', 500],
      ['10s', 10_000],
      ['10', 10_000],
      ['2h', 7_200_000],
      ['1.5m', 90_000],
      ['1d', 86_400_000],
      ['1w', 604_800_000],
    ],
    bad: [
      '',
      '0',
      '0s',
      '100000001d',
      '-1s',
      '10x',
      '1h30',
      '1e3',
      's',
      ' 1s',
      '99999999999999999d',
      'Infinity',
      '0.1ms',
    ],
  },
  {
    what: 'a time to wait',
    parse: parseInterval,
    good: [['24d', 2_073_600_000]],
    bad: ['', '0', '25d', '4w'],
  },
  {
    what: 'a moment',
    parse: parseMoment,
    good: [
      ['2026-11-21T18:00:00Z', Date.UTC(2026, 10, 21, 18)],
      ['2026-11-21T18:00:00.250+01:00', Date.UTC(2026, 10, 21, 17, 0, 0, 250)],
      ['2026-11-21T18:00', new Date(2026, 10, 21, 18).getTime()],
      ['2026-11-21', new Date(2026, 10, 21).getTime()],
    ],
    bad: ['', '2026', '1790000000', '1790000000000', '2026-02-30', '2026-13-01T00:00Z', '2026-11-21 18:00', '20261121'],
  },
  {
    what: 'a size',
    parse: parseSize,
    good: [
      ['0', 0],
      ['65536', 65_536],
      ['64k', 65_536],
      ['64KiB', 65_536],
      ['16mb', 16_777_216],
      ['1.5M', 1_572_864],
      ['1g', 1_073_741_824],
    ],
    bad: ['', '-1', '64kk', '1.0001', 'KiB', '9999999999g', '1 k'],
  },
  {
    what: 'a whole number',
    parse: parseInteger,
    good: [
      ['0', 0n],
      ['+7', 7n],
      ['-9223372036854775808', -(2n ** 63n)],
      ['9223372036854775807', 2n ** 63n - 1n],
    ],
    bad: ['', '1.5', '1e3', '9223372036854775808', '-9223372036854775809', 'x', '0x10', ' 1'],
  },
  {
    what: 'a decimal number',
    parse: parseDecimal,
    good: [
      ['0.5', '0.5'],
      ['-3', '-3'],
      ['.5', '.5'],
      ['1e3', '1e3'],
      ['12345678901234567.5', '12345678901234567.5'],
    ],
    bad: ['', 'x', 'Infinity', 'NaN', '1e999', '0x10', '1,5'],
  },
  {
    what: 'an address',
    parse: parseAddress,
    good: [
      ['127.0.0.1:7420', '127.0.0.1:7420'],
      ['db-1.example:1', 'db-1.example:1'],
      ['[::1]:7420', '[::1]:7420'],
    ],
    bad: ['', 'host', 'host:', ':7420', 'host:0', 'host:65536', 'http://host:1', '::1:7420', 'a b:1'],
  },
];

describe('what people type', () => {
  it('is refused for its own reason: a time that is too large is not called zero', () => {
    assert.throws(() => parseDuration('100000001d'), /Expected a time of at most 100000000d, received "100000001d"/);
    assert.throws(() => parseDuration(`${'9'.repeat(400)}s`), /Expected a time of at most .* received "9{100}"…/);
    assert.throws(() => parseDuration('0'), /Expected a time above zero/);
    assert.throws(
      () => parseMoment('1790000000000'),
      /\(a bare number may be seconds or milliseconds\), received "1790/,
    );
  });

  it('is never repeated as far as it may be a secret', () => {
    const refused = (parse: () => unknown) =>
      assert.throws(
        parse,
        ({ message }: Error) =>
          message.startsWith('Expected ') && !message.includes('appsecret') && message.length > 40,
      );
    refused(() => parseAddresses('headwater://app:appsecret@127.0.0.1:99999'));
    refused(() => parseAddresses('app:appsecret@127.0.0.1:99999'));
    refused(() => parseAddress('headwater://app:appsecret@127.0.0.1:7420'));
    refused(() => parseAddress('app:appsecret@appsecret@h:99999'));
  });

  for (const { what, parse, good, bad } of CASES) {
    for (const [text, value] of good) it(`${what} is ${text}`, () => assert.equal(parse(text), value));
    for (const text of bad) {
      it(`${what} is not ${JSON.stringify(text)}, and the refusal names it`, () => {
        assert.throws(
          () => parse(text),
          (error: Error) => error.message.startsWith('Expected ') && error.message.includes(JSON.stringify(text)),
        );
      });
    }
  }
});

describe('what people read', () => {
  it('is a time or a size in the largest unit that it is whole in, and what they may type', () => {
    assert.deepEqual([1, 1_500, 5_000, 90_000, 120_000, 3_600_000].map(formatDuration), [
      '1ms',
      '1500ms',
      '5s',
      '90s',
      '2m',
      '1h',
    ]);
    assert.deepEqual([0, 1_000, 65_536, 1_572_864, 33_554_432].map(formatSize), [
      '0',
      '1000',
      '64KiB',
      '1536KiB',
      '32MiB',
    ]);
    for (const ms of [1, 999, 5_000, 61_000, 86_400_000]) assert.equal(parseDuration(formatDuration(ms)), ms);
    for (const bytes of [0, 1, 1_023, 1_024, 3 * 2 ** 20, 2 ** 31]) assert.equal(parseSize(formatSize(bytes)), bytes);
  });
});
