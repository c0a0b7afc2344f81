/** Bugs that are planted to prove that the invariants find them. */
import { Hearing } from '../../../src/cluster/hearing.js';
import { SyncSet } from '../../../src/cluster/sync-set.js';
import { LeadershipTerm } from '../../../src/store/leadership-term.js';
import type { Planted } from './setting.js';

export interface PlantedBug {
  readonly name: string;
  /** The invariant that finds it. */
  readonly found: RegExp;
  /** The seed that finds it. The hunt begins there. */
  readonly near?: number;
  /** A bug beside the product's own code. */
  readonly inWorld?: Planted;
  /** Plants the bug in the product. @returns the undoing. */
  plant?(): () => void;
}

function replaced<T extends object>(prototype: T, name: keyof T & string, descriptor: PropertyDescriptor): () => void {
  const before = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor;
  Object.defineProperty(prototype, name, { ...descriptor, configurable: true });
  return () => Object.defineProperty(prototype, name, before);
}

const TWO = /two leaders never answer|a leader begins when no other can answer/;

export const BUGS: readonly PlantedBug[] = [
  {
    name: 'a leader that renews a deadline that has passed',
    near: 89,
    found: TWO,
    plant: () =>
      replaced(LeadershipTerm.prototype, 'look', {
        value(this: LeadershipTerm) {
          return this.ended;
        },
      }),
  },
  { name: 'a deadline that counts from the answer', near: 286, found: TWO, inWorld: 'count from the answer' },
  {
    name: 'an error of the store that is taken for a loss',
    found: /a leader whose lease lives goes on/,
    inWorld: 'an error is a loss',
  },
  {
    name: 'a record that proves the lease, and not the leader key',
    near: 28,
    found: TWO,
    inWorld: 'the lease is enough',
  },
  {
    name: 'a leader that keeps its lease while its disk lets it not stop',
    near: 152,
    found: /a leader comes back when nothing fails/,
    inWorld: 'a lease is kept while its leader stops',
  },
  { name: 'the nearer node that runs instead of the further', found: /the furthest node runs/, inWorld: 'nearer' },
  {
    name: 'a leader that does not shrink the set before it answers',
    near: 8,
    found: /no acknowledged write is lost in safe mode/,
    plant: () => replaced(SyncSet.prototype, 'required', { get: () => new Set() }),
  },
  {
    name: 'a leader that waits for a node whose disk hangs, because nothing is answered without it',
    near: 396,
    found: /a leader comes back when nothing fails/,
    plant: () => {
      const { wanted } = SyncSet.prototype;
      return replaced(SyncSet.prototype, 'wanted', {
        value(this: SyncSet, ...[nodeId, followers, members]: Parameters<typeof wanted>) {
          const slow = followers.slow.filter((node) => !followers.level.includes(node));
          return wanted.call(this, nodeId, { ...followers, slow }, members);
        },
      });
    },
  },
  {
    name: 'a node that runs as soon as the key is gone',
    near: 187,
    found: TWO,
    plant: () =>
      replaced(Hearing.prototype, 'saw', {
        value() {},
      }),
  },
];
