/** What the help of `serve` says of defaults, held against the configuration that comes of saying nothing. */
import assert from 'node:assert/strict';
import { Command, type Option } from 'commander';
import { parseCount, parseDuration, parseSize } from '../../bin/arguments.js';
import { addServeOptions, nodeOptions, type ServeOptions } from '../../bin/serve-options.js';
import { checkConfig } from '../../src/index.js';

const asText = (text: string) => text;

describe('the help of serve', () => {
  const command = new Command();
  addServeOptions(command);
  const config = checkConfig(nodeOptions(command.opts<ServeOptions>()));

  const NUMBERS_AND_NAMES: ReadonlyArray<readonly [flag: string, read: (text: string) => unknown, value: unknown]> = [
    ['--listen', asText, config.listen],
    ['--max-key-bytes', parseSize, config.limits.keyBytesMax],
    ['--max-value-bytes', parseSize, config.limits.valueBytesMax],
    ['--max-transaction-bytes', parseSize, config.limits.transactionBytesMax],
    ['--overlay-bytes', parseSize, config.budget.overlayBytesMax],
    ['--replay-bytes', parseSize, config.budget.replayBytesMax],
    ['--log-retention-bytes', parseSize, config.logRetentionBytes],
    ['--log-retention-time', (text) => (text === 'off' ? undefined : parseDuration(text)), config.logRetentionMs],
    ['--log-retention-pin-bytes', parseSize, config.logRetentionPinBytes],
    ['--min-free-space', parseSize, config.minFreeBytes],
    ['--archive-interval', parseDuration, config.archiveIntervalMs],
    ['--fsync', asText, config.fsync],
    ['--link-timeout', parseDuration, config.linkTimeoutMs],
    ['--heartbeat-interval', parseDuration, config.heartbeatIntervalMs],
    ['--min-followers', parseCount, config.minFollowers],
    ['--max-lag', parseDuration, config.maxLagMs],
    ['--ask-followers-timeout', parseDuration, config.askFollowersMs],
    ['--shutdown-timeout', parseDuration, config.shutdownTimeoutMs],
  ];
  /** Defaults that depend on something are told in words. */
  const IN_WORDS = ['--follow', '--reflection'];

  function said({ description }: Option): string | undefined {
    return /\(default: (.+)\)$/.exec(description)?.[1];
  }

  for (const [flag, read, value] of NUMBERS_AND_NAMES) {
    it(`says of ${flag} what the configuration does without it`, () => {
      const option = command.options.find(({ long }) => long === flag);
      const text = option && said(option);
      assert.ok(text, `no default in the help of ${flag}`);
      assert.equal(read(text), value);
    });
  }

  it('says nothing of defaults that is not compared here', () => {
    const known = [...NUMBERS_AND_NAMES.map(([flag]) => flag), ...IN_WORDS];
    const others = command.options.filter((option) => said(option) && !known.includes(option.long as string));
    assert.deepEqual(others, []);
  });
});
