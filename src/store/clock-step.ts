/**
 * The remedy for a history whose time is ahead: if a person asks for it, the log's time is set back to the machine's.
 * Nothing of the log is rewritten. The next block has an earlier time than the block before it, and every node that
 * applies it sets its clock back there (commit.ts). Afterwards the expiry of each key that expires moves by the same
 * amount, as logged commands. The remaining time to live of each key stays the same.
 *
 * The note in node.json outlives a crash. A key that was moved has a version above `up_to`, so moving again changes
 * nothing.
 */

import { EXPIRY_STEP_KEYS } from '../base/limits.js';
import type { Logger } from '../base/logger.js';
import type { Keyspace } from '../keyspace/keyspace.js';
import { parseDueKey } from '../keyspace/record.js';
import type { Checkpointer } from './checkpoint.js';
import type { ClockStep } from './node-record.js';
import type { Writer } from './writer.js';

export interface ExpiryMove {
  readonly keyspace: Keyspace;
  readonly checkpointer: Pick<Checkpointer, 'checkpoint'>;
  readonly logger: Logger;
  readonly step: ClockStep;
  /** Called when all keys are moved: the note is not needed any more. */
  done(): Promise<void>;
}

/** Moves the expiry of every key that a step concerns; ends early when `signal` aborts. */
export async function moveExpiries(
  writer: Pick<Writer, 'moveExpiries'>,
  { keyspace, checkpointer, logger, step, done }: ExpiryMove,
  signal: AbortSignal,
): Promise<void> {
  // The index names only keys that are on disk.
  await checkpointer.checkpoint();
  let from: Buffer | undefined;
  do {
    const { rows, next } = await keyspace.indexes.due.all(EXPIRY_STEP_KEYS, from);
    if (signal.aborted) return;
    const keys = rows.map((row) => parseDueKey(row).key);
    if (keys.length > 0) await writer.moveExpiries(keys, step);
    from = next;
  } while (from !== undefined);
  await done();
  logger.info({ by_ms: step.by_ms }, 'every key has kept its remaining time to live');
}
