/**
 * The accounts of acknowledged writes. A node leaves a history only by a way that
 * keeps or names what it leaves, and at the end of a run every acknowledged write
 * is there, kept in a file, given up by a person, or lost to a power cut from
 * which nothing protected it.
 */
import type { Clock } from '../../../src/base/clock.js';
import type { Block } from '../../../src/log/block.js';
import type { Journal } from '../journal.js';
import type { SimulatedNode } from '../nodes/node.js';
import { type History, leadsTo, notOnTheWay, type Place, Violation } from './history.js';

interface Surroundings {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly history: History;
  readonly nodes: readonly SimulatedNode[];
}

interface Acknowledged {
  readonly value: string;
  readonly atMs: number;
  readonly place: Place;
  readonly node: SimulatedNode;
}

export class Accounts {
  readonly acknowledged: Acknowledged[] = [];
  readonly #simulation: Surroundings;
  /** The place at which each node was last seen serving. */
  readonly #seen = new Map<SimulatedNode, Place>();
  /** Nodes of which a person said that data may go. */
  readonly #accepted = new Set<SimulatedNode>();
  /** Places that a person gave up, or a disk changed. */
  readonly #excused = new Set<Place>();
  /** Places that a power cut took from a node. */
  readonly #lostToPower = new Set<Place>();
  /** Places that no power cut may take, each with the promise that was given. */
  readonly #promised = new Map<Place, string>();
  /** Blocks that a disk changed, before and after. */
  readonly #twofold = new Set<Place>();

  constructor(simulation: Surroundings) {
    this.#simulation = simulation;
  }

  /** @returns the place of the write, at `end` or on the way to it. */
  acknowledge(value: string, node: SimulatedNode, end: Place): Place {
    const holds = (place: Place) =>
      place.commands.some((command) => command.kind === 'put' && command.value.toString() === value);
    let place: Place | undefined = end;
    while (place && !holds(place)) place = place.parent;
    if (!place || !node.blocks.stored.has(place.key))
      throw new Violation(`an acknowledged write is in the log of the node that took it: ${value} at ${node.address}`);
    if (node.fsync === 'always' && node.store.data.log.durable.offset < place.offset)
      throw new Violation(`with --fsync always an acknowledged write is durable: ${value} at ${node.address}`);
    this.acknowledged.push({ value, place, node, atMs: this.#simulation.clock.monotonicMs() });
    return place;
  }

  /** No power cut may take that place from now on. */
  promise(place: Place, name: string): void {
    this.#promised.set(place, name);
  }

  /** The disk of a node changed its last block: the offsets of that block now mean two things. */
  forge(node: SimulatedNode, place: Place, block: Block): void {
    const forged = this.#simulation.history.forged(block);
    this.#excused.add(place);
    for (const one of [place, forged]) this.#twofold.add(one);
    this.#seen.set(node, forged);
    node.blocks.stored.add(forged.key);
  }

  get hasForged(): boolean {
    return this.#twofold.size > 0;
  }

  /** Whether the past of that place has a forged twin: two pasts under one ID cannot be told apart in a trimmed log. */
  isTwofold(place: Place): boolean {
    for (let at: Place | undefined = place; at; at = at.parent) if (this.#twofold.has(at)) return true;
    return false;
  }

  /** The node will lose writes by order of a person, until it has moved. */
  acceptLoss(node: SimulatedNode): void {
    this.#accepted.add(node);
  }

  lastSeen(node: SimulatedNode): Place | undefined {
    return this.#seen.get(node);
  }

  /** The node was seen serving at that place. */
  seen(node: SimulatedNode, now: Place): void {
    const before = this.#seen.get(node);
    if (before === now) return;
    this.#seen.set(node, now);
    if (before) this.#accountFor(node, before, now);
    node.blocks.durableAtPowerCut = undefined;
    this.#accepted.delete(node);
  }

  #accountFor(node: SimulatedNode, before: Place, now: Place): void {
    const left = notOnTheWay(before, now);
    if (left.length === 0) return;
    const { journal } = this.#simulation;
    journal.note(`${node.address} leaves ${left.length} blocks: was at ${before.key}, is at ${now.key}`);
    journal.count('history left');
    const { durableAtPowerCut } = node.blocks;
    const kept = this.#kept();
    for (const place of left) {
      const byPower = durableAtPowerCut !== undefined && place.offset > durableAtPowerCut;
      if (this.#accepted.has(node) || this.isTwofold(place)) this.#excused.add(place);
      else if (byPower) this.#lostToPower.add(place);
      else if (kept.has(place.bytes.toString('latin1'))) journal.count('write kept in lost-writes');
      else
        throw new Violation(
          `what is left is kept: ${node.address} went from ${before.key} to ${now.key}, and ${place.key} is nowhere`,
        );
    }
  }

  /** The blocks that nodes have put aside. */
  #kept(): Set<string> {
    const blocks = this.#simulation.nodes.flatMap(({ machine }) => [
      ...machine.kept('lost-writes'),
      ...machine.kept('damaged'),
    ]);
    return new Set(blocks.map((bytes) => bytes.toString('latin1')));
  }

  /** All nodes are at `end`, for good. */
  settle(end: Place): void {
    for (const { value, place, node } of this.acknowledged) {
      if (leadsTo(place, end) || this.#excused.has(place)) continue;
      const promised = this.#promised.get(place);
      if (this.#lostToPower.has(place) && promised === undefined) continue;
      if (!this.#kept().has(place.bytes.toString('latin1')))
        throw new Violation(
          `every acknowledged write is there or accounted for: ${value} of ${node.address} at ${place.key}${promised === undefined ? '' : `, which was ${promised}`}`,
        );
    }
  }
}
