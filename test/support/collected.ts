/** Memory that is still referenced: the garbage collector says so. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** @throws where it is still there after the garbage collector has run. */
export async function collected(reference: WeakRef<object>): Promise<void> {
  await collectAll();
  assert.equal(reference.deref(), undefined, 'something still refers to it');
}

/** The bytes of all buffers that something refers to. */
export async function referencedBytes(): Promise<number> {
  await collectAll();
  return process.memoryUsage().arrayBuffers;
}

async function collectAll(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    // A reference that was made or looked at keeps its object until the end of the turn.
    await nextTurn();
    collect();
  }
}
