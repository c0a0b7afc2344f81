/** The status page of a node: takes pictures of the node, and hands each to the parts of the page. */
import { CardsView } from './cards.js';
import { ChartsView } from './charts.js';
import { Connection } from './connection.js';
import { byId, setAttribute, setState, setText, stateElement } from './dom.js';
import { duration } from './figures.js';
import { ResyncsView } from './resyncs.js';
import { History } from './series.js';
import { TreeView, treeNote } from './tree.js';
import { WarningsView } from './warnings.js';

const history = new History();
const tree = new TreeView(byId('tree'));
const cards = new CardsView(byId('cards'));
const warnings = new WarningsView(byId('warnings'));
const resyncs = new ResyncsView(byId('resyncs'));
const charts = new ChartsView(byId('charts'));

const connectionState = stateElement();
byId('connection').replaceChildren(connectionState);

/** @param {import('../picture.ts').Picture} picture */
function show(picture) {
  const { node } = picture;
  setText(byId('title'), `${node.role} ${node.address}`);
  setText(byId('facts'), factsOf(picture));
  const alarm = picture.warnings.some(({ tone }) => tone === 'bad') ? '■ ' : picture.warnings.length > 0 ? '▲ ' : '';
  const title = `${alarm}${node.role} ${node.address} – Headwater`;
  if (document.title !== title) document.title = title;
  warnings.show(picture.warnings);
  tree.show(picture);
  setText(byId('tree-note'), treeNote(picture));
  cards.show(picture);
  resyncs.show(picture.resyncs);
  history.add(picture);
  charts.show(history);
}

/** @param {import('../picture.ts').Picture} picture */
function factsOf({ node }) {
  const ready = node.notReady === '' ? 'ready' : `not ready: ${node.notReady}`;
  return `version ${node.version}, up ${duration(node.uptimeMs)}, epoch ${node.epoch}, ${ready}`;
}

const connection = new Connection({
  picture: show,
  state: (tone, words) => setState(connectionState, tone, words),
});

const pause = byId('pause');
pause.addEventListener('click', () => {
  const isPaused = pause.getAttribute('aria-pressed') !== 'true';
  setAttribute(pause, 'aria-pressed', String(isPaused));
  connection.pause(isPaused);
});
