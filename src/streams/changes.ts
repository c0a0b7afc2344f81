/** Changes of a block under a prefix, transaction by transaction. Pure. */

import { MESSAGE_BYTES_MAX } from '../base/limits.js';
import { isReserved } from '../base/reserved-keys.js';
import { typeName } from '../commands/entry.js';
import type { Block } from '../log/block.js';
import type { Command } from '../model/command.js';
import type { Change } from '../model/streams.js';
import type { Piece } from './response-builder.js';

/** An upper estimate of the bytes that frame an event in a response. */
const EVENT_BYTES = 64;

/**
 * Returns a piece for each transaction that changes something under the prefix.
 * A transaction over half of the largest message is split into one piece per
 * change.
 * @param after transactions that end at or before this offset are left out.
 */
export function changesOf(block: Block, prefix: Buffer, after: number): Piece<Change>[] {
  const pieces: Piece<Change>[] = [];
  const commands = block.commands();
  for (let start = 0, end = 1; start < commands.length; start = end, end = start + 1) {
    while (commands[end]?.joined) end++;
    if (block.firstOffset + end - 1 <= after) continue;
    pieces.push(...piecesOf(transaction(commands, start, end, block.firstOffset, prefix)));
  }
  return pieces;
}

function transaction(
  commands: readonly Command[],
  start: number,
  end: number,
  firstOffset: number,
  prefix: Buffer,
): Change[] {
  const changes: Change[] = [];
  for (let i = start; i < end; i++) {
    const change = changeOf(commands[i] as Command, firstOffset + i, prefix);
    if (change) changes.push(change);
  }
  return changes.map((change, i) => (i === changes.length - 1 ? change : { ...change, continues: true }));
}

function changeOf(command: Command, offset: number, prefix: Buffer): Change | undefined {
  const at = { offset, continues: false };
  if (command.kind === 'message') return undefined;
  if (command.kind === 'clear') return { kind: 'clear', ...at };
  const { key } = command;
  if (!beginsWith(key, prefix) || isReserved(key)) return undefined;
  if (command.kind === 'del') return { kind: 'delete', ...at, key };
  if (command.kind === 'touch') return { kind: 'expire', ...at, key, expiresAtMs: command.expiresAtMs };
  const { value, expiresAtMs, type } = command;
  return { kind: 'put', ...at, key, value, expiresAtMs, version: offset, type: typeName(type) };
}

function piecesOf(changes: readonly Change[]): Piece<Change>[] {
  if (changes.length === 0) return [];
  const bytes = changes.reduce((sum, change) => sum + bytesOf(change), 0);
  if (bytes <= MESSAGE_BYTES_MAX / 2) return [{ events: changes, bytes }];
  return changes.map((change) => ({ events: [change], bytes: bytesOf(change) }));
}

function bytesOf(change: Change): number {
  if (change.kind === 'clear') return EVENT_BYTES;
  return EVENT_BYTES + change.key.length + (change.kind === 'put' ? change.value.length : 0);
}

function beginsWith(key: Buffer, prefix: Buffer): boolean {
  return (
    prefix.length === 0 ||
    (key.length >= prefix.length && key.compare(prefix, 0, prefix.length, 0, prefix.length) === 0)
  );
}
