/**
 * Executes the items of one pass of the writer on the pending view, as far as one block and the keys that were read
 * reach.
 */
import { HeadwaterError } from '../base/errors.js';
import { keysRead, replyOf } from '../commands/execute.js';
import { isExpired } from '../model/command.js';
import type { Operation } from '../model/operation.js';
import type { PendingView } from './pending-view.js';
import { readsTooMuch } from './reader.js';
import { stopOf, type Written } from './written.js';

/** The reach of a pass that has not read all keys that it asked for, because the values are too many bytes. */
export class Reach {
  #keysLeft: number;
  #passed = 0;

  constructor(keysRead: number) {
    this.#keysLeft = keysRead;
  }

  /** Whether all these keys were read. */
  covers(keys: readonly Buffer[]): boolean {
    if (keys.length > this.#keysLeft) return false;
    this.#keysLeft -= keys.length;
    this.#passed++;
    return true;
  }

  /** Whether nothing has been covered: the first operation then never will be. */
  get isHopeless(): boolean {
    return this.#passed === 0;
  }
}

/** @returns false if the block was full, or the pass over, before the item was done. */
export function executeItem(item: Written, view: PendingView, reach: Reach | undefined): boolean {
  if (item.kind === 'expiry') {
    if (reach && !reach.covers(item.keys)) return false;
    for (const key of item.keys) {
      // A damaged record has no entry here, so it can be neither judged nor deleted. Readers of it get the reason.
      const entry = view.getWithExpired(key);
      if (!entry || entry.expiresAtMs === 0) continue;
      if (!item.step) {
        if (!isExpired(entry.expiresAtMs, view.nowMs)) continue;
        view.del(key);
        item.deleted++;
      } else if (entry.version <= item.step.up_to) {
        view.touch(key, Math.max(1, entry.expiresAtMs - item.step.by_ms));
      }
    }
    return true;
  }
  if (item.kind === 'publication') {
    if (view.block.isFull) return false;
    view.block.add({ kind: 'message', channel: item.channel, data: item.data });
    item.offset = view.block.lastOffset;
    return true;
  }
  if (item.kind === 'decree') {
    if (view.block.isFull) return false;
    try {
      view.block.putRecords(item.decide(view.block.records()));
      item.offset = view.block.lastOffset;
    } catch (error) {
      if (!HeadwaterError.is(error)) throw error;
      item.refusal = error;
    }
    return true;
  }
  const stop = stopOf(item);
  while (item.next < stop) {
    if (view.block.isFull) return false;
    const operation = item.operations[item.next] as Operation;
    if (reach && !reach.covers(keysRead(operation))) {
      if (!reach.isHopeless) return false;
      item.replies.push({ kind: 'error', error: readsTooMuch() });
      item.next++;
      return item.next === item.operations.length;
    }
    const damage = view.damageOf(operation);
    item.replies.push(damage ? { kind: 'error', error: damage } : replyOf(operation, view));
    item.next++;
  }
  return item.next === item.operations.length;
}
