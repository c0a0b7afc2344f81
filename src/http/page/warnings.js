/**
 * The page lists what needs a person, with the commands that mend it. The list is made again only if it changes, so that
 * a screen reader says each warning once.
 */
import { element, setState, setText, stateElement } from './dom.js';

/** @typedef {import('../picture.ts').PictureWarning} Warning */

const WORDS = { bad: 'Alarm', watch: 'Warning' };

export class WarningsView {
  #target;
  #shape = '';
  /** @type {HTMLElement[]} */
  #texts = [];

  /** @param {HTMLElement} target */
  constructor(target) {
    this.#target = target;
  }

  /** @param {readonly Warning[]} warnings */
  show(warnings) {
    const shape = JSON.stringify(warnings.map(({ id, tone, commands }) => [id, tone, commands]));
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#make(warnings);
    }
    for (const [index, { text }] of warnings.entries()) setText(/** @type {HTMLElement} */ (this.#texts[index]), text);
  }

  /** @param {readonly Warning[]} warnings */
  #make(warnings) {
    this.#texts = warnings.map(() => element('p', { 'aria-live': 'off' }));
    if (warnings.length === 0) {
      const calm = stateElement();
      setState(calm, 'good', 'Nothing needs you.');
      this.#target.replaceChildren(element('p', { class: 'calm' }, calm));
      return;
    }
    const items = warnings.map(({ tone, commands }, index) => {
      const kind = stateElement();
      setState(kind, tone, WORDS[tone]);
      const text = /** @type {HTMLElement} */ (this.#texts[index]);
      return element('li', { 'data-tone': tone }, kind, text, ...commands.map(commandElement));
    });
    this.#target.replaceChildren(element('ul', { class: 'warnings' }, ...items));
  }
}

/**
 * A command, with a button that copies it.
 * @param {string} command
 */
function commandElement(command) {
  const code = element('code', {}, command);
  const button = element('button', { type: 'button', 'aria-label': `Copy: ${command}` }, 'Copy');
  button.addEventListener('click', () => void copy(command, code, button));
  return element('div', { class: 'command' }, code, button);
}

/**
 * Copies the command, or selects it where the browser lets no page write to the clipboard.
 * @param {string} command
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
async function copy(command, code, button) {
  try {
    await navigator.clipboard.writeText(command);
    setText(button, 'Copied');
  } catch {
    getSelection()?.selectAllChildren(code);
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), 2_000);
}
