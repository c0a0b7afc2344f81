/** `transact`: the operations of a file, all or none. */
import type { Command } from 'commander';
import type { ErrorReply, KeepingTransaction, SubsequenceMatch, TransactionOperation } from '../src/client/index.js';
import { parsePath } from './arguments.js';
import { onNode, type Session } from './connection.js';
import { plural } from './figures.js';
import { contentWithin } from './files.js';
import { positionOf, type WriteOptions, withDurability, writeOptions } from './guarantee-options.js';
import { jsonText, snakeCase, snakeName } from './json-names.js';
import { EXIT, type ExitStatus, jsonBytes, shownBytes } from './output.js';
import { parseTransaction, shownCondition } from './transaction-file.js';

/** The largest file: a transaction of the largest size in base64, and its names. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

const AFTER_HELP = `
The file is one JSON object, in the form of the client's "transact":

  {"conditions": [{"key": "lock", "test": "absent"}],
   "operations": [{"kind": "set", "key": "lock", "value": "me", "expiry": {"ttlMs": 60000}},
                  {"kind": "increment", "key": "visits", "by": 1},
                  {"kind": "get", "key": "visits"}]}

A test is absent, exists, version (with "version") or value (with "value"). A key or
a value that is not UTF-8 is {"base64": "AP8="}. "by" is a number, or text if it is
longer than 15 digits. With "onRefusal": "keep", an operation that is refused when it
runs writes nothing, and the others take effect.`;

export function addTransactCommand(program: Command): void {
  program.commandsGroup('Keys:');
  withDurability(program.command('transact'))
    .argument('<FILE>', 'the transaction, as JSON; - for stdin', parsePath)
    .summary('carry out the operations of a file, all or none')
    .description(
      'carry out the operations of a file, all or none, and print the reply to each. If a condition does not hold, nothing is done, and the exit status is 1',
    )
    .addHelpText('after', AFTER_HELP)
    .action(onNode(transact));
}

async function transact({ client, output }: Session, file: string, options: WriteOptions): Promise<ExitStatus> {
  const bytes = await contentWithin(file, FILE_BYTES_MAX, 'the largest transaction that a node can take');
  const transaction = parseTransaction(bytes, file === '-' ? 'stdin' : file);
  const { committed, replies, failedCondition } = await client.buffers.transact(
    // Only then may a reply be an error.
    transaction as KeepingTransaction,
    writeOptions(options),
  );
  const fields = {
    committed,
    replies: committed ? replies.map(replyFields) : [],
    failed_condition: failedCondition ?? null,
    ...positionOf(client),
  };
  if (!committed) {
    const { conditions = [] } = transaction;
    const condition = conditions[failedCondition];
    const which = condition ? shownCondition(condition) : '';
    return output.negative(
      fields,
      `not committed: condition ${failedCondition + 1} of ${conditions.length} does not hold: ${which}`,
    );
  }
  const { operations } = transaction;
  const lines = replies.map((reply, index) => `${index + 1}  ${operations[index]?.kind}  ${shownReply(reply)}`);
  const refused = replies.filter(({ kind }) => kind === 'error').length;
  const head = `committed: ${plural(replies.length, 'operation')}${refused > 0 ? `, ${refused} of them refused` : ''}`;
  await output.result(jsonText(fields), [head, ...lines].join('\n'));
  return EXIT.DONE;
}

type Reply = ErrorReply | (object & { readonly kind: TransactionOperation['kind'] });

/** The fields of a reply in JSON: bytes as text or base64, absent values as null. */
function replyFields(reply: Reply): object {
  if ('error' in reply) return { kind: 'error', code: reply.error.code, message: reply.error.message };
  const { kind, ...rest } = reply;
  const fields = Object.entries(rest).map(([name, value]: [string, unknown]) => fieldOf(name, value));
  return { kind, ...Object.assign({}, ...fields) };
}

function fieldOf(name: string, value: unknown): object {
  const snake = snakeName(name);
  if (Buffer.isBuffer(value)) {
    const { value: text, encoding } = jsonBytes('value', value);
    return { [snake]: text, ...(encoding && { [snake === 'value' ? 'encoding' : `${snake}_encoding`]: encoding }) };
  }
  if (Array.isArray(value)) return { [snake]: value.map(itemOf) };
  return { [snake]: snakeCase(value) };
}

/** An item of a list in a reply: an object, or a number, which is absent if its step failed by overflow. */
function itemOf(one: unknown): unknown {
  if (typeof one !== 'object' || one === null) return one ?? null;
  return Object.assign({}, ...Object.entries(one).map(([name, data]) => fieldOf(name, data)));
}

/** The reply for people. */
function shownReply(reply: Reply): string {
  if ('error' in reply) return `refused: ${reply.error.message}`;
  const { kind: _, ...fields } = reply;
  const parts = Object.entries(fields).flatMap(([name, value]: [string, unknown]) => {
    if (name === 'version' || value === undefined) return [];
    if (Array.isArray(value)) return value.map(shownItem);
    return name === 'value' || name === 'length' ? [shownValue(value)] : [`${name} ${shownValue(value)}`];
  });
  return parts.length > 0 ? parts.join('  ') : '(no such key)';
}

function shownItem(one: bigint | undefined | { value?: Buffer } | SubsequenceMatch): string {
  if (one === undefined) return '(overflow)';
  if (typeof one === 'bigint') return `${one}`;
  if ('otherRange' in one) return `${shownRange(one.range)} = ${shownRange(one.otherRange)}`;
  return shownValue((one as { value?: Buffer }).value);
}

function shownRange({ start, end }: SubsequenceMatch['range']): string {
  return `${start}-${end}`;
}

function shownValue(value: unknown): string {
  if (value === undefined) return '(no such key)';
  if (Buffer.isBuffer(value)) return shownBytes(value);
  return typeof value === 'bigint' || typeof value === 'string' ? `${value}` : JSON.stringify(value);
}
