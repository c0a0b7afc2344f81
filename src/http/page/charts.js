/**
 * The charts, drawn by uPlot. Lines differ by colour and by dashes. The legend under a chart has the newest value of each
 * line as text, and the label of the picture sums it up for those who do not see it.
 */
import { element, setAttribute, setText } from './dom.js';
import { duration, grouped, rate } from './figures.js';

/** @typedef {import('./series.js').Line} Line */
/** @typedef {import('./series.js').History} History */

const HEIGHT = 170;

/** The dashes of the lines, in order. Their colours are `--line-1` and on, of page.css. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [1, 4], [6, 2, 2, 2]];

/** The pause between two texts for screen readers. */
const LABEL_EVERY_MS = 10_000;

/**
 * A chart of the page.
 * @typedef {object} ChartPlan
 * @property {string} title
 * @property {string} none the text instead of a chart without lines
 * @property {number} least the value up to which the axis goes at least
 * @property {(history: History) => Line[]} lines
 * @property {(value: number) => string} text
 */

/** @type {ChartPlan[]} */
const PLANS = [
  {
    title: 'Lag',
    none: 'No follower is connected.',
    least: 0.2,
    lines: (history) => history.lags,
    text: (seconds) => duration(seconds * 1_000),
  },
  {
    title: 'Writes a second',
    none: '',
    least: 10,
    lines: (history) => history.throughput,
    text: rate,
  },
  {
    title: 'Not durable yet',
    none: '',
    least: 10,
    lines: (history) => history.notDurable,
    text: grouped,
  },
  {
    title: 'Not in a checkpoint yet',
    none: '',
    least: 10,
    lines: (history) => history.notInCheckpoint,
    text: grouped,
  },
];

export class ChartsView {
  #charts;

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#charts = PLANS.map((plan) => new Chart(plan));
    target.replaceChildren(...this.#charts.map(({ figure }) => figure));
    const redraw = () => {
      for (const chart of this.#charts) chart.forget();
    };
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
    matchMedia('(prefers-contrast: more)').addEventListener('change', redraw);
    new ResizeObserver(() => {
      for (const chart of this.#charts) chart.fit();
    }).observe(target);
  }

  /** @param {History} history */
  show(history) {
    for (const chart of this.#charts) chart.show(history);
  }
}

class Chart {
  #plan;
  #canvas = element('div', { class: 'plot', role: 'img' });
  #legend = element('ul', { class: 'legend' });
  #none = element('p', { class: 'note' });
  /** @type {HTMLElement[]} */
  #values = [];
  #shape = '';
  #labelledMs = 0;
  /** @type {InstanceType<typeof uPlot> | undefined} */
  #plot;
  figure;

  /** @param {ChartPlan} plan */
  constructor(plan) {
    this.#plan = plan;
    setText(this.#none, plan.none);
    this.figure = element(
      'div',
      { class: 'chart' },
      element('h3', {}, plan.title),
      this.#none,
      this.#canvas,
      this.#legend,
    );
  }

  /** @param {History} history */
  show(history) {
    const lines = this.#plan.lines(history);
    this.#none.hidden = lines.length > 0;
    this.#canvas.hidden = lines.length === 0;
    const shape = JSON.stringify(lines.map(({ id, name }) => [id, name]));
    if (shape !== this.#shape) {
      this.forget();
      this.#shape = shape;
      this.#values = lines.map(() => element('span', { class: 'value' }));
      this.#legend.replaceChildren(...lines.map(({ name }, index) => this.#key(name, index)));
    }
    if (lines.length === 0) return;
    const { times } = history;
    this.#plot ??= this.#made(lines);
    this.#plot.setData([times, ...lines.map(({ values }) => values)], false);
    this.#plot.setScale('x', history.window);
    this.#tell(lines);
  }

  /** Draws the chart from scratch at the next picture. */
  forget() {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#shape = '';
  }

  fit() {
    const width = this.#canvas.clientWidth;
    if (this.#plot && width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  /** @param {readonly Line[]} lines */
  #tell(lines) {
    const texts = lines.map(({ values }) => {
      const newest = values.at(-1);
      return typeof newest === 'number' ? this.#plan.text(newest) : '–';
    });
    for (const [index, text] of texts.entries()) setText(/** @type {HTMLElement} */ (this.#values[index]), text);
    const nowMs = performance.now();
    if (this.#labelledMs !== 0 && nowMs - this.#labelledMs < LABEL_EVERY_MS) return;
    this.#labelledMs = nowMs;
    const sums = lines.map(({ name, values }, index) => {
      const most = Math.max(0, ...values.filter((value) => value !== null));
      return `${name} now ${texts[index]}, at most ${this.#plan.text(most)}`;
    });
    setAttribute(this.#canvas, 'aria-label', `${this.#plan.title}, up to the last 5 minutes: ${sums.join('; ')}`);
  }

  /**
   * The sample of a line, its name and its newest value.
   * @param {string} name
   * @param {number} index
   */
  #key(name, index) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    for (const [key, value] of Object.entries({
      class: `line-${index + 1}`,
      'aria-hidden': 'true',
      width: '28',
      height: '8',
    }))
      svg.setAttribute(key, value);
    for (const [key, value] of Object.entries({ x1: '0', x2: '28', y1: '4', y2: '4', 'stroke-width': '2.5' }))
      line.setAttribute(key, value);
    line.setAttribute('stroke-dasharray', (DASHES[index] ?? []).join(' '));
    svg.append(line);
    const value = /** @type {HTMLElement} */ (this.#values[index]);
    return element('li', {}, svg, element('span', { class: 'name' }, name), value);
  }

  /** @param {readonly Line[]} lines */
  #made(lines) {
    const style = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--grid'), width: 1 }, ticks: { show: false } };
    const font = `12px ${style.fontFamily}`;
    const { least, text } = this.#plan;
    return new uPlot(
      {
        width: Math.max(200, this.#canvas.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: true, auto: false },
          y: { range: (_, __, most) => [0, Math.max(least, (most ?? 0) * 1.1)] },
        },
        axes: [
          { ...axis, font, size: 28, values: (_, ticks) => ticks.map(minutes), space: 70 },
          {
            ...axis,
            font,
            size: 58,
            values: (_, ticks) => ticks.map((tick) => (tick === 0 ? '0' : text(tick))),
            space: 40,
          },
        ],
        series: [
          {},
          ...lines.map(({ name }, index) => ({
            label: name,
            stroke: colour(`--line-${index + 1}`),
            dash: DASHES[index] ?? [],
            width: 2,
            points: { show: false },
          })),
        ],
      },
      [[], ...lines.map(() => [])],
      this.#canvas,
    );
  }
}

/**
 * The time of the day of a tick.
 * @param {number} atS
 */
function minutes(atS) {
  const date = new Date(atS * 1_000);
  const seconds = date.getSeconds();
  const [hour, minute] = date.toTimeString().split(':');
  return seconds === 0 ? `${hour}:${minute}` : `${hour}:${minute}:${String(seconds).padStart(2, '0')}`;
}
