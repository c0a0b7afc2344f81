/**
 * The few operations on the document that the page needs. Texts are set only if they change, so that a selection, the
 * focus and the place of a screen reader stay where they are.
 */

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @param {Element} target
 * @param {string} name
 * @param {string} value
 */
export function setAttribute(target, name, value) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** Signs beside the words of a state: their shapes differ, for those who do not see their colours. */
const SIGNS = { good: '●', watch: '▲', bad: '■' };

/**
 * A state: a sign, and words.
 * @returns {HTMLElement}
 */
export function stateElement() {
  return element(
    'span',
    { class: 'state' },
    element('span', { class: 'sign', 'aria-hidden': 'true' }),
    element('span'),
  );
}

/**
 * @param {Element} target an element of stateElement
 * @param {import('../picture.ts').Tone} tone
 * @param {string} words
 */
export function setState(target, tone, words) {
  setAttribute(target, 'data-tone', tone);
  setText(/** @type {Element} */ (target.firstElementChild), SIGNS[tone]);
  setText(/** @type {Element} */ (target.lastElementChild), words);
}
