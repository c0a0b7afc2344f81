/**
 * The figures of the last minutes, as the charts draw them. The browser keeps them, so the node keeps nothing for those
 * who look.
 */
import { flat } from './tree.js';

/** @typedef {import('../picture.ts').Picture} Picture */

const WINDOW_S = 300;

/** A window that has few moments yet. */
const FIRST_WINDOW_S = 60;

/** A pause between two pictures that is a gap in the lines. */
const GAP_MS = 3_500;

/** The lines of one chart. The nodes that lag the most have one. */
const LINES_MAX = 8;

/**
 * A moment.
 * @typedef {object} Sample
 * @property {number} atS
 * @property {ReadonlyMap<string, number>} lagS by the ID of the node
 * @property {number | null} commandsPerSecond
 * @property {number} notInCheckpoint
 * @property {number} notDurable
 */

/**
 * A line of a chart.
 * @typedef {object} Line
 * @property {string} id
 * @property {string} name
 * @property {Array<number | null>} values
 */

export class History {
  /** @type {Sample[]} */
  #samples = [];
  /** @type {{ offset: number, atMs: number } | undefined} */
  #last;
  /** @type {Map<string, string>} */
  #names = new Map();

  /** @param {Picture} picture */
  add({ atMs, tree, log }) {
    const atS = atMs / 1_000;
    const last = this.#last;
    const newest = this.#samples.at(-1);
    // The clock of the node was set back.
    if (newest && atS <= newest.atS) this.#samples = [];
    const isGap = last === undefined || atMs - last.atMs > GAP_MS;
    if (isGap && newest) this.#samples.push({ ...nothing(newest.atS + 0.001) });
    const lags = flat(tree).filter(({ lagMs }) => lagMs !== null);
    for (const { id, name } of lags) this.#names.set(id, name);
    this.#samples.push({
      atS,
      lagS: new Map(lags.map(({ id, lagMs }) => [id, (lagMs ?? 0) / 1_000])),
      commandsPerSecond: isGap ? null : Math.max(0, ((log.offset - last.offset) * 1_000) / (atMs - last.atMs)),
      notInCheckpoint: Math.max(0, log.offset - log.checkpointOffset),
      notDurable: Math.max(0, log.offset - log.durableOffset),
    });
    this.#last = { offset: log.offset, atMs };
    const from = atS - WINDOW_S;
    while ((this.#samples[0]?.atS ?? from) < from) this.#samples.shift();
  }

  /** @returns {number[]} */
  get times() {
    return this.#samples.map(({ atS }) => atS);
  }

  /** The ends of the time axis. @returns {{ min: number, max: number }} */
  get window() {
    const max = this.#samples.at(-1)?.atS ?? 0;
    return { min: Math.min(this.#samples[0]?.atS ?? max, max - FIRST_WINDOW_S), max };
  }

  /**
   * A line for each node that has a lag. A node that is gone stays until its last moment leaves the window.
   * @returns {Line[]}
   */
  get lags() {
    const most = new Map();
    for (const { lagS } of this.#samples)
      for (const [id, value] of lagS) most.set(id, Math.max(most.get(id) ?? 0, value));
    for (const id of this.#names.keys()) if (!most.has(id)) this.#names.delete(id);
    const ids = [...most.keys()];
    const worst = ids.length <= LINES_MAX ? ids : ids.toSorted((a, b) => most.get(b) - most.get(a)).slice(0, LINES_MAX);
    return worst
      .toSorted((a, b) => (a < b ? -1 : 1))
      .map((id) => ({
        id,
        name: this.#names.get(id) ?? id,
        values: this.#samples.map(({ lagS }) => lagS.get(id) ?? null),
      }));
  }

  /** @returns {Line[]} */
  get throughput() {
    return [this.#line('commands', ({ commandsPerSecond }) => commandsPerSecond)];
  }

  /** @returns {Line[]} */
  get notDurable() {
    return [this.#line('commands', ({ notDurable }) => notDurable)];
  }

  /** @returns {Line[]} */
  get notInCheckpoint() {
    return [this.#line('commands', ({ notInCheckpoint }) => notInCheckpoint)];
  }

  /**
   * @param {string} name
   * @param {(sample: Sample) => number | null} value
   * @returns {Line}
   */
  #line(name, value) {
    return {
      id: name,
      name,
      values: this.#samples.map((sample) => (Number.isNaN(sample.notDurable) ? null : value(sample))),
    };
  }
}

/**
 * A moment of which nothing is known.
 * @param {number} atS
 * @returns {Sample}
 */
function nothing(atS) {
  return { atS, lagS: new Map(), commandsPerSecond: null, notInCheckpoint: Number.NaN, notDurable: Number.NaN };
}
