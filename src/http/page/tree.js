/** The tree of nodes: a list in a list. A node keeps its element as long as it keeps its place. */
import { element, setAttribute, setState, setText, stateElement } from './dom.js';
import { duration, grouped, plural, room } from './figures.js';

/** @typedef {import('../picture.ts').TreeNode} TreeNode */

/**
 * The figures of a node. An empty text hides the figure.
 * @type {ReadonlyArray<readonly [label: string, text: (node: TreeNode, nowMs: number) => string]>}
 */
const FIGURES = [
  ['lag', ({ lagMs }) => (lagMs === null ? '' : duration(lagMs))],
  ['behind', ({ lagCommands }) => (lagCommands === null ? '' : grouped(lagCommands))],
  ['offset', ({ offset }) => (offset === null ? '' : grouped(offset))],
  ['headroom', ({ headroomBytes, headroomMs }) => (headroomBytes === null ? '' : room(headroomBytes, headroomMs))],
  [
    'last seen',
    ({ lastSeenMs }, nowMs) => (lastSeenMs === null ? '' : `${duration(Math.max(0, nowMs - lastSeenMs))} ago`),
  ],
];

export class TreeView {
  #target;
  #shape = '';
  /** @type {NodeView[]} */
  #views = [];

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#target = target;
  }

  /** @param {import('../picture.ts').Picture} picture */
  show({ tree, atMs }) {
    const shape = shapeOf(tree);
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#views = [];
      this.#target.replaceChildren(this.#list([tree]));
    }
    const nodes = flat(tree);
    for (const [index, view] of this.#views.entries()) view.show(/** @type {TreeNode} */ (nodes[index]), atMs);
  }

  /**
   * @param {readonly TreeNode[]} nodes
   * @returns {HTMLElement}
   */
  #list(nodes) {
    return element(
      'ul',
      {},
      ...nodes.map((node) => {
        const view = new NodeView(node.role === 'between');
        this.#views.push(view);
        const item = element('li', {}, view.row);
        if (node.below.length > 0) item.append(this.#list(node.below));
        return item;
      }),
    );
  }
}

class NodeView {
  row = element('div', { class: 'node' });
  #name = element('span', { class: 'name' });
  #role = element('span', { class: 'role' });
  #state = stateElement();
  /** @type {Array<readonly [figure: HTMLElement, value: HTMLElement]>} */
  #figures;

  /** @param {boolean} isGap */
  constructor(isGap) {
    this.#figures = FIGURES.map(([label]) => {
      const value = element('dd');
      return [element('div', { 'data-figure': label }, element('dt', {}, label), value), value];
    });
    const head = element('p', { class: 'who' }, this.#name, ' ', this.#role, ' ', this.#state);
    this.row.append(head);
    if (!isGap) this.row.append(element('dl', {}, ...this.#figures.map(([figure]) => figure)));
  }

  /**
   * @param {TreeNode} node
   * @param {number} nowMs
   */
  show(node, nowMs) {
    setText(this.#name, node.name);
    setText(this.#role, roleOf(node));
    setAttribute(this.row, 'data-self', String(node.isSelf));
    if (node.role === 'between') this.#state.hidden = true;
    else setState(this.#state, node.tone, node.state);
    for (const [index, [figure, value]] of this.#figures.entries()) {
      const text = FIGURES[index]?.[1](node, nowMs) ?? '';
      figure.hidden = text === '';
      setText(value, text);
    }
  }
}

/** @param {TreeNode} node */
function roleOf({ role, isSelf }) {
  const word = role === 'between' ? '' : role === 'unknown' ? 'node' : role;
  return isSelf ? `${word}, this node` : word;
}

/**
 * @param {TreeNode} node
 * @returns {TreeNode[]}
 */
export function flat(node) {
  return [node, ...node.below.flatMap(flat)];
}

/**
 * @param {TreeNode} node
 * @returns {string}
 */
function shapeOf({ id, below }) {
  return `${id}(${below.map(shapeOf).join(' ')})`;
}

/** @param {import('../picture.ts').Picture} picture */
export function treeNote({ node, tree, nodesLeftOut }) {
  const count = plural(flat(tree).filter(({ role }) => role !== 'between').length, 'node');
  const left = nodesLeftOut > 0 ? ` ${plural(nodesLeftOut, 'more node')} with less lag are not shown.` : '';
  const view =
    node.role === 'leader'
      ? ''
      : ' A follower knows the way to its leader, and what is below. The leader knows all nodes.';
  return `${count}.${left}${view}`;
}
