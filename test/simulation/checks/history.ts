/**
 * What every node has ever put into a log, as one tree of blocks under their
 * whole pasts, and the state that each of them must lead to, by a plain replay
 * in memory. The invariants about positions and data are judged by it.
 */
import { createHash } from 'node:crypto';
import type { Block } from '../../../src/log/block.js';
import type { Command } from '../../../src/model/command.js';
import type { Position } from '../../../src/model/position.js';
import { MemoryKeyspace } from '../../support/memory-view.js';

/** An invariant does not hold: said as the sentence that is not true. */
export class Violation extends Error {}

export interface Place {
  readonly key: string;
  readonly offset: number;
  readonly firstOffset: number;
  readonly checksum: number;
  readonly parent: Place | undefined;
  readonly commands: readonly Command[];
  readonly state: MemoryKeyspace;
  /** Of the block that ends here. */
  readonly bytes: Buffer;
}

/** Names a position; all that come before the first command are one. */
export function keyOf({ replicationId, offset, checksum }: Position): string {
  return offset === 0 ? 'origin' : `${replicationId.slice(0, 8)}@${offset}:${checksum.toString(16)}`;
}

export class History {
  readonly #origin: Place = {
    key: 'origin',
    offset: 0,
    firstOffset: 0,
    checksum: 0,
    parent: undefined,
    commands: [],
    state: new MemoryKeyspace(),
    bytes: Buffer.alloc(0),
  };
  readonly #places = new Map([[this.#origin.key, this.#origin]]);
  readonly #byOffset = new Map<number, Place[]>([[0, [this.#origin]]]);
  /** Which block an offset under an ID is part of. */
  readonly #used = new Map<string, string>();
  readonly #forged = new Set<string>();

  get size(): number {
    return this.#places.size;
  }

  /** A block that a disk changed: under its ID its offsets are there twice, and nobody but the disk is to blame. */
  forged(block: Block): Place {
    this.#forged.add(keyOf(block.position));
    return this.add(block);
  }

  /** @throws Violation where one of its offsets was used for another block under the same ID. */
  add(block: Block): Place {
    const key = keyOf(block.position);
    const known = this.#places.get(key);
    if (known) return known;
    const parent = this.#byOffset.get(block.firstOffset - 1)?.find((place) => block.chains(place.checksum));
    if (!parent) throw new Violation(`${key}: a block follows only what some log held; nobody held its past`);
    if (!this.#forged.has(key)) this.#use(block, key);
    const commands = block.commands();
    const state = parent.state.copy();
    for (const command of commands) state.apply(command);
    const { lastOffset: offset, firstOffset, checksum } = block;
    const place: Place = { key, offset, firstOffset, checksum, parent, commands, state, bytes: block.bytes };
    this.#places.set(key, place);
    const there = this.#byOffset.get(offset);
    if (there) there.push(place);
    else this.#byOffset.set(offset, [place]);
    return place;
  }

  at(position: Position): Place {
    const place = this.#places.get(keyOf(position));
    if (!place) throw new Violation(`${keyOf(position)}: a node stands only where a log once ended`);
    return place;
  }

  find(position: Position): Place | undefined {
    return this.#places.get(keyOf(position));
  }

  /** Where a message with these data is in a log; it ends at `offset` or later. */
  holding(offset: number, data: string): Place | undefined {
    for (const place of this.#places.values()) {
      if (place.offset < offset || place.firstOffset > offset) continue;
      const command = place.commands[offset - place.firstOffset];
      if (command?.kind === 'message' && command.data.toString() === data) return place;
    }
    return undefined;
  }

  #use(block: Block, key: string): void {
    for (let offset = block.firstOffset; offset <= block.lastOffset; offset++) {
      const name = `${block.replicationId}@${offset}`;
      const other = this.#used.get(name);
      if (other !== undefined)
        throw new Violation(`no offset is used twice under one replication ID: ${name} is in ${other} and in ${key}`);
      this.#used.set(name, key);
    }
  }
}

/** Whether `place` lies on the way to `end`, or is it. */
export function leadsTo(place: Place, end: Place): boolean {
  let at: Place | undefined = end;
  while (at && at.offset > place.offset) at = at.parent;
  return at === place;
}

/** The places on the way to `from` that are not on the way to `to`, latest first. */
export function notOnTheWay(from: Place, to: Place): Place[] {
  const left: Place[] = [];
  for (let at: Place | undefined = from; at && !leadsTo(at, to); at = at.parent) left.push(at);
  return left;
}

/** The digest of a keyspace in this state, written down a second time from its description. */
export function digestOf({ entries }: MemoryKeyspace): string {
  const hash = createHash('sha256');
  const keys = [...entries.keys()].map((name) => Buffer.from(name, 'latin1')).sort(Buffer.compare);
  for (const key of keys) {
    const entry = entries.get(key.toString('latin1'));
    if (!entry) continue;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(key.length);
    const fields = Buffer.alloc(13);
    fields[0] = entry.type;
    fields.writeBigUInt64BE(BigInt(entry.expiresAtMs), 1);
    fields.writeUInt32BE(entry.value.length, 9);
    hash.update(head).update(key).update(fields).update(entry.value);
  }
  return hash.digest('hex');
}
