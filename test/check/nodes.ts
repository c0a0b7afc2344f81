/** Nodes in memory with what checks and repairs them, and rows of their disks to damage. */

import assert from 'node:assert/strict';
import { blocksFor } from '../../src/check/block-source.js';
import { Checks } from '../../src/check/checks.js';
import { systemFiles } from '../../src/disk/files.js';
import { dataKey } from '../../src/keyspace/record.js';
import { blockKey } from '../../src/log/rows.js';
import type { CheckRequest, Damage, RepairEvent, RepairStep, VerifyEvent } from '../../src/model/check.js';
import { key, type TestStore } from '../support/store.js';
import type { TestNode, World } from '../support/world.js';

export const AS_FAST: CheckRequest = { bytesPerSecond: 1e12 };
const UNENDING = new AbortController().signal;

/** As node.ts puts them together; other nodes are asked in the same process. */
export function checksOf(world: World, node: TestNode, { autoRepair = false } = {}): Checks {
  const { store, test } = node;
  return new Checks({
    store,
    files: systemFiles,
    clock: world.clock,
    logger: test.logger,
    autoRepair,
    upstream: {
      get status() {
        return node.link.status;
      },
      get fullResyncs() {
        return node.link.resyncs.full;
      },
      resync: () => node.replication.follow(store.roles.upstream, { acceptDataLoss: false, full: true }),
      fetch: (address, request, signal) => {
        const asked = world.nodes.find((one) => one.address === address);
        assert.ok(asked, `nobody listens at ${address}`);
        return blocksFor(asked.store, request, signal);
      },
    },
  });
}

/** Of a store that follows nobody. */
export function checksOfStore({ store, clock, logger }: TestStore): Checks {
  const nobody = () => Promise.reject(new Error('nobody is followed'));
  return new Checks({
    store,
    files: systemFiles,
    clock,
    logger,
    autoRepair: false,
    upstream: {
      status: { state: 'stopped', error: '', loadedKeys: 0, keysEstimate: 0 },
      fullResyncs: 0,
      resync: nobody,
      fetch: () => assert.fail('nobody is followed'),
    },
  });
}

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

export async function damagesOf(checks: Checks): Promise<Damage[]> {
  return damages(await all(checks.verify(AS_FAST, UNENDING)));
}

export function damages(events: ReadonlyArray<VerifyEvent | RepairEvent>): Damage[] {
  return events.flatMap((event) => (event.kind === 'damage' ? [event.damage] : []));
}

export function steps(events: readonly RepairEvent[]): RepairStep[] {
  return events.flatMap((event) => (event.kind === 'step' ? [event.step] : []));
}

/** Time goes on meanwhile. */
export async function repair(world: World, checks: Checks): Promise<RepairEvent[]> {
  let events: RepairEvent[] | undefined;
  let failure: unknown;
  all(checks.repair(AS_FAST, UNENDING)).then(
    (done) => {
      events = done;
    },
    (error) => {
      failure = error;
    },
  );
  await world.until('the repair is done', () => events !== undefined || failure !== undefined);
  if (!events) throw failure;
  return events;
}

/** Turns a bit over in the block that ends at `offset`. */
export async function damageBlock({ test }: { test: TestStore }, offset: number, generation = 1): Promise<void> {
  await change(test, test.location('log', generation), blockKey(offset));
}

/** Turns a bit over in the record of a key. */
export async function damageRecord({ test }: { test: TestStore }, name: string, generation = 1): Promise<void> {
  await change(test, test.location('keyspace', generation), dataKey(0, key(name)));
}

async function change({ disk }: TestStore, location: string, row: Buffer): Promise<void> {
  const found = await disk.raw(location).get(row);
  assert.ok(found, `there is nothing at ${row.toString('hex')}`);
  const bytes = Buffer.from(found);
  bytes[bytes.length - 5] = (bytes.at(-5) as number) ^ 4;
  await disk.raw(location).put(row, bytes);
}
