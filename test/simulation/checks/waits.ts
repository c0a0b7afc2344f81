/** What no write may wait for: the disk, however many deletion marks it holds. */
import type { Store } from '../../../src/store/store.js';
import { Violation } from './history.js';

/** A pass over all marks, once, takes less. */
const WRITE_WAIT_MS_MAX = 2_000;

/** @throws Violation if a block of the node has waited for its disk. */
export function lookAtWaits({ address, store }: { readonly address: string; readonly store: Store }): void {
  const { longestMs, message } = store.writes.waits;
  if (longestMs > WRITE_WAIT_MS_MAX)
    throw new Violation(`no write waits for deletion marks: one at ${address} has waited ${longestMs} ms; ${message}`);
}
