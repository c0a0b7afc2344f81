/**
 * Publishing, and the commands without an end. These print each item on a line as it arrives, until Ctrl-C (exit status
 * 0) or until their reader is gone.
 */
import type { Command } from 'commander';
import type { Position, SubscriptionItem, WatchItem } from '../src/client/index.js';
import { formatToken, parseToken } from '../src/model/position.js';
import { gathered, parseBytes, parseText } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { untilInterrupted } from './interrupted.js';
import { EXIT, type ExitStatus, jsonBytes, UsageError } from './output.js';
import { dataOf, STDIN_HELP } from './value-commands.js';

export function addStreamCommands(program: Command): void {
  program.commandsGroup('Streams:');
  program
    .command('publish')
    .argument('<CHANNEL>', '', parseBytes)
    .argument('<MESSAGE>', 'the message; - for the bytes of stdin', parseBytes)
    .description(
      'send a message to the subscribers of every node. Print the offset of the message if it is durable, else the offset of the last write before it',
    )
    .option('--durable', 'write the message to the log, so that subscribers can read it later')
    .addHelpText('after', STDIN_HELP)
    .action(onNode(publish));
  program
    .command('subscribe')
    .argument('[CHANNEL...]', '', gathered(parseText))
    .description('print messages as they arrive, until Ctrl-C: channel, tab, message')
    .option(
      '--pattern <PATTERN>',
      "also subscribe to channels that match this glob, in quotes: 'user:*'; may be repeated",
      gathered(parseText),
    )
    .option('--from <TOKEN>', 'begin with the durable messages after this position', parseToken)
    .action(onNode(subscribe));
  program
    .command('watch')
    .description('print every change of keys as it arrives, until Ctrl-C; --json adds the token for --from')
    .option('--prefix <P>', 'watch only keys that begin with this text', parseText)
    .option(
      '--from <OFFSET|TOKEN>',
      'begin with the changes after this offset or position; 0 for all changes in the log',
      parseFrom,
    )
    .action(onNode(watch));
}

async function publish(
  { client, output }: Session,
  channel: Buffer,
  message: Buffer,
  { durable = false }: { durable?: boolean },
): Promise<ExitStatus> {
  const offset = await client.publish(channel, await dataOf(message), { durable });
  await output.integer({ ...jsonBytes('channel', channel), offset, durable }, offset);
  return EXIT.DONE;
}

async function subscribe(
  { client, output }: Session,
  channels: string[] | undefined,
  { pattern: patterns = [], from }: { pattern?: string[]; from?: Position },
): Promise<ExitStatus> {
  if (!channels?.length && patterns.length === 0)
    throw new UsageError('subscribe: expected a channel or --pattern, received neither');
  await untilInterrupted(async (signal) => {
    for await (const item of client.subscribeBuffers({ channels: channels ?? [], patterns, from, signal })) {
      await output.result({ ...messageFields(item), position: formatToken(item.position) }, messageText(item));
    }
  });
  return EXIT.DONE;
}

function messageFields(item: SubscriptionItem<Buffer>): object {
  if (item.kind === 'missed') return { event: 'missed', count: item.count ?? null };
  if (item.kind === 'gap') return { event: 'gap', from: item.from, to: item.to };
  const { channel, data, pattern, offset, durable } = item;
  const { value, encoding } = jsonBytes('value', data);
  return {
    event: 'message',
    ...jsonBytes('channel', channel),
    pattern: pattern?.toString() ?? null,
    data: value,
    ...(encoding && { data_encoding: encoding }),
    offset,
    durable,
  };
}

function messageText(item: SubscriptionItem<Buffer>): Buffer {
  if (item.kind === 'message') return Buffer.concat([item.channel, TAB, item.data]);
  if (item.kind === 'gap')
    return Buffer.from(`# the log no longer holds the messages of offsets ${item.from} to ${item.to}`);
  return Buffer.from(`# missed ${item.count === undefined ? 'an unknown number of' : `up to ${item.count}`} messages`);
}

async function watch(
  { client, output }: Session,
  { prefix, from }: { prefix?: string; from?: Position | number },
): Promise<ExitStatus> {
  await untilInterrupted(async (signal) => {
    for await (const item of client.watchBuffers({ prefix, from, signal })) {
      if (item.kind === 'progress' && !output.json) continue;
      await output.result({ ...changeFields(item), position: formatToken(item.position) }, changeText(item));
    }
  });
  return EXIT.DONE;
}

function changeFields(item: WatchItem<Buffer>): object {
  switch (item.kind) {
    case 'put':
    case 'entry': {
      const at = item.kind === 'put' ? { offset: item.offset, last: item.last } : {};
      const { type, expiresAtMs = null, version } = item;
      const data = { ...jsonBytes('key', item.key), ...jsonBytes('value', item.value) };
      return { event: item.kind, ...at, ...data, type, expires_at_ms: expiresAtMs, version };
    }
    case 'delete':
      return { event: 'delete', offset: item.offset, last: item.last, ...jsonBytes('key', item.key) };
    case 'expire': {
      const { offset, last, key, expiresAtMs = null } = item;
      return { event: 'expire', offset, last, ...jsonBytes('key', key), expires_at_ms: expiresAtMs };
    }
    case 'clear':
      return { event: 'clear', offset: item.offset, last: item.last };
    case 'snapshotBegin':
      return { event: 'snapshot_begin', reason: item.reason };
    case 'snapshotEnd':
      return { event: 'snapshot_end', entries: item.entries };
    case 'progress':
      return { event: 'progress' };
  }
}

function changeText(item: WatchItem<Buffer>): Buffer {
  switch (item.kind) {
    case 'put':
    case 'entry':
      return Buffer.concat([Buffer.from(`${item.kind}\t`), item.key, TAB, item.value]);
    case 'delete':
      return Buffer.concat([Buffer.from('delete\t'), item.key]);
    case 'expire':
      return Buffer.concat([Buffer.from('expire\t'), item.key, Buffer.from(`\t${item.expiresAtMs ?? 'never'}`)]);
    case 'clear':
    case 'progress':
      return Buffer.from(item.kind);
    case 'snapshotBegin':
      return Buffer.from(`# a snapshot of the keyspace, because the changes are not available: ${item.reason}`);
    case 'snapshotEnd':
      return Buffer.from(`# ${plural(item.entries, 'entry', 'entries')}; from here on changes`);
  }
}

const TAB = Buffer.from('\t');

function parseFrom(text: string): Position | number {
  const offset = Number(text);
  return /^\d{1,16}$/.test(text) && Number.isSafeInteger(offset) ? offset : parseToken(text);
}
