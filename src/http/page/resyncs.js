/** The latest resyncs and refusals, with their reasons. */
import { element, setState, setText, stateElement } from './dom.js';
import { moment } from './figures.js';

/** @typedef {import('../picture.ts').PictureResync} Resync */

/** @type {Readonly<Record<string, import('../picture.ts').Tone>>} */
const TONES = { partial: 'good', full: 'watch', refused: 'bad' };

const HEAD = ['Time', 'Kind', 'Reason', 'Node', 'What happened'];

export class ResyncsView {
  #target;
  #shape = 'none yet';

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#target = target;
  }

  /** @param {readonly Resync[]} resyncs */
  show(resyncs) {
    const shape = JSON.stringify(resyncs);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.#target.replaceChildren(resyncs.length === 0 ? none() : table(resyncs));
  }
}

function none() {
  const text = element('p', { class: 'note' });
  setText(text, 'No resync since this node started.');
  return text;
}

/** @param {readonly Resync[]} resyncs */
function table(resyncs) {
  const head = element(
    'tr',
    { role: 'row' },
    ...HEAD.map((name) => element('th', { scope: 'col', role: 'columnheader' }, name)),
  );
  return element(
    'table',
    { class: 'resyncs', role: 'table', 'aria-labelledby': 'resyncs-title' },
    element('thead', { role: 'rowgroup' }, head),
    element('tbody', { role: 'rowgroup' }, ...resyncs.map(rowOf)),
  );
}

/** @param {Resync} resync */
function rowOf({ timeMs, isOwn, name, kind, reason, message }) {
  const state = stateElement();
  setState(state, TONES[kind] ?? 'watch', kind);
  const time = element('time', { datetime: new Date(timeMs).toISOString() }, moment(timeMs, Date.now()));
  const cells = [time, state, element('code', {}, reason), `${isOwn ? 'from' : 'to'} ${name}`, message];
  return element('tr', { role: 'row' }, ...cells.map((cell) => element('td', { role: 'cell' }, cell)));
}
